//! A model in an image of its own: the same from every checkout, pushed once, and placed whole by its own program.

use std::{path::Path, process::Command};

use super::{app_image::checkout, harness::is_real, registry::Registry, served::Served};
use crate::checkout::Ran;

fn push(served: &Served, registry: &Registry) -> Ran {
    served.run(&["push-model", "--registry", &format!("{}/demo", registry.host()), "--also-tag", "newest"])
}

fn docker(arguments: &[&str]) -> (bool, String) {
    let ran = Command::new("docker").args(arguments).output().expect("run docker");
    (ran.status.success(), format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)))
}

fn done(arguments: &[&str]) -> String {
    let (well, said) = docker(arguments);
    assert!(well, "docker {}: {said}", arguments.join(" "));
    said.trim().to_owned()
}

/// A volume and what is started with it, gone when the test is.
struct Node {
    volume: String,
    image: String,
}

impl Node {
    fn new(image: &str) -> Self {
        let volume = format!("xtask-test-node-{}", std::process::id());
        done(&["volume", "create", &volume]);
        Self { volume, image: image.into() }
    }

    /// As the daemon set does it: root, for the node's folder is root's, and otherwise confined.
    fn place(&self) -> (bool, String) {
        let mount = format!("{}:/host", self.volume);
        docker(&[
            "run",
            "--rm",
            "--read-only",
            "--user=0:0",
            "--cap-drop=ALL",
            "--volume",
            &mount,
            &self.image,
            "/host/models",
        ])
    }

    /// Copies between this machine and the volume, through a container that never runs.
    fn copy(&self, from: &str, to: &str) {
        let mount = format!("{}:/host", self.volume);
        let container = done(&["create", "--volume", &mount, &self.image, "/host"]);
        let in_it = |path: &str| path.replace("NODE", &container);
        let copied = docker(&["cp", &in_it(from), &in_it(to)]);
        done(&["rm", &container]);
        assert!(copied.0, "{}", copied.1);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        docker(&["volume", "rm", "--force", &self.volume]);
        docker(&["rmi", "--force", &self.image]);
    }
}

fn same(one: &Path, other: &Path) {
    let ran = Command::new("diff").arg("-r").args([one, other]).output().expect("run diff");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn a_model_is_pushed_once_and_places_itself_whole() {
    if !is_real() {
        return;
    }
    let (served, registry) = (checkout(), Registry::open());
    let first = push(&served, &registry);
    first.succeeded();
    let reference = first.stdout.trim().to_owned();
    let lock = served.read("manifests/images.lock");
    assert!(lock.contains(&format!("[models.inception.1]\nreference = \"{reference}\"")), "{lock}");
    assert_eq!(served.files("target/xtask/work"), [""; 0], "layers were left behind");
    let uploads = registry.uploads();
    let second = push(&served, &registry);
    second.succeeded();
    assert_eq!((second.stdout, registry.uploads()), (first.stdout, uploads));
    assert_eq!(served.read("manifests/images.lock"), lock);
    served.run(&["push", "--verify"]).succeeded();
    served.run(&["push", "--verify", "inception/1"]).succeeded();

    // From another place, without a lock: not a byte moves, because it is the same image.
    let elsewhere = push(&checkout(), &registry);
    elsewhere.succeeded();
    assert_eq!((elsewhere.stdout.trim(), registry.uploads()), (reference.as_str(), uploads));

    done(&["pull", "--quiet", &reference]);
    let node = Node::new(&reference);
    let (well, said) = node.place();
    assert!(well && said.contains("version 1 of inception in /host/models is placed, every sum is right"), "{said}");
    let out = served.path("out");
    fs_err::create_dir_all(&out).expect("create");
    node.copy("NODE:/host/models/inception/1", &out.display().to_string());
    same(&out.join("1"), &served.path("model-data/inception/1"));
    assert!(node.place().1.contains("was there, every sum is right"));
    let damaged = served.path("saved_model.pb");
    fs_err::write(&damaged, "damaged").expect("write");
    node.copy(&damaged.display().to_string(), "NODE:/host/models/inception/1/saved_model.pb");
    assert!(node.place().1.contains("is replaced, every sum is right"));

    // As an init container does it: nobody in particular, into an empty folder.
    let empty = ["run", "--rm", "--read-only", "--cap-drop=ALL", "--mount", "type=tmpfs,dst=/model,tmpfs-mode=1777"];
    let said = done(&[&empty[..], &[&reference, "/model/models"]].concat());
    assert!(said.contains("is placed"), "{said}");
    let small = ["run", "--rm", "--read-only", "--mount", "type=tmpfs,dst=/model,tmpfs-size=1m,tmpfs-mode=1777"];
    let (well, said) = docker(&[&small[..], &[&reference, "/model/models"]].concat());
    assert!(!well && said.contains("place-model: cannot copy") && said.contains("No space left"), "{said}");
}
