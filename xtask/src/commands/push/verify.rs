//! `cargo xtask push --verify`: every image of the lock, held against the registry it was pushed to.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::json;

use super::{Ended, Session, registry};
use crate::{
    domain::{
        event::Event,
        images_lock::{ImagesLock, LockedImage, LockedModel},
        push::LOCK_FILE,
        reference::Pinned,
    },
    execute,
};

pub(super) async fn run(names: &[String], session: &Session) -> Result<Ended> {
    if session.global.plans() {
        let text = format!("# push --verify: asks the registries of {LOCK_FILE} for its images; changes nothing");
        session.report.plan(&text, &json!({}));
        return Ok(Ended::Well);
    }
    let config = session.config()?;
    let lock = execute::read_lock(&session.folders.root.join(LOCK_FILE))?;
    let entries = entries(&lock);
    let known: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("{LOCK_FILE} has no image `{unknown}`; it has: {}", known.join(" "));
    }
    if known.is_empty() {
        bail!("{LOCK_FILE} has no images; push some first: cargo xtask push --registry HOST/PREFIX");
    }
    let mut hosts: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| names.is_empty() || names.contains(&entry.name)) {
        hosts.entry(entry.pinned().reference.repository.host()).or_default().push(entry);
    }
    let say = |line: String| session.report.warning(&line);
    let (mut rows, mut ended) = (Vec::new(), Ended::Well);
    for (host, entries) in hosts {
        let registry = registry(host, &config, session, &say).await?;
        for entry in entries {
            let differences = match entry.locked {
                Locked::Image(image) => execute::verify(image, &registry).await?,
                Locked::Model(model) => execute::verify_model(model, &registry).await?,
            };
            let state = if differences.is_empty() { "as locked" } else { "DIFFERS" };
            if differences.is_empty() {
                let details = json!({ "image": entry.name, "state": state });
                session.report.result(&entry.pinned().to_string(), details);
            } else {
                ended = Ended::WithFailures;
            }
            let reference = entry.pinned().reference.to_string();
            rows.push(vec![entry.name.clone(), state.into(), reference, differences.join("; ")]);
        }
    }
    let headers = ["image", "state", "reference", "difference"].map(String::from).to_vec();
    session.report.event(Event::Table { title: LOCK_FILE.into(), headers, rows });
    Ok(ended)
}

/// What the lock holds, under the name that tables and the command line have: `auto`, `inception/1`.
struct Entry<'l> {
    name: String,
    locked: Locked<'l>,
}

enum Locked<'l> {
    Image(&'l LockedImage),
    Model(&'l LockedModel),
}

impl Entry<'_> {
    fn pinned(&self) -> &Pinned {
        match self.locked {
            Locked::Image(image) => &image.reference,
            Locked::Model(model) => &model.reference,
        }
    }
}

fn entries(lock: &ImagesLock) -> Vec<Entry<'_>> {
    let images = lock.images.iter().map(|(name, image)| Entry { name: name.clone(), locked: Locked::Image(image) });
    let models = lock.models.iter().flat_map(|(name, versions)| {
        versions
            .iter()
            .map(move |(version, model)| Entry { name: format!("{name}/{version}"), locked: Locked::Model(model) })
    });
    images.chain(models).collect()
}
