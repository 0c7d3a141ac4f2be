//! How the model is asked: what somebody named, else what its signatures say, else what the original exporter calls it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bench_protocol::experiment::{Model, PixelsSignature};
use savedmodel::{DataType, Signature, TensorInfo};
use serde_json::Value;

use crate::{
    domain::{bench::NamedModel, model::Asked},
    execute::asked::{Signatures, asked, asked_for_pixels},
    report::Report,
};

/// `signatures` are none where nobody can say them.
pub(super) fn model(named: &NamedModel, signatures: Option<&Signatures>, report: &Report) -> Result<Model> {
    let (usual, pixels) = match signatures {
        Some(signatures) => (looked_up(named, signatures)?, asked_for_pixels(signatures)),
        None => {
            let usual = Asked::default();
            let told = [&named.signature, &named.input].map(|name| name.is_some());
            if told != [true; 2] {
                report.note(&format!(
                    "nobody says how {} is asked: it is taken for signature {}, input {}",
                    named.name, usual.signature, usual.input
                ));
            }
            (usual, None)
        }
    };
    let or = |name: &Option<String>, usual: &str| name.clone().unwrap_or_else(|| usual.to_owned());
    let model = Model {
        name: named.name.clone(),
        version: None,
        signature: or(&named.signature, &usual.signature),
        input: or(&named.input, &usual.input),
        classes: or(&named.classes, "classes"),
        scores: or(&named.scores, "scores"),
        pixels: pixels.map(|asked| PixelsSignature { signature: asked.signature, input: asked.input }),
    };
    if let Some(signatures) = signatures {
        verify(&model, signatures)?;
    }
    Ok(model)
}

fn looked_up(named: &NamedModel, signatures: &Signatures) -> Result<Asked> {
    let Some(signature) = &named.signature else {
        return asked(signatures).with_context(|| {
            format!(
                "no signature of {} takes encoded pictures and answers classes with scores: name one of its signatures ({}) \
                 with --signature, --input, --classes, --scores",
                named.name,
                list(signatures)
            )
        });
    };
    let found = signatures
        .get(signature)
        .with_context(|| format!("{} has no signature {signature}, it has {}", named.name, list(signatures)))?;
    let input = named.input.as_ref().or_else(|| found.inputs.keys().next().filter(|_| found.inputs.len() == 1));
    let input = input.with_context(|| {
        format!("signature {signature} of {} has the inputs {}: name one with --input", named.name, list(&found.inputs))
    })?;
    Ok(Asked { signature: signature.clone(), input: input.clone() })
}

/// That all the names are of something.
fn verify(model: &Model, signatures: &Signatures) -> Result<()> {
    let found = &signatures[&model.signature];
    for (side, tensors, name) in [
        ("input", &found.inputs, &model.input),
        ("classes", &found.outputs, &model.classes),
        ("scores", &found.outputs, &model.scores),
    ] {
        if !tensors.contains_key(name) {
            let (signature, there) = (&model.signature, list(tensors));
            bail!("signature {signature} of {} has no `{name}`, it has {there}: name one with --{side}", model.name);
        }
    }
    Ok(())
}

fn list<T>(named: &BTreeMap<String, T>) -> String {
    named.keys().cloned().collect::<Vec<_>>().join(", ")
}

/// The signatures in what a server answers about its model.
pub(super) fn of_metadata(text: &str) -> Option<Signatures> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let signatures = answer["metadata"]["signature_def"]["signature_def"].as_object()?;
    let signature = |told: &Value| Signature {
        method: told["method_name"].as_str().unwrap_or_default().to_owned(),
        inputs: tensors(&told["inputs"]),
        outputs: tensors(&told["outputs"]),
    };
    Some(signatures.iter().map(|(name, told)| (name.clone(), signature(told))).collect())
}

fn tensors(told: &Value) -> BTreeMap<String, TensorInfo> {
    let all = told.as_object().into_iter().flatten();
    all.map(|(name, told)| (name.clone(), tensor(told))).collect()
}

fn tensor(told: &Value) -> TensorInfo {
    // Only the types that are looked for here; others are as good as one another.
    let dtype = match told["dtype"].as_str() {
        Some("DT_STRING") => DataType::STRING,
        Some("DT_UINT8") => DataType::UINT8,
        _ => DataType::FLOAT,
    };
    let size = |dim: &Value| dim["size"].as_i64().or_else(|| dim["size"].as_str()?.parse().ok());
    let dims =
        || told["tensor_shape"]["dim"].as_array().map_or(Some(Vec::new()), |dims| dims.iter().map(size).collect());
    let shape = if told["tensor_shape"]["unknown_rank"] == true { None } else { dims() };
    TensorInfo { tensor: told["name"].as_str().unwrap_or_default().to_owned(), dtype, shape }
}
