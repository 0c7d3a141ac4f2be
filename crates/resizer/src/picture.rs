//! From the bytes of an upload to the bytes of its derivatives: decoded once, resized, encoded, each step timed.
