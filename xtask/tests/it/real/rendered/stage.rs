//! A checkout whose images and model are in a registry of its own and nowhere else: manifests rendered here name what has to
//! be pulled by digest.

use super::{
    super::{
        app_image,
        harness::{copy, say},
        registry::Registry,
        served::Served,
    },
    objects::Objects,
};
use crate::checkout::workspace;

/// Servers that have several CPUs: Docker refuses more than there are.
const SEVERAL: [(&str, usize); 2] = [("8cpu", 8), ("auto", 2)];
/// The seed of the sample's weights, and another.
const SEEDS: [&str; 2] = ["synthetic = 2016", "synthetic = 2017"];

pub struct Stage {
    served: Served,
    registry: Registry,
}

impl Stage {
    pub fn new(images: &[&str]) -> Self {
        let stage = Self { served: app_image::checkout(), registry: Registry::open() };
        copy(&workspace().join("manifests"), &stage.served.path("manifests"));
        let _ = fs_err::remove_file(stage.served.path("manifests/images.lock"));
        stage.lower_cpus();
        let address = stage.address();
        stage.served.run(&[&["push", "--registry", &address], images].concat()).succeeded();
        stage.push_model("1");
        stage.served.remove_images();
        stage
    }

    fn address(&self) -> String {
        format!("{}/demo", self.registry.host())
    }

    fn push_model(&self, version: &str) {
        self.served.run(&["push-model", "--registry", &self.address(), "--version", version]).succeeded();
    }

    fn lower_cpus(&self) {
        let there = std::thread::available_parallelism().expect("it has some").get();
        for (server, cpus) in SEVERAL.into_iter().filter(|(_, cpus)| *cpus > there) {
            let file = format!("manifests/servers/{server}/kustomization.yaml");
            let [most, fewer] = [cpus, there].map(|number| format!("cpu: \"{number}\""));
            let text = self.served.read(&file);
            assert_eq!(text.matches(&most).count(), 2, "request and limit: {text}");
            self.served.write(&file, &text.replace(&most, &fewer));
            say(&format!("{server}: {cpus} CPUs are more than this machine has, {there} in this rendering"));
        }
    }

    /// Other weights as version 2, pushed beside the first.
    pub fn push_second_version(&self) {
        // Until now it was everybody's.
        let everybodys = Served::shared().path("model-data/inception/1");
        fs_err::remove_file(self.served.path("model-data/inception")).expect("it was a link");
        copy(&everybodys, &self.served.path("model-data/inception/1"));
        self.served.edit("config.toml", SEEDS[0], SEEDS[1]);
        self.served.run(&["export-model", "--version", "2"]).succeeded();
        self.push_model("2");
    }

    /// `arguments` are those of `cargo xtask manifests`.
    pub fn rendered(&self, arguments: &[&str]) -> Objects {
        let ran = self.served.run(&[&["--json", "manifests"], arguments].concat());
        let result = ran.succeeded().events().into_iter().find(|event| event["event"] == "result").expect("objects");
        Objects(result["details"]["objects"].as_array().expect("a list").clone())
    }
}

impl Drop for Stage {
    /// What was pulled.
    fn drop(&mut self) {
        let lock = fs_err::read_to_string(self.served.path("manifests/images.lock")).unwrap_or_default();
        let references = lock.lines().filter_map(|line| line.strip_prefix("reference = \"")?.strip_suffix('"'));
        references.for_each(|reference| self.served.engine.remove_image(reference));
    }
}
