//! The program with a real engine and a real Bazel; runs with XTASK_REAL=1, as `cargo xtask test` does.
