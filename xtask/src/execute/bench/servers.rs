//! The servers of a bench: started or found, started anew between repetitions, and counted.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bench_protocol::{experiment::Server, protocol::Standing};

use super::{BenchPorts, BenchScene, answering::Answers, model};
use crate::{
    domain::{
        bench::{self, BenchPlan, Subject, values::Target},
        serving_image::app::Interface,
        up::{PlannedServer, UpPlan},
    },
    execute::{
        asked::Signatures,
        on_disk,
        up::{self, Up, UpOutcome},
    },
    ports::{Engine, Measurer, Rest, Source},
    report::Report,
};

/// Servers that answer, and what their model can be asked where somebody says it.
pub(super) async fn start<E: Engine, S: Source, H, R: Rest, M>(
    plan: &BenchPlan,
    ports: &BenchPorts<'_, E, S, H, R, M>,
    scene: &BenchScene<'_>,
    report: &Report,
) -> Result<(Vec<Server>, Option<Signatures>)> {
    let (containers, builds, interface) = match &plan.subject {
        Subject::Containers { plan, builds, interface, .. } => (plan, builds, *interface),
        Subject::Targets(targets) => return of_others(targets, &plan.model.name, ports.rest).await,
    };
    let engine = ports.engine.context("containers need an engine")?;
    let (outcomes, _) = up::up(containers, engine, ports.source, ports.rest, &scene.up, report).await?;
    let mut servers = Vec::new();
    for ((server, outcome), build) in outcomes.into_iter().zip(builds) {
        match outcome {
            UpOutcome::Up(up) => {
                let image = engine.image(&server.image).await?.with_context(|| format!("{} is gone", server.image))?;
                servers.push(Server {
                    name: server.settings.name.clone(),
                    address: address(&up, interface),
                    facts: bench::facts(&server, &image.id),
                    build: Some(build.clone()),
                });
            }
            UpOutcome::LeftOut(why) => report.warning(&format!("{} is left out: {why}", server.settings.name)),
            UpOutcome::Failed(error) => return Err(error),
        }
    }
    if servers.is_empty() {
        bail!("no server is left that could be measured");
    }
    let found = on_disk::find(&containers.folder, &containers.model, &containers.profile, scene.up.folders)?;
    Ok((servers, Some(found.signatures()?)))
}

/// Servers of others, as they were named.
async fn of_others<R: Rest>(targets: &[Target], model: &str, rest: &R) -> Result<(Vec<Server>, Option<Signatures>)> {
    let servers = targets.iter().map(|target| Server {
        name: target.name.clone(),
        address: target.address.clone(),
        facts: BTreeMap::new(),
        build: None,
    });
    let mut signatures = None;
    // Only HTTP tells it to anybody.
    if let Some(target) = targets.iter().find(|target| target.address.starts_with("http://")) {
        let url = format!("{}/v1/models/{model}/metadata", target.address);
        let answer = rest.ask(&url, None).await.with_context(|| format!("ask {} about its model", target.name))?;
        if answer.status != 200 {
            let said = answer.body.trim();
            bail!(
                "{} has no model {model}, or not yet: asked for {url} it answered {} {said}; --model names another",
                target.name,
                answer.status
            );
        }
        let told = model::of_metadata(&answer.body);
        signatures =
            Some(told.with_context(|| format!("what {} answers at {url} is no metadata of a model", target.name))?);
    }
    Ok((servers.collect(), signatures))
}

/// `grpc://host:port` or `http://host:port`.
fn address(up: &Up, interface: Interface) -> String {
    match interface {
        Interface::Grpc => format!("grpc://{}", up.grpc),
        Interface::Rest => up.url.split("/v1/").next().unwrap_or_default().to_owned(),
    }
}

/// Servers at work, for the questions about them.
pub(super) struct Started<'a, 'b, E, S, H, R, M> {
    pub plan: &'a BenchPlan,
    pub ports: &'a BenchPorts<'b, E, S, H, R, M>,
    pub scene: &'a BenchScene<'b>,
    pub report: &'a Report,
    /// Those that were not left out, by name.
    pub names: Vec<String>,
}

impl<E: Engine, S, H, R: Rest, M: Measurer> Started<'_, '_, E, S, H, R, M> {
    fn containers(&self) -> Result<(&E, &UpPlan, Interface, Vec<PlannedServer>)> {
        let Subject::Containers { plan, interface, .. } = &self.plan.subject else {
            bail!("servers of others are only asked");
        };
        let engine = self.ports.engine.context("containers need an engine")?;
        let servers = plan.servers.iter().filter(|server| self.names.contains(&server.settings.name));
        Ok((engine, plan, *interface, servers.cloned().collect()))
    }
}

impl<E: Engine, S, H, R: Rest, M: Measurer> Answers for Started<'_, '_, E, S, H, R, M> {
    async fn renew(&mut self) -> Result<BTreeMap<String, String>> {
        let (engine, plan, interface, servers) = self.containers()?;
        let up = up::again(&servers, plan, (engine, self.ports.rest), &self.scene.up, self.report).await?;
        Ok(up.iter().map(|up| (up.name.clone(), address(up, interface))).collect())
    }

    async fn count(&mut self) -> Result<BTreeMap<String, Standing>> {
        let (engine, _, _, servers) = self.containers()?;
        let mut standing = BTreeMap::new();
        for server in &servers {
            standing.insert(server.settings.name.clone(), engine.counters(&self.scene.up.container(server)).await?);
        }
        Ok(standing)
    }
}
