//! A model's way out of its image onto a disk: copied beside its place, every file held against its sum, then renamed.
//! Whoever looks sees a whole version or none; what stands and is right is left alone.

mod copy;
mod sums;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

pub use sums::{SUMS, Sums};

/// What another copier left is swept when nothing can be at work on it any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// How a version came to stand in its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Placed {
    /// It stood there, and every sum was right.
    AlreadyThere,
    /// It was copied.
    Copied,
    /// What stood there was not what the image holds, and was replaced.
    Replaced,
}

/// Places the version that `from`, an image's root, holds as `MODEL/VERSION` below `to`; `who` tells copiers of one folder apart.
///
/// # Errors
/// One sentence: sums that are missing or malformed, a file that is not what its sum says, or the disk's own words with the
/// path they are about. Nothing of this call is left behind then.
pub fn place(from: &Path, to: &Path, who: &str) -> Result<(Sums, Placed), String> {
    let sums = Sums::read(from)?;
    let to = &to.join(&sums.model);
    fs::create_dir_all(to).map_err(|error| said("make", to, &error))?;
    let place = to.join(&sums.version);
    let stood = place.exists();
    if stood && sums.hold(&place).is_ok() {
        return Ok((sums, Placed::AlreadyThere));
    }
    sweep(to, &sums.version);
    let partial = to.join(format!(".{}.placing-{who}", sums.version));
    let copied = copy::all(&sums, from, &partial).and_then(|()| take_place(&sums, &partial, to, who));
    if copied.is_err() {
        remove(&partial);
    }
    copied.map(|()| (sums, if stood { Placed::Replaced } else { Placed::Copied }))
}

/// Renames what was copied into its place; where another copier was faster, its work has to be right.
fn take_place(sums: &Sums, partial: &Path, to: &Path, who: &str) -> Result<(), String> {
    let place = to.join(&sums.version);
    if place.exists() && sums.hold(&place).is_err() {
        let aside = to.join(format!(".{}.wrong-{who}", sums.version));
        remove(&aside);
        fs::rename(&place, &aside).map_err(|error| said("move aside", &place, &error))?;
        let renamed = fs::rename(partial, &place).map_err(|error| said("rename to", &place, &error));
        remove(&aside);
        return renamed;
    }
    match fs::rename(partial, &place) {
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            remove(partial);
            sums.hold(&place)
        }
        other => other.map_err(|error| said("rename to", &place, &error)),
    }
}

/// Removes what copiers that are gone have left of this version.
fn sweep(to: &Path, version: &str) {
    let starts = [format!(".{version}.placing-"), format!(".{version}.wrong-")];
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        starts.iter().any(|start| name.starts_with(start))
    };
    let is_abandoned = |path: &PathBuf| {
        let changed = fs::metadata(path).and_then(|facts| facts.modified()).ok();
        changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > ABANDONED)
    };
    let entries = fs::read_dir(to).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(is_ours).filter(is_abandoned).for_each(|path| remove(&path));
}

/// What cannot be removed is only in the way of nobody.
fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

fn said(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    /// An image's root with version 7, and where it goes.
    fn image() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("image"), folder.path().join("models"));
        fs::create_dir_all(from.join("models/inception/7/variables")).expect("made");
        let files = ["saved_model.pb", "variables/variables.index"].map(|file| format!("models/inception/7/{file}"));
        let sum = |file: &String| {
            fs::write(from.join(file), "hello").expect("written");
            format!("{HELLO}  {file}\n")
        };
        let sums: String = files.iter().map(sum).collect();
        fs::write(from.join(SUMS), sums).expect("written");
        (folder, from, to.join("inception"))
    }

    /// Names below a folder.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("read").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    }

    fn placed(from: &Path, to: &Path) -> Result<Placed, String> {
        place(from, to.parent().expect("models"), "pod-1").map(|(_, placed)| placed)
    }

    #[test]
    fn a_version_is_copied_once_and_mended_when_it_is_wrong() {
        let (_folder, from, to) = image();
        assert_eq!(placed(&from, &to), Ok(Placed::Copied));
        assert_eq!(fs::read_to_string(to.join("7/variables/variables.index")).expect("there"), "hello");
        assert_eq!(placed(&from, &to), Ok(Placed::AlreadyThere));
        fs::write(to.join("7/saved_model.pb"), "jello").expect("tampered with");
        assert_eq!(placed(&from, &to), Ok(Placed::Replaced));
        fs::remove_file(to.join("7/variables/variables.index")).expect("removed");
        assert_eq!(placed(&from, &to), Ok(Placed::Replaced));
        assert_eq!(names(&to), ["7"]);
        assert_eq!(names(&to.join("7")), ["saved_model.pb", "variables"]);
    }

    #[test]
    fn other_versions_and_what_others_copy_right_now_are_left_alone() {
        let (_folder, from, to) = image();
        for folder in ["6", ".7.placing-pod-2"] {
            fs::create_dir_all(to.join(folder)).expect("made");
        }
        assert_eq!(placed(&from, &to), Ok(Placed::Copied));
        assert_eq!(names(&to), [".7.placing-pod-2", "6", "7"]);
    }

    #[test]
    fn what_a_killed_copier_left_is_swept_by_itself_or_when_it_is_old() {
        let (_folder, from, to) = image();
        for folder in [".7.placing-pod-1", ".7.placing-pod-9"] {
            fs::create_dir_all(to.join(folder).join("half")).expect("made");
        }
        let old = fs::File::open(to.join(".7.placing-pod-9")).expect("open");
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED;
        old.set_modified(long_ago).expect("set");
        assert_eq!(placed(&from, &to), Ok(Placed::Copied));
        assert_eq!(names(&to), ["7"]);
        assert_eq!(names(&to.join("7")), ["saved_model.pb", "variables"]);
    }

    #[test]
    fn a_damaged_image_places_nothing() {
        let (_folder, from, to) = image();
        fs::write(from.join("models/inception/7/variables/variables.index"), "jello").expect("damaged");
        let error = placed(&from, &to).expect_err("damaged");
        assert!(error.contains("7/variables/variables.index is damaged"), "{error}");
        assert!(names(&to).is_empty());
        fs::remove_file(from.join(SUMS)).expect("removed");
        assert!(placed(&from, &to).expect_err("no sums").contains("SHA256SUMS"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let (folder, from, _) = image();
        let to = folder.path().join("file/inception");
        fs::write(folder.path().join("file"), "").expect("written");
        let error = placed(&from, &to).expect_err("a file");
        assert!(error.contains("cannot make") && error.contains("/file"), "{error}");
    }

    #[test]
    fn copiers_side_by_side_all_end_well() {
        let (_folder, from, to) = image();
        let ended: Vec<_> = std::thread::scope(|scope| {
            let copiers: Vec<_> = (0..8)
                .map(|number| {
                    let (from, to) = (&from, &to);
                    scope.spawn(move || place(from, to.parent().expect("models"), &format!("pod-{number}")).map(|_| ()))
                })
                .collect();
            copiers.into_iter().map(|copier| copier.join().expect("no panic")).collect()
        });
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
        assert_eq!(names(&to), ["7"]);
    }
}
