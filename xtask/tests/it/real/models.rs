//! What docs/models.md promises, done as it says: a trained model out of a package recognizes what is on a picture, and a
//! SavedModel of one's own, made by the document's own script, is served by the same commands.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    app_image,
    efficientnet::packages,
    harness::{is_real, say},
    http::post,
    judge::{TensorFlow, run},
    served::Served,
};
use crate::checkout::workspace;

const APP: &str = "tf-image-resizer";
const SERVER: &str = "tf-serving-1cpu";
const TRAINED: &str = "efficientnet-lite0";
const NEAR: f64 = 1e-4;

#[test]
fn a_trained_model_and_one_of_ones_own_are_served_by_the_same_commands() {
    if !is_real() {
        return;
    }
    let down = Down(app_image::checkout());
    let served = &down.0;
    served.build_images(&["auto", "resizer"]).succeeded();
    let tensorflow = TensorFlow::installed();
    let cat = cat(&tensorflow);
    the_trained_one_recognizes_the_cat(served, &cat);
    ones_own_answers_as_tensorflow_does(served, &tensorflow, &cat);
    what_no_server_could_restore_is_refused(served, &tensorflow);
}

/// What is up goes down with it, however the test ends.
struct Down(Served);

impl Drop for Down {
    fn drop(&mut self) {
        let _ = self.0.run(&["down"]);
    }
}

/// The photograph of a cat that scikit-image carries.
fn cat(tensorflow: &TensorFlow) -> String {
    packages(tensorflow).join("skimage/data/chelsea.png").display().to_string()
}

fn the_trained_one_recognizes_the_cat(served: &Served, cat: &str) {
    let ran = served.run(&["export-model", "--model", TRAINED]);
    assert_eq!(ran.succeeded().stdout, format!("model-data/{TRAINED}/1\n"));
    let again = served.run(&["export-model", "--model", TRAINED]);
    assert!(again.succeeded().stderr.contains("up to date"), "{}", again.stderr);
    let (app, _) = up(served, &["--model", TRAINED]);
    let reply = uploaded(&app, Path::new(cat));
    let seen = &reply["files"][0]["derivatives"];
    for size in ["Orig. 451x300", "256x256", "128x128"] {
        let cell = &seen[size]["predictions"][SERVER];
        let best = &cell["ranked"][0];
        let class = best["label"].as_str().unwrap_or_else(|| panic!("{size}: {seen:#}"));
        say(&format!("{TRAINED} on {size} of the cat: {class}, {}", best["score"]));
        assert!(["tiger cat", "Egyptian cat", "tabby"].iter().any(|cat| class.contains(cat)), "{size}: {cell}");
    }
}

fn ones_own_answers_as_tensorflow_does(served: &Served, tensorflow: &TensorFlow, cat: &str) {
    let document = fs_err::read_to_string(workspace().join("docs/models.md")).expect("the document");
    let script = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    served.write("make.py", script);
    run(Command::new(tensorflow.python()).arg("make.py").current_dir(served.path("")));
    let ran = served.run(&["import-model", "mine", "--model", "mine"]);
    assert_eq!(ran.succeeded().stdout, "model-data/mine/3\n");
    served.run(&["model-info", "model-data/mine"]).succeeded();
    let (app, server) = up(served, &["--model", "mine", "--model-version", "3"]);
    let cell = uploaded(&app, Path::new(cat))["files"][0]["derivatives"]["128x128"]["predictions"][SERVER].clone();
    assert!(
        cell["error"].is_null() && cell["ranked"][0]["label"].as_str().is_some(),
        "the web app asks it by its names: {cell}"
    );

    let question = json!({ "signature_name": "classified", "instances": [{ "b64": base64(cat) }] });
    let answer = post(&server, "/v1/models/mine:predict", &question.to_string()).json()["predictions"][0].clone();
    let ask = "import sys, json, tensorflow as tf; model = tf.saved_model.load('mine/3'); \
               image = open(sys.argv[1], 'rb').read(); answer = model.signatures['classified'](pictures=tf.constant([image])); \
               print(json.dumps({'classes': [name.decode() for name in answer['classes'].numpy()[0]], \
               'scores': answer['scores'].numpy()[0].tolist()}))";
    let told = run(Command::new(tensorflow.python()).args(["-c", ask, cat]).current_dir(served.path("")));
    let expected: Value = serde_json::from_str(told.lines().last().unwrap_or_default()).expect("JSON");
    // Some classes are equally likely, so their order is chance.
    for (found, wanted) in scores(&answer).iter().zip(scores(&expected)) {
        assert!((found - wanted).abs() < NEAR, "{answer} instead of {expected}");
    }
}

/// The same network as Python alone can load it.
fn what_no_server_could_restore_is_refused(served: &Served, tensorflow: &TensorFlow) {
    let script = served.read("make.py");
    let (before, _) = script.split_once("archive = ").expect("the script writes an archive");
    let save = "module = tf.Module()\nmodule.network = network\n\
                module.classified = tf.function(classified, [tf.TensorSpec([None], tf.string, name=\"pictures\")])\n\
                tf.saved_model.save(module, \"trap\", {\"classified\": module.classified})\n";
    served.write("trap.py", &format!("{before}{save}"));
    run(Command::new(tensorflow.python()).arg("trap.py").current_dir(served.path("")));
    let ran = served.run(&["import-model", "trap", "--model", "trap"]);
    ran.failed_saying(1, &["signature classified reads", "variables that nothing restores", "ExportArchive"]);
    assert!(served.files("model-data/trap").is_empty());
}

fn scores(answer: &Value) -> Vec<f64> {
    let list = answer["scores"].as_array().expect("a list");
    assert_eq!(list.len(), 5);
    list.iter().map(|score| score.as_f64().expect("a number")).collect()
}

fn base64(file: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(fs_err::read(file).expect("the picture"))
}

/// The web app's URL and the server's `host:port`.
fn up(served: &Served, model: &[&str]) -> (String, String) {
    let ran = served.run(&[&["--json", "up", APP, SERVER], model].concat());
    ran.succeeded();
    let details: Vec<Value> = ran.events().into_iter().map(|event| event["details"].clone()).collect();
    let url = |key: &str, name: &str| {
        let found = details.iter().find(|details| details[key] == name).expect("it is up");
        found["url"].as_str().expect("a URL").to_owned()
    };
    let server = url("server", SERVER);
    let server = server.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    (url("app", APP), server)
}

fn uploaded(app: &str, picture: &Path) -> Value {
    let form = format!("file=@{}", picture.display());
    let told = run(Command::new("curl").args(["--silent", "--form", &form, &format!("{app}upload")]));
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}
