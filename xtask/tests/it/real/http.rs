//! Requests written by hand, so that a test sees every byte of an answer.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use serde_json::Value;

use super::harness::PATIENCE;

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub fn get(address: &str, path: &str) -> Answer {
    ask(address, "GET", path, "").expect("an answer")
}

pub fn post(address: &str, path: &str, body: &str) -> Answer {
    ask(address, "POST", path, body).expect("an answer")
}

/// One request on a connection of its own; an error where there is no whole answer.
pub fn ask(address: &str, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let cut = || std::io::Error::other(format!("half an answer: {text:?}"));
    let (headers, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = headers.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
    Ok(Answer { status, headers: headers.to_owned(), body: body.to_owned() })
}

/// Waits until the model can be asked.
pub fn until_loaded(address: &str, model: &str) {
    let begin = Instant::now();
    let path = format!("/v1/models/{model}/metadata");
    while !ask(address, "GET", &path, "").is_ok_and(|answer| answer.status == 200) {
        assert!(begin.elapsed() < PATIENCE, "{model} is not loaded: {:?}", ask(address, "GET", &path, ""));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
