//! Counts the connections that a client has made: a new one may lead to a server that was started anew, and is cold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

/// How many connections have been begun so far; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<AtomicU64>);

impl Connections {
    /// The number so far.
    pub fn made(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl<S> Layer<S> for Connections {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Counted<S> {
        Counted { connector, connections: self.clone() }
    }
}

/// A connector whose connections are counted.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    connector: S,
    connections: Connections,
}

impl<S: Service<R>, R> Service<R> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> S::Future {
        self.connections.0.fetch_add(1, Ordering::AcqRel);
        self.connector.call(target)
    }
}
