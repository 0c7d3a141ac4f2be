//! Values of the command line, parsed once: whoever is handed one of these need not look at it again.

use std::{fmt, ops::RangeInclusive, str::FromStr};

/// A server of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    /// `grpc://host:port` or `http://host:port`.
    pub address: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{why}: write NAME=grpc://HOST:PORT or NAME=http://HOST:PORT"));
        let Some((name, address)) = text.split_once('=') else { return wrong("the name is missing") };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return wrong("a name is of letters, digits, `.`, `_` and `-`");
        }
        let Some((scheme, rest)) = address.split_once("://") else { return wrong("the address has no scheme") };
        if !["grpc", "http"].contains(&scheme) {
            return wrong(&format!("`{scheme}://` is no way to ask a server"));
        }
        let rest = rest.trim_end_matches('/');
        let port = rest.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains(['/', '@', ' ']));
        match port.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port > 0) {
            Some(_) => Ok(Self { name: name.into(), address: format!("{scheme}://{rest}") }),
            None => wrong("the address is not a host with a port and nothing else"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.address)
    }
}

/// Thousandths of a CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millicpus(pub u32);

impl FromStr for Millicpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        number(text, 0.01..=1024.0, "CPUs").map(|cpus| Self((cpus * 1000.0).round() as u32))
    }
}

/// A share of the best throughput.
pub fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.01..=10.0, "times the best throughput")
}

pub fn seconds(text: &str) -> Result<f64, String> {
    number(text, 0.1..=3600.0, "seconds")
}

pub fn milliseconds(text: &str) -> Result<f64, String> {
    number(text, 0.1..=600_000.0, "milliseconds")
}

/// A ratio less one.
pub fn margin(text: &str) -> Result<f64, String> {
    number(text, 0.001..=1.0, "(0.05 is 5 %)")
}

fn number(text: &str, range: RangeInclusive<f64>, unit: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|number| range.contains(number));
    found.ok_or_else(|| format!("it is a number from {} to {} {unit}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_a_name_and_an_address_that_can_be_asked() {
        for (text, address) in [
            ("a=grpc://localhost:8500", "grpc://localhost:8500"),
            ("tf-1.x=http://10.0.0.1:8501/", "http://10.0.0.1:8501"),
            ("six=http://[::1]:8501", "http://[::1]:8501"),
        ] {
            assert_eq!(text.parse::<Target>().map(|target| target.address), Ok(address.to_owned()));
        }
        for (text, why) in [
            ("http://localhost:8501", "the name is missing"),
            ("=http://x:1", "a name is of letters"),
            ("a=localhost:8501", "has no scheme"),
            ("a=https://x:1", "`https://` is no way"),
            ("a=http://x", "not a host with a port"),
            ("a=http://:8501", "not a host with a port"),
            ("a=http://x:0", "not a host with a port"),
            ("a=http://x:8501/v1", "not a host with a port"),
        ] {
            let error = text.parse::<Target>().expect_err(text);
            assert!(error.contains(why) && error.contains("write NAME=grpc://"), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_say_what_they_may_be() {
        assert_eq!("0.5".parse(), Ok(Millicpus(500)));
        assert_eq!("0".parse::<Millicpus>(), Err("it is a number from 0.01 to 1024 CPUs".to_owned()));
        assert_eq!((rate("1.1"), seconds("2"), margin("0.05")), (Ok(1.1), Ok(2.0), Ok(0.05)));
        for bad in ["", "x", "-1", "NaN", "inf"] {
            assert!(rate(bad).is_err() && seconds(bad).is_err() && milliseconds(bad).is_err(), "{bad}");
        }
    }
}
