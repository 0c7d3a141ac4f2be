//! Round trip through Kubernetes' own types of its newest version: a field of ours that is none of theirs does not survive it.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::Job,
    core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Service},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use serde_json::Value;

use super::case::{CASES, checkout};

/// An object as its type writes it; none of kinds that Kubernetes itself does not have.
fn round(object: &Value) -> Option<Result<Value, String>> {
    fn of<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) -> Result<Value, String> {
        let typed: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
        serde_json::to_value(typed).map_err(|error| error.to_string())
    }
    Some(match object["kind"].as_str()? {
        "ConfigMap" => of::<ConfigMap>(object),
        "DaemonSet" => of::<DaemonSet>(object),
        "Deployment" => of::<Deployment>(object),
        "HorizontalPodAutoscaler" => of::<HorizontalPodAutoscaler>(object),
        "Job" => of::<Job>(object),
        "Namespace" => of::<Namespace>(object),
        "NetworkPolicy" => of::<NetworkPolicy>(object),
        "PersistentVolumeClaim" => of::<PersistentVolumeClaim>(object),
        "PodDisruptionBudget" => of::<PodDisruptionBudget>(object),
        "Service" => of::<Service>(object),
        _ => return None,
    })
}

#[test]
fn no_field_is_dropped_by_kubernetes_own_types() {
    let checkout = checkout();
    for case in CASES {
        for object in case.objects(&checkout) {
            let what = format!("{}: {} {}", case.name(), object["kind"], object["metadata"]["name"]);
            match round(&object) {
                Some(round) => assert_eq!(round.expect(&what), object, "{what}"),
                None => assert!(object["apiVersion"].as_str().is_some_and(|api| api.contains("kserve")), "{what}"),
            }
        }
    }
}

#[test]
fn a_field_that_is_none_would_be_seen() {
    let checkout = checkout();
    let object =
        CASES[0].objects(&checkout).into_iter().find(|object| object["kind"] == "Deployment").expect("a server");
    let mut misspelt = object.clone();
    misspelt["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = Value::Object(serde_json::Map::new());
    assert_ne!(round(&misspelt).expect("known").expect("typed"), misspelt);
    let mut mistyped = object;
    mistyped["spec"]["replicas"] = "1".into();
    round(&mistyped).expect("known").expect_err("a text is no number");
}
