//! `manifests/images.lock` on the disk: read once, written after each image, always whole.

use std::path::Path;

use anyhow::{Context, Result};

use super::PushScene;
use crate::domain::images_lock::{ImagesLock, LockedImage, LockedModel};

/// The lock; an empty one where there is none yet.
pub(crate) fn read(file: &Path) -> Result<ImagesLock> {
    if !file.exists() {
        return Ok(ImagesLock::default());
    }
    let text = fs_err::read_to_string(file)?;
    ImagesLock::parse(&text).with_context(|| {
        format!("read {}; restore it from git (git checkout -- {0}), or remove it and push again", file.display())
    })
}

/// Enters an image and writes the lock, unless it says so already; returns what it now says.
pub(super) fn enter(lock: &mut ImagesLock, name: &str, image: LockedImage, scene: &PushScene) -> Result<LockedImage> {
    if let Some(there) = lock.images.get(name).filter(|there| image.says_the_same_as(there)) {
        return Ok(there.clone());
    }
    lock.images.insert(name.to_owned(), image.clone());
    write(lock, scene).with_context(|| format!("write down where {name} was pushed"))?;
    Ok(image)
}

/// The same for a version of a model.
pub(super) fn enter_model(
    lock: &mut ImagesLock,
    (name, version): (&str, u64),
    model: LockedModel,
    scene: &PushScene,
) -> Result<LockedModel> {
    let versions = lock.models.entry(name.to_owned()).or_default();
    if let Some(there) = versions.get(&version.to_string()).filter(|there| model.says_the_same_as(there)) {
        return Ok(there.clone());
    }
    versions.insert(version.to_string(), model.clone());
    write(lock, scene).with_context(|| format!("write down where version {version} of {name} was pushed"))?;
    Ok(model)
}

/// Beside its place, then renamed: whoever reads sees the one or the other.
fn write(lock: &ImagesLock, scene: &PushScene) -> Result<()> {
    let folder = scene.lock.parent().context("the lock stands in a folder")?;
    fs_err::create_dir_all(folder)?;
    let partial = folder.join(format!(".images.lock.partial-{}", scene.run));
    let mut file = fs_err::File::create(&partial)?;
    std::io::Write::write_all(&mut file, lock.to_string().as_bytes())?;
    file.sync_all()?;
    fs_err::rename(&partial, &scene.lock)?;
    Ok(())
}
