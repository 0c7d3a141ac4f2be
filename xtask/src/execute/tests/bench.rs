//! `bench` against fakes: what is asked of whom, what is answered, and what becomes of reports.

use std::path::PathBuf;

use bench_protocol::{
    experiment::{PictureFile, Pictures},
    protocol::{Answer, Job, Said, Standing},
};

use super::{up::stage, *};
use crate::{
    domain::{
        bench::{
            self, BenchPlan, NamedModel, PlannedPictures, Subject,
            choices::{Choices, Design},
        },
        serving_image::app::Interface,
        up,
    },
    testing::{FakeMeasurer, FakeRest},
};

const REST: FakeRest = FakeRest { answer: "{}" };

/// Of the half-plus-two model, whose names somebody has to say.
fn plan(stage: &Stage, passing: bool) -> BenchPlan {
    let images = [stage.config.servers[0].image.clone()];
    let own = bench::servers_of(images.iter(), None);
    let servers: Vec<_> = if passing { own.iter().collect() } else { stage.config.servers[..1].iter().collect() };
    let up = up::up(&up::Inputs {
        profile: &stage.profile,
        model: &stage.profile.models["inception"],
        version: 1,
        servers: &servers,
        variants: &stage.config.select(&[]).expect("all"),
        images: &stage.config.images,
        app: None,
    });
    BenchPlan {
        title: "bench".into(),
        subject: Subject::Containers {
            builds: bench::builds(&up, &stage.config.images),
            plan: up,
            interface: Interface::Grpc,
            passing,
            renews: true,
        },
        model: NamedModel {
            name: "inception".into(),
            signature: Some("serving_default".into()),
            classes: Some("y".into()),
            scores: Some("y".into()),
            ..NamedModel::default()
        },
        pictures: PlannedPictures::Generated { count: 1, width: 8, height: 8 },
        design: Design::of(&Choices { quick: true, ..Choices::default() }),
        output: "reports/latest".into(),
        keeps: false,
    }
}

async fn run(stage: &Stage, plan: &BenchPlan, engine: &FakeEngine, measurer: &FakeMeasurer) -> Result<Benched, String> {
    let (folders, labels) = (stage.folders(), Labels::new());
    let passing = matches!(plan.subject, Subject::Containers { passing: true, .. });
    let lifetime = if passing { Lifetime::Run } else { Lifetime::Lasting };
    let up = UpScene { folders: &folders, run: "run", checkout: "checkout", labels: &labels, lifetime };
    let facts = [("profile".to_owned(), "sample".to_owned())].into();
    let scene = BenchScene { up, workspace: stage.folder.path(), facts };
    let ports = BenchPorts { engine: Some(engine), source: &stage.source, host: &stage.host, rest: &REST, measurer };
    bench(plan, &ports, &scene, &silent()).await.map_err(|error| format!("{error:#}"))
}

fn experiment(measurer: &FakeMeasurer) -> bench_protocol::experiment::Experiment {
    match measurer.jobs.borrow().last() {
        Some(Job::Run { experiment, .. }) => (**experiment).clone(),
        other => panic!("no run: {other:?}"),
    }
}

#[tokio::test]
async fn servers_are_up_before_the_program_is_told_where() {
    let (stage, engine) = stage();
    let measurer = FakeMeasurer::saying(&[Said::Note("x".into())]);
    run(&stage, &plan(&stage, false), &engine, &measurer).await.expect("it is measured");
    assert_eq!(engine.calls_of(&["start"]), ["start tf-serving-1cpu"]);
    assert_eq!(*stage.host.calls.borrow(), ["compile bench"]);
    let experiment = experiment(&measurer);
    let server = &experiment.servers[0];
    assert_eq!((server.name.as_str(), server.address.as_str()), ("tf-serving-1cpu", "grpc://127.0.0.1:8500"));
    assert_eq!(server.facts["digest"], "sha256:tf-serving:auto");
    assert_eq!(server.build.as_ref().and_then(|build| build.cpus.as_deref()), Some("1"));
    assert_eq!((experiment.model.input.as_str(), experiment.model.pixels), ("x", None));
    let Some(Job::Run { facts, can_renew: true, can_count: true, .. }) = measurer.jobs.borrow().last().cloned() else {
        panic!("containers can be started anew and counted");
    };
    assert_eq!((facts["engine"].as_str(), facts["profile"].as_str()), ("fake", "sample"));
    assert_eq!(measurer.running.get(), 0, "the program has ended");
}

#[tokio::test]
async fn questions_are_answered_by_the_containers() {
    let (stage, engine) = stage();
    let measurer = FakeMeasurer::saying(&[Said::Count, Said::Renew]);
    run(&stage, &plan(&stage, true), &engine, &measurer).await.expect("it is measured");
    let calls = engine.calls_of(&["counters", "stop", "start"]);
    assert_eq!(calls, ["start bench-auto", "counters bench-auto", "stop bench-auto", "start bench-auto"]);
    let standing = Standing { cpu_seconds: 1.5, ..Standing::default() };
    let (counted, renewed) =
        ([("auto".into(), standing)].into(), [("auto".into(), "grpc://127.0.0.1:8500".into())].into());
    assert_eq!(*measurer.answers.borrow(), [Answer::Counted(counted), Answer::Renewed(renewed)]);
    let labels = engine.containers.borrow()["bench-auto"].labels.clone();
    assert_eq!((labels.get(label::RUN).map(String::as_str), labels.contains_key(label::UP)), (Some("run"), true));
    assert_eq!(engine.calls_of(&["network"]), [""; 0], "what ends with the run leaves no network");
}

#[tokio::test]
async fn a_server_that_does_not_come_back_is_the_error_and_not_what_the_program_makes_of_it() {
    let (stage, engine) = stage();
    let plan = plan(&stage, false);
    let measurer = FakeMeasurer::saying(&[]);
    run(&stage, &plan, &engine, &measurer).await.expect("it is up");
    *engine.fails_to_start.borrow_mut() = Some("tf-serving-1cpu".into());
    let measurer = FakeMeasurer::saying(&[Said::Renew]);
    let error = run(&stage, &plan, &engine, &measurer).await.expect_err("it stays down");
    assert!(error.starts_with("start tf-serving-1cpu anew: tfs-checkout-tf-serving-1cpu does not answer"), "{error}");
    assert!(matches!(measurer.answers.borrow().as_slice(), [Answer::Failed(_)]));
}

#[tokio::test]
async fn a_program_that_crashes_or_gives_up_is_one_error() {
    let (stage, engine) = stage();
    let measurer = FakeMeasurer::crashing(&[Said::Progress { done: 1, total: 2, what: "calls".into() }]);
    let error = run(&stage, &plan(&stage, false), &engine, &measurer).await.expect_err("it crashed");
    assert_eq!((error.as_str(), measurer.running.get()), ("the bench ended too early", 0));
    let measurer = FakeMeasurer::crashing(&[Said::Failed("no answer".into())]);
    assert_eq!(run(&stage, &plan(&stage, false), &engine, &measurer).await, Err("no answer".into()));
}

/// What a run of this experiment leaves.
fn leave(folder: &Path, measurer: &FakeMeasurer, ended: bool) {
    fs_err::create_dir_all(folder).expect("create");
    let row =
        serde_json::json!({ "row": "experiment", "experiment": experiment(measurer), "begun": "2026-01-02T03:04:05Z" });
    let end = if ended { "{\"row\":\"ended\",\"at\":\"x\"}\n" } else { "{\"row\":\"call\"}\n{\"ro" };
    fs_err::write(folder.join("records.ndjson"), format!("{row}\n{end}")).expect("write");
}

#[tokio::test]
async fn a_report_goes_on_is_kept_or_moves_aside() {
    let (stage, engine) = stage();
    let plan = plan(&stage, false);
    let folder = stage.folder.path().join("reports/latest");
    let measurer = || FakeMeasurer::saying(&[]);
    let first = measurer();
    run(&stage, &plan, &engine, &first).await.expect("measured");

    leave(&folder, &first, false);
    run(&stage, &plan, &engine, &measurer()).await.expect("measured");
    assert!(folder.join("records.ndjson").exists(), "an interrupted one goes on where it lies");

    leave(&folder, &first, true);
    let keeping = BenchPlan { keeps: true, ..plan.clone() };
    let unused = measurer();
    assert_eq!(run(&stage, &keeping, &engine, &unused).await, Ok(Benched::UpToDate));
    assert!(unused.jobs.borrow().is_empty(), "no program is started");

    for name in ["2026-01-02T03-04-05Z", "2026-01-02T03-04-05Z-2"] {
        leave(&folder, &first, true);
        run(&stage, &plan, &engine, &measurer()).await.expect("measured");
        assert!(!folder.exists() && stage.has(&format!("reports/{name}/records.ndjson")), "{name}");
    }
    leave(&folder, &first, false);
    let other = BenchPlan { model: NamedModel { name: "other".into(), ..plan.model.clone() }, ..plan.clone() };
    run(&stage, &other, &engine, &measurer()).await.expect("measured");
    assert!(stage.has("reports/2026-01-02T03-04-05Z-3/records.ndjson"), "an unfinished one of another moves too");
}

#[tokio::test]
async fn a_folder_of_something_else_is_refused_before_anything_starts() {
    let (stage, engine) = stage();
    let folder = stage.folder.path().join("reports/latest");
    fs_err::create_dir_all(&folder).expect("create");
    fs_err::write(folder.join("thesis.txt"), "").expect("write");
    let error = run(&stage, &plan(&stage, false), &engine, &FakeMeasurer::default()).await.expect_err("refused");
    assert!(error.contains("holds files and no report: name another --output"), "{error}");
    assert!(engine.calls.borrow().is_empty());
}

#[tokio::test]
async fn pictures_have_sums_and_labels() {
    let (stage, engine) = stage();
    let root = stage.folder.path().join("pictures");
    for (path, bytes) in [("cat/a.JPG", "a"), ("b.png", "b"), ("notes.txt", ""), (".hidden/c.png", "c")] {
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().expect("a folder")).expect("create");
        fs_err::write(path, bytes).expect("write");
    }
    fs_err::write(stage.folder.path().join("labels.csv"), "file,label\nb.png,dog\na.JPG,tabby\n").expect("write");
    let labelled = async |labels: Option<&str>| -> Vec<(PathBuf, Option<String>)> {
        let pictures = PlannedPictures::Folder { folder: "pictures".into(), labels: labels.map(String::from) };
        let measurer = FakeMeasurer::saying(&[]);
        run(&stage, &BenchPlan { pictures, ..plan(&stage, false) }, &engine, &measurer).await.expect("measured");
        let Pictures::Files(files) = experiment(&measurer).pictures else { panic!("files were named") };
        assert!(files.iter().all(|file: &PictureFile| file.sha256.len() == 64));
        files.into_iter().map(|file| (file.path.strip_prefix(&root).expect("below").into(), file.label)).collect()
    };
    let (a, b) = (PathBuf::from("cat/a.JPG"), PathBuf::from("b.png"));
    assert_eq!(labelled(None).await, [(b.clone(), None), (a.clone(), Some("cat".into()))]);
    assert_eq!(labelled(Some("labels.csv")).await, [(b, Some("dog".into())), (a, Some("tabby".into()))]);
}

#[tokio::test]
async fn names_that_the_model_does_not_have_are_told_with_those_it_has() {
    let (stage, engine) = stage();
    let ask = async |change: &dyn Fn(&mut NamedModel)| {
        let mut plan = plan(&stage, false);
        change(&mut plan.model);
        run(&stage, &plan, &engine, &FakeMeasurer::saying(&[])).await.expect_err("no such name")
    };
    let error = ask(&|model| model.signature = Some("look".into())).await;
    assert!(error.starts_with("inception has no signature look, it has "), "{error}");
    let error = ask(&|model| model.scores = Some("z".into())).await;
    assert!(error.ends_with("has no `z`, it has y: name one with --scores"), "{error}");
    let error = ask(&|model| model.signature = None).await;
    assert!(error.contains("takes encoded pictures and answers classes with scores: name one"), "{error}");
}

#[tokio::test]
async fn only_reports_are_compared() {
    let stage = Stage::new();
    let [a, b, output] = ["a", "b", "c"].map(|name| stage.folder.path().join(name));
    for folder in [&a, &b] {
        fs_err::create_dir_all(folder).expect("create");
    }
    fs_err::write(a.join("report.json"), "{}").expect("write");
    let compare = async |after: &Path| {
        let measurer = FakeMeasurer::saying(&[]);
        let folders = (a.as_path(), after, output.as_path());
        let found = compare(folders, (&stage.host, &measurer), stage.folder.path(), &silent()).await;
        found.map_err(|error| error.to_string())
    };
    assert!(compare(&a).await.is_ok() && compare(&a.join("report.json")).await.is_ok());
    let error = compare(&b).await.expect_err("nothing is there");
    assert!(
        error.starts_with("there is no report.json in ") && error.contains("same `cargo xtask bench` again"),
        "{error}"
    );
}
