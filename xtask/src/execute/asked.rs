//! How a model is asked about a picture, read off its signatures.

use savedmodel::{DataType, ModelInfo, Signature, TensorInfo};

use crate::domain::model::Asked;

/// The method of signatures that take tensors; the others take tf.Examples.
const PREDICT: &str = "tensorflow/serving/predict";
/// What an answer has to name.
const ANSWERS: [&str; 2] = ["classes", "scores"];
/// Inputs that are called so take tf.Examples, whose pictures are wrapped up.
const EXAMPLES: &str = "example";

/// The signature that takes a batch of encoded pictures and answers classes with scores, the exporters' own before any other;
/// none where there is no such signature.
pub(super) fn asked(info: &ModelInfo) -> Option<Asked> {
    let usual = Asked::default().signature;
    let named = info.signatures.get_key_value(&usual);
    let others = info.signatures.iter().filter(|(name, _)| **name != usual);
    named
        .into_iter()
        .chain(others)
        .find_map(|(name, signature)| Some(Asked { signature: name.clone(), input: pictures(signature)?.to_owned() }))
}

/// The input that takes pictures.
fn pictures(signature: &Signature) -> Option<&str> {
    let answers = ANSWERS.iter().all(|name| signature.outputs.contains_key(*name));
    let mut inputs = signature.inputs.iter();
    let (name, tensor) = inputs.next().filter(|_| answers && signature.method == PREDICT)?;
    (inputs.next().is_none() && is_batch_of_texts(tensor) && !name.contains(EXAMPLES)).then_some(name.as_str())
}

fn is_batch_of_texts(tensor: &TensorInfo) -> bool {
    let is_batch = tensor.shape.as_ref().is_none_or(|shape| *shape == [-1]);
    tensor.dtype == DataType::STRING && is_batch
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn tensor(dtype: DataType, shape: Option<&[i64]>) -> TensorInfo {
        TensorInfo { tensor: "x:0".into(), dtype, shape: shape.map(<[i64]>::to_vec) }
    }

    fn signature(inputs: &[(&str, TensorInfo)], outputs: &[&str]) -> Signature {
        let named = |(name, tensor): &(&str, TensorInfo)| ((*name).to_owned(), tensor.clone());
        Signature {
            method: PREDICT.into(),
            inputs: inputs.iter().map(named).collect(),
            outputs: outputs.iter().map(|name| ((*name).to_owned(), tensor(DataType::FLOAT, None))).collect(),
        }
    }

    fn told(signatures: &[(&str, Signature)]) -> Option<(String, String)> {
        let signatures: BTreeMap<String, Signature> =
            signatures.iter().map(|(name, signature)| ((*name).to_owned(), signature.clone())).collect();
        let info = ModelInfo { signatures, ..ModelInfo::default() };
        asked(&info).map(|asked| (asked.signature, asked.input))
    }

    #[test]
    fn pictures_go_in_and_classes_with_scores_come_out() {
        let batch = || tensor(DataType::STRING, Some(&[-1]));
        let own = || signature(&[("pictures", batch())], &["classes", "scores", "more"]);
        assert_eq!(told(&[("look", own())]), Some(("look".into(), "pictures".into())));
        let usual = ("predict_images", signature(&[("images", tensor(DataType::STRING, None))], &ANSWERS));
        assert_eq!(told(&[("a", own()), usual]), Some(("predict_images".into(), "images".into())));

        let not = |inputs: &[(&str, TensorInfo)], outputs: &[&str]| {
            assert_eq!(told(&[("x", signature(inputs, outputs))]), None, "{inputs:?}");
        };
        not(&[("pictures", batch())], &["scores"]);
        not(&[("pictures", batch()), ("size", batch())], &ANSWERS);
        not(&[], &ANSWERS);
        not(&[("pictures", tensor(DataType::FLOAT, Some(&[-1])))], &ANSWERS);
        // A single one, and ones in rows.
        not(&[("pictures", tensor(DataType::STRING, Some(&[])))], &ANSWERS);
        not(&[("pictures", tensor(DataType::STRING, Some(&[-1, 2])))], &ANSWERS);
        not(&[("examples", batch())], &ANSWERS);
        let classify = Signature { method: "tensorflow/serving/classify".into(), ..own() };
        assert_eq!(told(&[("x", classify)]), None);
    }
}
