//! `cargo xtask manifests`: overlays of `manifests/` with digests and node affinity out of `manifests/images.lock`.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{Ended, Session};
use crate::{
    cli::{Manifests, RenderingArgs},
    config::{Config, UnknownNames},
    domain::{
        event::Event,
        manifests::{self, ManifestsPlan, ObjectId, Resolved, Tree, yaml},
        reference::Pinned,
    },
    execute,
};

pub(crate) fn run(args: &Manifests, session: &Session) -> Result<Ended> {
    let output = args.output.as_deref();
    let shown = output.map(|folder| session.seen_from_root(folder));
    let plan = plan(&args.rendering, shown, session)?;
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    output.map_or(Ok(()), execute::check_output)?;
    let Rendered { objects, resolved, .. } = rendered(&plan, session)?;
    tell(&objects, &resolved, output, session)?;
    Ok(Ended::Well)
}

/// The plan of what the command line asks for.
pub(super) fn plan(args: &RenderingArgs, output: Option<String>, session: &Session) -> Result<ManifestsPlan> {
    let config = session.config()?;
    let model = Config::served(session.profile(&config)?, args.model.as_deref());
    Ok(manifests::plan(&args.overlay, &args.component, (&model.name, args.model_version), output))
}

/// What a plan came to.
pub(super) struct Rendered {
    /// All files below `manifests/`.
    pub tree: Tree,
    pub objects: Vec<Value>,
    pub resolved: Vec<Resolved>,
}

/// Reads all there is to read, finds what is asked for, and renders it.
pub(super) fn rendered(plan: &ManifestsPlan, session: &Session) -> Result<Rendered> {
    let tree = execute::read_manifests(&session.folders.root)?;
    for (what, folder, named) in
        [("overlay", "overlays", &plan.overlays), ("component", "components", &plan.components)]
    {
        let known = manifests::names(&tree, folder);
        let names: Vec<String> = named.iter().filter(|name| !known.contains(name)).cloned().collect();
        if !names.is_empty() {
            bail!(UnknownNames { what, names, known });
        }
    }
    let lock = execute::read_pushed(&session.folders.root)?;
    let mut objects = manifests::in_order(manifests::compose(&tree, &plan.overlays, &plan.components)?);
    let asks = |object: &Value| object.to_string().contains(manifests::SIGNATURE);
    let asked = lock.model(&plan.model, plan.model_version).is_none_or(|locked| locked.asked.is_some());
    if !asked && objects.iter().any(asks) {
        session.report.warning(&format!(
            "the lock does not say how {} is asked about a picture, so the web app asks as the original exporter has it; \
             push-model says so again, and tells of a model that takes no pictures",
            plan.model
        ));
    }
    let resolved = manifests::resolve(&mut objects, &lock, (&plan.model, plan.model_version))?;
    Ok(Rendered { tree, objects, resolved })
}

/// Objects on stdout, or the files they went to; the table of images on stderr.
fn tell(objects: &[Value], resolved: &[Resolved], output: Option<&Path>, session: &Session) -> Result<()> {
    match output {
        Some(folder) => {
            for (file, object) in execute::write_manifests(folder, objects)?.iter().zip(objects) {
                let path = session.seen_from_root(file);
                session.report.result(&path, json!({ "file": path, "object": name(object) }));
            }
        }
        None => session.report.result(yaml::stream(objects).trim_end(), json!({ "objects": objects })),
    }
    let row = |resolved: &Resolved| {
        let pinned = resolved.reference.trim_start_matches("oci://").parse::<Pinned>();
        let digest = pinned.map(|pinned| pinned.digest.short().to_owned()).unwrap_or_default();
        vec![resolved.object.clone(), resolved.name.clone(), digest, resolved.flags.join(" ")]
    };
    let headers = ["object", "image", "digest", "nodes with"].map(String::from).to_vec();
    let rows = resolved.iter().map(row).collect();
    session.report.event(Event::Table { title: "images".into(), headers, rows });
    Ok(())
}

fn name(object: &Value) -> String {
    ObjectId::of(object).map(|id| id.to_string()).unwrap_or_default()
}
