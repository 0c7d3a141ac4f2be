//! Pushes with an engine and a registry that only remember, and what they leave in the lock.

use std::cell::{Cell, RefCell};

use anyhow::anyhow;
use serde_json::json;

use super::*;
use crate::{
    domain::{
        oci::{self, Attachment, Descriptor},
        push::{ImageNames, Tags, fixture},
        reference::{Digest, RegistryAddress},
    },
    ports::{Blob, Content, Progress},
    report::{Options, Surroundings},
    testing::FakeEngine,
};

/// Says nothing to nobody.
pub(super) fn silent() -> Report {
    let around = Surroundings {
        stdout: Box::new(std::io::sink()),
        stderr: Box::new(std::io::sink()),
        width: None,
        animated: false,
        clock: Box::new(Instant::now),
    };
    Report::with_surroundings(Options::default(), around)
}

/// A registry whose repositories are all one.
#[derive(Default)]
pub(super) struct FakeRegistry {
    calls: RefCell<Vec<String>>,
    pub(super) manifests: RefCell<std::collections::BTreeMap<String, Manifest>>,
    referrers: RefCell<Vec<Descriptor>>,
    blobs: RefCell<std::collections::BTreeMap<Digest, Vec<u8>>>,
    /// The blob, if it comes to that one, is refused.
    refuses_blob: RefCell<Option<Digest>>,
    pub(super) refuses_pushes: Cell<bool>,
}

impl FakeRegistry {
    fn keep(&self, reference: &str, manifest: &Manifest) {
        self.manifests.borrow_mut().insert(reference.into(), manifest.clone());
        self.manifests.borrow_mut().insert(manifest.digest().to_string(), manifest.clone());
    }

    /// What changed it, in order.
    pub(super) fn writes(&self) -> Vec<String> {
        self.calls.take()
    }
}

impl Registry for FakeRegistry {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn check_push(&self, repository: &str) -> Result<()> {
        self.calls.borrow_mut().push(format!("check_push {repository}"));
        if self.refuses_pushes.get() { Err(anyhow!("denied")) } else { Ok(()) }
    }

    async fn manifest(&self, _: &str, reference: &str) -> Result<Option<Manifest>> {
        Ok(self.manifests.borrow().get(reference).cloned())
    }

    async fn has_blob(&self, _: &str, digest: &Digest) -> Result<bool> {
        Ok(self.blobs.borrow().contains_key(digest))
    }

    async fn put_blob(&self, repository: &str, blob: &Blob<'_>, progress: Progress<'_>) -> Result<bool> {
        if self.refuses_blob.borrow().as_ref() == Some(&blob.digest) {
            return Err(anyhow!("cut"));
        }
        if self.has_blob(repository, &blob.digest).await? {
            return Ok(false);
        }
        let (bytes, what) = match blob.content {
            Content::Bytes(bytes) => (bytes.to_vec(), "config"),
            Content::File(path) => (fs_err::read(path)?, "layer"),
        };
        assert_eq!((Digest::of(&bytes), bytes.len() as u64), (blob.digest.clone(), blob.size));
        progress(blob.size, blob.size);
        self.calls.borrow_mut().push(format!("blob {what}"));
        self.blobs.borrow_mut().insert(blob.digest.clone(), bytes);
        Ok(true)
    }

    async fn put(&self, _: &str, reference: &str, manifest: &Manifest) -> Result<()> {
        let what = if reference.starts_with("sha256:") { "manifest" } else { "tag" };
        let name = if what == "tag" { reference } else { "by digest" };
        self.calls.borrow_mut().push(format!("{what} {name}"));
        self.keep(reference, manifest);
        Ok(())
    }

    async fn attach(&self, _: &str, subject: &Descriptor, attachment: &Attachment) -> Result<Digest> {
        self.calls.borrow_mut().push(format!("attach {}", attachment.media_type));
        let manifest = Manifest::attaching(attachment, subject);
        self.referrers.borrow_mut().push(attachment.descriptor(&manifest));
        self.keep("referrer", &manifest);
        Ok(manifest.digest())
    }

    async fn referrers(&self, _: &str, _: &Digest) -> Result<Vec<Descriptor>> {
        Ok(self.referrers.borrow().clone())
    }
}

#[derive(Default)]
struct FakeSigner {
    is_missing: bool,
    signed: RefCell<Vec<String>>,
}

impl Signer for FakeSigner {
    fn check(&self) -> Result<()> {
        if self.is_missing { Err(anyhow!("no cosign")) } else { Ok(()) }
    }

    async fn sign(&self, image: &str) -> Result<()> {
        self.signed.borrow_mut().push(image.into());
        Ok(())
    }
}

/// An engine that has every image, a registry, and a folder for the lock.
struct Desk {
    engine: FakeEngine,
    registry: std::rc::Rc<FakeRegistry>,
    signer: FakeSigner,
    folder: tempfile::TempDir,
    sign: bool,
}

/// Two layers, of which all images share the lower.
fn config(name: &str) -> Vec<u8> {
    let layers = ["low".to_owned(), format!("{name} high")].map(|layer| Digest::of(layer.as_bytes()));
    json!({ "rootfs": { "diff_ids": layers } }).to_string().into_bytes()
}

fn id(name: &str) -> String {
    Digest::of(&config(name)).to_string()
}

fn other() -> Manifest {
    Manifest::of_image(&oci::config(b"other"), &[])
}

/// As engines hand images out.
fn saved(names: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, "file", bytes).expect("to memory");
    };
    add(b"low");
    for name in names {
        add(format!("{name} high").as_bytes());
        add(&config(name));
    }
    tar.into_inner().expect("to memory")
}

impl Desk {
    fn new() -> Self {
        let registry = std::rc::Rc::new(FakeRegistry::default());
        let mut engine = FakeEngine::new(1);
        engine.ids = ["a", "b"].map(|name| (format!("tf-serving:{name}"), id(name))).into();
        engine.saved = saved(&["a", "b"]);
        let folder = tempfile::tempdir().expect("a folder");
        Self { engine, registry, signer: FakeSigner::default(), folder, sign: false }
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.path().join("manifests/images.lock")
    }

    fn lock(&self) -> ImagesLock {
        read_lock(&self.lock_file()).expect("a lock")
    }

    async fn push(&self, names: &[&str]) -> Result<Vec<Pushed>> {
        let of = |name: &&str| ImageNames {
            name: name.to_string(),
            local: format!("tf-serving:{name}"),
            repository: "tf-serving".into(),
            tags: vec![name.to_string(), format!("{name}-alias")],
        };
        let address: RegistryAddress = "127.0.0.1:5000/demo".parse().expect("an address");
        let names: Vec<ImageNames> = names.iter().map(of).collect();
        let plan = crate::domain::push::plan(&address, &names, &Tags::default(), self.sign).expect("a plan");
        let ready = |names: &ImageNames| ReadyImage {
            name: names.name.clone(),
            id: id(&names.name),
            receipt_key: "key".into(),
            cpu_features: ["avx2".parse().expect("known")].into(),
            materials: fixture::materials(),
        };
        let images: Vec<ReadyImage> = names.iter().map(ready).collect();
        let ports = PushPorts { engine: &self.engine, registry: &*self.registry, signer: &self.signer };
        let at = |name: &str| self.folder.path().join(name);
        let (scratch, known) = (at("scratch"), at("known.json"));
        let scene = PushScene { lock: self.lock_file(), run: "run".into(), scratch, known };
        let report = silent();
        let mut pushed = Vec::new();
        let ended = push(&plan, &images, &ports, &scene, &report, &mut |one| pushed.push(one)).await;
        assert!(!scene.scratch.exists(), "layers were left behind");
        ended.map(|()| pushed)
    }

    async fn error(&self, names: &[&str]) -> String {
        format!("{:#}", self.push(names).await.expect_err("it fails"))
    }
}

#[tokio::test]
async fn an_image_is_whole_before_its_other_tags_move() {
    let desk = Desk { sign: true, ..Desk::new() };
    let pushed = desk.push(&["a"]).await.expect("pushed");
    let asked = [
        "check_push demo/tf-serving",
        "blob layer",
        "blob layer",
        "blob config",
        "manifest by digest",
        "attach application/spdx+json",
        "attach application/vnd.in-toto+json",
        "tag a",
        "tag a-alias",
    ];
    assert_eq!(desk.registry.writes(), asked);
    let digest = pushed[0].locked.reference.digest.clone();
    let manifest = desk.registry.manifest("", "a").await.expect("it answers").expect("a manifest");
    assert_eq!((manifest.digest(), manifest.is_of_image(&id("a"))), (digest.clone(), true));
    assert!(matches!(pushed[0].state, PushState::Moved { layers: (2, 2), .. }), "{:?}", pushed[0].state);
    assert_eq!(desk.signer.signed.take(), [format!("127.0.0.1:5000/demo/tf-serving@{digest}")]);
    let locked = &desk.lock().images["a"];
    assert_eq!(locked.reference.to_string(), format!("127.0.0.1:5000/demo/tf-serving:a@{digest}"));
    assert_eq!(*locked, pushed[0].locked);
    assert!(verify(locked, &*desk.registry).await.expect("verified").is_empty());
}

#[tokio::test]
async fn images_share_layers_and_so_do_later_pushes() {
    let desk = Desk::new();
    let pushed = desk.push(&["a", "b"]).await.expect("pushed");
    let layers = |pushed: &Pushed| match pushed.state {
        PushState::Moved { layers, .. } => layers,
        _ => (0, 0),
    };
    assert_eq!(pushed.iter().map(layers).collect::<Vec<_>>(), [(2, 2), (1, 2)]);
    // Both came out of the engine at once.
    assert_eq!(desk.engine.calls_of(&["save"]).len(), 1);
    // The registry has lost its manifests, not its blobs; and the other way round.
    desk.registry.manifests.borrow_mut().clear();
    assert_eq!(layers(&desk.push(&["a"]).await.expect("pushed")[0]), (0, 2));
    desk.registry.manifests.borrow_mut().clear();
    desk.registry.blobs.borrow_mut().clear();
    assert_eq!(layers(&desk.push(&["a"]).await.expect("pushed")[0]), (2, 2));
}

#[tokio::test]
async fn what_is_there_already_is_left_alone() {
    let desk = Desk::new();
    desk.push(&["a", "b"]).await.expect("pushed");
    let (lock, text) = (desk.lock(), fs_err::read_to_string(desk.lock_file()).expect("a lock"));
    desk.registry.writes();
    let again = desk.push(&["a", "b"]).await.expect("nothing to do");
    assert!(again.iter().all(|pushed| pushed.state == PushState::AlreadyThere));
    assert!(desk.registry.writes().is_empty());
    assert_eq!(fs_err::read_to_string(desk.lock_file()).expect("a lock"), text);
    // A clone without the lock finds the images all the same, and other images stay in it.
    fs_err::remove_file(desk.lock_file()).expect("remove");
    desk.push(&["a"]).await.expect("nothing to do");
    assert!(desk.registry.writes().is_empty());
    assert!(desk.lock().images["a"].says_the_same_as(&lock.images["a"]));
    desk.push(&["b"]).await.expect("nothing to do");
    assert_eq!(desk.lock().images.len(), 2);
}

#[tokio::test]
async fn a_tag_that_others_moved_comes_back_without_the_engine() {
    let desk = Desk::new();
    let pushed = desk.push(&["a"]).await.expect("pushed");
    desk.registry.keep("a", &other());
    desk.registry.writes();
    let found = verify(&pushed[0].locked, &*desk.registry).await.expect("verified");
    let (is, was) = (other().digest(), pushed[0].locked.reference.digest.clone());
    assert_eq!(found, [format!("tag a is {}, not {}", is.short(), was.short())]);
    let again = desk.push(&["a"]).await.expect("pushed");
    assert_eq!(again[0].state, PushState::Tagged);
    assert_eq!(desk.registry.writes(), ["check_push demo/tf-serving", "tag a"]);
}

#[tokio::test]
async fn nothing_moves_where_anything_would_be_refused() {
    let mut desk = Desk::new();
    desk.registry.refuses_pushes.set(true);
    assert_eq!(desk.error(&["a", "b"]).await, "nothing was pushed: denied");
    desk.registry.refuses_pushes.set(false);
    desk.engine.ids.insert("tf-serving:b".into(), id("rebuilt"));
    assert!(desk.error(&["a", "b"]).await.contains("passed its gate as"));
    desk.engine.ids.insert("tf-serving:b".into(), id("b"));
    desk.signer.is_missing = true;
    desk.sign = true;
    assert_eq!(desk.error(&["a"]).await, "nothing was pushed: no cosign");
    fs_err::create_dir_all(desk.folder.path().join("manifests")).expect("create");
    fs_err::write(desk.lock_file(), "<<<<<<< HEAD").expect("write");
    assert!(desk.error(&["a"]).await.contains("git checkout"));
    let writes = desk.registry.writes();
    assert!(writes.iter().all(|write| write.starts_with("check_push")), "{writes:?}");
}

#[tokio::test]
async fn a_failure_loses_no_image_that_stands() {
    let desk = Desk::new();
    *desk.registry.refuses_blob.borrow_mut() = Some(Digest::of(&config("b")));
    assert_eq!(desk.error(&["a", "b"]).await, "push b: cut");
    assert_eq!(desk.lock().images.keys().collect::<Vec<_>>(), ["a"]);
    assert!(!desk.folder.path().join("manifests/.images.lock.partial-run").exists());
}

#[tokio::test]
async fn what_the_engine_no_longer_hands_out_is_not_locked() {
    let mut desk = Desk::new();
    desk.engine.saved = saved(&["b"]);
    assert!(desk.error(&["a"]).await.contains("handed out nothing of image"));
    assert!(!desk.lock_file().exists());
}

#[tokio::test]
async fn what_is_gone_is_told() {
    let desk = Desk::new();
    let pushed = desk.push(&["a"]).await.expect("pushed");
    desk.registry.manifests.borrow_mut().clear();
    desk.registry.referrers.borrow_mut().pop();
    let found = verify(&pushed[0].locked, &*desk.registry).await.expect("verified");
    let ends = ["is gone", "tag a is gone", "tag a-alias is gone", "is gone", "is not listed"];
    assert_eq!(found.len(), ends.len(), "{found:?}");
    assert!(found.iter().zip(ends).all(|(difference, end)| difference.ends_with(end)), "{found:?}");
}
