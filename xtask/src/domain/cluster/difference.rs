//! What an apply would change of an object: the answer of its dry run held against what is there.

use std::fmt;

use serde_json::{Value, json};

/// One field that would be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `spec.template.spec.containers[tf-serving].image`.
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What the cluster itself keeps: no intent of anybody.
const KEPT: [&str; 5] = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"];

/// All differences, in the order of their paths.
pub fn differences(live: &Value, applied: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(live), Some(applied), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let is_kept =
                    (path == "metadata" && KEPT.contains(&key.as_str())) || (path.is_empty() && key == "status");
                if !is_kept {
                    compare(&below(path, key), before.get(key), after.get(key), found);
                }
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let names = |list: &[Value]| -> Option<Vec<String>> {
                list.iter().map(|one| one.get("name")?.as_str().map(String::from)).collect()
            };
            // Lists of things with names are compared by these, others by place.
            match (names(before), names(after)) {
                (Some(old), Some(new)) => {
                    let mut all = old.clone();
                    all.extend(new.iter().filter(|name| !old.contains(name)).cloned());
                    let at = |names: &[String], list: &'_ [Value], name: &String| {
                        names.iter().position(|other| other == name).map(|place| list[place].clone())
                    };
                    for name in all {
                        let (one, other) = (at(&old, before, &name), at(&new, after, &name));
                        compare(&format!("{path}[{name}]"), one.as_ref(), other.as_ref(), found);
                    }
                }
                _ => {
                    for place in 0..before.len().max(after.len()) {
                        compare(&format!("{path}[{place}]"), before.get(place), after.get(place), found);
                    }
                }
            }
        }
        _ => found.push(Difference { path: path.into(), before: before.cloned(), after: after.cloned() }),
    }
}

/// Fields of `sent` that the cluster did not keep: it does not know them, or has them switched off. Empty ones may go.
pub fn dropped(sent: &Value, kept: &Value) -> Vec<String> {
    let mut found = Vec::new();
    lost("", sent, Some(kept), &mut found);
    found
}

fn lost(path: &str, sent: &Value, kept: Option<&Value>, found: &mut Vec<String>) {
    let is_empty = sent.is_null() || sent == &json!({}) || sent == &json!([]);
    let Some(kept) = kept else {
        if !is_empty {
            found.push(path.into());
        }
        return;
    };
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            sent.iter().for_each(|(key, value)| lost(&below(path, key), value, kept.get(key), found));
        }
        (Value::Array(sent), Value::Array(kept)) => {
            for (place, value) in sent.iter().enumerate() {
                let name = value.get("name").and_then(Value::as_str);
                let same = |other: &&Value| name.is_some() && other.get("name").and_then(Value::as_str) == name;
                let other = if name.is_some() { kept.iter().find(same) } else { kept.get(place) };
                let at = name.map_or_else(|| place.to_string(), String::from);
                lost(&format!("{path}[{at}]"), value, other, found);
            }
        }
        _ => {}
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, before, after } = self;
        match (before, after) {
            (Some(before), Some(after)) => write!(f, "{path}: {before} -> {after}"),
            (None, Some(after)) => write!(f, "{path}: + {after}"),
            (Some(before), None) => write!(f, "{path}: - {before}"),
            (None, None) => write!(f, "{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(live: Value, applied: Value) -> Vec<String> {
        differences(&live, &applied).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_what_somebody_wants_is_a_difference() {
        let object = |version: u32, replicas: u32| json!({ "metadata": { "resourceVersion": version.to_string(), "generation": version, "managedFields": [version] }, "spec": { "replicas": replicas }, "status": { "replicas": version } });
        assert_eq!(told(object(1, 1), object(2, 1)), [""; 0]);
        assert_eq!(told(object(1, 1), object(2, 3)), ["spec.replicas: 1 -> 3"]);
    }

    #[test]
    fn a_field_that_the_cluster_does_not_keep_is_found() {
        let sent = json!({ "volumes": [{ "name": "tmp", "emptyDir": {} }, { "name": "model", "image": { "reference": "x" } }], "cpu": "1000m", "x": {} });
        let kept = json!({ "volumes": [{ "name": "tmp", "emptyDir": {} }], "cpu": "1", "more": 1 });
        assert_eq!(dropped(&sent, &kept), ["volumes[model]"]);
        assert_eq!(dropped(&json!({ "args": ["a", "b"] }), &json!({ "args": ["a"] })), ["args[1]"]);
        assert_eq!(dropped(&sent, &sent), [""; 0]);
    }

    #[test]
    fn things_with_names_are_told_by_them() {
        let containers = |image: &str, more: Value| {
            let mut list = vec![json!({ "name": "a", "image": image })];
            list.extend(more.as_array().cloned().unwrap_or_default());
            json!({ "containers": list })
        };
        assert_eq!(
            told(containers("x", json!([])), containers("y", json!([]))),
            [r#"containers[a].image: "x" -> "y""#]
        );
        let added = told(containers("x", json!([])), containers("x", json!([{ "name": "b" }])));
        assert_eq!(added, [r#"containers[b]: + {"name":"b"}"#]);
        assert_eq!(told(json!({ "args": ["a", "b"] }), json!({ "args": ["a"] })), [r#"args[1]: - "b""#]);
    }
}
