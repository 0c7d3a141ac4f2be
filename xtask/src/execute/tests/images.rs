//! Serving images against fakes: built, tried, and only then named and given a receipt.

use super::*;
use crate::{
    domain::serving_image::{
        app,
        plan::{self as images, ImagePlan},
    },
    testing::FakeRest,
};

const RIGHT: FakeRest = FakeRest { answer: r#"{"predictions":[2.5,3.0,4.5]}"# };
const WRONG: FakeRest = FakeRest { answer: r#"{"predictions":[2.5,3.0,4.6]}"# };

impl Stage {
    /// A checkout with proven servers of these variants.
    async fn with_servers(mut self, variants: &[&str], engine: &FakeEngine) -> Self {
        let files = ["serving.cpu.Dockerfile", "serving.gpu.Dockerfile", "serving-root.sh", "entrypoint.sh"];
        for file in files {
            fs_err::write(self.folder.path().join("docker").join(file), "FROM x").expect("write");
        }
        let (alias, image) = ("cpu".parse().expect("a tag"), "cpu-standard".parse().expect("a tag"));
        self.config.images.aliases.insert(alias, image);
        assert!(self.build(variants, engine).await.iter().all(|outcome| outcome == "built"));
        engine.calls.borrow_mut().clear();
        self
    }

    fn image_plan(&self, names: &[&str]) -> ImagePlan {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let inputs = images::Inputs {
            profile: &self.profile,
            choices: &self.config.select_images(&names).expect("known"),
            variants: &self.config.select(&[]).expect("all"),
            images: &self.config.images,
            engine: &self.config.engine,
        };
        images::build_images(&inputs).expect("the sample has both devices")
    }

    /// Says per image how it ended, as `build` does for servers; an error where none could start.
    async fn build_images(&self, names: &[&str], engine: &FakeEngine, rest: &FakeRest) -> Vec<String> {
        let plan = self.image_plan(names);
        let servers = self.look(&[]).await;
        let looked = look_at_images(&plan, &servers, Some(1), (engine, &self.source), &self.folders()).await;
        let freshness = match looked {
            Ok(freshness) => freshness,
            Err(error) => return vec![format!("{error:#}")],
        };
        let (scene, ports) = (self.scene(), Ports { engine, source: &self.source, host: &self.host });
        let outcomes = build_images(&plan, &freshness, &ports, rest, &scene, &silent()).await.expect("they can start");
        let told = outcomes.into_iter().map(|(_, outcome)| match outcome {
            ImageOutcome::Built(_) => "built".to_owned(),
            ImageOutcome::UpToDate(_) => "up to date".to_owned(),
            ImageOutcome::NotStarted => "not started".to_owned(),
            ImageOutcome::Failed(error) => format!("{error:#}"),
        });
        told.collect()
    }
}

const RECEIPT: &str = "bin/images/cpu-standard.receipt.json";
const NAMES: [&str; 1] = ["cpu-standard"];

#[tokio::test]
async fn an_image_is_built_tried_named_and_given_its_receipt_in_order() {
    let engine = FakeEngine::new(2);
    let stage = Stage::new().with_servers(&NAMES, &engine).await;
    assert_eq!(stage.build_images(&NAMES, &engine, &RIGHT).await, ["built"]);
    let calls = engine.calls_of(&["build_image", "create", "upload", "start", "stop", "remove", "tag"]);
    let gate = "gate-cpu-standard";
    let after_the_build_image: Vec<String> =
        calls.into_iter().skip_while(|call| call != "build_image serving").collect();
    assert_eq!(
        after_the_build_image,
        [
            "build_image serving",
            &format!("create {gate}"),
            &format!("upload {gate} /models"),
            &format!("start {gate}"),
            &format!("stop {gate}"),
            &format!("remove {gate}"),
            "tag sha256:serving-image tf-serving:cpu-standard",
            "tag sha256:serving-image tf-serving:cpu",
        ]
    );
    assert!(stage.has(RECEIPT));
}

#[tokio::test]
async fn what_does_not_pass_its_gate_gets_no_name() {
    let engine = FakeEngine::new(2);
    let stage = Stage::new().with_servers(&NAMES, &engine).await;
    let told = stage.build_images(&NAMES, &engine, &WRONG).await;
    assert!(told[0].contains("got no name and cannot be pushed") && told[0].contains("4.6"), "{told:?}");
    assert!(told[0].contains("its last words"), "{told:?}");
    assert_eq!(engine.calls_of(&["tag"]), [""; 0]);
    assert_eq!(engine.calls_of(&["remove"]).last().map(String::as_str), Some("remove gate-cpu-standard"));
    assert!(!stage.has(RECEIPT));
}

#[tokio::test]
async fn an_image_of_todays_inputs_is_not_built_again() {
    let mut engine = FakeEngine::new(2);
    let stage = Stage::new().with_servers(&NAMES, &engine).await;
    stage.build_images(&NAMES, &engine, &RIGHT).await;
    engine.has_images = true;
    engine.calls.borrow_mut().clear();
    assert_eq!(stage.build_images(&NAMES, &engine, &RIGHT).await, ["up to date"]);
    assert_eq!(engine.calls_of(&["build_image", "create"]), [""; 0]);
    engine.has_images = false;
    assert_eq!(stage.build_images(&NAMES, &engine, &RIGHT).await, ["built"], "the engine no longer has it");
    fs_err::write(stage.folder.path().join("docker/entrypoint.sh"), "other").expect("write");
    engine.has_images = true;
    assert_eq!(stage.build_images(&NAMES, &engine, &RIGHT).await, ["built"]);
}

#[tokio::test]
async fn missing_servers_are_told_at_once_with_the_command() {
    let engine = FakeEngine::new(2);
    let stage = Stage::new().with_servers(&NAMES, &engine).await;
    let told = stage.build_images(&["auto", "gpu-standard"], &engine, &RIGHT).await;
    let advice = "run `cargo xtask build-servers cpu-optimized gpu-standard --profile sample`";
    assert!(told[0].contains("cpu-optimized: not built yet\n") && told[0].contains(advice), "{told:?}");
    assert_eq!(engine.calls_of(&["build_image", "create"]), [""; 0]);
}

#[tokio::test]
async fn an_image_for_gpus_is_not_built_where_it_cannot_be_tried() {
    for (runtimes, built) in [(Vec::new(), false), (vec!["nvidia".to_owned()], true)] {
        let mut engine = FakeEngine::new(2);
        engine.runtimes = runtimes;
        let mut stage = Stage::new();
        let gpu = stage.profile.devices.get_mut(&crate::domain::variant::Device::Gpu).expect("the sample has one");
        gpu.host_libraries = vec!["libcuda.so.1".into()];
        let stage = stage.with_servers(&["gpu-standard"], &engine).await;
        let told = stage.build_images(&["gpu-standard"], &engine, &RIGHT).await;
        let refused =
            told[0].contains("needs libcuda.so.1 of the host's GPU driver, and this engine has no nvidia runtime");
        assert_eq!((told[0] == "built", refused), (built, !built), "{told:?}");
        assert_eq!(engine.calls_of(&["create"]).len(), usize::from(built));
    }
}

#[tokio::test]
async fn the_web_app_is_compiled_tried_and_named_like_a_server() {
    let engine = FakeEngine::new(2);
    let stage = Stage::new().with_servers(&NAMES, &engine).await;
    for folder in app::FOLDERS {
        fs_err::create_dir_all(stage.folder.path().join(folder)).expect("create");
    }
    for file in app::FILES {
        fs_err::write(stage.folder.path().join(file), "x").expect("write");
    }
    fs_err::write(stage.folder.path().join(app::DOCKERFILE), "FROM x").expect("write");
    let names = [app::NAME];
    let told = stage.build_images(&names, &engine, &FakeRest { answer: r#"{"detail":"all answered"}"# }).await;
    assert!(told[0].contains("does not pass its gate"), "{told:?}");
    assert_eq!(engine.calls_of(&["tag"]), [""; 0]);

    // Its page is what the fake answers to every question without a body.
    engine.calls.borrow_mut().clear();
    let told = stage.build_images(&names, &engine, &FakeRest { answer: r#"{"detail":"nobody: refused"}"# }).await;
    assert_eq!(told, ["built"]);
    assert_eq!(engine.calls_of(&["tag"]), ["tag sha256:serving-image tf-serving:resizer"]);
    assert!(stage.host.calls.borrow().contains(&"compile resizer".to_owned()));
    let receipt = fs_err::read_to_string(stage.folder.path().join("bin/images/resizer.receipt.json")).expect("written");
    assert!(receipt.contains(r#""program": "abc""#) && receipt.contains(r#""kind": "cargo""#), "{receipt}");
}
