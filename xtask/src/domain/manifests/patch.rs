//! Patches of a kustomization: which objects they are for, and what they do to them (JSON Patch, RFC 6902).
//! Only `add`, `replace` and `remove` are known; they are all that a readable patch needs.

use serde::Deserialize;
use serde_json::Value;

use super::{ObjectId, yaml};

/// One entry of `patches`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    target: Target,
    /// Operations as YAML.
    patch: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Target {
    kind: String,
    name: Option<String>,
    /// `key=value`, several with commas between them.
    label_selector: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
enum Operation {
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
}

impl Patch {
    /// Changes every object it is for. One that is called by its name must be there.
    pub fn apply(&self, objects: &mut [Value]) -> Result<(), String> {
        let operations: Vec<Operation> = yaml::typed(&self.patch)?;
        let mut found = false;
        for object in objects.iter_mut().filter(|object| self.target.is(object)) {
            found = true;
            for operation in &operations {
                operation.apply(object).map_err(|error| format!("{}: {error}", object_name(object)))?;
            }
        }
        match &self.target.name {
            Some(name) if !found => Err(format!("a patch is for {} {name}, which is not here", self.target.kind)),
            _ => Ok(()),
        }
    }
}

fn object_name(object: &Value) -> String {
    ObjectId::of(object).map(|id| id.to_string()).unwrap_or_default()
}

impl Target {
    fn is(&self, object: &Value) -> bool {
        let Some(id) = ObjectId::of(object) else { return false };
        let label = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            object["metadata"]["labels"].get(key.trim()).and_then(Value::as_str) == Some(value.trim())
        };
        self.kind == id.kind
            && self.name.as_ref().is_none_or(|name| *name == id.name)
            && self.label_selector.as_ref().is_none_or(|labels| labels.split(',').all(label))
    }
}

impl Operation {
    fn apply(&self, object: &mut Value) -> Result<(), String> {
        let (Self::Add { path, .. } | Self::Replace { path, .. } | Self::Remove { path }) = self;
        let (parent, last) = path.rsplit_once('/').ok_or_else(|| format!("`{path}` is no path: begin it with /"))?;
        let last = last.replace("~1", "/").replace("~0", "~");
        let nothing = || format!("there is no {path} to change");
        match (object.pointer_mut(parent).ok_or_else(nothing)?, self) {
            (Value::Object(map), Self::Add { value, .. }) => {
                map.insert(last, value.clone());
            }
            (Value::Object(map), Self::Replace { value, .. }) => {
                *map.get_mut(&last).ok_or_else(nothing)? = value.clone();
            }
            (Value::Object(map), Self::Remove { .. }) => {
                map.remove(&last).ok_or_else(nothing)?;
            }
            (Value::Array(list), Self::Add { value, .. }) if last == "-" => list.push(value.clone()),
            (Value::Array(list), operation) => {
                let length = list.len() + usize::from(matches!(operation, Self::Add { .. }));
                let index = last.parse::<usize>().ok().filter(|index| *index < length).ok_or_else(nothing)?;
                match operation {
                    Self::Add { value, .. } => list.insert(index, value.clone()),
                    Self::Replace { value, .. } => list[index] = value.clone(),
                    Self::Remove { .. } => drop(list.remove(index)),
                }
            }
            _ => return Err(nothing()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(operation: &str, expected: &Expect) {
        let patch = Patch {
            target: Target { kind: "A".into(), name: None, label_selector: Some("x/y=1".into()) },
            patch: operation.into(),
        };
        let mut objects = [
            json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "n", "labels": {"x/y": "1"}}, "l": [1, 2]}),
            json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "other"}}),
        ];
        let untouched = objects[1].clone();
        let told = match patch.apply(&mut objects) {
            Ok(()) => format!("{} {}", objects[0]["metadata"]["labels"], objects[0]["l"]),
            Err(error) => error,
        };
        assert_eq!(objects[1], untouched);
        expected.assert_eq(&told);
    }

    #[test]
    fn operations_do_what_the_standard_says() {
        check("[{op: add, path: /l/-, value: 3}]", &expect![[r#"{"x/y":"1"} [1,2,3]"#]]);
        check("[{op: add, path: /l/1, value: 3}]", &expect![[r#"{"x/y":"1"} [1,3,2]"#]]);
        check("[{op: add, path: /l/2, value: 3}]", &expect![[r#"{"x/y":"1"} [1,2,3]"#]]);
        check("[{op: replace, path: /l/0, value: 3}]", &expect![[r#"{"x/y":"1"} [3,2]"#]]);
        check("[{op: remove, path: /l/0}]", &expect![[r#"{"x/y":"1"} [2]"#]]);
        check("[{op: replace, path: /metadata/labels/x~1y, value: '2'}]", &expect![[r#"{"x/y":"2"} [1,2]"#]]);
        check("[{op: add, path: /metadata/labels/z, value: '2'}]", &expect![[r#"{"x/y":"1","z":"2"} [1,2]"#]]);
        check("[{op: remove, path: /metadata/labels/x~1y}]", &expect!["{} [1,2]"]);
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        check(
            "[{op: replace, path: /metadata/labels/z, value: 1}]",
            &expect!["A n: there is no /metadata/labels/z to change"],
        );
        check("[{op: add, path: /l/3, value: 1}]", &expect!["A n: there is no /l/3 to change"]);
        check("[{op: remove, path: /l/2}]", &expect!["A n: there is no /l/2 to change"]);
        check("[{op: add, path: /q/r, value: 1}]", &expect!["A n: there is no /q/r to change"]);
        check("[{op: add, path: x, value: 1}]", &expect!["A n: `x` is no path: begin it with /"]);
    }

    #[test]
    fn other_operations_and_named_targets_that_are_missing_are_errors() {
        let patch = |patch: &str, name: Option<&str>| Patch {
            target: Target { kind: "A".into(), name: name.map(String::from), label_selector: None },
            patch: patch.into(),
        };
        let error = patch("[{op: move, path: /a, from: /b}]", None).apply(&mut []).expect_err("unknown");
        assert!(error.contains("move"), "{error}");
        let error = patch("[]", Some("n")).apply(&mut []).expect_err("not there");
        assert_eq!(error, "a patch is for A n, which is not here");
        assert_eq!(patch("[]", None).apply(&mut []), Ok(()));
    }
}
