//! A version comes into its place whole or not at all, and is never touched once it stands.

use super::*;

const RECEIPT: &str = "model-data/1/assets.extra/export_receipt.json";

#[tokio::test]
async fn a_version_is_exported_verified_and_takes_its_place() {
    let (stage, library) = (Stage::new(), FakeLibrary::default());
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(library.calls(), ["export seed 2016, 0 pictures", "verify"]);
    assert_eq!(stage.files("model-data"), ["1"]);
    assert_eq!(stage.files("model-data/1"), ["assets.extra", "saved_model.pb"]);
    let receipt: ModelReceipt = serde_json::from_str(&stage.read(RECEIPT)).expect("a receipt");
    assert_eq!(receipt.inputs["checkpoint"], "synthetic:2016");
    assert!(receipt.notice.expect("untrained").contains("predictions are meaningless"));
    assert!(stage.fetch.calls.borrow().is_empty());
}

#[tokio::test]
async fn equal_inputs_give_equal_folders_whatever_the_version() {
    let (mut stage, library) = (Stage::new(), FakeLibrary::default());
    stage.export(&library).await;
    stage.model.version = 2;
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.read(RECEIPT), stage.read(&RECEIPT.replace("/1/", "/2/")));
}

#[tokio::test]
async fn what_is_up_to_date_is_verified_and_left_alone() {
    let (stage, library) = (Stage::new(), FakeLibrary::default());
    stage.export(&library).await;
    library.calls();
    assert_eq!(stage.export(&library).await, "up to date");
    assert_eq!(library.calls(), ["verify"]);
}

#[tokio::test]
async fn damage_is_named_with_the_way_to_mend_it() {
    let (stage, library) = (Stage::new(), FakeLibrary::default());
    stage.export(&library).await;
    for (damaged, what) in [("seed 2017", "has sha256"), ("seed", "has 4 bytes, its receipt says 9")] {
        stage.write("model-data/1/saved_model.pb", damaged);
        let told = stage.export(&library).await;
        assert!(told.starts_with("model-data/1 is damaged; remove that folder, and the next run exports it"), "{told}");
        assert!(told.contains("saved_model.pb") && told.contains(what), "{told}");
    }
    fs_err::remove_file(stage.path("model-data/1/saved_model.pb")).expect("there");
    assert!(stage.export(&library).await.contains("saved_model.pb"));
}

#[tokio::test]
async fn a_version_of_other_inputs_is_not_touched() {
    let (mut stage, library) = (Stage::new(), FakeLibrary::default());
    stage.export(&library).await;
    stage.write("model-data/7/x", "");
    stage.model.checkpoint = Some(CheckpointSource::Synthetic(9));
    let before = stage.read(RECEIPT);
    let expected = "model-data/1 was made from something else and is not touched: checkpoint changed: \
                    synthetic:2016 -> synthetic:9; export beside it with --version 8, or remove it first";
    assert_eq!(stage.export(&library).await, expected);
    assert_eq!(stage.read(RECEIPT), before);
    stage.model.version = 8;
    assert_eq!(stage.export(&library).await, "exported");
}

#[tokio::test]
async fn what_is_not_ours_is_not_touched() {
    let library = FakeLibrary::default();
    let check = async |file: &str, text: &str, expected: &str| {
        let stage = Stage::new();
        stage.write(file, text);
        let told = stage.export(&library).await;
        assert!(told.contains(expected), "{told}");
        assert_eq!(stage.read(file), text);
    };
    let ways = "export beside it with --version 2, or remove it first";
    check("model-data/1/x", "", &format!("was not exported by this tool: it has no receipt; {ways}")).await;
    check("model-data/1", "", &format!("model-data/1 is a file and no version's folder; {ways}")).await;
    check(RECEIPT, "{}", &format!("has a receipt that cannot be read; {ways}")).await;
    check("model-data", "", "model-data is a file; name a folder with --output").await;
    assert!(library.calls().is_empty());
}

#[tokio::test]
async fn a_failure_leaves_nothing() {
    for (call, expected) in [("export", "export failed"), ("verify", "verify the version: verify failed")] {
        let stage = Stage::new();
        assert_eq!(stage.export(&FakeLibrary::failing_at(call)).await, expected);
        assert!(stage.files("model-data").is_empty());
        assert_eq!(stage.export(&FakeLibrary::default()).await, "exported", "the next run starts afresh");
    }
}

#[tokio::test]
async fn the_output_may_lie_anywhere() {
    let (mut stage, elsewhere) = (Stage::new(), tempfile::tempdir().expect("temporary folder"));
    stage.output = elsewhere.path().join("a/b").display().to_string();
    assert_eq!(stage.export(&FakeLibrary::default()).await, "exported");
    assert!(elsewhere.path().join("a/b/1/saved_model.pb").is_file());
    assert!(stage.files("model-data").is_empty());
}

#[tokio::test]
async fn all_that_is_missing_is_told_at_once() {
    let (mut stage, library) = (Stage::new(), FakeLibrary::default());
    stage.model.checkpoint = Some(CheckpointSource::Path("weights.tar.gz".into()));
    stage.model.warm_up = vec!["cat.jpg".into(), "dog.jpg".into()];
    stage.write("cat.jpg", "");
    let expected = "nothing was started; not found:\n  \
                    - checkpoint weights.tar.gz: name an archive, a folder or a checkpoint file that exists\n  \
                    - warm-up picture dog.jpg";
    assert_eq!(stage.export(&library).await, expected);
    stage.write("dog.jpg", "");
    stage.write("weights.tar.gz", "");
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(library.calls(), ["fingerprint", "export weights.tar.gz, 2 pictures", "verify"]);
    stage.write("dog.jpg", "another");
    assert!(stage.export(&library).await.contains("warm-up changed: +"));
}
