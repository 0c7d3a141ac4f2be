//! `cargo xtask status`: how what was deployed stands, with the model that each pod serves.

use anyhow::Result;
use serde_json::json;

use super::{
    Ended, Session,
    cluster::{Target, kinds, namespace},
};
use crate::{
    cli::ClusterArgs,
    domain::{
        cluster::{OWNED, rollout::State},
        event::Event,
    },
    execute,
};

pub(crate) async fn run(args: &ClusterArgs, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        let text = format!("# status: changes nothing\nkubectl get all --selector {OWNED}");
        session.report.plan(&text, &json!({ "steps": [text.lines().last()] }));
        return Ok(Ended::Well);
    }
    let tree = execute::read_manifests(&session.folders.root)?;
    let say = |line: String| session.report.warning(&line);
    let Target { cluster, namespace } = Target::connect(args, namespace(&tree)?.as_deref(), &say).await?;
    let standings = execute::status(&kinds(&tree)?, &namespace, &cluster).await?;
    if standings.is_empty() {
        session.report.note(&format!("no deploy of ours is in the namespace {namespace}"));
    }
    let (mut rows, mut ended) = (Vec::new(), Ended::Well);
    for standing in &standings {
        let rollout = &standing.rollout;
        if rollout.state != State::Complete {
            ended = Ended::WithFailures;
        }
        let versions = standing.versions.iter().cloned().collect::<Vec<_>>().join(", ");
        let line = format!("{}: {}", rollout.name, rollout.in_words());
        let details = json!({ "workload": rollout.name, "wanted": rollout.wanted, "ready": rollout.ready,
                              "complete": rollout.state == State::Complete, "waiting": rollout.waiting,
                              "versions": standing.versions });
        session.report.result(&line, details);
        let pods = format!("{} of {}", rollout.ready, rollout.wanted);
        rows.push(vec![rollout.name.clone(), pods, versions, rollout.why()]);
    }
    let headers = ["workload", "pods", "model version", "why it waits"].map(String::from).to_vec();
    session.report.event(Event::Table { title: format!("namespace {namespace}"), headers, rows });
    Ok(ended)
}
