//! When a server counts as up: its model's metadata can be had, which needs a model that is loaded, and where the model
//! takes pictures it has answered for one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::Up;
use crate::{
    domain::{
        model::Asked,
        serving_image::plan::{GRPC_PORT, REST_PORT},
        up::UpPlan,
    },
    execute::answering::{self, Question},
    ports::{ContainerFacts, Engine, Rest},
};

/// A large model on a small quota takes a while, and replays its warm-up requests before it is there.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn until_it_answers<E: Engine, R: Rest>(
    container: &str,
    (plan, asked, is_brought): (&UpPlan, Option<&Asked>, bool),
    engine: &E,
    rest: &R,
) -> Result<Up> {
    let begin = Instant::now();
    let path = format!("/v1/models/{}/metadata", plan.model);
    let question = Question { port: REST_PORT, path: &path, patience: PATIENCE };
    let (facts, _) = answering::until_it_answers(container, &question, (engine, rest)).await?;
    let ready_seconds = begin.elapsed().as_secs_f64();
    let (url, grpc) = addresses(&facts, plan)?;
    let answer_seconds = match asked {
        Some(asked) => ask(&url, asked, is_brought, rest).await?,
        None => None,
    };
    Ok(Up { name: String::new(), url, grpc, was_up: false, ready_seconds, answer_seconds })
}

fn addresses(facts: &ContainerFacts, plan: &UpPlan) -> Result<(String, String)> {
    let of = |port| facts.addresses.get(&port).with_context(|| format!("port {port} is not published"));
    Ok((format!("http://{}/v1/models/{}", of(REST_PORT)?, plan.model), of(GRPC_PORT)?.clone()))
}

/// Seconds that a picture took; none where a model of others refuses it, whose signature then means something else.
async fn ask(url: &str, asked: &Asked, is_brought: bool, rest: &impl Rest) -> Result<Option<f64>> {
    let picture = savedmodel::Picture::generated().into_iter().next().context("one picture is made up")?;
    let question =
        json!({ "signature_name": asked.signature, "instances": [{ "b64": STANDARD.encode(picture.bytes) }] });
    let begin = Instant::now();
    let answer = rest.ask(&format!("{url}:predict"), Some(&question.to_string())).await?;
    if is_brought && (400..500).contains(&answer.status) {
        return Ok(None);
    }
    if answer.status != 200 {
        bail!("asked about a picture it answered {} {}", answer.status, answer.body.trim());
    }
    Ok(Some(begin.elapsed().as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::RestAnswer;

    /// A server that answers every question with this status.
    struct Answering(u16);

    impl Rest for Answering {
        async fn ask(&self, _: &str, _: Option<&str>) -> Result<RestAnswer> {
            Ok(RestAnswer { status: self.0, body: "no picture".into() })
        }

        async fn upload(&self, _: &str, _: &'static str, _: Vec<u8>) -> Result<RestAnswer> {
            bail!("nothing is uploaded here")
        }
    }

    async fn told(status: u16, is_brought: bool) -> Result<bool, String> {
        let answer = ask("http://x", &Asked::default(), is_brought, &Answering(status)).await;
        answer.map(|seconds| seconds.is_some()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn only_a_model_of_others_may_refuse_a_picture() {
        assert_eq!((told(200, false).await, told(200, true).await), (Ok(true), Ok(true)));
        assert_eq!(told(400, true).await, Ok(false));
        for (status, is_brought) in [(400, false), (500, true)] {
            assert_eq!(
                told(status, is_brought).await,
                Err(format!("asked about a picture it answered {status} no picture"))
            );
        }
    }
}
