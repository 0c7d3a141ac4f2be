//! Whether a record is of this experiment: all counts but where servers happened to be found.

use bench_protocol::experiment::Experiment;
use serde_json::Value;

/// `recorded` is an experiment as an earlier version of this program may have written it.
pub fn is_same(recorded: &Value, experiment: &Experiment) -> bool {
    let Ok(now) = serde_json::to_value(experiment) else { return false };
    without_places(recorded.clone()) == without_places(now)
}

fn without_places(mut experiment: Value) -> Value {
    for server in experiment.get_mut("servers").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(server) = server.as_object_mut() else { continue };
        server.remove("address");
    }
    experiment
}
