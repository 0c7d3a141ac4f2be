//! The service itself, its own binary, in front of stand-ins for model servers.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use tfserving::{
    Api,
    stand_in::{Asked, Behaviour, Reply, StandIn},
};
use tokio::sync::Semaphore;

use crate::service::first_line;

/// What the servers are called, how they are asked, and what they take for a picture and for each of its megabytes.
const SERVERS: [(&str, Api, [u64; 2]); 3] =
    [("8 CPUs", Api::Grpc, [24, 60]), ("1 CPU", Api::Rest, [90, 240]), ("GPU <fast>", Api::Grpc, [9, 15])];

/// The class that every picture shows, and what else it might be.
const CLASSES: [&str; 5] = ["Egyptian cat", "tabby, tabby cat", "tiger cat", "lynx, catamount", "Persian cat"];

/// The largest picture that it takes, in pixels.
pub const MOST_PIXELS: u64 = 24_000_000;

/// A running service, its address, and the servers behind it.
pub struct Real {
    pub address: String,
    /// What the server called `1 CPU` waits for before each answer.
    pub gate: Arc<Semaphore>,
    child: Child,
    servers: Vec<Option<StandIn>>,
}

impl Real {
    /// Three servers, two by gRPC, one by REST; `1 CPU` answers as often as the gate has permits.
    pub fn start(permits: usize) -> Self {
        let gate = Arc::new(Semaphore::new(permits));
        let servers: Vec<StandIn> = SERVERS
            .into_iter()
            .map(|(name, api, pace)| {
                let gate = (name == "1 CPU").then(|| Arc::clone(&gate));
                let mut behaviour = Behaviour::new(move |asked| answer(asked, pace, gate.clone()));
                // It tells of itself, always the same; it takes longer than that.
                behaviour.timing = name.starts_with("GPU").then(|| "total;dur=8.5".to_owned());
                StandIn::start(api, behaviour).expect("start")
            })
            .collect();
        let addresses = servers.iter().zip(SERVERS).map(|(server, (name, ..))| {
            let endpoint = server.address(name).endpoint;
            format!("{name}={endpoint}")
        });
        let mut child = Command::new(env!("CARGO_BIN_EXE_resizer"))
            .env_clear()
            .env("TF_SERVERS", addresses.collect::<Vec<_>>().join(";"))
            .env("LISTEN", "127.0.0.1:0")
            .env("MAX_PIXELS", MOST_PIXELS.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the service");
        let line = first_line(&mut child);
        let address = line.split(' ').find(|word| word.starts_with("http://")).expect(&line).to_owned();
        Self { address, gate, child, servers: servers.into_iter().map(Some).collect() }
    }

    /// Ends one of its servers, as if somebody had pulled the plug.
    pub fn stop(&mut self, name: &str) {
        let at = SERVERS.iter().position(|(known, ..)| *known == name).expect("a server of that name");
        self.servers[at] = None;
    }

    pub fn stop_all(&mut self) {
        self.servers.fill_with(|| None);
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Scores drift as pictures lose bytes, so that every row and every server has numbers of its own.
async fn answer(asked: Asked, [each, megabyte]: [u64; 2], gate: Option<Arc<Semaphore>>) -> Reply {
    if let Some(gate) = gate {
        gate.acquire().await.expect("open").forget();
    }
    let bytes = asked.picture().len() as u64;
    tokio::time::sleep(Duration::from_micros(each * 1_000 + megabyte * bytes / 1_000)).await;
    let drift = 14.0 / (bytes as f32).ln() - 1.0 + each as f32 / 2_000.0;
    let score = |rank: usize| 9.5 - 1.3 * rank as f32 - drift * (1.0 + rank as f32 / 3.0);
    let ranked: Vec<(&str, f32)> = CLASSES.iter().enumerate().map(|(rank, class)| (*class, score(rank))).collect();
    Reply::classes(&ranked)
}
