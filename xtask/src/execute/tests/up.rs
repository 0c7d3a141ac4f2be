//! `up` against fakes: what is started, what is left alone, and what is refused.

use super::*;
use crate::{
    domain::up::{self, UpPlan},
    testing::FakeRest,
};

const REST: FakeRest = FakeRest { answer: "{}" };

fn plan(stage: &Stage) -> UpPlan {
    let model = &stage.profile.models["inception"];
    up::up(&up::Inputs {
        profile: &stage.profile,
        model,
        version: model.version,
        servers: &stage.config.select_servers(&[]).expect("all"),
        variants: &stage.config.select(&[]).expect("all"),
        images: &stage.config.images,
        app: stage.config.select_app(&[]),
    })
}

/// Says per server how it ended.
async fn start(stage: &Stage, engine: &FakeEngine) -> Vec<String> {
    let (folders, labels) = (stage.folders(), Labels::new());
    let scene =
        UpScene { folders: &folders, run: "run", checkout: "checkout", labels: &labels, lifetime: Lifetime::Lasting };
    let (outcomes, app) = match up(&plan(stage), engine, &stage.source, &REST, &scene, &silent()).await {
        Ok(ended) => ended,
        Err(error) => return vec![format!("{error:#}")],
    };
    let told = outcomes.into_iter().map(|(_, outcome)| match outcome {
        UpOutcome::Up(up) if up.was_up => "was up".to_owned(),
        UpOutcome::Up(up) => up.url,
        UpOutcome::LeftOut(why) => why,
        UpOutcome::Failed(error) => format!("{error:#}"),
    });
    let app = app.map(|app| match app {
        Ok(app) if app.was_up => "was up".to_owned(),
        Ok(app) => app.url,
        Err(error) => format!("{error:#}"),
    });
    told.chain(app).collect()
}

/// A checkout with a model, and an engine with the images.
pub(super) fn stage() -> (Stage, FakeEngine) {
    let (stage, engine) = (Stage::new(), FakeEngine::new(2));
    let model = stage.folder.path().join("model-data/inception/1");
    fs_err::create_dir_all(&model).expect("create");
    fs_err::write(model.join("saved_model.pb"), savedmodel::half_plus_two()).expect("write");
    for name in ["auto", "gpu", "resizer"] {
        let labels = [(label::RECEIPT.to_owned(), "key".to_owned())].into();
        engine.kept.borrow_mut().insert(format!("tf-serving:{name}"), labels);
    }
    (stage, engine)
}

const URL: &str = "http://127.0.0.1:8501/v1/models/inception";
const APP: &str = "http://127.0.0.1:5051/";

#[tokio::test]
async fn what_runs_as_it_should_is_left_alone_and_what_differs_is_replaced() {
    let (mut stage, engine) = stage();
    assert_eq!(start(&stage, &engine).await, [URL, URL, URL, APP]);
    let servers = ["start tf-serving-1cpu", "start tf-serving-gpu", "start tf-serving-ncpu"];
    let started = [&servers[..], &["start tf-image-resizer"]].concat();
    assert_eq!(engine.calls_of(&["start"]), started);
    assert_eq!(engine.calls_of(&["network"]), ["network tfs-checkout-network"]);

    engine.calls.borrow_mut().clear();
    assert_eq!(start(&stage, &engine).await, ["was up"; 4]);
    assert_eq!(engine.calls_of(&["start"]), [""; 0]);

    stage.config.servers[0].millicpus = Some(500);
    assert_eq!(start(&stage, &engine).await, [URL, "was up", "was up", "was up"]);
    assert_eq!(engine.calls_of(&["start"]), ["start tf-serving-1cpu"]);
    assert!(engine.calls_of(&["remove"]).contains(&"remove tf-serving-1cpu".to_owned()));

    engine.containers.borrow_mut().get_mut("tf-serving-ncpu").expect("it is up").running = false;
    assert_eq!(start(&stage, &engine).await, ["was up", "was up", URL, "was up"], "one that has ended is started anew");
}

#[tokio::test]
async fn a_model_is_sent_once() {
    let (stage, mut engine) = stage();
    start(&stage, &engine).await;
    assert_eq!(engine.calls_of(&["upload"]), ["upload model /models/inception/1"]);
    engine.has_sources = true;
    engine.calls.borrow_mut().clear();
    start(&stage, &engine).await;
    assert_eq!(engine.calls_of(&["upload"]), [""; 0]);
}

#[tokio::test]
async fn a_container_of_somebody_else_is_refused_and_stays() {
    let (stage, engine) = stage();
    start(&stage, &engine).await;
    engine.containers.borrow_mut().get_mut("tf-serving-1cpu").expect("it is up").labels.clear();
    engine.calls.borrow_mut().clear();
    let told = start(&stage, &engine).await;
    assert!(told[0].contains("tfs-checkout-tf-serving-1cpu exists that this checkout did not start"), "{told:?}");
    assert_eq!(told[1..], ["was up", "was up", APP], "the web app is told of those that answer");
    assert_eq!(engine.calls_of(&["remove"]), ["remove model", "remove tf-image-resizer"]);
}

#[tokio::test]
async fn servers_for_gpus_are_left_out_where_there_is_none() {
    let (mut stage, mut engine) = stage();
    let gpu = stage.profile.devices.get_mut(&crate::domain::variant::Device::Gpu).expect("the sample has one");
    gpu.host_libraries = vec!["libcuda.so.1".into()];
    // Its image need not be there either.
    engine.kept.borrow_mut().remove("tf-serving:gpu");
    assert_eq!(start(&stage, &engine).await, [URL, "this engine has no nvidia runtime", URL, APP]);
    engine.runtimes = vec!["nvidia".into()];
    let told = start(&stage, &engine).await;
    assert!(told[0].starts_with("the engine has no image gpu: run `cargo xtask build-images"), "{told:?}");
}

#[tokio::test]
async fn images_without_a_name_of_ours_count_as_missing() {
    let (stage, engine) = stage();
    engine.kept.borrow_mut().get_mut("tf-serving:gpu").expect("there").clear();
    engine.kept.borrow_mut().remove("tf-serving:auto");
    let told = start(&stage, &engine).await;
    assert_eq!(told, ["the engine has no image auto, gpu: run `cargo xtask build-images --profile sample` first"]);
    assert_eq!(engine.calls_of(&["create", "network"]), [""; 0]);
}

#[tokio::test]
async fn the_web_app_alone_brings_its_servers_and_servers_alone_do_not_bring_it() {
    let (stage, _) = stage();
    let config = &stage.config;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (app, one) = (names(&["tf-image-resizer"]), names(&["tf-serving-1cpu"]));
    assert_eq!(config.select_servers(&app).expect("known").len(), 3);
    assert!(config.select_app(&app).is_some() && config.select_app(&one).is_none());
    assert_eq!(config.select_servers(&one).expect("known").len(), 1);
    let text = plan(&stage).to_string();
    let last = text.lines().last().expect("lines");
    assert!(last.contains("TF_SERVERS=tf-serving-1cpu=http://tf-serving-1cpu:8501;"), "{last}");
    assert!(last.contains("--publish 127.0.0.1:30501:5051") && last.contains("--read-only"), "{last}");
}
