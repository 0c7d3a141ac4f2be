//! A TCP address in front of the engine's socket, as a remote engine would have it.
//! It notes what is asked of the engine, and can cut every connection at once while it goes on listening.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use serde_json::Value;

/// Forwards for as long as the test process lives.
pub struct Forwarder {
    /// In `DOCKER_HOST` spelling.
    pub address: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    open: Vec<TcpStream>,
    /// What each client connection sent.
    sent: Vec<Vec<u8>>,
}

/// Requests to look into are small; the rest of a connection is sources.
const KEPT: usize = 1 << 20;

impl Forwarder {
    pub fn new(socket: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("tcp://{}", listener.local_addr().expect("bound"));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (socket, state) = (socket.to_owned(), shared.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that finds no engine behind the door sees its connection closed.
                let _ = forward(client, &socket, &state);
            }
        });
        Self { address, shared }
    }

    /// Cuts every connection; returns how many there were.
    pub fn cut(&self) -> usize {
        let open = std::mem::take(&mut locked(&self.shared).open);
        open.iter().filter(|client| client.shutdown(Shutdown::Both).is_ok()).count()
    }

    /// Heads of all requests, such as `POST /v1.41/containers/create?name=x HTTP/1.1`.
    pub fn requests(&self) -> Vec<String> {
        let verbs = ["GET ", "POST ", "PUT ", "HEAD ", "DELETE "];
        let sent = locked(&self.shared).sent.concat();
        let text = String::from_utf8_lossy(&sent).into_owned();
        let heads = text.lines().filter(|line| line.ends_with("HTTP/1.1"));
        heads.filter_map(|line| verbs.iter().find_map(|verb| Some(line[line.rfind(verb)?..].to_owned()))).collect()
    }

    /// What containers were asked for.
    pub fn create_bodies(&self) -> Vec<Value> {
        let sent = locked(&self.shared).sent.clone();
        let text: Vec<String> = sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
        let requests = text.iter().flat_map(|text| text.split("/containers/create?").skip(1));
        let bodies = requests.filter_map(|request| request.split_once("\r\n\r\n")).map(|(_, body)| {
            // Only the first value: what follows is the connection's next request.
            let mut values = serde_json::Deserializer::from_str(body).into_iter::<Value>();
            values.next().expect("a body").expect("the body of a create request is JSON")
        });
        bodies.collect()
    }
}

fn forward(client: TcpStream, socket: &PathBuf, shared: &Arc<Mutex<Shared>>) -> std::io::Result<()> {
    let engine = UnixStream::connect(socket)?;
    let index = {
        let mut shared = locked(shared);
        shared.open.push(client.try_clone()?);
        shared.sent.push(Vec::new());
        shared.sent.len() - 1
    };
    let (from_client, to_engine) = (client.try_clone()?, engine.try_clone()?);
    let shared = shared.clone();
    thread::spawn(move || {
        pump(from_client, &to_engine, |chunk| {
            let kept = &mut locked(&shared).sent[index];
            let room = KEPT.saturating_sub(kept.len()).min(chunk.len());
            kept.extend_from_slice(&chunk[..room]);
        });
        // The engine ends what a lost client asked for only where both directions are gone.
        let _ = to_engine.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        pump(engine, &client, |_| {});
        let _ = client.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// Copies until either side ends.
fn pump(mut from: impl Read, mut to: impl Write, mut note: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        note(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().expect("no holder panics")
}
