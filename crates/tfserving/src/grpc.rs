//! The gRPC client: one channel for each server, connected when first used, kept, and made anew where it has hung.

pub(crate) mod codec;

use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper_util::client::legacy::connect::HttpConnector;
use prost::Message;
use tonic::{
    Request, Response, Status,
    client::Grpc,
    transport::{Channel, ClientTlsConfig, Endpoint as Transport},
};
use tower_layer::Layer;

use self::codec::Timed;
use crate::{
    address::Endpoint,
    answer::{Answer, Classes, Metadata, Prediction, Signature, State, Timing, Value, VersionStatus},
    call::{Classify, Model, Predict, Version},
    connections::Connections,
    error::{CallError, Code, Origin, chain, shortened},
    options::Options,
    proto::{
        example::{BytesList, Example, Feature, FeatureKind, Features},
        health::{HealthCheckRequest, HealthCheckResponse},
        metadata::{GetModelMetadataRequest, GetModelMetadataResponse, SignatureDef, SignatureDefMap, TensorInfo},
        predict::{
            ClassificationRequest, ClassificationResponse, ExampleList, Input, Int64Value, Kind, ModelSpec,
            PredictRequest, PredictResponse, VersionChoice,
        },
        status::{GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus},
    },
    server_timing,
    tensor::{DataType, Tensor, TensorError},
};

/// A server's gRPC interface.
#[derive(Debug)]
pub struct GrpcClient {
    name: String,
    transport: Transport,
    options: Options,
    connections: Connections,
    channel: Mutex<Channel>,
}

impl GrpcClient {
    /// A client that connects with its first call. Needs to be called within a Tokio runtime.
    ///
    /// # Errors
    /// Where the address is no URL, or TLS cannot be set up.
    pub fn new(name: &str, endpoint: &Endpoint, options: Options) -> Result<Self, CallError> {
        let failed = |error: tonic::transport::Error| CallError {
            server: name.to_owned(),
            method: "connect".into(),
            code: Code::InvalidArgument,
            message: chain(&error),
            origin: Origin::Here,
        };
        // No HTTP/2 pings: servers built on gRPC's C++ library hang up on clients that ping more often than every five minutes.
        let mut transport = Transport::from_shared(endpoint.url())
            .map_err(failed)?
            .connect_timeout(options.connect)
            .tcp_keepalive(Some(Duration::from_secs(60)));
        if endpoint.tls {
            transport = transport.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(failed)?;
        }
        let connections = Connections::default();
        let channel = Mutex::new(connected_lazily(&transport, &connections));
        Ok(Self { name: name.to_owned(), transport, options, connections, channel })
    }

    /// The connections made so far.
    pub fn connections(&self) -> u64 {
        self.connections.made()
    }

    /// `PredictionService.Predict`.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn predict(&self, call: &Predict) -> Result<Answer<Prediction>, CallError> {
        const METHOD: &str = "Predict";
        let inputs = call.inputs.iter().map(|(key, tensor)| Ok((key.clone(), tensor.to_proto()?)));
        let inputs = inputs.collect::<Result<BTreeMap<_, _>, TensorError>>();
        let inputs = inputs.map_err(|error| self.error(METHOD, Code::InvalidArgument, error.to_string()))?;
        let request =
            PredictRequest { model_spec: Some(spec(&call.model, &call.signature)), inputs, output_filter: Vec::new() };
        let Answer { value, timing } =
            self.unary(METHOD, "/tensorflow.serving.PredictionService/Predict", request).await?;
        let PredictResponse { outputs, model_spec } = value;
        let outputs = outputs.into_iter().map(|(key, proto)| match Tensor::from_proto(proto) {
            Ok(tensor) => Ok((key, tensor)),
            Err(error) => Err(self.error(METHOD, Code::DataLoss, format!("output `{key}`: {error}"))),
        });
        let value = Prediction { outputs: outputs.collect::<Result<_, _>>()?, version: version(model_spec.as_ref()) };
        Ok(Answer { value, timing })
    }

    /// `PredictionService.Classify` of one example.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn classify(&self, call: &Classify) -> Result<Answer<Classes>, CallError> {
        let list = BytesList { value: vec![call.value.clone()] };
        let feature = Feature { kind: Some(FeatureKind::BytesList(list)) };
        let features = Features { feature: BTreeMap::from([(call.feature.clone(), feature)]) };
        let examples = vec![Example { features: Some(features) }];
        let input = Input { kind: Some(Kind::ExampleList(ExampleList { examples })) };
        let request =
            ClassificationRequest { model_spec: Some(spec(&call.model, &call.signature)), input: Some(input) };
        let Answer { value, timing } =
            self.unary("Classify", "/tensorflow.serving.PredictionService/Classify", request).await?;
        let ClassificationResponse { result, .. } = value;
        let first = result.and_then(|result| result.classifications.into_iter().next());
        let first = first.ok_or_else(|| self.error("Classify", Code::DataLoss, "the answer holds no result".into()))?;
        let classes = first.classes.into_iter().map(|class| (class.label, class.score)).collect();
        Ok(Answer { value: Classes(classes), timing })
    }

    /// `PredictionService.GetModelMetadata`.
    ///
    /// # Errors
    /// Whatever goes wrong; also where the model is not loaded.
    pub async fn metadata(&self, model: &Model) -> Result<Answer<Metadata>, CallError> {
        const METHOD: &str = "GetModelMetadata";
        let request =
            GetModelMetadataRequest { model_spec: Some(spec(model, "")), metadata_field: vec!["signature_def".into()] };
        let Answer { value, timing } =
            self.unary(METHOD, "/tensorflow.serving.PredictionService/GetModelMetadata", request).await?;
        let GetModelMetadataResponse { model_spec, mut metadata } = value;
        let any = metadata.remove("signature_def").unwrap_or_default();
        let map = SignatureDefMap::decode(any.value)
            .map_err(|error| self.error(METHOD, Code::DataLoss, format!("the signatures cannot be read: {error}")))?;
        let signatures = map.signature_def.into_iter().map(|(name, def)| (name, signature(def))).collect();
        let value = Metadata {
            version: version(model_spec.as_ref()),
            name: model_spec.map_or_else(|| model.name.clone(), |spec| spec.name),
            signatures,
        };
        Ok(Answer { value, timing })
    }

    /// `ModelService.GetModelStatus`.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn status(&self, model: &Model) -> Result<Answer<Vec<VersionStatus>>, CallError> {
        let request = GetModelStatusRequest { model_spec: Some(spec(model, "")) };
        let Answer { value, timing } =
            self.unary("GetModelStatus", "/tensorflow.serving.ModelService/GetModelStatus", request).await?;
        let GetModelStatusResponse { model_version_status } = value;
        Ok(Answer { value: model_version_status.into_iter().map(version_status).collect(), timing })
    }

    /// `grpc.health.v1.Health.Check`: whether the service is SERVING. TensorFlow Serving answers it only where it was started
    /// with `--enable_grpc_healthcheck_service`.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn health(&self, service: &str) -> Result<Answer<bool>, CallError> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let Answer { value, timing } = self.unary("Check", "/grpc.health.v1.Health/Check", request).await?;
        let HealthCheckResponse { status } = value;
        Ok(Answer { value: status == 1, timing })
    }

    async fn unary<T, U>(&self, method: &str, path: &'static str, message: T) -> Result<Answer<U>, CallError>
    where
        T: Message + 'static,
        U: Message + Default + 'static,
    {
        let (length, limit) = (message.encoded_len(), self.options.send_limit);
        if length > limit {
            let what = format!("the request has {length} bytes, and at most {limit} can be sent");
            return Err(self.error(method, Code::ResourceExhausted, what));
        }
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let codec = Timed::default();
        let spent = codec.spent();
        let started = Instant::now();
        let call = async {
            let mut grpc = Grpc::new(channel)
                .max_encoding_message_size(limit)
                .max_decoding_message_size(self.options.receive_limit);
            grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
            let mut request = Request::new(message);
            // The server need not go on where nobody waits any more.
            request.set_timeout(self.options.deadline);
            grpc.unary(request, http::uri::PathAndQuery::from_static(path), codec).await
        };
        match tokio::time::timeout(self.options.deadline, call).await {
            Ok(Ok(response)) => {
                let response: Response<U> = response;
                let total = started.elapsed();
                let server = response.metadata().get("server-timing").and_then(|value| value.to_str().ok());
                let server = server.and_then(server_timing::total);
                Ok(Answer { value: response.into_inner(), timing: Timing { serialize: spent.get(), total, server } })
            }
            Ok(Err(status)) => Err(self.refused(method, &status)),
            Err(_) => {
                // A peer that vanished without a word would otherwise hold the connection until the system gives it up.
                *self.channel.lock().unwrap_or_else(PoisonError::into_inner) =
                    connected_lazily(&self.transport, &self.connections);
                let what = format!("no answer within {:?}", self.options.deadline);
                Err(CallError { origin: Origin::Way, ..self.error(method, Code::DeadlineExceeded, what) })
            }
        }
    }

    /// A status is the server's own word unless something else caused it.
    fn refused(&self, method: &str, status: &Status) -> CallError {
        let code = Code::from_number(status.code().into());
        let Some(source) = status.source() else {
            let error = self.error(method, code, shortened(status.message()));
            return CallError { origin: Origin::Server, ..error };
        };
        let timed_out =
            code == Code::DeadlineExceeded || (code == Code::Cancelled && status.message() == "Timeout expired");
        let code = if timed_out { Code::DeadlineExceeded } else { Code::Unavailable };
        let message = shortened(&chain(source));
        CallError { origin: Origin::Way, ..self.error(method, code, message) }
    }

    fn error(&self, method: &str, code: Code, message: String) -> CallError {
        CallError { server: self.name.clone(), method: method.to_owned(), code, message, origin: Origin::Here }
    }
}

fn connected_lazily(transport: &Transport, connections: &Connections) -> Channel {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    transport.connect_with_connector_lazy(connections.layer(connector))
}

fn spec(model: &Model, signature: &str) -> ModelSpec {
    let version_choice = match &model.version {
        Version::Newest => None,
        Version::Number(number) => Some(VersionChoice::Version(Int64Value { value: *number })),
        Version::Label(label) => Some(VersionChoice::VersionLabel(label.clone())),
    };
    ModelSpec { name: model.name.clone(), version_choice, signature_name: signature.to_owned() }
}

fn version(spec: Option<&ModelSpec>) -> Option<i64> {
    match spec?.version_choice {
        Some(VersionChoice::Version(Int64Value { value })) => Some(value),
        _ => None,
    }
}

fn signature(def: SignatureDef) -> Signature {
    let values =
        |infos: BTreeMap<String, TensorInfo>| infos.into_iter().map(|(key, info)| (key, value(info))).collect();
    Signature { method: def.method_name, inputs: values(def.inputs), outputs: values(def.outputs) }
}

fn value(info: TensorInfo) -> Value {
    let shape = info.tensor_shape.filter(|shape| !shape.unknown_rank);
    let shape = shape.map(|shape| shape.dim.into_iter().map(|dim| dim.size).collect());
    Value { dtype: DataType::from_number(info.dtype), shape }
}

fn version_status(status: ModelVersionStatus) -> VersionStatus {
    let error = status.status.filter(|status| status.error_code != 0);
    let error = error.map(|status| (Code::from_number(status.error_code), shortened(&status.error_message)));
    VersionStatus { version: status.version, state: State::from_number(status.state), error }
}
