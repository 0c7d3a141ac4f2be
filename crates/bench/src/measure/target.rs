//! A server as the bench calls it: its client, and the one way in which calls are made and answers read.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use resizer::agreement::{Scored, ranked};
use tfserving::{
    Answer, Api, CallError, Code, DataType, Model as Asked, Options, Origin, Predict, Prediction, Server as Client,
    Tensor, Timing, Values, Version, read_list,
};

use crate::{
    Error,
    experiment::{Model, Server},
    pictures::Made,
};

/// How many classes of an answer are kept.
const BEST: usize = 5;

/// A connection that was not used for this long may have been closed by then.
const IDLE: Duration = Duration::from_secs(5);

/// A server, connected to when it is first called.
pub(super) struct Target {
    pub(super) client: Client,
    model: Model,
    /// When it last answered.
    used: Mutex<Option<Instant>>,
}

impl Target {
    /// A new client for a server that listens at `address`. Needs to be called within a Tokio runtime.
    pub(super) fn new(server: &Server, address: &str, model: &Model, deadline: Duration) -> Result<Self, Error> {
        // A name may hold what the list's grammar gives a meaning to.
        let addresses = read_list(&format!("server={address}"))
            .map_err(|error| Error::Address { server: server.name.clone(), what: error.to_string() })?;
        let [address] = <[_; 1]>::try_from(addresses)
            .map_err(|_| Error::Address { server: server.name.clone(), what: format!("{address} is several") })?;
        let address = tfserving::Address { name: server.name.clone(), ..address };
        let client = Client::new(address, Options { deadline, ..Options::default() })?;
        Ok(Self { client, model: model.clone(), used: Mutex::new(None) })
    }

    pub(super) fn name(&self) -> &str {
        self.client.name()
    }

    /// Where TensorFlow Serving shows its metrics by default, if it does: beside its REST API.
    pub(super) fn metrics(&self) -> Option<String> {
        let endpoint = &self.client.address().endpoint;
        (endpoint.api == Api::Rest).then(|| format!("{}/monitoring/prometheus/metrics", endpoint.url()))
    }

    /// As JSON, pixels would be text that is parsed, which is no control for decoding: they go by gRPC alone.
    pub(super) fn takes(&self, made: &Made) -> bool {
        !made.is_pixels() || self.client.address().endpoint.api == Api::Grpc
    }

    /// The version that answers.
    pub(super) async fn is_live(&self) -> Result<Option<i64>, CallError> {
        self.client.is_live(&asked(&self.model)).await
    }

    /// A call; nothing is tried again.
    pub(super) async fn ask(&self, call: &Predict) -> Result<(Vec<Scored>, Timing), CallError> {
        let Answer { value, timing } = self.client.predict(call).await?;
        let classes = self.classes(&value).map_err(|message| CallError {
            server: self.name().to_owned(),
            method: "Predict".into(),
            code: Code::DataLoss,
            message,
            origin: Origin::Here,
        })?;
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok((classes, timing))
    }

    /// A call that may be the first of its connection, or the first after a while: if the connection turns out to be broken
    /// it is made once more on a new one, and only the second try is timed.
    pub(super) async fn ask_waking(&self, call: &Predict) -> Result<(Vec<Scored>, Timing), CallError> {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = used.is_none_or(|used| used.elapsed() > IDLE);
        match self.ask(call).await {
            Err(error) if fresh && error.may_be_retried() => self.ask(call).await,
            other => other,
        }
    }

    fn classes(&self, prediction: &Prediction) -> Result<Vec<Scored>, String> {
        let output = |key: &str| {
            let known: Vec<&str> = prediction.outputs.keys().map(String::as_str).collect();
            prediction.output(key).ok_or_else(|| format!("the answer has no output `{key}`, only {known:?}"))
        };
        let (classes, scores) = (&self.model.classes, &self.model.scores);
        let labels = output(classes)?.as_strings().ok_or_else(|| format!("the output `{classes}` holds no strings"))?;
        let scores = output(scores)?.to_f64().ok_or_else(|| format!("the output `{scores}` holds no numbers"))?;
        if labels.len() != scores.len() {
            return Err(format!("the answer has {} classes and {} scores", labels.len(), scores.len()));
        }
        let labels = labels.iter().map(|label| String::from_utf8_lossy(label).into_owned());
        let mut best = ranked(labels.zip(scores).collect());
        best.truncate(BEST);
        Ok(best)
    }
}

fn asked(model: &Model) -> Asked {
    Asked { name: model.name.clone(), version: model.version.map_or(Version::Newest, Version::Number) }
}

/// The call of a model for an encoded picture.
pub(super) fn encoded(model: &Model, picture: &Bytes) -> Predict {
    let inputs = BTreeMap::from([(model.input.clone(), Tensor::strings([picture.clone()]))]);
    Predict { model: asked(model), signature: model.signature.clone(), inputs }
}

/// The call of a model for a plate: an encoded picture, or pixels of shape `[1, height, width, 3]`.
pub(super) fn call(model: &Model, made: &Made) -> Result<Predict, Error> {
    let Some(pixels) = model.pixels.as_ref().filter(|_| made.is_pixels()) else {
        return Ok(encoded(model, &made.bytes));
    };
    let shape = vec![1, made.plate.height as usize, made.plate.width as usize, 3];
    let tensor = Tensor::new(DataType::Uint8, shape, Values::Bytes(made.bytes.clone()));
    let tensor = tensor.map_err(|error| Error::Unreadable(format!("pixels of {}: {error}", made.plate.name)))?;
    let inputs = BTreeMap::from([(pixels.input.clone(), tensor)]);
    Ok(Predict { model: asked(model), signature: pixels.signature.clone(), inputs })
}
