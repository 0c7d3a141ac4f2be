//! What an export writes, and what it refuses to begin with. Whether TensorFlow agrees is asked in the real ring.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::FileExt,
};

use super::*;
use crate::{
    checkpoint::Take,
    info::info,
    synthetic::Synthetic,
    tensor::{DataType, Shape, TensorSpec},
    verify::verify,
};

fn options() -> ExportOptions {
    let (scores, label_prefix) = (Scores::Logits, "(untrained) ".to_owned());
    ExportOptions {
        network: Network::InceptionV3,
        scores,
        label_prefix,
        model_name: "inception".into(),
        pictures: Vec::new(),
    }
}

/// Specs alone: an export that reads a tensor of these has gone too far.
struct Specs(BTreeMap<String, TensorSpec>);

impl NamedTensors for Specs {
    fn origin(&self) -> &Path {
        Path::new("model.ckpt-1")
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.0
    }

    fn read(&mut self, _: &BTreeSet<&str>, _: &Take<'_>) -> Result<()> {
        panic!("nothing is to be read")
    }
}

#[test]
fn an_export_holds_together_and_tells_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut last = (0, 0);
    let exported =
        export(&mut Synthetic::new(Network::InceptionV3, 7), &options(), folder.path(), &mut |done, total| {
            last = (done, total)
        });
    let exported = exported.expect("made up");
    assert_eq!(last, (108_728_776, 108_728_776));
    assert_eq!((exported.variables, exported.parameters), (388, 27_182_194));
    let files: Vec<&str> = exported.files.iter().map(|file| file.path.as_str()).collect();
    let expected =
        [warm_up::FILE, "saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"];
    assert_eq!(files, expected);

    let info = verify(folder.path()).expect("sound");
    assert_eq!(info, self::info(folder.path()).expect("sound"));
    assert_eq!(info.signatures.keys().collect::<Vec<_>>(), ["predict_images", "predict_pixels", "serving_default"]);
    assert_eq!(info.signatures["predict_pixels"].inputs["images"].shape, Some(vec![-1, 299, 299, 3]));
    assert_eq!(info.signatures["predict_images"].outputs["classes"].dtype, DataType::STRING);
    assert_eq!((info.labels.len(), info.labels[1].as_str()), (1001, "(untrained) tench, Tinca tinca"));
    assert_eq!((info.warm_up_records, info.variables.len()), (Some(4), 388));
    assert_eq!(info.bytes, exported.files.iter().map(|file| file.bytes).sum::<u64>());

    let shard = folder.path().join("variables/variables.data-00000-of-00001");
    let file = fs_err::OpenOptions::new().read(true).write(true).open(&shard).expect("written");
    let (at, mut byte) = (50_000_000, [0]);
    file.file().read_exact_at(&mut byte, at).expect("there");
    file.file().write_all_at(&[byte[0] ^ 1], at).expect("write");
    let error = verify(folder.path()).expect_err("damaged").to_string();
    assert!(error.contains("data-00000-of-00001: tensor mixed_") && error.ends_with("CRC mismatch"), "{error}");
    file.set_len(100_000_000).expect("cut");
    assert!(verify(folder.path()).is_err(), "cut off");
    // Looking at a damaged model is how people find out what it was.
    assert!(self::info(folder.path()).is_ok());
}

#[test]
fn all_differences_are_told_at_once() {
    let mut specs = Synthetic::new(Network::InceptionV3, 1).specs().clone();
    specs.remove("conv0/weights/ExponentialMovingAverage").expect("one of them");
    let float = |shape: &[u64]| TensorSpec { dtype: DataType::FLOAT, shape: Shape(shape.to_vec()) };
    specs.insert("logits/logits/biases/ExponentialMovingAverage".into(), float(&[6]));
    specs.insert("head/weights/ExponentialMovingAverage".into(), float(&[2, 2]));
    // Whatever else a training run saved.
    specs.insert("global_step".into(), float(&[]));
    let folder = tempfile::tempdir().expect("a folder");
    let error = export(&mut Specs(specs), &options(), folder.path(), &mut |_, _| {}).expect_err("another network");
    assert_eq!(
        error.to_string(),
        "model.ckpt-1: not a checkpoint of this network; 1 missing: conv0/weights/ExponentialMovingAverage; \
         1 unknown to the network: head/weights/ExponentialMovingAverage; \
         1 misshapen: logits/logits/biases/ExponentialMovingAverage is float [6], wanted float [1001]"
    );
    let error = export(&mut Specs(BTreeMap::new()), &options(), folder.path(), &mut |_, _| {}).expect_err("empty");
    assert!(error.to_string().ends_with(" and 376 more"), "{error}");
    assert_eq!(fs_err::read_dir(folder.path()).expect("list").count(), 0, "nothing is written before");
}

#[test]
fn an_efficientnet_is_told_from_others_and_its_counters_are_not_missed() {
    let options = ExportOptions { network: Network::EfficientNetLite0, scores: Scores::Softmax, ..options() };
    let folder = tempfile::tempdir().expect("a folder");
    let exported = export(&mut Synthetic::new(options.network, 7), &options, folder.path(), &mut |_, _| {});
    assert_eq!(exported.expect("made up").variables, 247);
    let info = verify(folder.path()).expect("sound");
    assert_eq!(info.signatures["predict_pixels"].inputs["images"].shape, Some(vec![-1, 224, 224, 3]));
    assert_eq!((info.labels.len(), info.labels[0].as_str()), (1000, "(untrained) tench, Tinca tinca"));
    assert_eq!(info.warm_up_records, Some(4));

    let mut specs = Synthetic::new(options.network, 1).specs().clone();
    let float = |shape: &[u64]| TensorSpec { dtype: DataType::FLOAT, shape: Shape(shape.to_vec()) };
    specs.remove("_blocks.3._bn1.running_mean").expect("one of them");
    specs.insert("_fc.weight".into(), float(&[1280, 1000]));
    specs.insert("_blocks.2._se_reduce.weight".into(), float(&[4, 96, 1, 1]));
    specs.insert("_bn0.num_batches_tracked".into(), TensorSpec { dtype: DataType::INT64, shape: Shape::default() });
    let error = export(&mut Specs(specs), &options, folder.path(), &mut |_, _| {}).expect_err("another network");
    assert_eq!(
        error.to_string(),
        "model.ckpt-1: not a checkpoint of this network; 1 missing: _blocks.3._bn1.running_mean; \
         1 unknown to the network: _blocks.2._se_reduce.weight; \
         1 misshapen: _fc.weight is float [1280,1000], wanted float [1000,1280]"
    );
}

#[test]
fn pictures_that_cannot_be_decoded_are_named() {
    let pictures = vec![Picture { name: "cat.webp".into(), bytes: b"RIFF".to_vec() }];
    let folder = tempfile::tempdir().expect("a folder");
    let options = ExportOptions { pictures, ..options() };
    let error = export(&mut Specs(BTreeMap::new()), &options, folder.path(), &mut |_, _| {}).expect_err("no JPEG");
    assert_eq!(error.to_string(), "cat.webp: is neither JPEG nor PNG, so the model cannot decode it");
}
