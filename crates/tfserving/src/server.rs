//! One server behind one type, whichever interface it is spoken to by.

use crate::{
    address::{Address, Api},
    answer::{Answer, Classes, Metadata, Prediction, State, VersionStatus},
    call::{Classify, Model, Predict},
    error::{CallError, Code},
    grpc::GrpcClient,
    options::Options,
    rest::RestClient,
};

/// A TensorFlow server. Its connections are made when first used and kept; one that breaks is made anew by the next call.
#[derive(Debug)]
pub struct Server {
    address: Address,
    client: Client,
}

#[derive(Debug)]
enum Client {
    Grpc(Box<GrpcClient>),
    Rest(RestClient),
}

/// Both clients have the same methods.
macro_rules! either {
    ($server:expr, $client:ident => $call:expr) => {
        match &$server.client {
            Client::Grpc($client) => $call,
            Client::Rest($client) => $call,
        }
    };
}

impl Server {
    /// A client for an address; nothing is sent yet. Needs to be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where the address is no URL, or TLS cannot be set up.
    pub fn new(address: Address, options: Options) -> Result<Self, CallError> {
        // One provider for the whole process; where another was first, that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = match address.endpoint.api {
            Api::Grpc => Client::Grpc(Box::new(GrpcClient::new(&address.name, &address.endpoint, options)?)),
            Api::Rest => Client::Rest(RestClient::new(&address.name, &address.endpoint, options)?),
        };
        Ok(Self { address, client })
    }

    /// Name and place.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its name in the list of servers.
    pub fn name(&self) -> &str {
        &self.address.name
    }

    /// The connections made so far. Where it grows the server may be another than before: started anew, and cold.
    pub fn connections(&self) -> u64 {
        either!(self, client => client.connections())
    }

    /// Asks the model.
    ///
    /// # Errors
    /// Whatever goes wrong, in one type.
    pub async fn predict(&self, call: &Predict) -> Result<Answer<Prediction>, CallError> {
        either!(self, client => client.predict(call).await)
    }

    /// Asks the model for classes of one example.
    ///
    /// # Errors
    /// Whatever goes wrong, in one type.
    pub async fn classify(&self, call: &Classify) -> Result<Answer<Classes>, CallError> {
        either!(self, client => client.classify(call).await)
    }

    /// What the model can be asked: its signatures with their inputs and outputs.
    ///
    /// # Errors
    /// Whatever goes wrong; also where the model is not loaded.
    pub async fn metadata(&self, model: &Model) -> Result<Answer<Metadata>, CallError> {
        either!(self, client => client.metadata(model).await)
    }

    /// Which versions of the model are there, and how far they are.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn status(&self, model: &Model) -> Result<Answer<Vec<VersionStatus>>, CallError> {
        either!(self, client => client.status(model).await)
    }

    /// Whether the model answers: the version that does, if the server says which.
    ///
    /// Servers that know no status of models are asked for the model's metadata, then, under gRPC, for their health.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn is_live(&self, model: &Model) -> Result<Option<i64>, CallError> {
        let not_known = match self.status(model).await {
            Ok(Answer { value, .. }) => return self.available(&value),
            Err(error) if error.code == Code::Unimplemented => error,
            Err(error) => return Err(error),
        };
        match self.metadata(model).await {
            Ok(Answer { value, .. }) => return Ok(value.version),
            Err(error) if error.code == Code::Unimplemented => {}
            Err(error) => return Err(error),
        }
        match &self.client {
            Client::Grpc(client) if client.health("").await?.value => Ok(None),
            _ => Err(not_known),
        }
    }

    /// Serving means the highest version that is available.
    fn available(&self, versions: &[VersionStatus]) -> Result<Option<i64>, CallError> {
        let live = versions.iter().filter(|version| version.state == State::Available).map(|version| version.version);
        if let Some(version) = live.max() {
            return Ok(Some(version));
        }
        let told = versions.iter().map(|version| match &version.error {
            Some((_, message)) => format!("version {} is {}: {message}", version.version, version.state),
            None => format!("version {} is {}", version.version, version.state),
        });
        let told = told.collect::<Vec<_>>().join("; ");
        let message = if told.is_empty() { "the server knows no version of the model".into() } else { told };
        let server = self.name().to_owned();
        let origin = crate::error::Origin::Server;
        Err(CallError { server, method: "status".into(), code: Code::Unavailable, message, origin })
    }
}
