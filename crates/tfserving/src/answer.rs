//! What a server answers, in terms that both interfaces share, and what it took.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{
    error::Code,
    tensor::{DataType, Tensor},
};

/// A result and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// What it took.
    pub timing: Timing,
}

/// Where a call's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// Messages to bytes and bytes to messages, in this process.
    pub serialize: Duration,
    /// From the call to its whole answer, with `serialize`.
    pub total: Duration,
    /// What the server says it took itself, where it says so.
    pub server: Option<Duration>,
}

impl Timing {
    /// The way there and back: what neither this process nor the server took. None where the server says nothing of itself.
    pub fn network(&self) -> Option<Duration> {
        self.server.map(|server| self.total.saturating_sub(self.serialize).saturating_sub(server))
    }
}

/// The outputs of Predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// By output key; REST leaves a single output without its key, which then is empty.
    pub outputs: BTreeMap<String, Tensor>,
    /// The version that answered, where the server says so.
    pub version: Option<i64>,
}

impl Prediction {
    /// An output by its key, or the only one there is where it came without.
    pub fn output(&self, key: &str) -> Option<&Tensor> {
        self.outputs.get(key).or_else(|| self.outputs.get("").filter(|_| self.outputs.len() == 1))
    }
}

/// What Classify said of one example: labels and scores in the model's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes(pub Vec<(String, f32)>);

/// What a model can be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// The model's name.
    pub name: String,
    /// The version that answered, where the server says so.
    pub version: Option<i64>,
    /// By name.
    pub signatures: BTreeMap<String, Signature>,
}

/// One way to call a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// E.g. `tensorflow/serving/predict`.
    pub method: String,
    /// By key.
    pub inputs: BTreeMap<String, Value>,
    /// By key.
    pub outputs: BTreeMap<String, Value>,
}

/// What is known of an input or an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Type of its elements.
    pub dtype: DataType,
    /// -1 for open sizes; None where not even the number of dimensions is fixed.
    pub shape: Option<Vec<i64>>,
}

/// One version of a model on a server.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionStatus {
    /// Its number.
    pub version: i64,
    /// How far it is.
    pub state: State,
    /// Why it could not be loaded.
    pub error: Option<(Code, String)>,
}

/// How far a version is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "TensorFlow Serving's own names")]
pub enum State {
    Unknown,
    Start,
    Loading,
    Available,
    Unloading,
    End,
}

const STATES: [(State, i32, &str); 6] = [
    (State::Unknown, 0, "UNKNOWN"),
    (State::Start, 10, "START"),
    (State::Loading, 20, "LOADING"),
    (State::Available, 30, "AVAILABLE"),
    (State::Unloading, 40, "UNLOADING"),
    (State::End, 50, "END"),
];

impl State {
    /// From gRPC.
    pub fn from_number(number: i32) -> Self {
        STATES.iter().find(|(_, known, _)| *known == number).map_or(Self::Unknown, |(state, ..)| *state)
    }

    /// From REST.
    pub fn from_name(name: &str) -> Self {
        STATES.iter().find(|(.., known)| *known == name).map_or(Self::Unknown, |(state, ..)| *state)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STATES.iter().find(|(state, ..)| state == self).map_or("UNKNOWN", |(.., name)| name))
    }
}
