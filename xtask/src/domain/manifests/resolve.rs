//! From objects that name variants to objects that name digests, and to pods that only run where their CPU features are.
//! The lock says both; what it does not say stops the rendering, all of it at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use super::{
    ObjectId,
    nfd::{self, PREFIX},
};
use crate::domain::{
    images_lock::{ImagesLock, LockedModel},
    proof::Feature,
    push::LOCK_FILE,
    serving_image::{self, app},
};

/// What stands before names in our files.
const VARIANT: &str = "variant://";
const APP: &str = "app://";
const MODEL: &str = "model://";
/// The model's image, and parts of texts that stand for what it is called and how it is asked.
const IMAGE: &str = "image";
const NAME: &str = "model://name";
pub const SIGNATURE: &str = "model://signature";
const INPUT: &str = "model://input";
/// KServe's mark before a model's image.
const OCI: &str = "oci://";

/// One name that was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// `Deployment tf-serving-1cpu`.
    pub object: String,
    /// `variant://cpu-optimized`.
    pub name: String,
    /// `HOST/PATH:TAG@sha256:…`.
    pub reference: String,
    /// Labels that a node must have for it, without their common part.
    pub flags: Vec<&'static str>,
}

/// All that stops a rendering, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ResolveError(pub Vec<String>);

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Puts digests, the model's names and node affinity into objects; the model is of `version`, or its newest.
pub fn resolve(
    objects: &mut [Value],
    lock: &ImagesLock,
    (model, version): (&str, Option<u64>),
) -> Result<Vec<Resolved>, ResolveError> {
    let mut work =
        Work { lock, model, version, resolved: Vec::new(), missing: BTreeMap::new(), wrong: BTreeSet::new() };
    for object in objects {
        let id = ObjectId::of(object).map(|id| id.to_string()).unwrap_or_default();
        work.value(object, &id);
    }
    let errors = work.errors();
    if errors.is_empty() { Ok(work.resolved) } else { Err(ResolveError(errors)) }
}

struct Work<'a> {
    lock: &'a ImagesLock,
    model: &'a str,
    version: Option<u64>,
    resolved: Vec<Resolved>,
    /// What pushing would mend -> the images to push.
    missing: BTreeMap<&'static str, BTreeSet<String>>,
    wrong: BTreeSet<String>,
}

impl<'a> Work<'a> {
    /// Resolves all that is below a value; what a pod's containers need of a CPU goes to the pod.
    fn value(&mut self, value: &mut Value, object: &str) {
        match value {
            Value::String(text) => {
                if let Some(reference) = self.text(text, object) {
                    *text = reference;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.value(value, object)),
            Value::Object(map) => {
                let before = self.resolved.len();
                map.values_mut().for_each(|value| self.value(value, object));
                if map.get("containers").is_some_and(Value::is_array) {
                    let flags = self.resolved[before..].iter().flat_map(|resolved| resolved.flags.iter().copied());
                    let flags: BTreeSet<&str> = flags.collect();
                    if !flags.is_empty() {
                        require(map.entry("affinity").or_insert_with(|| json!({})), &flags);
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, object: &str) -> Option<String> {
        let (before, name) = text.strip_prefix(OCI).map_or(("", text), |name| (OCI, name));
        let (reference, flags) = if let Some(variant) = name.strip_prefix(VARIANT) {
            self.variant(variant)?
        } else if let Some(app) = name.strip_prefix(APP) {
            (self.app(app)?, Vec::new())
        } else if name.strip_prefix(MODEL) == Some(IMAGE) {
            (self.image_of_model()?, Vec::new())
        } else {
            return self.named(text);
        };
        let reference = format!("{before}{reference}");
        let resolved = Resolved { object: object.into(), name: text.into(), reference: reference.clone(), flags };
        self.resolved.push(resolved);
        Some(reference)
    }

    fn variant(&mut self, name: &str) -> Option<(String, Vec<&'static str>)> {
        let Some(locked) = self.lock.images.get(name) else {
            self.missing.entry("has no image").or_default().insert(name.into());
            return None;
        };
        let Some(features) = &locked.cpu_features else {
            self.missing.entry("does not say which CPU features are needed by").or_default().insert(name.into());
            return None;
        };
        match nfd::flags(features) {
            Ok(flags) => Some((locked.reference.to_string(), flags)),
            Err(error) => {
                let all: Vec<Feature> = features.iter().copied().collect();
                self.wrong.insert(format!("{name} needs {}; {error}", serving_image::list(&all)));
                None
            }
        }
    }

    fn app(&mut self, name: &str) -> Option<String> {
        if name != app::NAME {
            self.wrong.insert(format!("{APP}{name}: the only app is {APP}{}", app::NAME));
            return None;
        }
        let locked = self.lock.images.get(name);
        if locked.is_none() {
            self.missing.entry("has no image").or_default().insert(name.into());
        }
        locked.map(|locked| locked.reference.to_string())
    }

    /// A text with what the model is called and how it is asked; none where it speaks of no model.
    fn named(&mut self, text: &str) -> Option<String> {
        if !text.contains(MODEL) {
            return None;
        }
        let asked = self.locked_model().and_then(|locked| locked.asked.clone()).unwrap_or_default();
        let named = text.replace(NAME, self.model);
        let named = named.replace(SIGNATURE, &asked.signature).replace(INPUT, &asked.input);
        if named.contains(MODEL) {
            self.wrong.insert(format!("{text}: known are {MODEL}{IMAGE}, {NAME}, {SIGNATURE} and {INPUT}"));
        }
        Some(named)
    }

    fn image_of_model(&mut self) -> Option<String> {
        self.locked_model().map(|locked| locked.reference.to_string())
    }

    fn locked_model(&mut self) -> Option<&'a LockedModel> {
        let name = self.model;
        let locked = self.lock.model(name, self.version);
        if locked.is_none() {
            let (what, option) = match self.version {
                Some(version) => (format!("version {version} of the model"), format!(" --version {version}")),
                None => ("model".into(), String::new()),
            };
            self.wrong.insert(format!(
                "{LOCK_FILE} has no {what} `{name}`: run cargo xtask push-model --registry HOST/PREFIX --model {name}{option}"
            ));
        }
        locked
    }

    fn errors(&self) -> Vec<String> {
        let remedy = |(what, names): (&&str, &BTreeSet<String>)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!(
                "{LOCK_FILE} {what} {}: run cargo xtask push --registry HOST/PREFIX {}",
                names.join(", "),
                names.join(" ")
            )
        };
        self.missing.iter().map(remedy).chain(self.wrong.iter().cloned()).collect()
    }
}

/// Adds the labels to every term that a node may satisfy: terms are alternatives, and each must ask for them.
fn require(affinity: &mut Value, flags: &BTreeSet<&str>) {
    let wanted =
        flags.iter().map(|flag| json!({"key": format!("{PREFIX}{flag}"), "operator": "In", "values": ["true"]}));
    let terms = &mut affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
    if terms.as_array().is_none_or(Vec::is_empty) {
        *terms = json!([{}]);
    }
    for term in terms.as_array_mut().into_iter().flatten() {
        match &mut term["matchExpressions"] {
            Value::Array(list) => list.extend(wanted.clone()),
            other => *other = wanted.clone().collect(),
        }
    }
}
