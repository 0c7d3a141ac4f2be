//! From verb to command. Each command is its file's five beats: select, plan, preflight, execute, report.

mod bench;
mod build_images;
mod build_servers;
mod clean;
mod cluster;
mod deploy;
mod doctor;
mod down;
mod export_model;
mod import_model;
mod inspect;
mod manifests;
mod measure;
mod model_info;
mod on_demand;
mod push;
mod push_model;
mod quickstart;
mod session;
mod setup;
mod status;
mod test;
mod undeploy;
mod up;

use anyhow::{Result, bail};
use clap::CommandFactory;

use crate::cli::{Cli, Command};

pub(crate) use session::Session;

/// How a command that could do its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// It told what failed; the exit code says so too.
    WithFailures,
}

pub(crate) async fn run(command: &Command, session: &Session) -> Result<Ended> {
    let is_for_clusters = matches!(command, Command::Deploy(_) | Command::Undeploy(_));
    if session.global.asks_server() && !is_for_clusters {
        bail!(
            "--dry-run=server is for deploy and undeploy: nothing else asks a cluster for changes; take `=server` away"
        );
    }
    match command {
        Command::Quickstart(args) => quickstart::run(args, session).await,
        Command::Doctor => doctor::run(session).await,
        Command::BuildServers(args) => build_servers::run(args, session).await,
        Command::BuildImages(args) => build_images::run(args, session).await,
        Command::ImportModel(args) => import_model::run(args, session).await,
        Command::Up(args) => up::run(args, session).await,
        Command::Down(args) => down::run(args, session).await,
        Command::Bench(args) => bench::run(args, session).await,
        Command::ExportModel(args) => export_model::run(args, session).await,
        Command::ModelInfo(args) => model_info::run(args, session).await,
        Command::Push(args) => push::run(args, session).await,
        Command::PushModel(args) => push_model::run(args, session).await,
        Command::Manifests(args) => manifests::run(args, session),
        Command::Deploy(args) => deploy::run(args, session).await,
        Command::Undeploy(args) => undeploy::run(args, session).await,
        Command::Status(args) => status::run(args, session).await,
        Command::Inspect(args) => inspect::run(args, session),
        Command::Clean(args) => clean::run(args, session).await,
        Command::Measure(args) => measure::run(args, session).await,
        Command::Test(args) => test::run(args, session).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "cargo-xtask", &mut script);
            session.report.result(String::from_utf8_lossy(&script).trim_end(), serde_json::Value::Null);
            Ok(Ended::Well)
        }
    }
}
