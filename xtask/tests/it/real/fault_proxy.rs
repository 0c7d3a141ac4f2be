//! A proxy in front of a registry on loopback that loses, slows or refuses what a test tells it to.
//! It ends each connection after one request, so that every request passes here.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Every third request is answered 500 or 429.
    Third,
    /// So many first uploads of blobs end after so many bytes.
    Cut { uploads: usize, after: usize },
    /// Blobs take this long for each 64 KiB.
    Slow(Duration),
}

pub struct FaultProxy {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    uploads: AtomicUsize,
    faults: AtomicUsize,
    /// Bytes of blobs that came through.
    bytes: AtomicUsize,
}

impl FaultProxy {
    /// Serves until the test program ends.
    pub fn start(registry: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let counts = Arc::new(Counts::default());
        let shared = counts.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counts = shared.clone();
                // A registry that is down is a connection that is closed.
                thread::spawn(move || serve(client, registry, fault, &counts));
            }
        });
        Self { port, counts }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How often something went wrong.
    pub fn faults(&self) -> usize {
        self.counts.faults.load(Ordering::SeqCst)
    }

    /// Bytes of blobs that came through so far.
    pub fn bytes(&self) -> usize {
        self.counts.bytes.load(Ordering::SeqCst)
    }
}

fn serve(mut client: TcpStream, registry: u16, fault: Fault, counts: &Counts) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
        if head[0] == 0x16 {
            // TLS was not meant for us; a registry without it says so as well.
            return client.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").ok();
        }
    }
    let head = String::from_utf8(head).ok()?;
    let number = counts.requests.fetch_add(1, Ordering::SeqCst);
    let is_upload = head.starts_with("PATCH ");
    let mut most = usize::MAX;
    match fault {
        Fault::Third if number % 3 == 2 => {
            let status = [500, 429][counts.faults.fetch_add(1, Ordering::SeqCst) % 2];
            let answer = format!("HTTP/1.1 {status} Trouble\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            client.write_all(answer.as_bytes()).ok()?;
            return drain(client);
        }
        Fault::Cut { uploads, after } if is_upload && counts.uploads.fetch_add(1, Ordering::SeqCst) < uploads => {
            counts.faults.fetch_add(1, Ordering::SeqCst);
            most = after;
        }
        _ => {}
    }
    let pause = match fault {
        Fault::Slow(pause) if is_upload => Some(pause),
        _ => None,
    };
    let mut upstream = TcpStream::connect(("127.0.0.1", registry)).ok()?;
    let lines = head.trim_end().split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = format!("{}\r\nConnection: close\r\n\r\n", lines.collect::<Vec<_>>().join("\r\n"));
    upstream.write_all(head.as_bytes()).ok()?;
    let (mut answers, mut answered) = (upstream.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut answered);
        let _ = answered.shutdown(Shutdown::Both);
    });
    let (mut buffer, mut passed) = (vec![0; 64 * 1024], 0);
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let read = read.min(most - passed);
        if upstream.write_all(&buffer[..read]).is_err() {
            break;
        }
        passed += read;
        if is_upload {
            counts.bytes.fetch_add(read, Ordering::SeqCst);
        }
        if passed == most {
            let _ = client.shutdown(Shutdown::Both);
            break;
        }
        if let Some(pause) = pause {
            thread::sleep(pause);
        }
    }
    let _ = upstream.shutdown(if passed == most { Shutdown::Both } else { Shutdown::Write });
    Some(())
}

/// A client that still sends would not see the answer of who hangs up.
fn drain(mut client: TcpStream) -> Option<()> {
    client.shutdown(Shutdown::Write).ok()?;
    client.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    std::io::copy(&mut client, &mut std::io::sink()).ok().map(|_| ())
}
