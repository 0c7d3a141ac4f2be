//! Our messages against the bytes that TensorFlow Serving's Python classes write; `tests/wire/judge.py` wrote and judges them.

use std::{collections::BTreeMap, fmt::Debug, process::Command};

use bytes::Bytes;
use prost::Message;
use tfserving::{
    DataType, Tensor, Values,
    proto::{
        example::{BytesList, Example, Feature, FeatureKind, Features, FloatList, Int64List},
        health::{HealthCheckRequest, HealthCheckResponse},
        metadata::{
            Any, Encoding, GetModelMetadataRequest, GetModelMetadataResponse, SignatureDef, SignatureDefMap, TensorInfo,
        },
        predict::{
            Class, ClassificationRequest, ClassificationResponse, ClassificationResult, Classifications, ExampleList,
            ExampleListWithContext, Input, Int64Value, Kind, ModelSpec, PredictRequest, PredictResponse, VersionChoice,
        },
        status::{GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus, StatusProto},
        tensor::{Dim, TensorProto, TensorShapeProto},
    },
};

use super::judge::{folder, judges, python};

fn agrees<M: Message + Default + PartialEq + Debug>(name: &str, ours: &M) {
    let theirs = fs_err::read(folder().join(format!("{name}.bin"))).expect("a file of the judge's");
    assert_eq!(M::decode(&theirs[..]).as_ref(), Ok(ours), "{name}");
    assert_eq!(ours.encode_to_vec(), theirs, "{name}");
}

fn tensor(dtype: DataType, shape: &[usize], values: Values) -> TensorProto {
    Tensor::new(dtype, shape.to_vec(), values).and_then(|tensor| tensor.to_proto()).expect("a tensor")
}

fn strings(shape: &[usize], values: &[&'static [u8]]) -> TensorProto {
    tensor(DataType::String, shape, Values::Strings(values.iter().map(|value| Bytes::from_static(value)).collect()))
}

fn spec() -> ModelSpec {
    ModelSpec { name: "inception".into(), ..ModelSpec::default() }
}

fn map<V, const N: usize>(entries: [(&str, V); N]) -> BTreeMap<String, V> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn example<const N: usize>(features: [(&str, FeatureKind); N]) -> Example {
    let features = features.map(|(name, kind)| (name, Feature { kind: Some(kind) }));
    Example { features: Some(Features { feature: map(features) }) }
}

#[test]
fn predict_is_written_and_read_as_python_does() {
    let version = |value| Some(VersionChoice::Version(Int64Value { value }));
    let model_spec = ModelSpec { version_choice: version(7), signature_name: "predict_images".into(), ..spec() };
    let threshold = tensor(DataType::Float, &[], Values::Floats(vec![0.5]));
    let inputs = map([("images", strings(&[2], &[b"\xff\xd8\xff\x00", b""])), ("threshold", threshold)]);
    let request = PredictRequest { model_spec: Some(model_spec), inputs, output_filter: vec!["scores".into()] };
    agrees("predict_request", &request);

    let scores = tensor(DataType::Float, &[1, 2], Values::Floats(vec![9.5, -0.25]));
    let content = [9.5_f32, -0.25].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let packed = TensorProto { tensor_content: content.into(), float_val: Vec::new(), ..scores.clone() };
    assert_eq!(Tensor::from_proto(packed.clone()), Tensor::from_proto(scores.clone()));
    let classes = strings(&[1, 2], &[b"tabby, tabby cat", b"crane"]);
    let outputs = map([("classes", classes), ("scores", scores), ("packed", packed)]);
    let model_spec = ModelSpec { version_choice: Some(VersionChoice::VersionLabel("stable".into())), ..spec() };
    agrees("predict_response", &PredictResponse { outputs, model_spec: Some(model_spec) });
}

#[test]
fn every_type_of_tensor_is_written_and_read_as_python_does() {
    let integers = |dtype, values: &[i64]| tensor(dtype, &[values.len()], Values::Integers(values.to_vec()));
    let floats = |dtype, values: &[f32]| tensor(dtype, &[values.len()], Values::Floats(values.to_vec()));
    let outputs = map([
        ("double", tensor(DataType::Double, &[1], Values::Doubles(vec![0.1]))),
        ("int32", integers(DataType::Int32, &[-1, 300])),
        ("int64", integers(DataType::Int64, &[-1, 1 << 40])),
        ("bool", tensor(DataType::Bool, &[2], Values::Bools(vec![true, false]))),
        ("half", floats(DataType::Half, &[1.0, -2.0])),
        ("bfloat16", floats(DataType::Bfloat16, &[1.0])),
        ("uint32", integers(DataType::Uint32, &[1 << 31])),
        ("uint64", integers(DataType::Uint64, &[1 << 40])),
    ]);
    agrees("tensors", &PredictResponse { outputs, model_spec: None });
}

#[test]
fn classify_is_written_and_read_as_python_does() {
    let bytes = FeatureKind::BytesList(BytesList { value: vec![Bytes::from_static(b"\xff\xd8")] });
    let offsets = FeatureKind::Int64List(Int64List { value: vec![-1, 5] });
    let weights = FeatureKind::FloatList(FloatList { value: vec![0.5, 2.0] });
    let examples = vec![example([("image/encoded", bytes), ("offsets", offsets), ("weights", weights)])];
    let input = Input { kind: Some(Kind::ExampleList(ExampleList { examples })) };
    agrees("classification_request", &ClassificationRequest { model_spec: Some(spec()), input: Some(input) });

    let examples = vec![example([("a", FeatureKind::FloatList(FloatList { value: vec![1.0] }))])];
    let context = Some(example([("b", FeatureKind::Int64List(Int64List { value: vec![2] }))]));
    let kind = Kind::ExampleListWithContext(ExampleListWithContext { examples, context });
    let input = Some(Input { kind: Some(kind) });
    agrees("classification_with_context", &ClassificationRequest { model_spec: Some(spec()), input });

    let class = |score| Class { label: "crane".into(), score };
    let classifications = vec![Classifications { classes: vec![class(0.75), class(0.125)] }];
    let result = Some(ClassificationResult { classifications });
    agrees("classification_response", &ClassificationResponse { result, model_spec: Some(spec()) });
}

#[test]
fn metadata_is_written_and_read_as_python_does() {
    let metadata_field = vec!["signature_def".to_owned()];
    agrees("metadata_request", &GetModelMetadataRequest { model_spec: Some(spec()), metadata_field });
    let info = |name: &str, dtype: DataType, tensor_shape| TensorInfo {
        encoding: Some(Encoding::Name(name.into())),
        dtype: dtype as i32,
        tensor_shape: Some(tensor_shape),
    };
    let open = TensorShapeProto { dim: vec![Dim { size: -1, name: String::new() }], unknown_rank: false };
    let unknown = TensorShapeProto { dim: Vec::new(), unknown_rank: true };
    let signature = SignatureDef {
        inputs: map([("images", info("images:0", DataType::String, open))]),
        outputs: map([("scores", info("scores:0", DataType::Float, unknown))]),
        method_name: "tensorflow/serving/predict".into(),
        defaults: BTreeMap::new(),
    };
    let signatures = SignatureDefMap { signature_def: map([("predict_images", signature)]) };
    let type_url = "type.googleapis.com/tensorflow.serving.SignatureDefMap".into();
    let any = Any { type_url, value: signatures.encode_to_vec().into() };
    let version_choice = Some(VersionChoice::Version(Int64Value { value: 1 }));
    let model_spec = Some(ModelSpec { version_choice, ..spec() });
    agrees("metadata_response", &GetModelMetadataResponse { model_spec, metadata: map([("signature_def", any)]) });
}

#[test]
fn status_and_health_are_written_and_read_as_python_does() {
    agrees("status_request", &GetModelStatusRequest { model_spec: Some(spec()) });
    let failed = StatusProto { error_code: 5, error_message: "no such folder".into() };
    let model_version_status = vec![
        ModelVersionStatus { version: 2, state: 30, status: None },
        ModelVersionStatus { version: 1, state: 50, status: Some(failed) },
    ];
    agrees("status_response", &GetModelStatusResponse { model_version_status });
    agrees("health_request", &HealthCheckRequest { service: "PredictionService".into() });
    agrees("health_response", &HealthCheckResponse { status: 1 });
}

#[test]
fn messages_cut_anywhere_are_an_error_or_less_and_no_panic() {
    let whole = fs_err::read(folder().join("predict_response.bin")).expect("a file of the judge's");
    for end in 0..whole.len() {
        if let Ok(response) = PredictResponse::decode(&whole[..end]) {
            response.outputs.into_values().for_each(|proto| drop(Tensor::from_proto(proto)));
        }
    }
}

/// Python itself reads every file that the tests above compare with, and writes it anew.
#[test]
fn python_agrees_with_every_file() {
    if !judges() {
        return;
    }
    let output =
        Command::new(python()).arg(folder().join("judge.py")).arg("check").arg(folder()).output().expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let compared: Vec<String> = serde_json::from_slice(&output.stdout).expect("what was compared");
    assert_eq!(compared.len(), 12, "{compared:?}");
}
