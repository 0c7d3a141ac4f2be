//! What the checkout refuses or leaves alone, and that its errors say what to do.
//! The repositories are made by the parent module.

use std::{fs, net::TcpListener};

use super::{World, at, checked_out, git};

#[test]
fn a_commit_that_is_not_there_is_named() {
    let world = World::new();
    world.commit("serving", &[("a", "a")]);
    let wrong = "1234567890123456789012345678901234567890";
    let error = world.run(&[world.repository("serving", wrong, "")]).unwrap_err();
    assert!(error.contains(&format!("commit {wrong} is not in ")), "{error}");
}

#[test]
fn an_address_that_does_not_answer_names_the_mirror_option() {
    let world = World::new();
    let commit = world.commit("serving", &[("a", "a")]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for mirror in ["/does/not/exist.git".to_owned(), format!("git://127.0.0.1:{port}/serving.git")] {
        let mut repository = world.repository("serving", &commit, "");
        repository.mirror = Some(mirror.clone());
        let error = world.run(&[repository]).unwrap_err();
        assert!(error.contains(&format!("{mirror} cannot be reached")), "{error}");
        assert!(error.contains("`mirrors` under [sources] in config.toml"), "{error}");
    }
}

#[test]
fn local_edits_stop_the_checkout_and_stay() {
    for (path, mark) in [("a.cc", " M a.cc"), ("mine.cc", "?? mine.cc")] {
        let (world, old, new) = checked_out();
        fs::write(world.sources().join(path), "mine").unwrap();
        for repository in [old.clone(), at(&old, &new)] {
            let error = world.run(&[repository]).unwrap_err();
            assert!(error.contains("local edits") && error.contains(mark) && error.contains(" stash "), "{error}");
            assert_eq!(world.read(path), "mine");
        }
    }
}

#[test]
fn files_that_were_there_before_the_first_checkout_are_edits_too() {
    let world = World::new();
    let commit = world.commit("serving", &[("a.cc", "a"), ("b.cc", "b")]);
    fs::create_dir(world.sources()).unwrap();
    fs::write(world.sources().join("a.cc"), "mine").unwrap();
    for _ in 0..2 {
        let error = world.run(&[world.repository("serving", &commit, "")]).unwrap_err();
        assert!(error.contains("M a.cc") && !error.contains("b.cc"), "{error}");
        assert_eq!(world.read("a.cc"), "mine");
    }
}

#[test]
fn a_path_that_leaves_the_sources_is_refused() {
    let world = World::new();
    let commit = world.commit("serving", &[("a", "a")]);
    for path in ["../x", "/x", "a/../../x", ".git/x"] {
        let error = world.run(&[world.repository("serving", &commit, path)]).unwrap_err();
        assert!(error.contains(&format!("`{path}`")), "{error}");
    }
    assert!(!world.sources().exists());
}

#[test]
fn hooks_do_not_run_and_the_repository_around_is_left_alone() {
    let world = World::new();
    let commit = world.commit("serving", &[("a", "a")]);
    fs::create_dir(world.sources()).unwrap();
    git(world.folder.path(), &["init", "--quiet"]);
    git(&world.sources(), &["init", "--quiet"]);
    fs::create_dir_all(world.dot_git("hooks")).unwrap();
    let hook = world.dot_git("hooks/post-checkout");
    fs::write(&hook, "#!/bin/sh\ntouch hook-ran\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, mode).unwrap();
    fs::remove_file(world.dot_git("HEAD")).unwrap();
    world.run(&[world.repository("serving", &commit, "")]).unwrap();
    assert!(!world.sources().join("hook-ran").exists());
    assert!(!world.folder.path().join("a").exists());
    assert!(!world.folder.path().join(".git/index").exists());
}
