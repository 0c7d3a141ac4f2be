//! How patient a client is and how much it takes.

use std::time::Duration;

/// The largest message of TensorFlow Serving's gRPC interface: `int32`'s maximum, 2 GiB less one byte.
pub const LARGEST_MESSAGE: usize = i32::MAX as usize;

/// Limits of one server's client.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// From the call to its whole answer.
    pub deadline: Duration,
    /// Until a connection must stand.
    pub connect: Duration,
    /// The largest request, bytes on the wire.
    pub send_limit: usize,
    /// The largest answer, bytes on the wire.
    pub receive_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            send_limit: LARGEST_MESSAGE,
            receive_limit: LARGEST_MESSAGE,
        }
    }
}
