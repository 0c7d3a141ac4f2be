//! A server on loopback that answers each request as its test tells it to, whole or cut, true or false.
//! It ends with the test that started it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<io::Result<()>>,
}

#[derive(Clone)]
pub struct Request {
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

impl Server {
    /// `answer` gets each request with its number, from zero.
    pub async fn start(mut answer: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let task = tokio::spawn(async move {
            let mut silent = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await?;
                let request = read(&mut stream).await?;
                let reply = answer(number, &request);
                log.lock().expect("the log").push(request);
                stream.write_all(&reply.bytes()).await?;
                if reply.holds {
                    silent.push(stream);
                } else {
                    stream.shutdown().await?;
                }
            }
            Ok(())
        });
        Self { address, seen, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("the log").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).expect("a head of text");
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    Ok(Request { path, headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect() })
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

pub struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    sent: usize,
    holds: bool,
}

impl Reply {
    pub fn new(status: &'static str, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec(), sent: usize::MAX, holds: false }
    }

    /// The connection ends before there is an answer.
    pub fn none() -> Self {
        Self::new("", b"")
    }

    /// All of a file.
    pub fn whole(body: &[u8]) -> Self {
        Self::new("200 OK", body).with("Content-Length", body.len())
    }

    /// What an honest server answers: the rest where the condition holds, and everything otherwise.
    pub fn honest(request: &Request, file: &[u8], tag: &str) -> Self {
        let start = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        match start.filter(|_| request.header("if-range") == Some(tag)) {
            None => Self::whole(file).with("ETag", tag),
            Some(start) => Self::rest(file, start.parse().expect("a number")).with("ETag", tag),
        }
    }

    pub fn rest(file: &[u8], start: usize) -> Self {
        let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
        let body = &file[start..];
        Self::new("206 Partial Content", body).with("Content-Range", range).with("Content-Length", body.len())
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The connection ends after so many bytes of the body.
    pub fn cut(mut self, sent: usize) -> Self {
        self.sent = sent;
        self
    }

    /// The connection stays, and nothing more comes.
    pub fn silent(mut self) -> Self {
        self.holds = true;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        if self.status.is_empty() {
            return Vec::new();
        }
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {}\r\nConnection: close\r\n{headers}\r\n", self.status);
        [head.as_bytes(), &self.body[..self.body.len().min(self.sent)]].concat()
    }
}
