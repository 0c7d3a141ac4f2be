//! The stand-in's gRPC side: the same messages, the other way round.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{Router, body::Body, response::Response as HttpResponse, routing::post};
use prost::Message;
use tokio::net::TcpListener;
use tonic::{
    Code, Request, Response, Status, metadata::MetadataValue, server::Grpc, service::Routes, transport::Server,
};
use tower_service::Service;

use super::{Asked, Behaviour, Reply};
use crate::{
    grpc::codec::Timed,
    proto::{
        health::{HealthCheckRequest, HealthCheckResponse},
        metadata::{
            Any, Encoding, GetModelMetadataRequest, GetModelMetadataResponse, SignatureDef, SignatureDefMap, TensorInfo,
        },
        predict::{
            Class, ClassificationRequest, ClassificationResponse, ClassificationResult, Classifications, Int64Value,
            ModelSpec, PredictRequest, PredictResponse, VersionChoice,
        },
        status::{GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus, StatusProto},
        tensor::{Dim, TensorShapeProto},
    },
    tensor::{DataType, Tensor},
};

pub(super) fn router(behaviour: Behaviour) -> Router {
    let told = behaviour.tells_of_models;
    Router::new()
        .route(
            "/tensorflow.serving.PredictionService/Predict",
            post(move |request| unary(request, move |message| predict(behaviour.clone(), message))),
        )
        .route("/tensorflow.serving.PredictionService/Classify", post(|request| unary(request, classify)))
        .route(
            "/tensorflow.serving.PredictionService/GetModelMetadata",
            post(move |request| unary(request, move |message| metadata(told, message))),
        )
        .route(
            "/tensorflow.serving.ModelService/GetModelStatus",
            post(move |request| unary(request, move |message| status(told, message))),
        )
        .route("/grpc.health.v1.Health/Check", post(|request| unary(request, health)))
}

pub(super) async fn serve(listener: TcpListener, router: Router) {
    // As gRPC servers of other languages have it: small frames are not held back.
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    // It ends with its runtime.
    let _ = Server::builder().add_routes(Routes::from(router)).serve_with_incoming(incoming).await;
}

async fn predict(behaviour: Behaviour, message: PredictRequest) -> Result<Response<PredictResponse>, Status> {
    let spec = message.model_spec.unwrap_or_default();
    let inputs = message.inputs.into_iter().map(|(key, proto)| Ok((key, Tensor::from_proto(proto)?)));
    let inputs = inputs.collect::<Result<BTreeMap<_, _>, crate::tensor::TensorError>>();
    let inputs = inputs.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let asked = Asked { model: spec.name.clone(), signature: spec.signature_name, inputs };
    match behaviour.predict(asked).await {
        Reply::Refusal(code, message) => Err(Status::new(Code::from(code as i32), message)),
        Reply::Outputs(outputs) => {
            let outputs = outputs.iter().map(|(key, tensor)| Ok((key.clone(), tensor.to_proto()?)));
            let outputs = outputs.collect::<Result<_, crate::tensor::TensorError>>();
            let outputs = outputs.map_err(|error| Status::internal(error.to_string()))?;
            let mut response = Response::new(PredictResponse { outputs, model_spec: Some(answering(spec.name)) });
            if let Some(timing) = behaviour.timing.as_deref().and_then(|timing| MetadataValue::try_from(timing).ok()) {
                response.metadata_mut().insert("server-timing", timing);
            }
            Ok(response)
        }
    }
}

/// Answers with the size of the feature that it got.
async fn classify(message: ClassificationRequest) -> Result<Response<ClassificationResponse>, Status> {
    let length = message.input.unwrap_or_default().encoded_len();
    let classes = vec![Class { label: "bytes".into(), score: length as f32 }];
    let result = Some(ClassificationResult { classifications: vec![Classifications { classes }] });
    let model_spec = message.model_spec.map(|spec| answering(spec.name));
    Ok(Response::new(ClassificationResponse { result, model_spec }))
}

async fn metadata(told: bool, message: GetModelMetadataRequest) -> Result<Response<GetModelMetadataResponse>, Status> {
    if !told {
        return Err(Status::unimplemented("GetModelMetadata"));
    }
    let info = |name: &str, dtype, sizes: &[i64]| {
        let dim = sizes.iter().map(|size| Dim { size: *size, name: String::new() }).collect();
        let tensor_shape = Some(TensorShapeProto { dim, unknown_rank: false });
        let encoding = Some(Encoding::Name(format!("{name}:0")));
        (name.to_owned(), TensorInfo { encoding, dtype: dtype as i32, tensor_shape })
    };
    let signature = SignatureDef {
        inputs: BTreeMap::from([info("images", DataType::String, &[-1])]),
        outputs: BTreeMap::from([
            info("classes", DataType::String, &[-1, 5]),
            info("scores", DataType::Float, &[-1, 5]),
        ]),
        method_name: "tensorflow/serving/predict".into(),
        defaults: BTreeMap::new(),
    };
    let map = SignatureDefMap { signature_def: BTreeMap::from([("predict_images".to_owned(), signature)]) };
    let any = Any {
        type_url: "type.googleapis.com/tensorflow.serving.SignatureDefMap".into(),
        value: map.encode_to_vec().into(),
    };
    let model_spec = message.model_spec.map(|spec| answering(spec.name));
    let metadata = BTreeMap::from([("signature_def".to_owned(), any)]);
    Ok(Response::new(GetModelMetadataResponse { model_spec, metadata }))
}

async fn status(told: bool, _: GetModelStatusRequest) -> Result<Response<GetModelStatusResponse>, Status> {
    if !told {
        return Err(Status::unimplemented("GetModelStatus"));
    }
    let version = ModelVersionStatus { version: 7, state: 30, status: Some(StatusProto::default()) };
    Ok(Response::new(GetModelStatusResponse { model_version_status: vec![version] }))
}

async fn health(_: HealthCheckRequest) -> Result<Response<HealthCheckResponse>, Status> {
    Ok(Response::new(HealthCheckResponse { status: 1 }))
}

fn answering(name: String) -> ModelSpec {
    let version_choice = Some(VersionChoice::Version(Int64Value { value: 7 }));
    ModelSpec { name, version_choice, signature_name: String::new() }
}

async fn unary<T, U, F>(request: http::Request<Body>, answer: impl Fn(T) -> F + Clone) -> HttpResponse
where
    T: Message + Default + 'static,
    U: Message + 'static,
    U: Default,
    F: Future<Output = Result<Response<U>, Status>> + Send + 'static,
{
    let mut grpc = Grpc::new(Timed::<U, T>::default()).max_decoding_message_size(crate::options::LARGEST_MESSAGE);
    grpc.unary(Answering(answer), request).await.map(Body::new)
}

/// A function as the service that tonic wants.
struct Answering<A>(A);

impl<A, T, U, F> Service<Request<T>> for Answering<A>
where
    A: Fn(T) -> F,
    F: Future<Output = Result<Response<U>, Status>> + Send + 'static,
{
    type Response = Response<U>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<U>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        Box::pin((self.0)(request.into_inner()))
    }
}
