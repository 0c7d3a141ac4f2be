//! The web app beside the servers: started when these have answered, with those that did.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{UpScene, replace};
use crate::{
    domain::{
        label,
        model::Asked,
        serving_image::app::PORT,
        up::{APP, PlannedApp, PlannedServer},
    },
    execute::answering::{Question, until_it_answers},
    ports::{ContainerJob, Engine, EngineFacts, Rest, Serving},
    report::Report,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// The web app answers, and so does a server behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AppUp {
    /// For a browser.
    pub url: String,
    /// It ran already.
    pub was_up: bool,
    pub ready_seconds: f64,
}

/// Starts it for `servers`, unless it runs for these already.
pub(super) async fn up<E: Engine, R: Rest>(
    (app, (model, asked), servers): (&PlannedApp, (&str, &Asked), &[&PlannedServer]),
    (engine, rest): (&E, &R),
    facts: &EngineFacts,
    scene: &UpScene<'_>,
    report: &Report,
) -> Result<AppUp> {
    if servers.is_empty() {
        bail!("no server is up that it could ask");
    }
    let image = engine.image(&app.image).await?.filter(|image| image.labels.contains_key(label::RECEIPT));
    let image = image.with_context(|| format!("the engine has no image {}", app.image))?;
    let servers = app.servers(servers);
    let environment = [
        ("TF_SERVERS", servers),
        ("MODEL_NAME", model.to_owned()),
        ("MODEL_SIGNATURE_NAME", asked.signature.clone()),
        ("MODEL_INPUT_KEY", asked.input.clone()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    let specification = app.specification(&image.id, &environment);
    let name = scene.name(APP);
    let was_up = replace(&name, &specification, engine, scene).await?;
    if !was_up {
        let mut labels = scene.lasting("app");
        labels.insert(label::SPECIFICATION.into(), specification);
        let job = ContainerJob {
            name: name.clone(),
            image: image.id,
            keeps_entrypoint: true,
            environment,
            network: Some(scene.name("network")),
            memory: app.settings.memory.map(|limit| limit.min(facts.memory)),
            labels,
            serving: Some(Serving {
                millicpus: app.settings.millicpus,
                ports: [(PORT, app.settings.port)].into(),
                alias: Some(APP.into()),
                gpu: false,
            }),
            ..ContainerJob::default()
        };
        engine.create(&job).await?;
        engine.start(&name).await?;
    }
    let started = report.start(None, &format!("wait for {APP} to answer"));
    let begin = Instant::now();
    match ready(&name, engine, rest).await {
        Ok(url) => {
            report.finish_step(started);
            Ok(AppUp { url, was_up, ready_seconds: begin.elapsed().as_secs_f64() })
        }
        Err(error) => {
            let said = engine.last_words(&name).await.unwrap_or_default();
            Err(error).with_context(|| format!("it said last:\n  {}", said.replace('\n', "\n  ")))
        }
    }
}

/// Its URL, once it says that a server answers it.
async fn ready<E: Engine, R: Rest>(container: &str, engine: &E, rest: &R) -> Result<String> {
    let question = Question { port: PORT, path: "/readyz", patience: PATIENCE };
    let (facts, _) = until_it_answers(container, &question, (engine, rest)).await?;
    Ok(format!("http://{}/", facts.addresses[&PORT]))
}
