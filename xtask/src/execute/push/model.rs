//! A version of the model into a registry: verified, packed the same way everywhere, sent as images are, and locked.

use std::{
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result};

use super::{
    PushScene, PushState,
    known::Known,
    layers::{self, Arrived, Way},
    lock_file, model_layers,
    saved::SavedImage,
};
use crate::{
    domain::{
        event::Event,
        images_lock::LockedModel,
        model::image::{self, ModelPushPlan, PLACER},
        oci::Manifest,
        reference::{Digest, Pinned},
    },
    execute::{
        Folders,
        beside::beside,
        on_disk::{self, Version},
    },
    ports::{Host, Program, Registry},
    report::Report,
};

/// A version that stands in the registry.
#[derive(Debug)]
pub(crate) struct ModelPushed {
    pub locked: LockedModel,
    pub state: PushState,
    pub seconds: f64,
}

/// Pushes the version of the plan.
pub(crate) async fn push_model<H: Host, R: Registry>(
    plan: &ModelPushPlan,
    (host, registry): (&H, &R),
    folders: &Folders,
    scene: &PushScene,
    report: &Report,
) -> Result<ModelPushed> {
    let begin = Instant::now();
    let version = on_disk::find(&plan.folder, &plan.model, &plan.profile, folders)?;
    if let Some(notice) = version.notice() {
        report.warning(&format!("{}: {notice}", plan.folder));
    }
    let mut lock = lock_file::read(&scene.lock)?;
    registry.check().await.context("nothing was pushed")?;
    let pushed = packed_and_sent(plan, &version, (host, registry), folders, scene, report).await;
    if scene.scratch.exists() {
        fs_err::remove_dir_all(&scene.scratch)?;
    }
    let (manifest, state) = pushed?;
    let locked = LockedModel {
        reference: Pinned { reference: plan.reference.clone(), digest: manifest.digest() },
        also_tagged: plan.also.clone(),
        asked: version.asked()?,
        receipt_key: version.receipt.map(|receipt| receipt.key),
        pushed: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
    };
    let locked = lock_file::enter_model(&mut lock, (&plan.model, plan.version), locked, scene)?;
    Ok(ModelPushed { locked, state, seconds: begin.elapsed().as_secs_f64() })
}

async fn packed_and_sent<H: Host, R: Registry>(
    plan: &ModelPushPlan,
    version: &Version,
    (host, registry): (&H, &R),
    folders: &Folders,
    scene: &PushScene,
    report: &Report,
) -> Result<(Manifest, PushState)> {
    let program = compiled(host, folders, report).await?;
    let layers = packed(plan, version, &program, scene, report).await?;
    let digests: Vec<Digest> = layers.iter().map(|(digest, _)| digest.clone()).collect();
    let config = image::config(plan, version.receipt.as_ref(), image::architecture(&program.architecture), &digests);
    let (id, repository) = (Digest::of(&config), plan.reference.repository.path());
    let there = registry.manifest(repository, plan.reference.tag.as_str()).await?;
    let (manifest, state) = match there.filter(|manifest| manifest.is_of_image(id.as_str())) {
        Some(manifest) => (manifest, PushState::AlreadyThere),
        None => {
            registry.check_push(repository).await.context("nothing was pushed")?;
            sent(plan, &config, &layers, registry, scene, report).await?
        }
    };
    for tag in std::iter::once(&plan.reference.tag).chain(&plan.also) {
        let there = registry.manifest(repository, tag.as_str()).await?;
        if there.is_none_or(|there| there.digest() != manifest.digest()) {
            registry.put(repository, tag.as_str(), &manifest).await?;
        }
    }
    Ok((manifest, state))
}

async fn compiled(host: &impl Host, folders: &Folders, report: &Report) -> Result<Program> {
    let step = format!("compile {PLACER}");
    let started = report.start(None, &step);
    let say = |line: String| report.event(Event::Working { step: step.clone(), line });
    let program = host.compile(PLACER, &folders.root, &say).await?;
    report.finish_step(started);
    Ok(program)
}

/// The layers as files in the scratch folder, the lowest first, each with the digest of its tar.
async fn packed(
    plan: &ModelPushPlan,
    version: &Version,
    program: &Program,
    scene: &PushScene,
    report: &Report,
) -> Result<Vec<(Digest, PathBuf)>> {
    let what = format!("verify and pack {}", plan.folder);
    let started = report.start(None, &what);
    let tell = |done, total| report.event(Event::Bytes { what: what.clone(), done, total: Some(total) });
    let (place, folder, scratch) = (plan.place(), version.folder.clone(), scene.scratch.clone());
    let (is_ours, program) = (version.receipt.is_some(), program.path.clone());
    let layers = beside(&tell, move |progress| {
        // Other exporters name their variables as they like, and must only be readable.
        let read = if is_ours { savedmodel::verify(&folder) } else { savedmodel::info(&folder) };
        read.context("it is not what was exported; export it again with another --version")?;
        model_layers::write(&folder, &place, &program, &scratch, progress)
    });
    let layers = layers.await.with_context(|| format!("pack {}", plan.folder))?;
    report.finish_step(started);
    Ok(layers)
}

async fn sent(
    plan: &ModelPushPlan,
    config: &[u8],
    layers: &[(Digest, PathBuf)],
    registry: &impl Registry,
    scene: &PushScene,
    report: &Report,
) -> Result<(Manifest, PushState)> {
    let (name, repository) = (&plan.model, plan.reference.repository.path());
    let started = report.start(None, &format!("push model {name}"));
    let layers: Vec<(Digest, &Path)> = layers.iter().map(|(digest, file)| (digest.clone(), file.as_path())).collect();
    let all = layers.len();
    let mut known = Known::read(&scene.known);
    let way = Way { name, repository, registry, scratch: &scene.scratch, report };
    let Arrived { manifest, bytes, moved } = layers::bring(&SavedImage { config, layers }, &way, &mut known).await?;
    known.write(&scene.known)?;
    registry.put(repository, manifest.digest().as_str(), &manifest).await?;
    report.finish_step(started);
    Ok((manifest, PushState::Moved { bytes, layers: (moved, all) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::model::Model,
        execute::{
            push::tests::{FakeRegistry, silent},
            push::verify_model,
        },
        testing::FakeHost,
    };

    struct Desk {
        folder: tempfile::TempDir,
        registry: FakeRegistry,
    }

    impl Desk {
        /// A checkout with a model, and a registry.
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let write = |file: &str, bytes: &[u8]| {
                let path = folder.path().join(file);
                fs_err::create_dir_all(path.parent().expect("below")).expect("made");
                fs_err::write(path, bytes).expect("written");
            };
            write("model-data/half/7/saved_model.pb", &savedmodel::half_plus_two());
            write("target/place-model", b"a program");
            Self { folder, registry: FakeRegistry::default() }
        }

        fn lock_file(&self) -> PathBuf {
            self.folder.path().join("manifests/images.lock")
        }

        async fn push(&self) -> Result<ModelPushed> {
            let model = Model { version: 7, ..Model::brought("half") };
            let address = "127.0.0.1:5000/demo".parse().expect("an address");
            let plan = image::plan(&address, "sample", &model, None, &["latest".into()]).expect("a plan");
            let at = |name: &str| self.folder.path().join(name);
            let (scratch, known) = (at("scratch"), at("known.json"));
            let scene = PushScene { lock: self.lock_file(), run: "run".into(), scratch, known };
            let folders = Folders { root: self.folder.path().to_owned() };
            let pushed = push_model(&plan, (&FakeHost::default(), &self.registry), &folders, &scene, &silent()).await;
            assert!(!scene.scratch.exists(), "layers were left behind");
            pushed
        }

        async fn error(&self) -> String {
            format!("{:#}", self.push().await.expect_err("it fails"))
        }
    }

    #[tokio::test]
    async fn a_version_is_pushed_once_and_locked() {
        let desk = Desk::new();
        let pushed = desk.push().await.expect("pushed");
        assert!(matches!(pushed.state, PushState::Moved { layers: (3, 3), .. }), "{:?}", pushed.state);
        let asked = ["check_push demo/model-half", "blob layer", "blob layer", "blob layer", "blob config"];
        let writes = desk.registry.writes();
        assert_eq!(writes[..5], asked);
        assert_eq!(writes[5..], ["manifest by digest", "tag 7", "tag latest"]);
        let lock = lock_file::read(&desk.lock_file()).expect("a lock");
        assert_eq!(lock.models["half"]["7"], pushed.locked);
        assert!(verify_model(&pushed.locked, &desk.registry).await.expect("verified").is_empty());
        let text = fs_err::read_to_string(desk.lock_file()).expect("a lock");
        let again = desk.push().await.expect("nothing to do");
        assert_eq!((again.state, desk.registry.writes().is_empty()), (PushState::AlreadyThere, true));
        assert_eq!(fs_err::read_to_string(desk.lock_file()).expect("a lock"), text);
        desk.registry.manifests.borrow_mut().clear();
        let gone = verify_model(&pushed.locked, &desk.registry).await.expect("verified");
        assert_eq!(gone.len(), 3, "{gone:?}");
    }

    #[tokio::test]
    async fn what_is_no_model_or_may_not_be_pushed_is_told_and_locks_nothing() {
        let desk = Desk::new();
        desk.registry.refuses_pushes.set(true);
        assert_eq!(desk.error().await, "nothing was pushed: denied");
        fs_err::write(desk.folder.path().join("model-data/half/7/saved_model.pb"), b"junk").expect("written");
        let error = desk.error().await;
        assert!(error.contains("pack model-data/half/7: it is not what was exported; export it again"), "{error}");
        fs_err::remove_dir_all(desk.folder.path().join("model-data/half/7")).expect("removed");
        assert!(desk.error().await.contains("cargo xtask export-model --profile sample"));
        assert!(!desk.lock_file().exists());
    }
}
