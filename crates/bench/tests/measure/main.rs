//! Whole runs against stand-in servers over real sockets. Times are never asserted, but where a server was told to take them.

mod dying;
mod harness;
mod load;
mod program;
mod resuming;
mod whole;
