//! `cargo xtask inspect FILE`: the proof's report for any ELF file.

use anyhow::{Context, Result};
use serde_json::json;

use super::{Ended, Session};
use crate::{adapters::files, cli::Inspect, domain::proof};

pub(crate) fn run(args: &Inspect, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        session.report.plan(&format!("# inspect: reads {}; changes nothing", args.file.display()), &json!({}));
        return Ok(Ended::Well);
    }
    let bytes = files::read(&args.file)?;
    let facts = proof::read(&bytes).with_context(|| format!("inspect {}", args.file.display()))?;
    session.report.result(proof::table(&facts).trim_end(), json!({ "file": args.file, "proof": facts.summary }));
    Ok(Ended::Well)
}
