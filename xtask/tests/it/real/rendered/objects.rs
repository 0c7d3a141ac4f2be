//! Rendered objects: their pods, and the services that lead to them.

use serde_json::Value;

use super::{probes::port, spec::Pod};

pub struct Objects(pub Vec<Value>);

impl Objects {
    pub fn one(&self, kind: &str, name: &str) -> &Value {
        let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        self.0.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name} is rendered"))
    }

    pub fn pod(&self, kind: &str, name: &str) -> Pod {
        let spec = self.one(kind, name)["spec"]["template"]["spec"].clone();
        Pod::read(spec).unwrap_or_else(|error| panic!("{kind} {name}: {error}"))
    }

    /// Names of the services that select a workload's pods. A name leads to the pod itself, so ports have to be the same.
    pub fn services(&self, kind: &str, name: &str) -> Vec<String> {
        let (pod, labels) = (self.pod(kind, name), &self.one(kind, name)["spec"]["template"]["metadata"]["labels"]);
        let selects = |service: &&Value| {
            let selector = service["spec"]["selector"].as_object();
            service["kind"] == "Service"
                && selector.is_some_and(|all| all.iter().all(|(key, value)| labels[key] == *value))
        };
        let name_of = |service: &Value| {
            for outside in service["spec"]["ports"].as_array().into_iter().flatten() {
                let inside = port(&pod.containers[0].ports, outside["targetPort"].as_str().expect("a port's name"));
                assert_eq!(outside["port"], inside, "{service}");
            }
            service["metadata"]["name"].as_str().expect("a name").to_owned()
        };
        let found: Vec<String> = self.0.iter().filter(selects).map(name_of).collect();
        assert!(!found.is_empty(), "no service leads to {name}");
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::case::{CASES, checkout};

    /// Component or overlay, and the field of its pods that cannot be acted on here.
    const NOT_RUN: [(&str, &str); 3] =
        [("gpu", "nvidia.com/gpu"), ("batching", "configMap"), ("monitoring", "configMap")];

    /// Errors of all pods of a rendering.
    fn errors(objects: &[Value]) -> Vec<String> {
        let pods = objects.iter().map(|object| &object["spec"]["template"]["spec"]).filter(|spec| spec.is_object());
        pods.filter_map(|spec| Pod::read(spec.clone()).err()).collect()
    }

    #[test]
    fn every_field_of_a_rendered_pod_is_acted_on_or_known_not_to_be() {
        let checkout = checkout();
        for case in CASES {
            let mut objects = case.objects(&checkout);
            // The third of the article's servers is in all renderings of the three.
            if case.overlay != "gpu" {
                objects.retain(|object| object["metadata"]["name"] != "tf-serving-gpu");
            }
            let errors = errors(&objects);
            let reason = NOT_RUN.iter().find(|(what, _)| case.name().ends_with(what));
            assert_eq!(errors.is_empty(), reason.is_none(), "{}: {errors:?}", case.name());
            for (error, (_, field)) in errors.iter().zip(reason.iter().cycle()) {
                assert!(error.contains(&format!("unknown field `{field}`")), "{}: {error}", case.name());
            }
        }
    }

    #[test]
    fn what_is_planted_in_a_pod_is_found() {
        let checkout = checkout();
        let plain = CASES[0].objects(&checkout);
        assert_eq!(errors(&plain), [""; 0]);
        for (place, value, told) in [
            ("/hostNetwork", Value::from(true), "unknown field `hostNetwork`"),
            ("/containers/0/stdin", Value::from(true), "unknown field `stdin`"),
            ("/containers/0/securityContext/privileged", Value::from(true), "unknown field `privileged`"),
            ("/containers/0/livenessProbe/initialDelaySeconds", Value::from(1), "unknown field `initialDelaySeconds`"),
            ("/securityContext/runAsUser", Value::from(0), "runAsUser is root"),
            ("/securityContext/seccompProfile/type", Value::from("Unconfined"), "unknown variant `Unconfined`"),
        ] {
            let mut planted = plain.clone();
            let deployment = planted.iter_mut().find(|object| object["kind"] == "Deployment").expect("one");
            let (parent, field) = place.rsplit_once('/').expect("a path");
            let parent = deployment.pointer_mut(&format!("/spec/template/spec{parent}")).expect("it is there");
            parent[field] = value;
            let errors = errors(&planted);
            assert!(errors.len() == 1 && errors[0].contains(told), "{place}: {errors:?}");
        }
    }
}
