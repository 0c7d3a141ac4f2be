//! A model server for tests, over real sockets: it says what it is told to say, by gRPC or by REST, and dies when dropped.

mod grpc;
mod rest;

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;
use tokio::runtime::{Builder, Runtime};

use crate::{
    address::{Address, Api, Endpoint},
    error::Code,
    tensor::Tensor,
};

/// A call of Predict as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The model's name.
    pub model: String,
    /// The signature's name.
    pub signature: String,
    /// By input key.
    pub inputs: BTreeMap<String, Tensor>,
}

impl Asked {
    /// The first string of the first input: the picture.
    pub fn picture(&self) -> &[u8] {
        let strings = self.inputs.values().next().and_then(Tensor::as_strings);
        strings.and_then(|strings| strings.first()).map_or(&[], |picture| picture)
    }
}

/// What is said to it.
#[derive(Clone, Debug)]
pub enum Reply {
    /// These outputs, by key.
    Outputs(BTreeMap<String, Tensor>),
    /// An error.
    Refusal(Code, String),
}

impl Reply {
    /// The outputs of an image model: `classes` and `scores`, one row.
    pub fn classes(ranked: &[(&str, f32)]) -> Self {
        let labels = ranked.iter().map(|(label, _)| label.as_bytes().to_vec().into());
        let scores = ranked.iter().map(|(_, score)| *score);
        let outputs = [("classes", Tensor::strings(labels)), ("scores", Tensor::floats(scores))];
        let in_one_row = outputs.map(|(key, tensor)| {
            let shape = vec![1, tensor.shape()[0]];
            let tensor = Tensor::new(tensor.dtype(), shape, tensor.values().clone()).expect("as many as before");
            (key.to_owned(), tensor)
        });
        Self::Outputs(in_one_row.into())
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// What it answers with, and what it tells of itself.
#[derive(Clone)]
pub struct Behaviour {
    answer: Arc<dyn Fn(Asked) -> Answering + Send + Sync>,
    calls: Arc<AtomicUsize>,
    /// Told as its own time, in the header or trailer `server-timing`.
    pub timing: Option<String>,
    /// Whether status and metadata are answered; if not, they are unimplemented.
    pub tells_of_models: bool,
}

impl Behaviour {
    /// Answers at its own pace.
    pub fn new<F>(answer: impl Fn(Asked) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let answer = Arc::new(move |asked| Box::pin(answer(asked)) as Answering);
        Self { answer, calls: Arc::default(), timing: None, tells_of_models: true }
    }

    /// Always the same answer, at once.
    pub fn always(reply: Reply) -> Self {
        Self::new(move |_| std::future::ready(reply.clone()))
    }

    /// How often Predict was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn predict(&self, asked: Asked) -> Reply {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.answer)(asked).await
    }
}

/// A server that listens on this machine. When it is dropped its connections break, as when a process is killed.
pub struct StandIn {
    at: SocketAddr,
    api: Api,
    runtime: Option<Runtime>,
}

impl StandIn {
    /// A server on a port that the system chooses.
    ///
    /// # Errors
    /// Where no port or thread is to be had.
    pub fn start(api: Api, behaviour: Behaviour) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), api, behaviour)
    }

    /// A server where another was, once the system lets its port go.
    ///
    /// # Errors
    /// Where the port stays taken for ten seconds.
    pub fn start_at(at: SocketAddr, api: Api, behaviour: Behaviour) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = listen(at, &runtime)?;
        let at = listener.local_addr()?;
        match api {
            Api::Grpc => drop(runtime.spawn(grpc::serve(listener, grpc::router(behaviour)))),
            Api::Rest => drop(runtime.spawn(serve(listener, rest::router(behaviour)))),
        }
        Ok(Self { at, api, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Its address under a name.
    pub fn address(&self, name: &str) -> Address {
        address(name, self.api, self.at)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The address of whatever listens there.
pub fn address(name: &str, api: Api, at: SocketAddr) -> Address {
    let endpoint = Endpoint { api, tls: false, host: at.ip().to_string(), port: at.port() };
    Address { name: name.to_owned(), endpoint }
}

fn listen(at: SocketAddr, runtime: &Runtime) -> io::Result<tokio::net::TcpListener> {
    let until = Instant::now() + Duration::from_secs(10);
    let listener = loop {
        match TcpListener::bind(at) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::yield_now()
            }
            bound => break bound?,
        }
    };
    listener.set_nonblocking(true)?;
    let _entered = runtime.enter();
    tokio::net::TcpListener::from_std(listener)
}

async fn serve(listener: tokio::net::TcpListener, router: Router) {
    // It ends with its runtime.
    let _ = axum::serve(listener, router).await;
}
