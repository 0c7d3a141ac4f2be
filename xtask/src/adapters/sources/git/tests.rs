//! The checkout against real git and repositories made here: what it makes.
//! No test reaches another machine.

mod recovery;
mod refusals;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{Repository, checkout};

/// A temporary folder with upstream repositories in `up/` and a sources root in `sources/`.
struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("up")).unwrap();
        Self { folder }
    }

    fn sources(&self) -> PathBuf {
        self.folder.path().join("sources")
    }

    fn upstream(&self, name: &str) -> PathBuf {
        self.folder.path().join("up").join(name)
    }

    /// Commits these files on top of what the upstream repository has, and returns the commit.
    fn commit(&self, name: &str, files: &[(&str, &str)]) -> String {
        let at = self.upstream(name);
        if !at.exists() {
            fs::create_dir(&at).unwrap();
            git(&at, &["init", "--quiet", "--initial-branch=main"]);
        }
        for (path, text) in files {
            fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
            fs::write(at.join(path), text).unwrap();
        }
        git(&at, &["add", "--all", "."]);
        git(&at, &["commit", "--quiet", "--allow-empty", "--message=change"]);
        git(&at, &["rev-parse", "HEAD"])
    }

    fn repository(&self, name: &str, commit: &str, path: &str) -> Repository {
        Repository {
            name: name.to_owned(),
            url: self.upstream(name).to_str().unwrap().to_owned(),
            mirror: None,
            commit: commit.parse().unwrap(),
            path: path.to_owned(),
        }
    }

    fn run(&self, repositories: &[Repository]) -> Result<Vec<String>, String> {
        let mut said = Vec::new();
        let done = checkout(&self.sources(), repositories, &mut |line| said.push(line));
        done.map(|()| said).map_err(|error| format!("{error:#}"))
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.sources().join(path)).unwrap()
    }

    fn dot_git(&self, path: &str) -> PathBuf {
        self.sources().join(".git").join(path)
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgSign=false"];
    let output = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// One upstream with two commits, checked out at the first.
fn checked_out() -> (World, Repository, String) {
    let world = World::new();
    let old = world.commit("serving", &[("a.cc", "old"), ("gone.cc", "old")]);
    fs::remove_file(world.upstream("serving").join("gone.cc")).unwrap();
    let new = world.commit("serving", &[("a.cc", "new"), ("sub/b.cc", "new")]);
    let repository = world.repository("serving", &old, "");
    world.run(std::slice::from_ref(&repository)).unwrap();
    (world, repository, new)
}

fn at(repository: &Repository, commit: &str) -> Repository {
    Repository { commit: commit.parse().unwrap(), ..repository.clone() }
}

#[test]
fn the_pinned_commit_is_checked_out_and_then_left_alone() {
    let (world, repository, _) = checked_out();
    assert_eq!(world.read("a.cc"), "old");
    let said = world.run(std::slice::from_ref(&repository)).unwrap();
    assert_eq!(said, [format!("serving: at {}, clean", repository.commit.short())]);
}

#[test]
fn a_new_pin_replaces_the_old_and_the_way_back_needs_no_fetch() {
    let (world, old, new) = checked_out();
    world.run(&[at(&old, &new)]).unwrap();
    assert_eq!((world.read("a.cc"), world.read("sub/b.cc")), ("new".into(), "new".into()));
    assert!(!world.sources().join("gone.cc").exists());
    fs::rename(world.upstream("serving"), world.upstream("away")).unwrap();
    world.run(std::slice::from_ref(&old)).unwrap();
    assert_eq!(world.read("a.cc"), "old");
}

#[test]
fn nested_repositories_take_the_place_of_submodules() {
    let world = World::new();
    let tensorflow = world.commit("tensorflow", &[("tf.cc", "tf")]);
    let models = world.commit("tf_models", &[("model.py", "model")]);
    world.commit("serving", &[("WORKSPACE", "outer")]);
    for (folder, commit) in [("tensorflow", &tensorflow), ("tf_models", &models)] {
        let link = format!("160000,{commit},{folder}");
        git(&world.upstream("serving"), &["update-index", "--add", "--cacheinfo", &link]);
    }
    git(&world.upstream("serving"), &["commit", "--quiet", "--message=submodules"]);
    let serving = git(&world.upstream("serving"), &["rev-parse", "HEAD"]);
    let all = [
        world.repository("serving", &serving, ""),
        world.repository("tensorflow", &tensorflow, "tensorflow"),
        world.repository("tf_models", &models, "tf_models"),
    ];
    world.run(&all).unwrap();
    assert_eq!(world.read("tensorflow/tf.cc"), "tf");
    assert_eq!(world.read("tf_models/model.py"), "model");
    let said = world.run(&all).unwrap();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().all(|line| line.ends_with(", clean")), "{said:?}");

    // An edit inside belongs to the inner repository, and only to it.
    fs::write(world.sources().join("tensorflow/tf.cc"), "mine").unwrap();
    let error = world.run(&all).unwrap_err();
    assert!(error.contains("tensorflow has local edits") && error.contains(" M tf.cc"), "{error}");
}

#[test]
fn a_nested_repository_the_outer_one_does_not_know_is_no_local_edit() {
    let world = World::new();
    let (outer, inner) = (world.commit("serving", &[("a", "a")]), world.commit("extra", &[("b", "b")]));
    let all = [world.repository("serving", &outer, ""), world.repository("extra", &inner, "third_party/extra")];
    world.run(&all).unwrap();
    let said = world.run(&all).unwrap();
    assert!(said[0].ends_with(", clean") && said[1].ends_with(", clean"), "{said:?}");
}

#[test]
fn the_mirror_is_asked_instead_of_the_url() {
    let world = World::new();
    let commit = world.commit("serving", &[("a", "a")]);
    let mut repository = world.repository("serving", &commit, "");
    repository.mirror = Some(std::mem::replace(&mut repository.url, "/does/not/exist.git".into()));
    world.run(&[repository]).unwrap();
    assert_eq!(world.read("a"), "a");
}

#[test]
fn a_server_that_gives_no_commit_by_id_is_searched() {
    let (world, old, new) = checked_out();
    let later = world.commit("serving", &[("a.cc", "later")]);
    // Only the first protocol, with git's defaults, refuses; the second gives any commit it has.
    git(&world.sources(), &["config", "protocol.version", "0"]);
    assert_ne!(later, new);
    let said = world.run(&[at(&old, &new)]).unwrap();
    assert_eq!(world.read("a.cc"), "new");
    assert!(said.iter().any(|line| line.contains("searching its branches and tags")), "{said:?}");

    let missing = at(&old, "1234567890123456789012345678901234567890");
    let error = world.run(&[missing]).unwrap_err();
    assert!(error.contains("is not in ") && error.contains("no branch or tag leads to it"), "{error}");
}

#[test]
fn a_shallow_clone_serves_as_a_mirror() {
    let world = World::new();
    world.commit("serving", &[("a", "first")]);
    let commit = world.commit("serving", &[("a", "second")]);
    let from = format!("file://{}", world.upstream("serving").display());
    git(world.folder.path(), &["clone", "--quiet", "--bare", "--depth=1", &from, "mirror.git"]);
    let mut repository = world.repository("serving", &commit, "");
    repository.mirror = Some(world.folder.path().join("mirror.git").to_str().unwrap().to_owned());
    world.run(&[repository]).unwrap();
    assert_eq!(world.read("a"), "second");
}
