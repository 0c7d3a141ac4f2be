//! `cargo xtask push --verify`: every image of the lock, held against the registry it was pushed to.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::json;

use super::{Ended, Session, registry};
use crate::{
    domain::{event::Event, images_lock::LockedImage, push::LOCK_FILE},
    execute,
};

pub(super) async fn run(names: &[String], session: &Session) -> Result<Ended> {
    if session.global.dry_run {
        let text = format!("# push --verify: asks the registries of {LOCK_FILE} for its images; changes nothing");
        session.report.plan(&text, &json!({}));
        return Ok(Ended::Well);
    }
    let config = session.config()?;
    let lock = execute::read_lock(&session.folders.root.join(LOCK_FILE))?;
    let known: Vec<&str> = lock.images.keys().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("{LOCK_FILE} has no image `{unknown}`; it has: {}", known.join(" "));
    }
    if known.is_empty() {
        bail!("{LOCK_FILE} has no images; push some first: cargo xtask push --registry HOST/PREFIX");
    }
    let mut hosts: BTreeMap<&str, Vec<(&String, &LockedImage)>> = BTreeMap::new();
    for (name, locked) in lock.images.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        hosts.entry(locked.reference.reference.repository.host()).or_default().push((name, locked));
    }
    let say = |line: String| session.report.warning(&line);
    let (mut rows, mut ended) = (Vec::new(), Ended::Well);
    for (host, images) in hosts {
        let registry = registry(host, &config, session, &say).await?;
        for (name, locked) in images {
            let verified = execute::verify(name, locked, &registry).await?;
            let state = if verified.differences.is_empty() { "as locked" } else { "DIFFERS" };
            if verified.differences.is_empty() {
                let details = json!({ "image": name, "state": state });
                session.report.result(&locked.reference.to_string(), details);
            } else {
                ended = Ended::WithFailures;
            }
            let reference = locked.reference.reference.to_string();
            rows.push(vec![verified.name, state.into(), reference, verified.differences.join("; ")]);
        }
    }
    let headers = ["image", "state", "reference", "difference"].map(String::from).to_vec();
    session.report.event(Event::Table { title: LOCK_FILE.into(), headers, rows });
    Ok(ended)
}
