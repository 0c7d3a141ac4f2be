//! The engine for an export: gone to only once something has to run there, and looked at before anything does.
//! A version that is up to date, or one of this program's own making, never comes here.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Session, doctor};
use crate::{
    adapters::{docker::DockerEngine, host::ThisHost, sources::CheckedOut},
    config::Config,
    domain::model::plan::{ExportPlan, PlannedExporter},
    execute::{Ports, Reach, Reached, Scene},
};

pub(super) struct OnDemand<'a> {
    pub plan: &'a ExportPlan,
    pub config: &'a Config,
    pub session: &'a Session,
}

impl Reach for OnDemand<'_> {
    type Engine = DockerEngine;
    type Source = CheckedOut;
    type Host = ThisHost;

    async fn reach(&self) -> Result<Reached<'_, DockerEngine, CheckedOut, ThisHost>> {
        let Self { plan, config, session } = self;
        let engine = session.engine(config).await?;
        let mut ca_bundle = None;
        if let PlannedExporter::Bazel(build) = &plan.exporter {
            doctor::preflight(&build.preparation(), engine, config, session).await?;
            ca_bundle = ThisHost::ca_bundle(&config.engine.ca_bundle, &session.folders.root)?;
        }
        let scene = Scene {
            folders: session.folders.clone(),
            run: session.run.clone(),
            checkout: session.checkout.clone(),
            labels: config.engine.labels.clone(),
            resources: &config.resources,
            ca_bundle,
            headers: BTreeMap::new(),
            fail_fast: false,
        };
        Ok(Reached { ports: Ports { engine, source: &CheckedOut, host: &ThisHost }, scene })
    }
}
