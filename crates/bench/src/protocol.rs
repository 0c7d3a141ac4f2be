//! The talk with `cargo xtask`, whose words are a crate of their own: this program's dependencies are not its caller's.

pub mod lines;

use std::{collections::BTreeMap, future::Future};

pub use bench_protocol::protocol::*;

use crate::Error;

/// Whoever asked for the bench: hears what is going on, and can start servers anew.
pub trait Caller: Send {
    /// Tells it something that is no question.
    fn say(&mut self, said: Said);

    /// All servers are started anew. Addresses by server's name; none where the caller cannot do that.
    ///
    /// # Errors
    /// Why it could not be done.
    fn renew(&mut self) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, Error>> + Send;

    /// The counters of servers' containers by server's name; none where the caller cannot read any.
    ///
    /// # Errors
    /// Why it could not be done.
    fn count(&mut self) -> impl Future<Output = Result<Option<BTreeMap<String, Standing>>, Error>> + Send;
}
