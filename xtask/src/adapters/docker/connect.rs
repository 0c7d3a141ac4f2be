//! Finding the engine as the docker command line does: setting, `DOCKER_HOST`, context, default socket.
//! What it cannot speak (ssh) is refused with the way round; nothing is guessed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Seconds until response headers must have come. Creating and removing large volumes may take minutes, and
/// bollard's own two minutes would end a healthy call.
const TIMEOUT: u64 = 1800;
/// The docker command line's own default.
const DEFAULT_SOCKET: &str = "unix:///var/run/docker.sock";
/// API 1.41 is Engine 20.10: the oldest this is tested with.
const OLDEST_API: (u32, u32) = (1, 41);

/// Connects lazily: no byte is sent before the first call.
pub(super) fn connect(setting: Option<&str>) -> Result<(Docker, String)> {
    let endpoint = match setting.map(String::from).or_else(|| non_empty("DOCKER_HOST")) {
        Some(host) => Endpoint { host, tls: tls_from_environment() },
        None => context_endpoint()?.unwrap_or_else(|| Endpoint { host: DEFAULT_SOCKET.into(), tls: None }),
    };
    let host = endpoint.host.as_str();
    let docker = match (host.split_once("://"), &endpoint.tls) {
        (Some(("unix", _)), _) => Docker::connect_with_unix(host, TIMEOUT, API_DEFAULT_VERSION),
        (Some(("tcp" | "https", address)), Some(tls)) => {
            let file = |name: &str| tls.join(name);
            let (key, cert, ca) = (file("key.pem"), file("cert.pem"), file("ca.pem"));
            for path in [&key, &cert, &ca] {
                fs::metadata(path)
                    .with_context(|| format!("read the TLS file {} for engine {host}", path.display()))?;
            }
            let address = format!("tcp://{address}");
            Docker::connect_with_ssl(&address, &key, &cert, &ca, TIMEOUT, API_DEFAULT_VERSION)
        }
        (Some(("tcp" | "http", _)), _) => Docker::connect_with_http(host, TIMEOUT, API_DEFAULT_VERSION),
        (Some(("ssh", rest)), _) => bail!(
            "the engine address {host} is an ssh address, which xtask does not speak; forward the socket and use that: \
             ssh -NL /tmp/engine.sock:/var/run/docker.sock {rest} & export DOCKER_HOST=unix:///tmp/engine.sock"
        ),
        _ => bail!("`{host}` is no engine address; use unix:///path, tcp://host:port or https://host:port"),
    };
    // A socket that is not there is found out here already.
    let docker = docker.with_context(|| no_answer(host))?;
    Ok((docker, endpoint.host))
}

fn no_answer(host: &str) -> String {
    format!(
        "no container engine answers at {host}; start it (`systemctl start docker`), install it (`cargo xtask doctor` says \
         how), or point DOCKER_HOST at one"
    )
}

struct Endpoint {
    host: String,
    /// Folder with ca.pem, cert.pem and key.pem.
    tls: Option<PathBuf>,
}

fn non_empty(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn tls_from_environment() -> Option<PathBuf> {
    non_empty("DOCKER_TLS_VERIFY")?;
    Some(non_empty("DOCKER_CERT_PATH").map_or_else(config_folder, PathBuf::from))
}

fn config_folder() -> PathBuf {
    let home = || PathBuf::from(non_empty("HOME").unwrap_or_else(|| "/".into())).join(".docker");
    non_empty("DOCKER_CONFIG").map_or_else(home, PathBuf::from)
}

/// The endpoint of the chosen docker context; none when that is the built-in `default`.
fn context_endpoint() -> Result<Option<Endpoint>> {
    let folder = config_folder();
    let current = || {
        let config = fs::read(folder.join("config.json")).ok()?;
        let config: Value = serde_json::from_slice(&config).ok()?;
        config["currentContext"].as_str().map(String::from)
    };
    let Some(name) = non_empty("DOCKER_CONTEXT").or_else(current).filter(|name| name != "default") else {
        return Ok(None);
    };
    read_context(&folder, &name).map(Some)
}

fn read_context(folder: &Path, name: &str) -> Result<Endpoint> {
    let id = format!("{:x}", Sha256::digest(name.as_bytes()));
    let meta = folder.join("contexts/meta").join(&id).join("meta.json");
    let advice =
        || format!("read docker context `{name}`; choose another with `docker context use`, or set DOCKER_HOST");
    let text = fs::read(&meta).with_context(|| format!("open {}", meta.display())).with_context(advice)?;
    let value: Value = serde_json::from_slice(&text).with_context(|| format!("parse {}", meta.display()))?;
    let host = value["Endpoints"]["docker"]["Host"]
        .as_str()
        .with_context(|| format!("find Endpoints.docker.Host in {}", meta.display()))?;
    let tls = folder.join("contexts/tls").join(&id).join("docker");
    Ok(Endpoint { host: host.into(), tls: tls.is_dir().then_some(tls) })
}

/// One answer from the engine, and new enough.
pub(super) async fn check_version(docker: &Docker, address: &str) -> Result<()> {
    let version = docker.version().await.with_context(|| no_answer(address))?;
    let api = version.api_version.unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    let mut parts = api.split('.');
    if (number(parts.next()), number(parts.next())) < OLDEST_API {
        bail!(
            "the engine at {address} speaks API {api} (version {}); xtask needs API {}.{} (Docker Engine 20.10) or newer: \
             upgrade the engine or point DOCKER_HOST at another",
            version.version.unwrap_or_default(),
            OLDEST_API.0,
            OLDEST_API.1
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(host: &str) -> String {
        connect(Some(host)).map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"))
    }

    #[test]
    fn addresses_it_cannot_speak_are_refused_with_a_way_round() {
        assert!(message("ssh://me@builder").contains("ssh -NL /tmp/engine.sock:/var/run/docker.sock me@builder"));
        assert!(message("builder:2375").contains("use unix:///path"));
        assert_eq!(message("tcp://127.0.0.1:2375"), "");
        assert!(
            message("unix:///nonexistent").starts_with("no container engine answers at unix:///nonexistent; start")
        );
    }

    #[test]
    fn a_context_names_its_host_and_its_certificates() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let id = format!("{:x}", Sha256::digest(b"farm"));
        let meta = folder.path().join("contexts/meta").join(&id);
        fs::create_dir_all(&meta).expect("create");
        fs::write(meta.join("meta.json"), r#"{"Name":"farm","Endpoints":{"docker":{"Host":"tcp://farm:2376"}}}"#)
            .expect("write");
        fs::create_dir_all(folder.path().join("contexts/tls").join(&id).join("docker")).expect("create");
        let endpoint = read_context(folder.path(), "farm").expect("readable");
        assert_eq!(endpoint.host, "tcp://farm:2376");
        assert!(endpoint.tls.is_some());
        let missing = read_context(folder.path(), "gone").map(|_| ()).expect_err("no such context");
        assert!(format!("{missing:#}").contains("docker context `gone`"), "{missing:#}");
    }
}
