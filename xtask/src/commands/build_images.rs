//! `cargo xtask build-images`: from proven binaries to serving images that have answered a question.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, build_servers};
use crate::{
    adapters::{host::ThisHost, rest::RestApi, sources::CheckedOut},
    cli::BuildImages,
    config::Config,
    domain::{
        event::Event,
        plan::{self as servers, Plan},
        profile::Profile,
        serving_image::{
            ImageName,
            plan::{self, ImagePlan},
        },
    },
    execute::{self, ImageOutcome, Ports},
    report::bytes,
};

pub(crate) async fn run(args: &BuildImages, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    with_profile(args, session.profile(&config)?, &config, session).await
}

/// The same for a profile that was chosen elsewhere.
pub(super) async fn with_profile(
    args: &BuildImages,
    profile: &Profile,
    config: &Config,
    session: &Session,
) -> Result<Ended> {
    let plans = plan(&args.images, config, profile)?;
    if session.global.plans() {
        session.report.plan(&plans.images.to_string(), &json!({ "images": lines(&plans.images) }));
        return Ok(Ended::Well);
    }
    session.begin("build-images", config).await?;
    let outcomes = build(&plans, args.fail_fast, config, session).await?;
    Ok(tell(&plans.images, &outcomes, session))
}

/// The images, and the servers that go into them.
pub(super) struct Plans {
    pub images: ImagePlan,
    pub servers: Plan,
}

pub(super) fn plan(names: &[String], config: &Config, profile: &Profile) -> Result<Plans> {
    let choices = config.select_images(names)?;
    let inputs = plan::Inputs {
        profile,
        choices: &choices,
        variants: &config.select(&[])?,
        images: &config.images,
        engine: &config.engine,
    };
    let images = plan::build_images(&inputs)?;
    let mut variants = config.select(&[])?;
    variants
        .retain(|variant| choices.iter().flat_map(|choice| &choice.variants).any(|in_it| in_it.name == variant.name));
    let servers = servers::build_servers(&servers::Inputs {
        profile,
        variants: &variants,
        engine: &config.engine,
        resources: &config.resources,
        remote: &config.remote,
    })?;
    Ok(Plans { images, servers })
}

fn lines(plan: &ImagePlan) -> Vec<String> {
    plan.images.iter().map(ToString::to_string).collect()
}

/// The caller holds the checkout.
pub(super) async fn build(
    plans: &Plans,
    fail_fast: bool,
    config: &Config,
    session: &Session,
) -> Result<Vec<(ImageName, ImageOutcome)>> {
    let source = CheckedOut;
    let servers = execute::look(&plans.servers, &source, &session.folders).await?;
    let engine = session.engine(config).await?;
    let epoch = ThisHost::source_date_epoch()?;
    let freshness =
        execute::look_at_images(&plans.images, &servers, epoch, (engine, &source), &session.folders).await?;
    let scene = build_servers::scene(fail_fast, config, session)?;
    let ports = Ports { engine, source: &source, host: &ThisHost };
    let (rest, report) = (RestApi::new()?, &session.report);
    let outcomes = execute::build_images(&plans.images, &freshness, &ports, &rest, &scene, report).await?;
    for fresh in freshness.iter().filter(|fresh| fresh.current.is_some()) {
        session.report.event(Event::UpToDate { variant: fresh.image.to_string(), reason: fresh.reason.clone() });
    }
    Ok(outcomes)
}

/// References on stdout, the table on stderr, the exit code for scripts.
fn tell(plan: &ImagePlan, outcomes: &[(ImageName, ImageOutcome)], session: &Session) -> Ended {
    for (planned, (name, outcome)) in plan.images.iter().zip(outcomes) {
        let (state, receipt) = match outcome {
            ImageOutcome::UpToDate(receipt) => ("up to date", receipt),
            ImageOutcome::Built(receipt) => ("built", receipt),
            ImageOutcome::Failed(_) | ImageOutcome::NotStarted => continue,
        };
        session.report.result(&planned.reference(), json!({ "image": name, "state": state, "receipt": receipt }));
    }
    table(plan, outcomes, session)
}

/// What came of the images; of a command whose results are others.
pub(super) fn table(plan: &ImagePlan, outcomes: &[(ImageName, ImageOutcome)], session: &Session) -> Ended {
    let mut rows = Vec::new();
    for (planned, (name, outcome)) in plan.images.iter().zip(outcomes) {
        let (state, receipt) = match outcome {
            ImageOutcome::UpToDate(receipt) => ("up to date".to_owned(), Some(receipt)),
            ImageOutcome::Built(receipt) => ("built".to_owned(), Some(receipt)),
            ImageOutcome::Failed(error) => {
                let why = error.root_cause().to_string();
                (format!("failed: {}", why.lines().next().unwrap_or_default()), None)
            }
            ImageOutcome::NotStarted => ("not started".to_owned(), None),
        };
        let Some(receipt) = receipt else {
            rows.push(vec![name.to_string(), state]);
            continue;
        };
        let milliseconds = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
        rows.push(vec![
            name.to_string(),
            state,
            bytes(receipt.bytes),
            receipt.id.trim_start_matches("sha256:").chars().take(12).collect(),
            milliseconds(receipt.gate.start_seconds),
            milliseconds(receipt.gate.first_prediction_seconds),
            planned.aliases.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    let headers = ["image", "state", "size", "id", "ready after", "first answer", "also called"];
    let headers = headers.map(String::from).to_vec();
    session.report.event(Event::Table { title: "images".into(), headers, rows });
    let failed = outcomes.iter().any(|(_, o)| matches!(o, ImageOutcome::Failed(_) | ImageOutcome::NotStarted));
    if failed { Ended::WithFailures } else { Ended::Well }
}
