//! Credentials of a registry, found where and in the order in which docker finds them: a helper for this registry, the
//! store for all, the configuration itself. What is found goes into requests, never into a text.

mod helper;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use crate::ports::Credentials;

/// How Docker Hub is called in configurations and by helpers.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// A helper may ask somebody for a password; it may not hang for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// People and tools write `auth` with padding and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What opens a registry's door, and where that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub credentials: Credentials,
    pub source: String,
}

/// The part of docker's `config.json` that is about registries.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// Where docker looks.
pub(crate) struct DockerLogins {
    config: PathBuf,
    /// Folders of the helpers, as in PATH; none for this process's own.
    search: Option<OsString>,
    patience: Duration,
}

impl Default for DockerLogins {
    fn default() -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")));
        let config = folder.unwrap_or_else(|| "/.docker".into()).join("config.json");
        Self { config, search: None, patience: PATIENCE }
    }
}

impl DockerLogins {
    /// What this user has for the registry on `host`.
    pub async fn find(&self, host: &str) -> Result<Login> {
        let shown = self.config.display().to_string();
        let login = |credentials, source| Login { credentials, source };
        let Some(config) = read(&self.config)? else {
            return Ok(login(Credentials::None, format!("there is no {shown}")));
        };
        let server = if is_docker_hub(host) { DOCKER_HUB } else { host };
        let helpers = [config.cred_helpers.get(server), config.creds_store.as_ref()];
        for name in helpers.into_iter().flatten().filter(|name| !name.is_empty()) {
            if let Some(credentials) = self.ask(name, server).await? {
                return Ok(login(credentials, format!("from docker-credential-{name}")));
            }
        }
        let entry = config.auths.get(server).or_else(|| {
            let named = |(key, _): &(&String, &Entry)| host_of(key) == host_of(server);
            config.auths.iter().find(named).map(|(_, entry)| entry)
        });
        let decoded = entry.map(|entry| decoded(entry, server)).transpose();
        Ok(match decoded.with_context(|| format!("read auths of {server} in {shown}"))?.flatten() {
            Some(credentials) => login(credentials, format!("from {shown}")),
            None => login(Credentials::None, format!("{shown} has none for {server}")),
        })
    }
}

fn read(file: &Path) -> Result<Option<DockerConfig>> {
    let text = match fs_err::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.context("read docker's configuration, which may have credentials of the registry")?,
    };
    // serde's message has the place, and of the text at most a wrong value.
    let parsed = serde_json::from_slice(&text).map_err(|error| {
        anyhow::anyhow!(
            "line {}, column {} is not as docker writes it; mend it, or log in again",
            error.line(),
            error.column()
        )
    });
    parsed.map(Some).with_context(|| format!("read {}", file.display()))
}

fn decoded(entry: &Entry, server: &str) -> Result<Option<Credentials>> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = filled(&entry.identitytoken) {
        return Ok(Some(Credentials::IdentityToken(token)));
    }
    if let Some(auth) = filled(&entry.auth) {
        let bytes = BASE64.decode(auth.trim()).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = text.as_deref().and_then(|text| text.split_once(':'));
        let (user, password) = pair
            .with_context(|| format!("`auth` is not base64 of USER:PASSWORD; log in again: docker login {server}"))?;
        // Docker once padded passwords with zeros.
        let password = password.trim_end_matches('\0').to_owned();
        return Ok(Some(Credentials::Password { user: user.into(), password }));
    }
    let pair = filled(&entry.username).zip(filled(&entry.password));
    Ok(pair.map(|(user, password)| Credentials::Password { user, password }))
}

fn is_docker_hub(host: &str) -> bool {
    ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(&host)
}

/// Old logins wrote whole URLs.
fn host_of(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}
