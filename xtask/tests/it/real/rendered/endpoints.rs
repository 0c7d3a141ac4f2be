//! A service: an address whose new connections go to one of its endpoints in turn. Connections that stand stay where they
//! are, as in a cluster, whatever becomes of the list.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Forwards for as long as the test process lives.
pub struct Endpoints {
    /// `host:port`.
    pub address: String,
    list: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Endpoints {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let list = Arc::new(Mutex::new(Vec::new()));
        let endpoints: Arc<Mutex<Vec<SocketAddr>>> = list.clone();
        thread::spawn(move || {
            for (turn, client) in listener.incoming().flatten().enumerate() {
                let list = endpoints.lock().expect("no holder panics").clone();
                // Without endpoints, or where one does not listen, a client sees its connection closed.
                let _ = list.get(turn % list.len().max(1)).map(|endpoint| forward(client, *endpoint));
            }
        });
        Self { address, list }
    }

    /// Where connections go from now on.
    pub fn are(&self, list: &[SocketAddr]) {
        *self.list.lock().expect("no holder panics") = list.to_vec();
    }
}

fn forward(client: TcpStream, endpoint: SocketAddr) -> std::io::Result<()> {
    let server = TcpStream::connect(endpoint)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || pump(from_client, &to_server));
    thread::spawn(move || pump(server, &client));
    Ok(())
}

/// Copies until either side ends, and hands that on.
fn pump(mut from: TcpStream, mut to: &TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
