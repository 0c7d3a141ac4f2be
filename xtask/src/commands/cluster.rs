//! Which cluster and namespace a command is about, and which kinds of objects deploys of this checkout may have made.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use serde_json::Value;

use crate::{
    adapters::kubernetes::{Kubernetes, Patience},
    cli::ClusterArgs,
    domain::manifests::{Tree, yaml},
    ports::Say,
};

/// A cluster, and the namespace in it.
pub(super) struct Target<'s> {
    pub cluster: Kubernetes<'s>,
    pub namespace: String,
}

impl<'s> Target<'s> {
    /// The namespace of the command line, else the one that the manifests name, else the context's.
    pub async fn connect(args: &ClusterArgs, rendered: Option<&str>, say: Say<'s>) -> Result<Self> {
        let cluster = Kubernetes::connect(args.context.as_deref(), Patience::default(), say).await?;
        let named = args.namespace.as_deref().or(rendered);
        let namespace = named.map_or_else(|| cluster.namespace.clone(), String::from);
        Ok(Self { cluster, namespace })
    }
}

/// The namespace that the manifests make.
pub(super) fn namespace(tree: &Tree) -> Result<Option<String>> {
    let objects = objects(tree)?;
    let found = objects.iter().find(|object| object.get("kind").and_then(Value::as_str) == Some("Namespace"));
    Ok(found.and_then(|object| object.pointer("/metadata/name")?.as_str()).map(String::from))
}

/// API version and kind of all objects in `manifests/`; what only steers kustomize is none.
pub(super) fn kinds(tree: &Tree) -> Result<Vec<(String, String)>> {
    let kind = |object: &Value| {
        let text = |key: &str| Some(object.get(key)?.as_str()?.to_owned());
        Some((text("apiVersion")?, text("kind")?))
    };
    let kinds: BTreeSet<(String, String)> = objects(tree)?.iter().filter_map(kind).collect();
    Ok(kinds.into_iter().filter(|(version, _)| !version.starts_with("kustomize.config.k8s.io/")).collect())
}

fn objects(tree: &Tree) -> Result<Vec<Value>> {
    let documents =
        |(file, text): (&String, &String)| yaml::documents(text).map_err(|error| anyhow!("{file}: {error}"));
    Ok(tree.iter().map(documents).collect::<Result<Vec<_>>>()?.concat())
}
