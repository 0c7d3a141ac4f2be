//! `cargo xtask clean`: lists what this checkout made, and removes it when told to.
//! What neither carries this checkout's label nor stands in its receipts is never touched.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session};
use crate::{
    adapters::{docker::Leftover, files},
    cli::Clean,
    domain::event::Event,
    execute,
};

/// Folders of a checkout that only hold what can be made again. Binaries and receipts in `bin/` are results.
const FOLDERS: [&str; 6] = [
    "target/xtask/logs",
    "target/xtask/cache",
    "target/xtask/work",
    "target/xtask/downloads",
    "target/xtask/pip",
    "target/xtask/rejected",
];

pub(crate) async fn run(args: &Clean, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        session.report.plan(
            "# clean: lists containers, images, volumes and folders of this checkout; --execute removes them",
            &json!({}),
        );
        return Ok(Ended::Well);
    }
    let config = session.config()?;
    session.lock("clean").await?;
    let engine = session.engine(&config).await?;
    let receipts = execute::image_receipts(&session.folders)?;
    let owned = engine.owned(&session.checkout, &receipts).await?;
    let folders = FOLDERS.map(|folder| (folder, files::size(&session.folders.root.join(folder))));
    let folders: Vec<_> = folders.into_iter().filter(|(_, bytes)| *bytes > 0).collect();
    tell(&owned, &folders, session);
    if !args.execute {
        if !owned.is_empty() || !folders.is_empty() {
            session.report.note("nothing was removed: `cargo xtask clean --execute` removes what is listed");
        }
        return Ok(Ended::Well);
    }
    let mut ended = Ended::Well;
    for leftover in &owned {
        match engine.remove_leftover(leftover).await {
            Ok(()) => session.report.result(&leftover.name, json!({ "removed": leftover.kind.to_string() })),
            Err(error) => {
                ended = Ended::WithFailures;
                session.report.warning(&format!("{error:#}"));
            }
        }
    }
    for (folder, _) in folders {
        files::remove(&session.folders.root.join(folder))?;
        session.report.result(folder, json!({ "removed": "folder" }));
    }
    Ok(ended)
}

fn tell(owned: &[Leftover], folders: &[(&str, u64)], session: &Session) {
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "?".into(), crate::report::bytes);
    let rows =
        owned.iter().map(|leftover| vec![leftover.kind.to_string(), leftover.name.clone(), size(leftover.bytes)]);
    let folders = folders.iter().map(|(folder, bytes)| vec!["folder".into(), (*folder).into(), size(Some(*bytes))]);
    let rows: Vec<_> = rows.chain(folders).collect();
    if rows.is_empty() {
        session.report.note("nothing of this checkout is on the engine or in target/xtask");
        return;
    }
    let headers = ["what", "name", "size"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "made by this checkout".into(), headers, rows });
}
