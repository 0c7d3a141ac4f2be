//! A way to a real server that holds every answer back by the same time. Threads, because they sleep to a tenth of a
//! millisecond; a line, because an answer in several pieces must be held back once.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

pub struct Proxy {
    at: SocketAddr,
    scheme: String,
}

impl Proxy {
    /// Before `grpc://host:port` or `http://host:port`; `held` is in milliseconds. It stays until the program ends.
    pub fn start(url: &str, held: f64) -> io::Result<Self> {
        let (scheme, server) = url.split_once("://").ok_or_else(|| io::Error::other("the address is no URL"))?;
        let (scheme, server) = (scheme.to_owned(), server.to_owned());
        let held = Duration::from_secs_f64(held / 1e3);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever cannot be passed on is hung up on.
                let _ = pass(client, &server, held);
            }
        });
        Ok(Self { at, scheme })
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.at)
    }
}

fn pass(client: TcpStream, server: &str, held: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (asks, mut asked) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut &asks, &mut asked);
        let _ = asked.shutdown(Shutdown::Both);
    });
    let (line, held_back) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let (mut server, mut piece) = (server, vec![0; 64 << 10]);
        while let Ok(length @ 1..) = server.read(&mut piece) {
            if line.send((Instant::now() + held, piece[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        let mut client = client;
        for (due, piece) in held_back {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if client.write_all(&piece).is_err() {
                return;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    });
    Ok(())
}
