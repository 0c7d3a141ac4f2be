//! What deploying asks of a cluster; objects are JSON, as it speaks.

use std::fmt;

use anyhow::Result;
use serde_json::Value;

use crate::domain::cluster::Conflict;

/// Where objects of one kind stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    /// `apps/v1`
    pub api_version: String,
    pub kind: String,
    /// `deployments`
    pub plural: String,
    pub namespaced: bool,
}

/// One object's place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub resource: Resource,
    /// None for what stands in no namespace.
    pub namespace: Option<String>,
    pub name: String,
}

impl Resource {
    /// Of the core, which every cluster has.
    pub fn core(kind: &str, plural: &str, namespaced: bool) -> Self {
        Self { api_version: "v1".into(), kind: kind.into(), plural: plural.into(), namespaced }
    }

    pub fn pods() -> Self {
        Self::core("Pod", "pods", true)
    }
}

impl fmt::Display for Place {
    /// As kubectl says it: `Deployment tf-serving-1cpu`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource.kind, self.name)
    }
}

/// How an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applying {
    pub dry_run: bool,
    /// Fields of other managers become ours.
    pub force: bool,
}

/// What an apply came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Applied {
    /// The object as it is then, and what the cluster warned of.
    Done(Value, Vec<String>),
    /// Others manage fields that would be other ones.
    Conflicts(Vec<Conflict>),
    /// Its namespace is not there.
    NoNamespace,
}

/// A cluster and the user whom it takes this run for.
pub(crate) trait Cluster {
    /// `v1.33.2`
    async fn version(&self) -> Result<String>;
    /// None where the cluster does not know the kind.
    async fn resource(&self, api_version: &str, kind: &str) -> Result<Option<Resource>>;
    async fn get(&self, place: &Place) -> Result<Option<Value>>;
    /// Whole objects, by a label selector; in one namespace or in all.
    async fn list(&self, resource: &Resource, namespace: Option<&str>, selector: &str) -> Result<Vec<Value>>;
    /// Server-side, under our field manager.
    async fn apply(&self, place: &Place, object: &Value, how: Applying) -> Result<Applied>;
    /// Says whether it was there; what belongs to it goes too.
    async fn delete(&self, place: &Place) -> Result<bool>;
    /// Asks a pod's HTTP server by way of the cluster; none where nothing answers.
    async fn ask_pod(&self, namespace: &str, pod: &str, port: u16, path: &str) -> Result<Option<String>>;
}
