//! `cargo xtask deploy`: rendered manifests into a cluster, watched until they serve.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{
    Ended, Session,
    cluster::{Target, kinds},
    manifests::{self, Rendered},
};
use crate::{
    cli::Deploy,
    domain::{
        cluster::{self, DeployPlan},
        event::Event,
    },
    execute::{self, Changes, Deployed, Manner},
};

/// Between two looks at a rollout.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &Deploy, session: &Session) -> Result<Ended> {
    let plan = plan(args, session)?;
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    let Rendered { tree, mut objects, .. } = manifests::rendered(&plan.rendering, session)?;
    if let Some(namespace) = &plan.namespace {
        cluster::moved(&mut objects, namespace);
    }
    let say = |line: String| session.report.warning(&line);
    let Target { cluster, namespace } = Target::connect(&args.at, cluster::namespace_of(&objects), &say).await?;
    let manner = Manner {
        dry_run: session.global.asks_server(),
        force_conflicts: plan.force_conflicts,
        patience: Duration::from_secs(args.timeout),
        pause: PAUSE,
    };
    let mut told = |changes: &Changes| tell_changes(changes, session);
    let ports = (&cluster, &session.report);
    let deployed = execute::deploy(&objects, &kinds(&tree)?, &namespace, manner, ports, &mut told).await?;
    if manner.dry_run {
        session.report.note("nothing was applied: this was the cluster's own dry run");
    } else {
        tell(&deployed, session);
    }
    Ok(Ended::Well)
}

fn plan(args: &Deploy, session: &Session) -> Result<DeployPlan> {
    Ok(DeployPlan {
        rendering: manifests::plan(&args.rendering, None, session)?,
        context: args.at.context.clone(),
        namespace: args.at.namespace.clone(),
        force_conflicts: args.force_conflicts,
    })
}

/// Before anything is applied: a row for each field that changes.
fn tell_changes(changes: &Changes, session: &Session) {
    changes.warnings.iter().for_each(|warning| session.report.warning(warning));
    let mut rows = Vec::new();
    for (object, lines) in &changes.objects {
        match lines.as_slice() {
            [] => rows.push(vec![object.clone(), "stays as it is".into()]),
            lines => rows.extend(lines.iter().map(|line| vec![object.clone(), line.clone()])),
        }
    }
    rows.extend(changes.superseded.iter().map(|object| vec![object.clone(), "goes: it is no longer rendered".into()]));
    let headers = ["object", "change"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "changes".into(), headers, rows });
}

/// How the workloads stand; the URL on stdout.
fn tell(deployed: &Deployed, session: &Session) {
    let rows = deployed.rollouts.iter().map(|rollout| vec![rollout.name.clone(), rollout.in_words()]).collect();
    let headers = ["workload", "pods"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "rollout".into(), headers, rows });
    if let Some(url) = &deployed.url {
        session.report.result(url, json!({ "url": url }));
    }
}
