//! The gate: the final image, confined as in a cluster, loads a model, answers one question rightly through its API, and
//! ends when asked to. An image that does not is never given a name.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::{
    domain::serving_image::{
        plan::{PlannedImage, REST_PORT},
        receipt::{self, Gate, Package},
    },
    domain::variant::Device,
    execute::{
        Scene,
        answering::{Question, until_it_answers},
    },
    ports::{ContainerJob, Engine, EngineFacts, ImageFacts, Rest, Serving, Tar},
};

const MODEL: &str = "half_plus_two";
const QUESTION: [f64; 3] = [1.0, 2.0, 5.0];
const ANSWER: [f64; 3] = [2.5, 3.0, 4.5];
const TOLERANCE: f64 = 1e-6;
/// TensorFlow Serving itself gives a model this long to load.
const PATIENCE: Duration = Duration::from_secs(120);
/// What Kubernetes gives a pod is three times as long.
const GRACE: Duration = Duration::from_secs(10);
/// As the smallest server of the manifests.
const MILLICPUS: u32 = 1000;
const MEMORY: u64 = 2 << 30;
/// Lists of packages that images carry; only some profiles have the second.
const PACKAGES: [&str; 2] = ["/usr/share/tf-serving/packages.tsv", "/opt/serving/packages.tsv"];
const FLAGS: &str = "/etc/tf-serving/flags";

/// What the gate learnt of an image.
pub(super) struct Tried {
    pub gate: Gate,
    pub packages: Vec<Package>,
}

/// Whether this engine can run the image at all.
pub(super) fn can_be_tried(image: &PlannedImage, engine: &EngineFacts) -> Result<()> {
    if image.device == Device::Gpu && !image.host_libraries.is_empty() && !has_gpu(engine) {
        bail!(
            "{} needs {} of the host's GPU driver, and this engine has no nvidia runtime: it could not be tried, so it is \
             not built; use an engine with the NVIDIA container toolkit",
            image.name,
            image.host_libraries.join(" ")
        );
    }
    Ok(())
}

/// Whether the engine hands GPUs to containers.
pub(in crate::execute) fn has_gpu(engine: &EngineFacts) -> bool {
    engine.runtimes.iter().any(|runtime| runtime == "nvidia")
}

pub(super) async fn pass<E: Engine, R: Rest>(
    image: &PlannedImage,
    built: &ImageFacts,
    engine: &E,
    rest: &R,
    scene: &Scene<'_>,
) -> Result<Tried> {
    let job = ContainerJob {
        name: format!("{}-{}", scene.name(&format!("gate-{}", image.name)), scene.run),
        image: built.id.clone(),
        keeps_entrypoint: true,
        environment: [("MODEL_NAME".to_owned(), MODEL.to_owned())].into(),
        scratch: vec!["/models".into()],
        memory: Some(MEMORY),
        labels: scene.labels("gate"),
        serving: Some(Serving {
            millicpus: Some(MILLICPUS),
            ports: [(REST_PORT, None)].into(),
            alias: None,
            gpu: image.device == Device::Gpu && !image.host_libraries.is_empty(),
        }),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let tried = with_last_words(try_out(&container, engine, rest).await, &container, engine).await;
    engine.remove(&container).await?;
    tried
}

/// A failure with what the container said before it.
pub(super) async fn with_last_words<T>(tried: Result<T>, container: &str, engine: &impl Engine) -> Result<T> {
    let Err(error) = tried else { return tried };
    let said = engine.last_words(container).await.unwrap_or_default();
    let said = if said.is_empty() { "nothing".into() } else { format!("\n  {}", said.replace('\n', "\n  ")) };
    Err(error.context(format!("the container said last: {said}")))
}

/// The packages that an image says are in it.
pub(super) async fn packages(container: &str, engine: &impl Engine) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for list in PACKAGES {
        let text = engine.read_file(container, list).await?.unwrap_or_default();
        packages.extend(receipt::packages(&String::from_utf8_lossy(&text)));
    }
    packages.sort();
    Ok(packages)
}

async fn try_out<E: Engine, R: Rest>(container: &str, engine: &E, rest: &R) -> Result<Tried> {
    let packages = packages(container, engine).await?;
    let flags = engine.read_file(container, FLAGS).await?.unwrap_or_default();
    if !String::from_utf8_lossy(&flags).lines().any(|flag| flag == "rest_api_port") {
        bail!("its server has no REST API (TensorFlow Serving has one since 1.8), and the gate speaks no other yet");
    }
    engine.upload(container, "/models", model()).await?;
    let begin = Instant::now();
    engine.start(container).await?;
    let address = ready(container, engine, rest).await?;
    let start_seconds = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    predict(&address, rest).await?;
    let first_prediction_seconds = begin.elapsed().as_secs_f64();
    let stop_seconds = stop(container, engine).await?;
    Ok(Tried { gate: Gate { start_seconds, first_prediction_seconds, stop_seconds }, packages })
}

/// The model's URL, once it can be asked; its metadata needs a model that is loaded, its status does not.
async fn ready<E: Engine, R: Rest>(container: &str, engine: &E, rest: &R) -> Result<String> {
    let model = format!("/v1/models/{MODEL}");
    let question = Question { port: REST_PORT, path: &format!("{model}/metadata"), patience: PATIENCE };
    let (facts, _) = until_it_answers(container, &question, (engine, rest)).await?;
    Ok(format!("http://{}{model}", facts.addresses[&REST_PORT]))
}

/// Seconds from SIGTERM to a good end.
pub(super) async fn stop<E: Engine>(container: &str, engine: &E) -> Result<f64> {
    let begin = Instant::now();
    let exit = engine.stop(container, GRACE).await?;
    let seconds = begin.elapsed().as_secs_f64();
    if exit.code != 0 {
        bail!("asked to end, it ended with exit code {} after {seconds:.1} s instead of 0", exit.code);
    }
    Ok(seconds)
}

async fn predict(url: &str, rest: &impl Rest) -> Result<()> {
    let question = json!({ "instances": QUESTION }).to_string();
    let answer = rest.ask(&format!("{url}:predict"), Some(&question)).await?;
    let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let numbers: Vec<f64> = told["predictions"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    let right = numbers.len() == ANSWER.len() && numbers.iter().zip(ANSWER).all(|(a, b)| (a - b).abs() <= TOLERANCE);
    if answer.status != 200 || !right {
        bail!("asked for x / 2 + 2 of {QUESTION:?} it answered {} {}", answer.status, answer.body.trim());
    }
    Ok(())
}

/// The model, as an archive for the folder of models.
fn model() -> Tar {
    Box::new(|writer| {
        let bytes = savedmodel::half_plus_two();
        let mut builder = tar::Builder::new(writer);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{MODEL}/1/saved_model.pb"), bytes.as_slice())?;
        Ok(builder.finish()?)
    })
}
