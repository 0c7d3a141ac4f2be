//! Measuring against scripts that only pretend: what ends up in the document, and in which file.

use std::{collections::BTreeMap, sync::Mutex};

use tempfile::TempDir;

use super::*;
use crate::{
    ports::Say,
    report::{Options, Surroundings},
};

const BEFORE: &str =
    "Prose.\n<!-- measured: a -->\nearlier a\n<!-- end -->\n<!-- measured: b -->\nearlier b\n<!-- end -->\nMore.\n";
const ROW: &str = r#"{"row":"case","name":"x","case":"ours","unit":"s","values":[1.5]}"#;

/// Script -> the rows it writes; one that is not here fails.
#[derive(Default)]
struct FakeScripts {
    rows: BTreeMap<&'static str, &'static str>,
    ran: Mutex<Vec<Script>>,
}

impl Scripts for FakeScripts {
    async fn run(&self, script: &Script, say: Say<'_>) -> Result<()> {
        say("a line".into());
        self.ran.lock().expect("no panic").push(script.clone());
        let name = script.path.file_stem().expect("a file").to_string_lossy().into_owned();
        let rows = self.rows.get(name.as_str()).context("it ended with exit status: 1")?;
        Ok(fs_err::write(&script.environment["ROWS"], rows)?)
    }
}

fn checkout() -> (TempDir, MeasureScene) {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs_err::create_dir_all(folder.path().join("docs")).expect("create");
    fs_err::write(folder.path().join(DOCUMENT), BEFORE).expect("write");
    let (root, output) = (folder.path().to_owned(), folder.path().join(DOCUMENT));
    (folder, MeasureScene { root, output, rounds: Some(2), machine: Machine::default() })
}

fn bench(name: &str) -> Bench {
    Bench { name: name.into(), about: String::new(), needs: Vec::new() }
}

async fn measured(scene: &MeasureScene, scripts: &FakeScripts) -> Vec<MeasureOutcome> {
    let (stdout, stderr) = (Box::new(std::io::sink()), Box::new(std::io::sink()));
    let clock = Box::new(std::time::Instant::now);
    let around = Surroundings { stdout, stderr, width: None, animated: false, clock };
    let report = Report::with_surroundings(Options::default(), around);
    measure(&[bench("a"), bench("b")], scene, scripts, &report).await.expect("the document can be written")
}

#[tokio::test]
async fn figures_stand_between_their_markers_and_all_else_stays() {
    let (folder, scene) = checkout();
    let scripts = FakeScripts { rows: BTreeMap::from([("a", ROW), ("b", ROW)]), ..FakeScripts::default() };
    let outcomes = measured(&scene, &scripts).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let text = fs_err::read_to_string(&scene.output).expect("read");
    assert!(text.starts_with("Prose.\n<!-- measured: a -->\n`cargo xtask measure a`, one round, 20"), "{text}");
    assert!(text.ends_with("| ours | 1.50 s |  |  |\n<!-- end -->\nMore.\n") && !text.contains("earlier"), "{text}");
    let ran = scripts.ran.lock().expect("no panic");
    assert_eq!(ran[1].path, folder.path().join("benches/b.sh"));
    assert_eq!((ran[1].folder.as_path(), ran[1].environment["RUNS"].as_str()), (folder.path(), "2"));
    assert_eq!(fs_err::read_dir(folder.path().join("docs")).expect("list").count(), 1, "nothing half-written stays");
}

#[tokio::test]
async fn a_bench_that_fails_keeps_its_earlier_figures_and_costs_the_others_nothing() {
    for rows in [None, Some(""), Some("{"), Some(r#"{"row":"version","name":"x","is":"1"}"#)] {
        let (_folder, scene) = checkout();
        let all = rows.map(|rows| ("a", rows)).into_iter().chain([("b", ROW)]).collect();
        let outcomes = measured(&scene, &FakeScripts { rows: all, ..FakeScripts::default() }).await;
        assert!(outcomes[0].is_err() && outcomes[1].is_ok(), "{rows:?}: {outcomes:?}");
        let text = fs_err::read_to_string(&scene.output).expect("read");
        assert!(text.contains("earlier a\n\n**Failed on 20") && !text.contains("earlier b"), "{text}");
    }
}

#[tokio::test]
async fn a_copy_leaves_the_document_alone() {
    let (folder, scene) = checkout();
    let scene = MeasureScene { output: folder.path().join("copy.md"), ..scene };
    let scripts = FakeScripts { rows: BTreeMap::from([("b", ROW)]), ..FakeScripts::default() };
    measured(&scene, &scripts).await;
    assert_eq!(fs_err::read_to_string(folder.path().join(DOCUMENT)).expect("read"), BEFORE);
    let copy = fs_err::read_to_string(&scene.output).expect("read");
    assert!(copy.contains("earlier a\n\n**Failed on") && copy.contains("| ours | 1.50 s |"), "{copy}");
}

#[test]
fn a_document_without_a_place_is_refused_before_anything_runs() {
    let (folder, scene) = checkout();
    check_document(&[bench("a"), bench("b")], &scene).expect("both have a place");
    let error = check_document(&[bench("c")], &scene).expect_err("there is none").to_string();
    assert!(error.contains("no place for c"), "{error}");
    let at_a_folder = MeasureScene { output: folder.path().to_owned(), ..scene };
    let error = check_document(&[bench("a")], &at_a_folder).expect_err("a folder").to_string();
    assert!(error.contains("is a folder; name a file"), "{error}");
    fs_err::remove_file(folder.path().join(DOCUMENT)).expect("remove");
    let error = format!("{:#}", check_document(&[], &at_a_folder).expect_err("no document"));
    assert!(error.contains("docs/measurements.md"), "{error}");
}

#[test]
fn benches_are_the_scripts_that_say_so() {
    let (folder, _) = checkout();
    let write = |name: &str, text: &str| {
        fs_err::create_dir_all(folder.path().join(FOLDER)).expect("create");
        fs_err::write(folder.path().join(FOLDER).join(name), text).expect("write");
    };
    assert!(format!("{:#}", read_benches(folder.path()).expect_err("no folder")).contains("benches"));
    write("b.sh", "#!/bin/sh\n# Measures: b\n");
    write("a.sh", "#!/bin/sh\n# Measures: a\n# Needs: x\n");
    write("rows.sh", "# Sourced.\n");
    write("notes.md", "# Measures: nothing\n");
    let names: Vec<String> = read_benches(folder.path()).expect("sound").into_iter().map(|bench| bench.name).collect();
    assert_eq!(names, ["a", "b"]);
    write("odd name.sh", "#!/bin/sh\n# Measures: x\n");
    assert!(read_benches(folder.path()).expect_err("odd").to_string().contains("benches/odd name.sh"));
}
