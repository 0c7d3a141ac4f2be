//! Recorded requests that TF Serving replays when it loads a version, so that nobody's first request is the slow one:
//! `assets.extra/tf_serving_warmup_requests`, a TFRecord file of PredictionLog messages.

use std::collections::BTreeMap;

use prost::Message;

use crate::{
    model::{CLASSIFY, EXAMPLE_KEY, PREDICT_IMAGES, PREDICT_PIXELS},
    network::Network,
    picture::{self, Picture},
    proto::{
        request::{
            BytesList, ClassificationRequest, ClassifyLog, Example, ExampleList, Feature, Features, Input, Log,
            ModelSpec, PredictLog, PredictRequest, PredictionLog,
        },
        tensor::{TensorProto, TensorShapeProto},
    },
    table::checksum,
    tensor::DataType,
};

/// Where TF Serving looks, from the version's folder.
pub const FILE: &str = "assets.extra/tf_serving_warmup_requests";
/// TF Serving takes no more.
pub const MOST_RECORDS: usize = 1000;

/// The file's bytes: each picture through `predict_images`, the first through `serving_default`, and an image of pixels
/// through `predict_pixels`.
pub fn requests(network: Network, model: &str, pictures: &[Picture]) -> Vec<u8> {
    let predicts = pictures.iter().map(|picture| predict(model, PREDICT_IMAGES, text(&picture.bytes)));
    let classifies = pictures.first().map(|picture| classify(model, &picture.bytes));
    let pixels = predict(model, PREDICT_PIXELS, pixels(network.size()));
    let mut file = Vec::new();
    for log in predicts.chain(classifies).chain([pixels]) {
        put_record(&mut file, &PredictionLog { log: Some(log) }.encode_to_vec());
    }
    file
}

/// The same for a model of others: each picture through the signature that takes encoded pictures by this input.
pub fn warm_up_requests(model: &str, (signature, input): (&str, &str), pictures: &[Picture]) -> Vec<u8> {
    let mut file = Vec::new();
    for picture in pictures {
        let inputs = BTreeMap::from([(input.to_owned(), text(&picture.bytes))]);
        let request = PredictRequest { model_spec: spec(model, signature), inputs };
        let log = Log::Predict(PredictLog { request: Some(request) });
        put_record(&mut file, &PredictionLog { log: Some(log) }.encode_to_vec());
    }
    file
}

fn spec(model: &str, signature: &str) -> Option<ModelSpec> {
    Some(ModelSpec { name: model.to_owned(), signature_name: signature.to_owned() })
}

fn predict(model: &str, signature: &str, images: TensorProto) -> Log {
    let inputs = BTreeMap::from([("images".to_owned(), images)]);
    Log::Predict(PredictLog { request: Some(PredictRequest { model_spec: spec(model, signature), inputs }) })
}

fn classify(model: &str, picture: &[u8]) -> Log {
    let bytes_list = Some(BytesList { value: vec![picture.to_vec()] });
    let feature = BTreeMap::from([(EXAMPLE_KEY.to_owned(), Feature { bytes_list })]);
    let examples = vec![Example { features: Some(Features { feature }) }];
    let input = Some(Input { example_list: Some(ExampleList { examples }) });
    Log::Classify(ClassifyLog { request: Some(ClassificationRequest { model_spec: spec(model, CLASSIFY), input }) })
}

fn text(bytes: &[u8]) -> TensorProto {
    let tensor_shape = Some(TensorShapeProto::known(&[1]));
    TensorProto { dtype: DataType::STRING.0, tensor_shape, string_val: vec![bytes.to_vec()], ..Default::default() }
}

fn pixels(size: u32) -> TensorProto {
    let tensor_shape = Some(TensorShapeProto::known(&[1, size.into(), size.into(), 3]));
    let tensor_content = picture::pixels(size, size);
    TensorProto { dtype: DataType::UINT8.0, tensor_shape, tensor_content, ..Default::default() }
}

/// Length, its checksum, the record, its checksum.
fn put_record(file: &mut Vec<u8>, record: &[u8]) {
    let length = (record.len() as u64).to_le_bytes();
    file.extend_from_slice(&length);
    file.extend_from_slice(&checksum(&length).to_le_bytes());
    file.extend_from_slice(record);
    file.extend_from_slice(&checksum(record).to_le_bytes());
}

/// How many sound records a TFRecord file has; none where one is damaged or cut off.
pub fn count(mut file: &[u8]) -> Option<usize> {
    let mut records = 0;
    while !file.is_empty() {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (length_crc, rest) = rest.split_first_chunk::<4>()?;
        if checksum(length) != u32::from_le_bytes(*length_crc) {
            return None;
        }
        let (record, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let (record_crc, rest) = rest.split_first_chunk::<4>()?;
        if checksum(record) != u32::from_le_bytes(*record_crc) {
            return None;
        }
        records += 1;
        file = rest;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_and_damage_is_seen() {
        let file = requests(Network::InceptionV3, "inception", &Picture::generated());
        assert_eq!(count(&file), Some(4));
        assert_eq!(count(&file[..file.len() - 1]), None);
        for at in (0..file.len()).step_by(1009) {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert_eq!(count(&damaged), None, "byte {at}");
        }
    }
}
