//! A pod's template as a kubelet reads it. A field that nothing here acts on is an error that names it, but for those that
//! only a cluster means, which are listed with what they would mean.

mod security;
mod volume;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use self::security::{PodSecurity, Security};
pub use self::volume::Volume;
use self::volume::VolumeMount;
use super::{probes::Probe, quantity};

/// Fields of a pod that are left out, and why.
const ONLY_A_CLUSTER: [(&str, &str); 6] = [
    ("affinity", "chooses a node, and there is one"),
    ("tolerations", "chooses a node"),
    ("topologySpreadConstraints", "chooses a node"),
    ("automountServiceAccountToken", "there is no API server to have a token for"),
    ("enableServiceLinks", "there are no services to tell of in variables"),
    ("restartPolicy", "nothing is started again: a bad end fails the test"),
];
/// The same of a container.
const ONLY_A_NODE: [(&str, &str); 1] = [("imagePullPolicy", "an image by digest is the same however it came")];

/// What has an underscore is read for what it may be: another value is an error.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pod {
    #[serde(default)]
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    pub security_context: PodSecurity,
    #[serde(default)]
    pub volumes: Vec<Volume>,
    #[serde(default = "thirty")]
    pub termination_grace_period_seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    pub name: String,
    pub image: String,
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub env: Vec<Variable>,
    #[serde(default)]
    pub ports: Vec<Port>,
    pub startup_probe: Option<Probe>,
    pub readiness_probe: Option<Probe>,
    pub liveness_probe: Option<Probe>,
    pub lifecycle: Option<Lifecycle>,
    pub resources: Resources,
    pub security_context: Security,
    #[serde(default)]
    pub volume_mounts: Vec<VolumeMount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variable {
    pub name: String,
    pub value: Option<String>,
    pub value_from: Option<ValueFrom>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValueFrom {
    pub resource_field_ref: ResourceField,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceField {
    pub container_name: String,
    pub resource: String,
    pub divisor: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Port {
    pub name: String,
    pub container_port: u16,
    #[serde(rename = "protocol")]
    pub _protocol: Protocol,
}

#[derive(Debug, Deserialize)]
pub enum Protocol {
    #[serde(rename = "TCP")]
    Tcp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lifecycle {
    pub pre_stop: PreStop,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreStop {
    pub sleep: Sleep,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    pub seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    pub requests: Amounts,
    pub limits: Amounts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    pub cpu: String,
    pub memory: String,
}

fn thirty() -> u64 {
    30
}

impl Pod {
    /// Reads what stands below `template.spec`.
    pub fn read(mut spec: Value) -> Result<Self, String> {
        leave_out(&mut spec, &ONLY_A_CLUSTER);
        for containers in ["initContainers", "containers"] {
            let containers = spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten();
            containers.for_each(|container| leave_out(container, &ONLY_A_NODE));
        }
        let pod: Self = serde_json::from_value(spec).map_err(|error| error.to_string())?;
        match &pod.security_context {
            root if root.run_as_non_root && root.run_as_user == 0 => Err("runAsNonRoot, and runAsUser is root".into()),
            _ => Ok(pod),
        }
    }

    /// A container's environment, as it stands in the container.
    pub fn environment(&self, container: &Container) -> Vec<String> {
        let told = |variable: &Variable| match (&variable.value, &variable.value_from) {
            (Some(value), None) => value.clone(),
            (None, Some(from)) => self.amount(&from.resource_field_ref),
            _ => panic!("{}: a value or where it comes from", variable.name),
        };
        container.env.iter().map(|variable| format!("{}={}", variable.name, told(variable))).collect()
    }

    /// Whole divisors, rounded up.
    fn amount(&self, field: &ResourceField) -> String {
        let container = self.containers.iter().find(|one| one.name == field.container_name).expect("one of this pod");
        let amounts = BTreeMap::from([
            ("limits.cpu", &container.resources.limits.cpu),
            ("limits.memory", &container.resources.limits.memory),
        ]);
        let amount = amounts.get(field.resource.as_str()).unwrap_or_else(|| panic!("{}: not known", field.resource));
        quantity::thousandths(amount).div_ceil(quantity::thousandths(&field.divisor)).to_string()
    }
}

fn leave_out(value: &mut Value, fields: &[(&str, &str)]) {
    let object = value.as_object_mut().expect("pods and containers are objects");
    object.retain(|key, _| !fields.iter().any(|(field, _)| field == key));
}
