//! As whom a pod runs, and what that is kept from.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSecurity {
    #[serde(default)]
    pub run_as_non_root: bool,
    pub run_as_user: u32,
    pub run_as_group: u32,
    pub fs_group: Option<u32>,
    #[serde(rename = "seccompProfile")]
    pub _seccomp_profile: Seccomp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seccomp {
    #[serde(rename = "type")]
    pub _kind: SeccompKind,
}

/// The engine's own profile, which it gives to whoever asks for nothing.
#[derive(Debug, Deserialize)]
pub enum SeccompKind {
    RuntimeDefault,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Security {
    pub allow_privilege_escalation: bool,
    pub read_only_root_filesystem: bool,
    pub capabilities: Capabilities,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    pub drop: Vec<String>,
}
