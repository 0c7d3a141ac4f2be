//! How a model is asked about a picture, read off its signatures.

use std::collections::BTreeMap;

use savedmodel::{DataType, Signature, TensorInfo};

use crate::domain::model::Asked;

/// What a model can be asked, by name.
pub(super) type Signatures = BTreeMap<String, Signature>;

/// The method of signatures that take tensors; the others take tf.Examples.
const PREDICT: &str = "tensorflow/serving/predict";
/// What an answer has to name.
const ANSWERS: [&str; 2] = ["classes", "scores"];
/// Inputs that are called so take tf.Examples, whose pictures are wrapped up.
const EXAMPLES: &str = "example";
/// What the exporters call the signature that takes pixels.
const PIXELS: &str = "predict_pixels";

/// The signature that takes a batch of encoded pictures and answers classes with scores, the exporters' own before any other;
/// none where there is no such signature.
pub(super) fn asked(signatures: &Signatures) -> Option<Asked> {
    let takes = |name: &str, tensor: &TensorInfo| is_batch_of_texts(tensor) && !name.contains(EXAMPLES);
    find(signatures, &Asked::default().signature, takes)
}

/// The same for pixels: a batch of uint8, height, width and three colours. One that takes only one size is none: what is
/// compared are pictures of many.
pub(super) fn asked_for_pixels(signatures: &Signatures) -> Option<Asked> {
    find(signatures, PIXELS, |_, tensor| is_batch_of_pixels(tensor))
}

fn find(signatures: &Signatures, usual: &str, takes: impl Fn(&str, &TensorInfo) -> bool) -> Option<Asked> {
    let named = signatures.get_key_value(usual);
    let others = signatures.iter().filter(|(name, _)| *name != usual);
    named.into_iter().chain(others).find_map(|(name, signature)| {
        let input = only_input(signature).filter(|(name, tensor)| takes(name, tensor))?.0;
        Some(Asked { signature: name.clone(), input: input.to_owned() })
    })
}

/// The one input of a signature that answers as it should.
fn only_input(signature: &Signature) -> Option<(&str, &TensorInfo)> {
    let answers = ANSWERS.iter().all(|name| signature.outputs.contains_key(*name));
    let mut inputs = signature.inputs.iter();
    let (name, tensor) = inputs.next().filter(|_| answers && signature.method == PREDICT)?;
    inputs.next().is_none().then_some((name.as_str(), tensor))
}

fn is_batch_of_pixels(tensor: &TensorInfo) -> bool {
    let is_batch = tensor.shape.as_deref().is_none_or(|shape| matches!(shape, [-1, -1, -1, 3 | -1]));
    tensor.dtype == DataType::UINT8 && is_batch
}

fn is_batch_of_texts(tensor: &TensorInfo) -> bool {
    let is_batch = tensor.shape.as_ref().is_none_or(|shape| *shape == [-1]);
    tensor.dtype == DataType::STRING && is_batch
}

#[cfg(test)]
mod tests {
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
        asked(&named(signatures)).map(|asked| (asked.signature, asked.input))
    }

    fn named(signatures: &[(&str, Signature)]) -> Signatures {
        signatures.iter().map(|(name, signature)| ((*name).to_owned(), signature.clone())).collect()
    }

    #[test]
    fn pixels_go_in_as_well_where_there_is_such_a_signature() {
        let of =
            |dtype, shape: &[i64]| named(&[("raw", signature(&[("pixels", tensor(dtype, Some(shape)))], &ANSWERS))]);
        let found = asked_for_pixels(&of(DataType::UINT8, &[-1, -1, -1, 3]));
        assert_eq!(found, Some(Asked { signature: "raw".into(), input: "pixels".into() }));
        assert_eq!(asked_for_pixels(&of(DataType::UINT8, &[-1, 224, 224, 3])), None, "one size only");
        assert_eq!(asked_for_pixels(&of(DataType::UINT8, &[-1, -1, -1, 1])), None);
        assert_eq!(asked_for_pixels(&of(DataType::FLOAT, &[-1, -1, -1, 3])), None);
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
