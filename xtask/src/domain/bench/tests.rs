//! Plans of benches: how much is measured, what is said of it, and when two experiments are one.

use std::collections::BTreeMap;

use bench_protocol::experiment::{Experiment, Model, Pictures, Server};

use super::{
    BenchPlan, NamedModel, PlannedPictures, Subject, builds,
    choices::{Choices, Design},
    same::is_same,
    servers_of,
    values::{Millicpus, Target},
};
use crate::{
    config::Config,
    domain::{
        serving_image::app::Interface,
        up::{self, ServerSettings, UpPlan},
    },
};

fn config() -> Config {
    Config::parse(include_str!("../../../../config.toml"), "config.toml").expect("the real one is sound")
}

fn up_plan(profile: &str, servers: &[ServerSettings]) -> UpPlan {
    let config = config();
    let profile = config.profile(profile).expect("known");
    up::up(&up::Inputs {
        profile,
        model: &profile.model,
        version: 1,
        servers: &servers.iter().collect::<Vec<_>>(),
        variants: &config.select(&[]).expect("all"),
        images: &config.images,
        app: None,
    })
}

fn of_targets(choices: &Choices, pictures: PlannedPictures) -> BenchPlan {
    let target: Target = "a=http://127.0.0.1:8501".parse().expect("an address");
    BenchPlan {
        title: "bench".into(),
        subject: Subject::Targets(vec![target]),
        model: NamedModel { name: "m".into(), ..NamedModel::default() },
        pictures,
        design: Design::of(choices),
        output: "reports/latest".into(),
        keeps: false,
    }
}

const GENERATED: PlannedPictures = PlannedPictures::Generated { count: 2, width: 40, height: 30 };

#[test]
fn calls_and_time_are_told_before_anything_is_measured() {
    let text = of_targets(&Choices::default(), GENERATED).to_string();
    let line = |begin: &str| text.lines().find(|line| line.starts_with(begin)).unwrap_or_default().to_owned();
    assert_eq!(line("# a="), "# a=http://127.0.0.1:8501: asked, and never restarted");
    assert_eq!(
        line("# 2 pictures"),
        "# 2 pictures of 40x30, generated; of each itself and 2048, 1024, 512, 256, 128 px as jpeg 75 and 90, png: 16 forms"
    );
    // 480 calls and 3 starts of 12 points of 5 s.
    assert_eq!(
        line("# 3 starts"),
        "# 3 starts x 5 calls x 16 forms x 1 server x 2 pictures = 480 calls: about 4 min where a call takes 0.1 s"
    );
}

#[test]
fn a_quick_bench_is_little_of_everything_and_what_was_chosen_stays() {
    let quick = Design::of(&Choices { quick: true, ..Choices::default() });
    assert_eq!((quick.repetitions.restarts, quick.generated, quick.forms()), (1, 1, 5));
    let chosen = Choices { quick: true, restarts: Some(4), sizes: vec![64], rates: vec![0.2], ..Choices::default() };
    let chosen = Design::of(&chosen);
    let rates = chosen.load.map(|load| load.rates);
    assert_eq!((chosen.repetitions.restarts, chosen.cells.sizes, rates), (4, vec![64], Some(vec![0.2])));
    let without = Design::of(&Choices { no_load: true, formats: vec!["png".into()], ..Choices::default() });
    assert_eq!((without.load.is_none(), without.load_seconds(), without.forms()), (true, 0.0, 6));
    assert!(without.cells.qualities.is_empty(), "qualities are JPEG's");
}

#[test]
fn pictures_of_a_folder_are_counted_when_they_are_found() {
    let folder = PlannedPictures::Folder { folder: "cats".into(), labels: None };
    let text = of_targets(&Choices { no_load: true, ..Choices::default() }, folder).to_string();
    assert!(text.contains("\n# pictures of cats, labels by folder; of each itself and"), "{text}");
    assert!(text.contains("= 240 calls of each picture: about 39 s of one where"), "{text}");
    assert!(!text.contains("load"), "{text}");
}

#[test]
fn servers_of_images_differ_in_their_flags_alone() {
    let images = ["cpu-standard", "cpu", "auto", "gpu"].map(|name| name.parse().expect("a tag"));
    let servers = servers_of(images.iter(), Some(Millicpus(500)));
    let found = builds(&up_plan("sample", &servers), &config().images);
    let told: Vec<_> =
        found.iter().map(|build| (build.device.as_str(), build.flags.as_str(), build.simulated)).collect();
    assert_eq!(
        told,
        [("cpu", "standard", false), ("cpu", "optimized", false), ("cpu", "auto", false), ("gpu", "optimized", true)]
    );
    assert!(found.iter().all(|build| build.cpus.as_deref() == Some("0.5")));
    let real = builds(&up_plan("current", &servers), &config().images);
    assert!(!real[3].simulated, "that one cannot start without a driver");
}

#[test]
fn containers_of_a_bench_are_shown_without_a_network() {
    let images = ["cpu-standard"].map(|name| name.parse().expect("a tag"));
    let plan = up_plan("sample", &servers_of(images.iter(), None));
    let builds = builds(&plan, &config().images);
    let subject = |passing| Subject::Containers {
        plan: plan.clone(),
        builds: builds.clone(),
        interface: Interface::Rest,
        passing,
        renews: passing,
    };
    let text =
        |passing| BenchPlan { subject: subject(passing), ..of_targets(&Choices::default(), GENERATED) }.to_string();
    assert!(text(false).contains("docker network create tf-serving") && text(false).contains("# these stay up\n"));
    assert!(!text(true).contains("--network") && !text(true).contains("network create"), "{}", text(true));
    assert!(text(true).contains("# these are removed at the end, and are started anew between repetitions\n"));
}

fn experiment(address: &str, digest: &str) -> Experiment {
    let model = Model {
        name: "m".into(),
        version: None,
        signature: "s".into(),
        input: "i".into(),
        classes: "c".into(),
        scores: "s".into(),
        pixels: None,
    };
    let server = Server {
        name: "a".into(),
        address: address.into(),
        facts: BTreeMap::from([("digest".to_owned(), digest.to_owned())]),
        build: None,
    };
    let pictures = Pictures::Generated { count: 1, width: 8, height: 8 };
    of_targets(&Choices::default(), GENERATED).experiment(model, vec![server], pictures)
}

#[test]
fn an_experiment_is_the_same_wherever_its_servers_are() {
    let recorded = serde_json::to_value(experiment("http://127.0.0.1:1", "x")).expect("plain data");
    assert!(is_same(&recorded, &experiment("http://127.0.0.1:2", "x")));
    assert!(!is_same(&recorded, &experiment("http://127.0.0.1:1", "y")), "another image");
    assert!(!is_same(&serde_json::Value::Null, &experiment("http://127.0.0.1:1", "x")));
}
