//! `cargo xtask model-info DIR`: what any SavedModel answers and what it is made of.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session};
use crate::{cli::ModelInfo, execute};

pub(crate) async fn run(args: &ModelInfo, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        session.report.plan(&format!("# model-info: reads {}; changes nothing", args.folder.display()), &json!({}));
        return Ok(Ended::Well);
    }
    let described = execute::describe(&args.folder).await?;
    if let Some(chosen) = &described.chosen {
        session.report.note(chosen);
    }
    let details = json!({ "model": described.info, "receipt": described.receipt });
    session.report.result(described.table().trim_end(), details);
    Ok(Ended::Well)
}
