//! The servers, each with the one question that is asked of them: which classes does this picture show?

mod cell;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use tfserving::{Answer, CallError, Code, Model, Options, Origin, Predict, Prediction, Server, Tensor};

pub use self::cell::{Answered, Failed, ask};
use crate::{
    agreement::{Scored, ranked},
    config::{Config, ModelNames},
    reply::ServerReply,
};

/// Answers of image models are small; what is larger than this is none.
const LARGEST_ANSWER: usize = 64 << 20;

/// All servers, in the order of `TF_SERVERS`.
pub struct Fleet {
    /// The servers.
    pub members: Vec<Member>,
}

/// A server, the names it is asked by, and whether it is warm.
pub struct Member {
    /// Its client.
    pub server: Server,
    names: ModelNames,
    /// The client's connections when it was last warmed up, 0 for never.
    warm_at: AtomicU64,
}

impl Fleet {
    /// Clients for all servers. Needs to be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where a client cannot be made.
    pub fn new(config: &Config) -> Result<Self, CallError> {
        let options = Options { deadline: config.request_timeout, receive_limit: LARGEST_ANSWER, ..Options::default() };
        let member = |address: &tfserving::Address| {
            let server = Server::new(address.clone(), options)?;
            Ok(Member { server, names: config.model.clone(), warm_at: AtomicU64::new(0) })
        };
        Ok(Self { members: config.servers.iter().map(member).collect::<Result<_, CallError>>()? })
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.server.name().to_owned()).collect()
    }

    /// How each is asked.
    pub fn replies(&self) -> Vec<ServerReply> {
        self.members.iter().map(Member::reply).collect()
    }
}

impl Member {
    /// How it is asked.
    pub fn reply(&self) -> ServerReply {
        let address = self.server.address();
        ServerReply {
            name: address.name.clone(),
            address: address.endpoint.to_string(),
            api: address.endpoint.api.to_string(),
            model: self.names.model.clone(),
            signature: self.names.signature.clone(),
        }
    }

    /// Whether its model answers: the version that does, if the server says which.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn is_live(&self) -> Result<Option<i64>, CallError> {
        self.server.is_live(&Model::newest(&self.names.model)).await
    }

    /// Whether a call has been thrown away since its last new connection: the first one pays for names, handshakes and
    /// whatever a server that was just started does late.
    fn is_warm(&self) -> bool {
        self.warm_at.load(Ordering::Acquire) == self.server.connections().max(1)
    }

    fn now_warm(&self) {
        self.warm_at.store(self.server.connections().max(1), Ordering::Release);
    }

    /// One call: the classes, best first, and the answer's times.
    async fn classes(&self, picture: &Bytes) -> Result<Answer<Vec<Scored>>, CallError> {
        let call = Predict {
            model: Model::newest(&self.names.model),
            signature: self.names.signature.clone(),
            inputs: BTreeMap::from([(self.names.input.clone(), Tensor::strings([picture.clone()]))]),
        };
        let Answer { value, timing } = self.server.predict(&call).await?;
        let value = self.read(&value).map_err(|message| CallError {
            server: self.server.name().to_owned(),
            method: "Predict".into(),
            code: Code::DataLoss,
            message,
            origin: Origin::Here,
        })?;
        Ok(Answer { value, timing })
    }

    fn read(&self, prediction: &Prediction) -> Result<Vec<Scored>, String> {
        let output = |key: &str| {
            let known: Vec<&str> = prediction.outputs.keys().map(String::as_str).collect();
            prediction.output(key).ok_or_else(|| {
                format!(
                    "the answer has no output `{key}`, only {known:?}; the signature `{}` is for other models",
                    self.names.signature
                )
            })
        };
        let classes = output("classes")?.as_strings().ok_or("the output `classes` holds no strings")?;
        let scores = output("scores")?.to_f64().ok_or("the output `scores` holds no numbers")?;
        if classes.len() != scores.len() {
            return Err(format!("the answer has {} classes and {} scores", classes.len(), scores.len()));
        }
        let labels = classes.iter().map(|label| String::from_utf8_lossy(label).into_owned());
        Ok(ranked(labels.zip(scores).collect()))
    }
}
