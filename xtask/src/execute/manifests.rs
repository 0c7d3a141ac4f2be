//! Reads what `manifests/` and the lock say, and puts rendered objects into a folder, whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::read_lock;
use crate::domain::{
    images_lock::ImagesLock,
    manifests::{FOLDER, ObjectId, Tree, yaml},
    push::LOCK_FILE,
};

/// First line of the list of a rendered folder: only a folder that has it is replaced.
const MARK: &str = "# Rendered by `cargo xtask manifests`; the next rendering replaces the whole folder.\n";
const LIST: &str = "kustomization.yaml";

/// The YAML files of a checkout.
pub(crate) fn read_manifests(root: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut folders = vec![root.join(FOLDER)];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).context("read the manifests of this checkout")? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                tree.insert(name, fs_err::read_to_string(&path)?);
            }
        }
    }
    Ok(tree)
}

/// What was pushed; an error where nothing was.
pub(crate) fn read_pushed(root: &Path) -> Result<ImagesLock> {
    let file = root.join(LOCK_FILE);
    if !file.exists() {
        bail!("{LOCK_FILE} is not there, so no image has a digest: run cargo xtask push --registry HOST/PREFIX");
    }
    read_lock(&file)
}

/// Refuses a folder that holds what we did not write.
pub(crate) fn check_output(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    if !folder.is_dir() {
        bail!("{} is no folder", folder.display());
    }
    let ours = fs_err::read_to_string(folder.join(LIST)).is_ok_and(|text| text.starts_with(MARK));
    if !ours && fs_err::read_dir(folder)?.next().is_some() {
        bail!("{} holds files that were not rendered: name an empty or a new folder", folder.display());
    }
    Ok(())
}

/// One file an object and a list of them, written beside the folder and then put in its place; returns their paths.
pub(crate) fn write_manifests(folder: &Path, objects: &[Value]) -> Result<Vec<PathBuf>> {
    let name = folder.file_name().context("the output is a folder with a name")?.to_string_lossy().into_owned();
    let partial = folder.with_file_name(format!(".{name}.partial"));
    let replaced = folder.with_file_name(format!(".{name}.replaced"));
    for left in [&partial, &replaced] {
        if left.exists() {
            fs_err::remove_dir_all(left)?;
        }
    }
    fs_err::create_dir_all(&partial)?;
    let mut files = Vec::new();
    for object in objects {
        let file = ObjectId::of(object).context("every object has a kind and a name")?.file_name();
        fs_err::write(partial.join(&file), yaml::document(object))?;
        files.push(file);
    }
    let list = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": files});
    fs_err::write(partial.join(LIST), format!("{MARK}{}", yaml::document(&list)))?;
    if folder.exists() {
        fs_err::rename(folder, &replaced)?;
    }
    fs_err::rename(&partial, folder)?;
    if replaced.exists() {
        fs_err::remove_dir_all(&replaced)?;
    }
    Ok(files.iter().map(|file| folder.join(file)).collect())
}
