//! What `config.toml` says of the machine that builds: engine, resources, remote caches.
//! Plain values that planning reads; where they come from is `config`'s business.

use std::{collections::BTreeMap, time::Duration};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// Address in `DOCKER_HOST` spelling; none means: as the docker command line would choose.
    pub host: Option<String>,
    pub ca_bundle: CaBundle,
    /// Network of build containers; none means the engine's default.
    pub network: Option<String>,
    /// Labels put on all we create, beside our own.
    pub labels: BTreeMap<String, String>,
}

/// Certificates that build steps trust beside their image's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaBundle {
    None,
    /// The bundle that this machine itself uses.
    Host,
    File(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Bytes one compile job is expected to need.
    pub memory_per_job: u64,
    /// A fixed number of jobs instead of the rule.
    pub jobs: Option<u32>,
    /// Hard memory limit of a build container, bytes.
    pub memory: Option<u64>,
    pub min_jobs_per_variant: u32,
    pub stall_after: Duration,
}

/// A team's cache or build farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteSettings {
    pub cache: Option<String>,
    pub executor: Option<String>,
    /// Header -> name of the environment variable that holds its value.
    pub headers: BTreeMap<String, String>,
}
