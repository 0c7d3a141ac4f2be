//! Probes as a kubelet makes them: from outside the pod, at its own address, with the manifest's periods and patience.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::spec::{Container, Port};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    pub http_get: Option<HttpGet>,
    /// Asked by nobody here: the sample's servers have no gRPC.
    pub grpc: Option<Grpc>,
    #[serde(default = "ten")]
    pub period_seconds: u64,
    #[serde(default = "one")]
    pub timeout_seconds: u64,
    #[serde(default = "three")]
    pub failure_threshold: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGet {
    pub path: String,
    /// The name of one of the container's ports.
    pub port: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    pub port: u16,
}

fn ten() -> u64 {
    10
}

fn one() -> u64 {
    1
}

fn three() -> u32 {
    3
}

/// When a container had started, and when it was ready, by its probes.
#[derive(Debug, Clone, Copy)]
pub struct Passed {
    pub startup: Duration,
    pub readiness: Duration,
}

/// The probes of one container of a pod that runs.
#[derive(Clone, Copy)]
pub struct Probed<'a> {
    pub container: &'a Container,
    pub address: IpAddr,
}

impl Probed<'_> {
    /// Asks for as long as a kubelet would; one that does not pass in that time would be started again, and fails the test.
    pub fn until_ready(&self) -> Passed {
        let begin = Instant::now();
        let probes = [&self.container.startup_probe, &self.container.readiness_probe];
        let [startup, readiness] = probes.map(|probe| {
            let probe = probe.as_ref().unwrap_or_else(|| panic!("{} has no such probe", self.container.name));
            self.until_passed(probe);
            begin.elapsed()
        });
        Passed { startup, readiness }
    }

    /// The liveness probe, at its own pace.
    pub fn stays_alive(&self, times: u32) {
        let probe = self.container.liveness_probe.as_ref().expect("a liveness probe");
        for time in 0..times {
            thread::sleep(Duration::from_secs(if time == 0 { 0 } else { probe.period_seconds }));
            self.ask(probe).unwrap_or_else(|error| panic!("{} is not alive: {error}", self.container.name));
        }
    }

    /// Whether startup and readiness fail, so many times each.
    pub fn is_not_ready(&self, times: u32) -> bool {
        let probes = [&self.container.startup_probe, &self.container.readiness_probe].map(|probe| probe.as_ref());
        (0..times).all(|_| {
            thread::sleep(Duration::from_secs(1));
            probes.iter().flatten().all(|probe| self.ask(probe).is_err())
        })
    }

    fn until_passed(&self, probe: &Probe) {
        let mut failures = 0;
        while let Err(error) = self.ask(probe) {
            failures += 1;
            assert!(failures < probe.failure_threshold, "{} failed {failures} times: {error}", self.container.name);
            thread::sleep(Duration::from_secs(probe.period_seconds));
        }
    }

    /// One try.
    fn ask(&self, probe: &Probe) -> Result<(), String> {
        match (&probe.http_get, &probe.grpc) {
            (Some(get), None) => {
                let port = port(&self.container.ports, &get.port);
                let status = status(SocketAddr::new(self.address, port), &get.path, probe.timeout_seconds);
                match status.map_err(|error| error.to_string())? {
                    200..400 => Ok(()),
                    status => Err(format!("{} gave {status}", get.path)),
                }
            }
            (None, Some(grpc)) => panic!("a gRPC probe of port {} cannot be made of the sample's servers", grpc.port),
            _ => panic!("{probe:?} asks in one way"),
        }
    }
}

pub fn port(ports: &[Port], name: &str) -> u16 {
    ports.iter().find(|port| port.name == name).unwrap_or_else(|| panic!("no port `{name}`")).container_port
}

/// The status of an answer whose head came in time.
fn status(address: SocketAddr, path: &str, seconds: u64) -> std::io::Result<u16> {
    let limit = Duration::from_secs(seconds);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let code = std::str::from_utf8(&head[9..]).ok().and_then(|code| code.parse().ok());
    code.ok_or_else(|| std::io::Error::other(format!("no status in {:?}", String::from_utf8_lossy(&head))))
}
