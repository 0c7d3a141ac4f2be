//! The part of kustomize that our files use: resources, components, patches, namespace, nameSuffix, labels. Whatever else
//! a kustomization says is an error, never left out. `kubectl kustomize` gives the same objects of the same files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ObjectId, Tree, component_folder, overlay_folder, patch::Patch, yaml};

/// What is wrong, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct ManifestError {
    pub file: String,
    pub what: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kustomization {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    kind: Kind,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    components: Vec<String>,
    #[serde(default)]
    patches: Vec<Patch>,
    namespace: Option<String>,
    name_suffix: Option<String>,
    #[serde(default)]
    labels: Vec<Labels>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    Kustomization,
    Component,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Labels {
    pairs: BTreeMap<String, String>,
    /// Selectors and pod templates too.
    #[serde(default)]
    include_selectors: bool,
}

/// The objects of several overlays together, with components on top. Overlays share objects; a component must have
/// something to do.
pub fn compose(tree: &Tree, overlays: &[String], components: &[String]) -> Result<Vec<Value>, ManifestError> {
    let (mut objects, mut namespaces) = (Vec::<Value>::new(), Vec::<(String, String)>::new());
    for overlay in overlays {
        let folder = overlay_folder(overlay);
        let mut own = Vec::new();
        build(tree, &folder, Kind::Kustomization, &mut own, &mut Vec::new())?;
        let (file, kustomization) = read(tree, &folder)?;
        namespaces.extend(kustomization.namespace.map(|namespace| (file.clone(), namespace)));
        for object in own {
            match objects.iter().find(|there| ObjectId::of(there) == ObjectId::of(&object)) {
                None => objects.push(object),
                Some(there) if *there == object => {}
                Some(_) => {
                    return Err(error(&file, format!("{} differs from that of an overlay before it", name(&object))));
                }
            }
        }
    }
    for component in components {
        let before = objects.clone();
        let folder = component_folder(component);
        build(tree, &folder, Kind::Component, &mut objects, &mut Vec::new())?;
        if before == objects {
            let what = format!("nothing in {} for it to change", overlays.join(", "));
            return Err(error(&format!("{folder}/kustomization.yaml"), what));
        }
    }
    // As an overlay that lists these overlays and components would have it.
    if let Some((_, namespace)) = namespaces.first() {
        if let Some((file, other)) = namespaces.iter().find(|(_, other)| other != namespace) {
            return Err(error(file, format!("namespace {other} beside {namespace}: render them one after another")));
        }
        objects.iter_mut().for_each(|object| put_into(object, namespace));
    }
    Ok(objects)
}

/// Adds what a folder's kustomization makes to the objects that a component finds, or to none.
fn build(
    tree: &Tree,
    folder: &str,
    kind: Kind,
    objects: &mut Vec<Value>,
    trail: &mut Vec<String>,
) -> Result<(), ManifestError> {
    let (file, kustomization) = read(tree, folder)?;
    if trail.iter().any(|above| above == folder) {
        return Err(error(&file, "it is a part of itself".into()));
    }
    if kustomization.kind != kind {
        return Err(error(&file, format!("it is a {:?}, and used as a {kind:?}", kustomization.kind)));
    }
    trail.push(folder.to_owned());
    for resource in &kustomization.resources {
        let path = join(folder, resource).ok_or_else(|| error(&file, format!("`{resource}` leads out of here")))?;
        let mut new = Vec::new();
        match tree.get(&path) {
            Some(text) => new = resources(&path, text)?,
            None if tree.contains_key(&format!("{path}/kustomization.yaml")) => {
                build(tree, &path, Kind::Kustomization, &mut new, trail)?;
            }
            None => {
                return Err(error(&file, format!("`{resource}` is neither a file nor a folder with a kustomization")));
            }
        }
        for object in new {
            if objects.iter().any(|there| ObjectId::of(there) == ObjectId::of(&object)) {
                return Err(error(&file, format!("`{resource}` brings {} a second time", name(&object))));
            }
            objects.push(object);
        }
    }
    for component in &kustomization.components {
        let path = join(folder, component).ok_or_else(|| error(&file, format!("`{component}` leads out of here")))?;
        build(tree, &path, Kind::Component, objects, trail)?;
    }
    trail.pop();
    for patch in &kustomization.patches {
        patch.apply(objects).map_err(|what| error(&file, what))?;
    }
    for object in objects.iter_mut() {
        if let Some(namespace) = &kustomization.namespace {
            put_into(object, namespace);
        }
        if let Some(suffix) = &kustomization.name_suffix {
            object["metadata"]["name"] =
                json!(format!("{}{suffix}", object["metadata"]["name"].as_str().unwrap_or("")));
        }
        for labels in &kustomization.labels {
            label(object, labels).map_err(|what| error(&file, what))?;
        }
    }
    Ok(())
}

fn read(tree: &Tree, folder: &str) -> Result<(String, Kustomization), ManifestError> {
    let file = format!("{folder}/kustomization.yaml");
    let text = tree.get(&file).ok_or_else(|| error(&file, "it is not there".into()))?;
    let kustomization = yaml::typed(text).map_err(|what| error(&file, what))?;
    Ok((file, kustomization))
}

fn resources(path: &str, text: &str) -> Result<Vec<Value>, ManifestError> {
    let objects = yaml::documents(text).map_err(|what| error(path, what))?;
    match objects.iter().position(|object| ObjectId::of(object).is_none()) {
        Some(odd) => Err(error(path, format!("object {} lacks apiVersion, kind or metadata.name", odd + 1))),
        None => Ok(objects),
    }
}

/// A namespace is not in one; it is the one.
fn put_into(object: &mut Value, namespace: &str) {
    let key = if object["kind"] == "Namespace" { "name" } else { "namespace" };
    object["metadata"][key] = json!(namespace);
}

fn label(object: &mut Value, labels: &Labels) -> Result<(), String> {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let selectors: &[&str] = match kind.as_str() {
        _ if !labels.include_selectors => &[],
        "Deployment" | "DaemonSet" => &["/spec/selector/matchLabels", "/spec/template/metadata/labels"],
        "PodDisruptionBudget" => &["/spec/selector/matchLabels"],
        "Service" => &["/spec/selector"],
        _ => return Err(format!("includeSelectors: it is not known where a {kind} has its selectors")),
    };
    for place in ["/metadata/labels"].iter().chain(selectors) {
        let map = object.pointer_mut(place).and_then(Value::as_object_mut);
        let map = map.ok_or_else(|| format!("{kind}: no {place} to put labels into"))?;
        map.extend(labels.pairs.iter().map(|(key, value)| (key.clone(), json!(value))));
    }
    Ok(())
}

/// A relative path from a folder, `..` resolved; none where it leads out of the checkout.
fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

fn name(object: &Value) -> String {
    ObjectId::of(object).map(|id| id.to_string()).unwrap_or_default()
}

fn error(file: &str, what: String) -> ManifestError {
    ManifestError { file: file.into(), what }
}
