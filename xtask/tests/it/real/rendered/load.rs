//! Clients that ask without end, each on one connection that it keeps for as long as the server lets it.

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind, Read, Result, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::real::harness::PATIENCE;

/// What one client saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Answers with status 200 and how often each came.
    pub answers: BTreeMap<String, usize>,
    /// Requests that were not answered so, and why.
    pub lost: Vec<String>,
    pub connections: usize,
    pub slowest: Duration,
}

/// Asks the same again and again until `over`, with a pause between.
pub fn ask_on_and_on(address: &str, request: &str, pause: Duration, over: &AtomicBool) -> Seen {
    let (mut seen, mut kept) = (Seen::default(), None::<TcpStream>);
    while !over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        // Nobody asks on a connection that the other side has closed already.
        let open = kept.take().filter(is_open);
        seen.connections += usize::from(open.is_none());
        match open.map_or_else(|| connect(address), Ok).and_then(|stream| exchange(stream, request)) {
            Ok((stream, answer)) => {
                kept = stream;
                *seen.answers.entry(answer).or_default() += 1;
            }
            Err(error) => seen.lost.push(error.to_string()),
        }
        seen.slowest = seen.slowest.max(begin.elapsed());
        std::thread::sleep(pause);
    }
    seen
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn is_open(stream: &TcpStream) -> bool {
    let waits = || {
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        peeked
    };
    waits().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// One request and its answer's body; the connection, where it may be used again.
fn exchange(mut stream: TcpStream, request: &str) -> Result<(Option<TcpStream>, String)> {
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let (head, length) = loop {
        if let Some(whole) = head_of(&bytes) {
            break whole;
        }
        more(&mut stream, &mut bytes)?;
    };
    let begin = head.len() + 4;
    while bytes.len() < begin + length {
        more(&mut stream, &mut bytes)?;
    }
    let body = String::from_utf8_lossy(&bytes[begin..]).into_owned();
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(Error::other(format!("{head}\n{body}")));
    }
    let stays = !head.lines().any(|line| line.eq_ignore_ascii_case("connection: close"));
    Ok((stays.then_some(stream), body))
}

/// The head, once it is whole, and the body's length.
fn head_of(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case("content-length")));
    let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0);
    Some((head, length))
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; 16 * 1024];
    match stream.read(&mut buffer)? {
        0 => Err(Error::other(format!("closed after {} bytes of an answer", bytes.len()))),
        read => {
            bytes.extend_from_slice(&buffer[..read]);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{SocketAddr, TcpListener},
        thread,
    };

    use super::{super::endpoints::Endpoints, *};

    /// A server whose connections have so many answers, the last one announced or not, and then read one request more and end.
    fn server(answers: usize, announced: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                for answer in 1..=answers {
                    let last = if announced && answer == answers { "Connection: close\r\n" } else { "" };
                    let _ = stream.read(&mut [0; 1024]);
                    let _ =
                        stream.write_all(format!("HTTP/1.1 200 OK\r\n{last}Content-Length: 2\r\n\r\nok").as_bytes());
                }
                let _ = stream.read(&mut [0; 1024]);
            }
        });
        address
    }

    fn seen_of(address: SocketAddr) -> Seen {
        let (service, over) = (Endpoints::new(), AtomicBool::new(false));
        service.are(&[address]);
        thread::scope(|scope| {
            let ask = || ask_on_and_on(&service.address, "GET / HTTP/1.1\r\n\r\n", Duration::from_millis(1), &over);
            let asked = scope.spawn(ask);
            thread::sleep(Duration::from_millis(300));
            over.store(true, Ordering::Relaxed);
            asked.join().expect("no panic")
        })
    }

    #[test]
    fn a_request_that_is_cut_off_counts_as_lost_and_an_announced_end_does_not() {
        let cut = seen_of(server(3, false));
        assert!(!cut.lost.is_empty() && cut.lost[0].contains("closed after 0 bytes"), "{cut:?}");
        let told = seen_of(server(3, true));
        assert!(told.lost.is_empty() && told.connections > 1 && told.answers["ok"] > 3, "{told:?}");
    }
}
