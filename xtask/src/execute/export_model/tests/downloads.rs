//! An archive is fetched once and held to its sum; one that nobody vouches for is refused but kept.

use super::*;

const FOLDER: &str = "target/xtask/downloads";
const ARCHIVE: &str = "target/xtask/downloads/archive.tar.gz";

fn pinned() -> Stage {
    Stage::downloading(Some(sum(b"an archive")))
}

#[tokio::test]
async fn a_pinned_archive_is_fetched_once() {
    let (mut stage, library) = (pinned(), FakeLibrary::default());
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(*stage.fetch.calls.borrow(), [format!("download {URL}")]);
    assert_eq!(library.calls(), ["export archive.tar.gz, 0 pictures", "verify"]);
    stage.model.version = 2;
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.fetch.calls.borrow().len(), 1, "downloaded already");
}

#[tokio::test]
async fn what_is_up_to_date_needs_neither_network_nor_archive() {
    let (stage, library) = (pinned(), FakeLibrary::default());
    stage.export(&library).await;
    fs_err::remove_dir_all(stage.path(FOLDER)).expect("there");
    assert_eq!(stage.export(&library).await, "up to date");
    assert_eq!(stage.fetch.calls.borrow().len(), 1);
}

#[tokio::test]
async fn a_wrong_sum_is_refused_and_removed() {
    let (mut stage, library) = (pinned(), FakeLibrary::default());
    stage.fetch.content = b"another archive".to_vec();
    let told = stage.export(&library).await;
    for part in [URL, &sum(b"an archive"), &sum(b"another archive"), "mend `sha256` in config.toml"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(stage.files(FOLDER), ["archive.tar.gz.url"]);
    assert!(library.calls().is_empty() && stage.files("model-data").is_empty());
}

#[tokio::test]
async fn an_archive_that_was_damaged_here_is_fetched_again() {
    let (stage, library) = (pinned(), FakeLibrary::default());
    stage.write(ARCHIVE, "damaged");
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.read(ARCHIVE), "an archive");
}

#[tokio::test]
async fn an_archive_that_nobody_vouches_for_is_refused_but_kept() {
    let (mut stage, library) = (Stage::downloading(None), FakeLibrary::default());
    let told = stage.export(&library).await;
    let line = format!("sha256 = \"{}\"", sum(b"an archive"));
    for part in [&line, "--trust-on-first-use", "nothing is downloaded again"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(library.calls().is_empty());
    assert_eq!(stage.read(ARCHIVE), "an archive");

    stage.trust_on_first_use = true;
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.fetch.calls.borrow().len(), 1, "the second run downloads nothing");
    assert_eq!(stage.read(&format!("{ARCHIVE}.sha256")), format!("{}  archive.tar.gz\n", sum(b"an archive")));

    stage.trust_on_first_use = false;
    assert_eq!(stage.export(&library).await, "up to date");
    stage.model.version = 2;
    assert_eq!(stage.export(&library).await, "exported", "once trusted, it is held to that sum");
}

#[tokio::test]
async fn an_archive_that_changed_since_its_first_use_is_refused() {
    let (mut stage, library) = (Stage::downloading(None), FakeLibrary::default());
    stage.trust_on_first_use = true;
    stage.export(&library).await;
    fs_err::remove_file(stage.path(ARCHIVE)).expect("there");
    stage.fetch.content = b"another archive".to_vec();
    stage.model.version = 2;
    let told = stage.export(&library).await;
    assert!(told.contains("its first use had") && told.contains("remove target/xtask/downloads/archive.tar.gz.sha256"));
}

#[tokio::test]
async fn another_address_that_ends_alike_is_another_archive() {
    let (mut stage, library) = (Stage::downloading(None), FakeLibrary::default());
    stage.trust_on_first_use = true;
    stage.export(&library).await;
    let url = URL.replace("host", "other");
    stage.model.checkpoint = Some(CheckpointSource::Url { url: url.clone(), pin: None });
    (stage.model.version, stage.trust_on_first_use) = (2, false);
    stage.fetch.content = b"another archive".to_vec();
    assert!(stage.export(&library).await.contains("is not pinned and was never used here"));
    assert_eq!(stage.fetch.calls.borrow().last(), Some(&format!("download {url}")));
    assert_eq!(stage.read(ARCHIVE), "another archive");
}

#[tokio::test]
async fn nothing_is_fetched_for_a_place_that_is_taken() {
    let (mut stage, library) = (Stage::downloading(None), FakeLibrary::default());
    stage.write("model-data/1/x", "");
    assert!(stage.export(&library).await.contains("was not exported by this tool"));
    stage.model = Stage::new().model;
    stage.model.version = 2;
    stage.export(&library).await;
    stage.model = Stage::downloading(None).model;
    stage.model.version = 2;
    assert!(stage.export(&library).await.contains("label-prefix changed"));
    assert!(stage.fetch.calls.borrow().is_empty());
}
