//! Checkouts whose servers truly serve. The servers take minutes and their images seconds, so one checkout with both stays
//! below `target/`: every run of these tests brings it up to date, which is what the program is for.

use std::{ops::Deref, path::Path, process::Command, sync::OnceLock};

use serde_json::Value;

use super::{
    engine::Engine,
    harness::{Sample, copy},
};
use crate::checkout::{Checkout, Ran, workspace};

/// What the header of a remote cache would be: builds of all these checkouts carry it.
pub const SECRET: &str = "Bearer planted-by-the-tests-of-xtask";

/// A checkout with proven servers, whose images have a repository of their own.
pub struct Served {
    pub sample: Sample,
    pub repository: String,
}

impl Served {
    /// Servers, images and the model of today's sources; nobody changes them.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Served> = OnceLock::new();
        SHARED.get_or_init(|| {
            let folder = workspace().join("target/xtask/served");
            let bundle = || fs_err::read(folder.join("planted.crt")).ok();
            let before = bundle();
            let served = Self::of(Sample::in_checkout(Checkout::lasting(&folder)));
            // Certificates are no input of a server or an image, and here they must have been there.
            if before != bundle() {
                let _ = fs_err::remove_dir_all(served.path("bin"));
            }
            for command in ["build-servers", "build-images", "export-model"] {
                served.run(&[command]).succeeded();
            }
            served
        })
    }

    /// The same servers, and nothing else yet: for tests that change what images are made of.
    pub fn apart() -> Self {
        let served = Self::of(Sample::with_the_server());
        let from = Self::shared().path("bin");
        fs_err::create_dir_all(served.path("bin")).expect("create");
        for entry in fs_err::read_dir(from).expect("built").flatten().filter(|entry| entry.path().is_file()) {
            copy(&entry.path(), &served.path("bin").join(entry.file_name()));
        }
        served
    }

    /// All of them are made with a certificate and a secret that nothing they ship may have.
    fn of(mut sample: Sample) -> Self {
        let host = fs_err::read_to_string("/etc/ssl/certs/ca-certificates.crt").expect("the host's bundle");
        sample.write("planted.crt", &(host + &planted()));
        sample.edit("config.toml", "ca-bundle = \"host\"", "ca-bundle = \"planted.crt\"");
        sample.edit("config.toml", "[bazel]\n", "[bazel]\nheaders = { Authorization = \"XTASK_IT_SECRET\" }\n");
        sample.set_environment("XTASK_IT_SECRET", SECRET);
        let repository = format!("xtask-it-{}", sample.id);
        sample.edit("config.toml", "repository = \"tf-serving\"", &format!("repository = \"{repository}\""));
        Self { sample, repository }
    }

    /// A line of the certificate, as it stands in every bundle that has it.
    pub fn planted_certificate(&self) -> String {
        let line = planted().lines().nth(3).expect("base64").to_owned();
        assert!(line.len() == 64 && self.read("planted.crt").contains(&line));
        line
    }

    pub fn build_images(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["build-images"], arguments].concat())
    }

    pub fn reference(&self, image: &str) -> String {
        format!("{}:{image}", self.repository)
    }

    pub fn image_receipt(&self, image: &str) -> Value {
        serde_json::from_str(&self.read(&format!("bin/images/{image}.receipt.json"))).expect("a receipt is JSON")
    }

    /// The ID behind a tag of this checkout.
    pub fn id_of(&self, image: &str) -> Option<String> {
        self.engine.image(&self.reference(image)).and_then(|found| found.id)
    }

    /// Removes every image that this checkout made.
    pub fn remove_images(&self) {
        self.engine.remove_images_of(&self.repository, &self.id);
    }
}

impl Deref for Served {
    type Target = Sample;

    fn deref(&self) -> &Sample {
        &self.sample
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.remove_images();
    }
}

/// A certificate of nobody; made once, as another one would be another build image.
fn planted() -> String {
    let path = workspace().join("target/xtask/planted.pem");
    if !path.exists() {
        let arguments = "req -x509 -newkey rsa:2048 -nodes -days 9999 -subj /CN=planted -keyout /dev/null";
        let made = Command::new("openssl").args(arguments.split(' ')).output().expect("run openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs_err::create_dir_all(path.parent().expect("a folder")).expect("create");
        fs_err::write(&path, made.stdout).expect("write");
    }
    fs_err::read_to_string(path).expect("PEM is text")
}

/// The model y = x / 2 + 2 as an archive for a container's folder of models.
pub fn half_plus_two() -> Vec<u8> {
    archive(|tar| {
        let bytes = savedmodel::half_plus_two();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, "half/1/saved_model.pb", bytes.as_slice()).expect("into memory");
    })
}

/// The model that was exported, under the name `inception`.
pub fn inception(version: &Path) -> Vec<u8> {
    archive(|tar| tar.append_dir_all("inception/1", version).expect("into memory"))
}

fn archive(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    fill(&mut tar);
    tar.into_inner().expect("into memory")
}

/// A container of an image, confined as the gate confines it; it goes with the test.
pub struct Container<'a> {
    engine: &'a Engine,
    pub name: String,
}

impl<'a> Container<'a> {
    /// Started with these variables (`NAME=value`), a folder of models and a quota.
    pub fn start(served: &'a Served, image: &str, variables: &[&str], models: Vec<u8>, cpus: f64) -> Self {
        Self::of(served, &served.reference(image), variables, models, cpus)
    }

    /// The same of any image on the engine.
    pub fn of(served: &'a Served, reference: &str, variables: &[&str], models: Vec<u8>, cpus: f64) -> Self {
        // One at a time, and never two of one test.
        let name = format!("xtask-it-{}", served.id);
        let engine = &served.engine;
        engine.remove_container(&name);
        engine.serve(&name, reference, variables, cpus, models);
        Self { engine, name }
    }

    /// `host:port` of the REST API.
    pub fn address(&self) -> String {
        self.engine.published(&self.name, "8501/tcp").expect("it runs and its port is published")
    }

    pub fn stop_softly(&self) {
        self.engine.signal(&self.name, "SIGTERM");
    }

    pub fn exit_code(&self) -> i64 {
        self.engine.wait(&self.name)
    }

    pub fn log(&self) -> String {
        self.engine.log(&self.name)
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.engine.remove_container(&self.name);
    }
}
