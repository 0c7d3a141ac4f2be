//! Paths of the API server, and which resource is of which kind.

use serde_json::Value;

use crate::ports::{Place, Resource};

/// `apps/v1` -> `/apis/apps/v1`, `v1` -> `/api/v1`.
pub(super) fn group(api_version: &str) -> String {
    if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") }
}

/// The resource of a kind in an APIResourceList; subresources are others' business.
pub(super) fn resource(list: &Value, api_version: &str, kind: &str) -> Option<Resource> {
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let entries = list.get("resources")?.as_array()?;
    let entry = entries.iter().find(|entry| text(entry, "kind") == kind && !text(entry, "name").contains('/'))?;
    Some(Resource {
        api_version: api_version.into(),
        kind: kind.into(),
        plural: text(entry, "name"),
        namespaced: entry.get("namespaced") == Some(&Value::Bool(true)),
    })
}

pub(super) fn collection(resource: &Resource, namespace: Option<&str>) -> String {
    let group = group(&resource.api_version);
    match namespace.filter(|_| resource.namespaced) {
        Some(namespace) => format!("{group}/namespaces/{namespace}/{}", resource.plural),
        None => format!("{group}/{}", resource.plural),
    }
}

pub(super) fn object(place: &Place) -> String {
    format!("{}/{}", collection(&place.resource, place.namespace.as_deref()), place.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_stand_where_kubernetes_puts_them() {
        let list = json!({ "resources": [
            { "name": "deployments/status", "kind": "Deployment", "namespaced": true },
            { "name": "deployments", "kind": "Deployment", "namespaced": true },
        ] });
        let found = resource(&list, "apps/v1", "Deployment").expect("known");
        assert_eq!((found.plural.as_str(), found.namespaced), ("deployments", true));
        assert_eq!(resource(&list, "apps/v1", "Deploymint"), None);
        let place = Place { resource: found, namespace: Some("n".into()), name: "a".into() };
        assert_eq!(object(&place), "/apis/apps/v1/namespaces/n/deployments/a");
        assert_eq!(collection(&place.resource, None), "/apis/apps/v1/deployments");
        let node =
            Resource { api_version: "v1".into(), kind: "Node".into(), plural: "nodes".into(), namespaced: false };
        assert_eq!(collection(&node, Some("n")), "/api/v1/nodes");
    }
}
