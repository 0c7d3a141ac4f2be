//! Whether two runs are of one experiment.

use sha2::{Digest, Sha256};

use crate::experiment::Experiment;

/// sha256 in hexadecimal of all that decides what is measured. Where servers listen may differ from run to run.
pub fn sha256(experiment: &Experiment) -> String {
    let mut experiment = experiment.clone();
    for server in &mut experiment.servers {
        server.address.clear();
    }
    let json = serde_json::to_vec(&experiment).expect("maps with texts as keys");
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}
