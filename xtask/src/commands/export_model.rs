//! `cargo xtask export-model`: from a checkpoint to a servable version in `model-data/NAME/`.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use super::{Ended, Session, on_demand::OnDemand};
use crate::{
    adapters::{host::ThisHost, http::Http, sources::CheckedOut},
    cli::ExportModel,
    config::Config,
    domain::{
        event::Event,
        model::{
            CheckpointSource, Exporter, Model,
            plan::{self, ExportPlan, PlannedExporter},
        },
        profile::Profile,
    },
    execute::{self, ExportPorts, ExportScene, Exported, Library, State},
    report::{bytes, count},
};

pub(crate) async fn run(args: &ExportModel, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    with_profile(args, session.profile(&config)?, &config, session).await
}

/// The same for a profile that was chosen elsewhere.
pub(super) async fn with_profile(
    args: &ExportModel,
    profile: &Profile,
    config: &Config,
    session: &Session,
) -> Result<Ended> {
    let plan = plan(args, config, profile, session)?;
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("export-model", config).await?;
    preflight(&plan, session)?;
    let exported = export(&plan, config, session).await?;
    tell(&plan, &exported, session);
    Ok(Ended::Well)
}

fn plan(args: &ExportModel, config: &Config, profile: &Profile, session: &Session) -> Result<ExportPlan> {
    let model = model(args, profile, session)?;
    Ok(plan::export_model(&plan::Inputs {
        profile,
        model: &model,
        engine: &config.engine,
        resources: &config.resources,
        trust_on_first_use: args.trust_on_first_use,
        output: args.output.as_deref().map_or_else(|| model.folder(), |folder| session.seen_from_root(folder)),
    })?)
}

/// The profile's model with what the command line says instead. A pin is of the profile's own weights, no others.
fn model(args: &ExportModel, profile: &Profile, session: &Session) -> Result<Model> {
    let mut model = Config::model(profile, args.model.as_deref())?.clone();
    if model.exporter != Exporter::Native && (args.scores.is_some() || !args.warm_up.is_empty()) {
        bail!(
            "--scores and --warm-up are for the native exporter, model `{}` has another: leave them out, or set \
             `exporter = \"native\"` in [profiles.{}.models.{}] of config.toml",
            model.name,
            profile.name,
            model.name
        );
    }
    if let Some(checkpoint) = &args.checkpoint {
        model.checkpoint = Some(match checkpoint {
            CheckpointSource::Path(path) => CheckpointSource::Path(session.seen_from_root(Path::new(path))),
            other => other.clone(),
        });
    }
    model.version = args.version.unwrap_or(model.version);
    model.scores = args.scores.unwrap_or(model.scores);
    if !args.warm_up.is_empty() {
        model.warm_up = args.warm_up.iter().map(|path| session.seen_from_root(path)).collect();
    }
    Ok(model)
}

/// Asks where writing will begin: a folder that is not there yet must not be left behind by a run that is refused.
pub(super) fn preflight(plan: &ExportPlan, session: &Session) -> Result<()> {
    let output = session.folders.root.join(&plan.output);
    let output = output.ancestors().find(|folder| folder.is_dir()).unwrap_or(&session.folders.root);
    let unwritable = ThisHost::unwritable(&[output.to_owned(), session.folders.root.join("target/xtask")]);
    if unwritable.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = unwritable.iter().map(|folder| format!("  - {folder}")).collect();
    bail!(
        "nothing was started; give this user the right to write there, or name another folder with --output:\n{}",
        lines.join("\n")
    )
}

pub(super) async fn export(plan: &ExportPlan, config: &Config, session: &Session) -> Result<Exported> {
    let reach = &OnDemand { plan, config, session };
    let ports = ExportPorts { fetch: &Http::default(), source: &CheckedOut, exporting: &Library, reach };
    let scene = ExportScene {
        folders: &session.folders,
        run: &session.run,
        checkout: &session.checkout,
        writers: &session.writers,
    };
    let exported = execute::export_model(plan, &ports, &scene, &session.report).await?;
    if matches!((&plan.exporter, exported.state), (PlannedExporter::Bazel(_), State::Exported { .. })) {
        session.engine(config).await?.prune_sources(&session.checkout).await?;
    }
    Ok(exported)
}

/// The folder on stdout, the table and whatever people have to know on stderr.
pub(super) fn tell(plan: &ExportPlan, exported: &Exported, session: &Session) {
    let target = plan.target();
    let (state, seconds) = match exported.state {
        State::UpToDate => {
            let reason = "inputs and files as in its receipt".to_owned();
            session.report.event(Event::UpToDate { variant: target.clone(), reason });
            ("up to date", String::new())
        }
        State::Exported { seconds } => {
            let is_brought = matches!(plan.exporter, PlannedExporter::Brought(_));
            (if is_brought { "imported" } else { "exported" }, format!("{seconds:.1} s"))
        }
    };
    if let Some(notice) = &exported.receipt.notice {
        session.report.warning(&format!("{target}: {notice}"));
    }
    session.report.result(
        &session.folders.shown(&exported.folder).display().to_string(),
        json!({ "version": plan.version, "state": state, "receipt": exported.receipt }),
    );
    let info = &exported.info;
    let row = vec![
        plan.version.to_string(),
        state.into(),
        info.variables.len().to_string(),
        count(execute::parameters(&info.variables)),
        bytes(info.bytes),
        seconds,
        info.signatures.keys().cloned().collect::<Vec<_>>().join(" "),
    ];
    let headers = ["version", "state", "variables", "parameters", "size", "took", "signatures"];
    let headers = headers.map(String::from).to_vec();
    session.report.event(Event::Table { title: format!("model {}", plan.model), headers, rows: vec![row] });
}
