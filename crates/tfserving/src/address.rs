//! Where servers are: the list that `TF_SERVERS` holds, to typed addresses. All mistakes are told at once.

mod list;

use std::fmt;

pub use self::list::{ListError, read_list};

/// Which of TensorFlow Serving's two interfaces an address means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Api {
    /// gRPC over HTTP/2.
    Grpc,
    /// JSON over HTTP/1.
    Rest,
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::Rest => "rest",
        })
    }
}

/// An interface, and where it listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// The interface.
    pub api: Api,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// `host:port`, with an IPv6 host in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The URL that HTTP knows it by.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// As people write it: `grpc://`, `grpcs://`, `http://`, `https://`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.api, self.tls) {
            (Api::Grpc, false) => "grpc",
            (Api::Grpc, true) => "grpcs",
            (Api::Rest, false) => "http",
            (Api::Rest, true) => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// A server's name, which may hold spaces, and its endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Unique in a list.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
}
