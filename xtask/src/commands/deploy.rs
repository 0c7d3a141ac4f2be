//! `cargo xtask deploy`: rendered manifests into a cluster, watched until they serve.

pub(super) mod at;

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use self::at::{At, kinds};
use super::{
    Ended, Session,
    manifests::{Rendered, rendered},
};
use crate::{
    cli::Deploy,
    domain::{
        cluster::{self, DeployPlan},
        event::Event,
        manifests,
    },
    execute::{self, Deployed, Manner},
};

/// Between two looks at a rollout.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &Deploy, session: &Session) -> Result<Ended> {
    let plan = plan(args);
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    let Rendered { tree, mut objects, .. } = rendered(&plan.rendering, args.model_version, session)?;
    if let Some(namespace) = &plan.namespace {
        cluster::moved(&mut objects, namespace);
    }
    let say = |line: String| session.report.warning(&line);
    let At { cluster, namespace } = At::connect(&args.at, cluster::namespace_of(&objects), &say).await?;
    let manner = Manner {
        dry_run: session.global.asks_server(),
        force_conflicts: plan.force_conflicts,
        patience: Duration::from_secs(args.timeout),
        pause: PAUSE,
    };
    let deployed = execute::deploy(&objects, &kinds(&tree)?, &namespace, manner, &cluster, &session.report).await?;
    tell(&deployed, manner.dry_run, session);
    Ok(Ended::Well)
}

fn plan(args: &Deploy) -> DeployPlan {
    DeployPlan {
        rendering: manifests::plan(&args.overlay, &args.component, None),
        context: args.at.context.clone(),
        namespace: args.at.namespace.clone(),
        force_conflicts: args.force_conflicts,
    }
}

/// What changed, how the workloads stand; the URL on stdout.
fn tell(deployed: &Deployed, dry_run: bool, session: &Session) {
    let mut rows = Vec::new();
    for (object, lines) in &deployed.changes {
        match lines.as_slice() {
            [] => rows.push(vec![object.clone(), "as it was".into()]),
            lines => rows.extend(lines.iter().map(|line| vec![object.clone(), line.clone()])),
        }
    }
    let gone = if dry_run { "would go: it is no longer rendered" } else { "gone: it is no longer rendered" };
    rows.extend(deployed.removed.iter().map(|object| vec![object.clone(), gone.into()]));
    let title = if dry_run { "would change" } else { "changed" };
    let headers = ["object", "change"].map(String::from).to_vec();
    session.report.event(Event::Table { title: title.into(), headers, rows });
    if dry_run {
        session.report.note("nothing was applied: this was the cluster's own dry run");
        return;
    }
    let rows = deployed.rollouts.iter().map(|rollout| vec![rollout.name.clone(), rollout.in_words()]).collect();
    let headers = ["workload", "pods"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "rollout".into(), headers, rows });
    if let Some(url) = &deployed.url {
        session.report.result(url, json!({ "url": url }));
    }
}
