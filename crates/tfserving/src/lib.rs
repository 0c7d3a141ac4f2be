//! TensorFlow Serving as a client sees it: its messages, its two interfaces, one type of error.
