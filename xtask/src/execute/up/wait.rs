//! When a server counts as up: its model's metadata can be had, which needs a model that is loaded, and where the model
//! takes pictures it has answered for one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Up;
use crate::{
    domain::{
        serving_image::plan::{GRPC_PORT, REST_PORT},
        up::UpPlan,
    },
    execute::answering::{self, Question},
    ports::{ContainerFacts, Engine, Rest},
};

/// A large model on a small quota takes a while, and replays its warm-up requests before it is there.
const PATIENCE: Duration = Duration::from_secs(300);
/// The signature that takes encoded pictures.
const PICTURES: &str = "predict_images";

pub(super) async fn until_it_answers<E: Engine, R: Rest>(
    container: &str,
    plan: &UpPlan,
    engine: &E,
    rest: &R,
) -> Result<Up> {
    let begin = Instant::now();
    let path = format!("/v1/models/{}/metadata", plan.model);
    let question = Question { port: REST_PORT, path: &path, patience: PATIENCE };
    let (facts, metadata) = answering::until_it_answers(container, &question, (engine, rest)).await?;
    let ready_seconds = begin.elapsed().as_secs_f64();
    let (url, grpc) = addresses(&facts, plan)?;
    let answer_seconds = ask(&url, &metadata, rest).await?;
    Ok(Up { name: String::new(), url, grpc, was_up: false, ready_seconds, answer_seconds })
}

fn addresses(facts: &ContainerFacts, plan: &UpPlan) -> Result<(String, String)> {
    let of = |port| facts.addresses.get(&port).with_context(|| format!("port {port} is not published"));
    Ok((format!("http://{}/v1/models/{}", of(REST_PORT)?, plan.model), of(GRPC_PORT)?.clone()))
}

/// Seconds that a picture took; none where the model takes none.
async fn ask(url: &str, metadata: &str, rest: &impl Rest) -> Result<Option<f64>> {
    let metadata: Value = serde_json::from_str(metadata).context("read the model's metadata")?;
    if metadata["metadata"]["signature_def"]["signature_def"][PICTURES].is_null() {
        return Ok(None);
    }
    let picture = savedmodel::Picture::generated().into_iter().next().context("one picture is made up")?;
    let question = json!({ "signature_name": PICTURES, "instances": [{ "b64": STANDARD.encode(picture.bytes) }] });
    let begin = Instant::now();
    let answer = rest.ask(&format!("{url}:predict"), Some(&question.to_string())).await?;
    if answer.status != 200 {
        bail!("asked about a picture it answered {} {}", answer.status, answer.body.trim());
    }
    Ok(Some(begin.elapsed().as_secs_f64()))
}
