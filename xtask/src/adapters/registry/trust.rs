//! Which certificates a registry may show, and whether it may do without: as docker decides it.

use std::{
    env,
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
};

use anyhow::{Context, Result};
use reqwest::Certificate;

/// The certificates that were put down for this host, beside the system's own.
pub(super) fn certificates(host: &str) -> Result<Vec<Certificate>> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let own = home.iter().flat_map(|home| [home.join(".docker/certs.d"), home.join(".config/docker/certs.d")]);
    let mut found = Vec::new();
    for folder in std::iter::once(PathBuf::from("/etc/docker/certs.d")).chain(own) {
        let mut files: Vec<PathBuf> =
            fs_err::read_dir(folder.join(host)).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
        files.sort();
        for file in files {
            let bundle = Certificate::from_pem_bundle(&fs_err::read(&file)?);
            found.extend(bundle.with_context(|| format!("read certificates from {}", file.display()))?);
        }
    }
    Ok(found)
}

/// Whether this is this machine by name or by number; nobody listens in on the way.
pub(super) fn is_loopback(host: &str) -> bool {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_and_nothing_like_it() {
        for host in ["127.0.0.1:5000", "127.1.2.3", "localhost", "localhost:5000", "[::1]:5000", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["127.0.0.1.evil.example:5000", "localhost.example", "10.0.0.1:5000", "[::2]:5000", "r.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
