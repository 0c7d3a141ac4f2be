//! Host set-up for the two commands that do all of it: says what is missing, installs it where that is safe
//! (root on Debian or Ubuntu), and elsewhere prints the exact commands and stops.

use anyhow::{Result, bail};

use super::Session;
use crate::{
    adapters::{docker::DockerEngine, host::ThisHost},
    domain::event::Event,
};

/// A package and the program by which its presence is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    pub program: &'static str,
    pub packages: &'static [&'static str],
}

impl Need {
    fn is_engine(&self) -> bool {
        self.program == ENGINE.program
    }
}

pub(super) const ENGINE: Need = Need { program: "dockerd", packages: &["docker.io", "iptables"] };
pub(super) const REGISTRY: Need = Need { program: "docker-registry", packages: &["docker-registry"] };
/// Debian's Python alone cannot make environments.
pub(super) const PYTHON: Need = Need { program: "python3", packages: &["python3", "python3-venv"] };
pub(super) const DEBOOTSTRAP: Need = Need { program: "debootstrap", packages: &["debootstrap"] };

/// What set-up would do, for `--dry-run`.
pub(super) fn plan(needs: &[Need]) -> String {
    let packages: Vec<&str> = needs.iter().flat_map(|need| need.packages).copied().collect();
    let mut lines = vec!["# set-up, where missing and run as root on Debian or Ubuntu".to_owned()];
    lines.push(format!("apt-get install {}", packages.join(" ")));
    if needs.iter().any(Need::is_engine) {
        lines.push("dockerd &  # where no engine answers".into());
    }
    lines.join("\n")
}

/// Leaves a host on which the needs are met and, where an engine is among them, one answers.
pub(super) async fn host(needs: &[Need], session: &Session) -> Result<()> {
    let config = session.config()?;
    let facts = ThisHost::facts(&session.folders.root);
    let answers =
        if needs.iter().any(Need::is_engine) { Some(DockerEngine::connect(&config.engine).await) } else { None };
    let engine_answers = |need: &Need| need.is_engine() && answers.as_ref().is_some_and(Result::is_ok);
    let is_whole = |need: &Need| need.program != PYTHON.program || ThisHost::makes_python_environments();
    let absent = |need: &&Need| !(ThisHost::has_program(need.program) && is_whole(need) || engine_answers(need));
    let missing: Vec<&str> = needs.iter().filter(absent).flat_map(|need| need.packages).copied().collect();
    let refused = answers.and_then(Result::err).map(|error| format!("{error:#}"));
    if missing.is_empty() && refused.is_none() {
        return Ok(());
    }
    let remote = config.engine.host.is_some() || ThisHost::names_an_engine();
    if let Some(reason) = refused.as_ref().filter(|_| remote) {
        bail!("the engine you chose does not answer, and starting another would not be what you asked for: {reason}");
    }
    if !facts.is_root || !facts.is_debian_like {
        let install = if missing.is_empty() {
            String::new()
        } else {
            format!("\n  sudo apt-get update && sudo apt-get install --no-install-recommends {}", missing.join(" "))
        };
        let start = if refused.is_some() { "\n  sudo systemctl start docker   # or: sudo dockerd &" } else { "" };
        bail!(
            "this host lacks what the run needs; as root on Debian or Ubuntu it would be set up for you, here please run:{install}{start}"
        );
    }
    if !missing.is_empty() {
        let step = format!("install {}", missing.join(" "));
        let started = session.report.start(None, &step);
        let say = |line| session.report.event(Event::Working { step: step.clone(), line });
        ThisHost::install(&missing, &say).await?;
        session.report.finish_step(started);
    }
    if refused.is_some() {
        let started = session.report.start(None, "start the container engine");
        ThisHost::start_engine(&|line| session.report.note(&line)).await?;
        session.report.finish_step(started);
    }
    Ok(())
}
