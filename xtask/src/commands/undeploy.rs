//! `cargo xtask undeploy`: takes exactly away what deploys put into a cluster.

use anyhow::Result;
use serde_json::json;

use super::{
    Ended, Session,
    cluster::{Target, kinds, namespace},
};
use crate::{
    cli::ClusterArgs,
    domain::{cluster::OWNED, event::Event},
    execute,
};

pub(crate) async fn run(args: &ClusterArgs, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        let text = format!("# undeploy: what carries these labels and our fields\nkubectl delete --selector {OWNED}");
        session.report.plan(&text, &json!({ "steps": [text.lines().last()] }));
        return Ok(Ended::Well);
    }
    let tree = execute::read_manifests(&session.folders.root)?;
    let say = |line: String| session.report.warning(&line);
    let Target { cluster, namespace } = Target::connect(args, namespace(&tree)?.as_deref(), &say).await?;
    let dry_run = session.global.asks_server();
    let removed = execute::undeploy(&kinds(&tree)?, &namespace, dry_run, &cluster, &session.report).await?;
    for object in &removed.objects {
        session.report.result(object, json!({ "object": object, "removed": !dry_run }));
    }
    if let Some(why) = &removed.kept_namespace {
        session.report.warning(&format!("the namespace stays: {why}"));
    }
    if removed.objects.is_empty() {
        session.report.note(&format!("no deploy of ours is in the namespace {namespace}"));
    }
    let rows = removed.objects.iter().map(|object| vec![object.clone()]).collect();
    let title = if dry_run { "would go" } else { "gone" };
    session.report.event(Event::Table { title: title.into(), headers: vec!["object".into()], rows });
    Ok(Ended::Well)
}
