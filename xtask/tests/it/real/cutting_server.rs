//! A web server on this machine that serves one file and loses every connection after so many bytes.
//! It answers requests for a range, and says which ones it got.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

pub struct CuttingServer {
    port: u16,
    /// First byte asked for by each request.
    starts: Arc<Mutex<Vec<usize>>>,
}

impl CuttingServer {
    /// Serves until the test program ends.
    pub fn start(file: Vec<u8>, bytes_a_connection: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let heard = starts.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that was killed breaks its connection; the next one is served all the same.
                let _ = answer(stream, &file, bytes_a_connection, &heard);
            }
        });
        Self { port, starts }
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    pub fn starts(&self) -> Vec<usize> {
        self.starts.lock().expect("no thread panics").clone()
    }
}

fn answer(mut stream: TcpStream, file: &[u8], most: usize, starts: &Mutex<Vec<usize>>) -> std::io::Result<()> {
    let mut start = 0;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = range.trim_end_matches('-').parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    starts.lock().expect("no thread panics").push(start);
    let (status, range) = match start {
        0 => ("200 OK", String::new()),
        _ => {
            let range = format!("Content-Range: bytes {start}-{}/{}\r\n", file.len() - 1, file.len());
            ("206 Partial Content", range)
        }
    };
    let rest = &file[start..];
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"one\"\r\n{range}\r\n", rest.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&rest[..rest.len().min(most)])
}
