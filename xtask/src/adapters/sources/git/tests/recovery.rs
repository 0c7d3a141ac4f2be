//! What the checkout survives: kills, damage, and hands that moved things.
//! The repositories are made by the parent module.

use std::fs;

use super::{World, at, checked_out, git};

#[test]
fn locks_and_half_received_packs_of_a_killed_git_are_cleared() {
    let (world, old, new) = checked_out();
    let leftovers = ["index.lock", "shallow.lock", "refs/xtask/x.lock", "objects/pack/tmp_pack_AbCdEf"];
    for leftover in leftovers {
        fs::write(world.dot_git(leftover), "").unwrap();
    }
    world.run(&[at(&old, &new)]).unwrap();
    assert_eq!(world.read("a.cc"), "new");
    assert!(leftovers.iter().all(|leftover| !world.dot_git(leftover).exists()));
}

#[test]
fn damaged_repositories_recover() {
    type Damage = fn(&World);
    let damages: [(&str, Damage); 6] = [
        ("no HEAD", |world| fs::remove_file(world.dot_git("HEAD")).unwrap()),
        ("HEAD on a commit that is not here", |world| {
            fs::write(world.dot_git("HEAD"), "1234567890123456789012345678901234567890\n").unwrap();
        }),
        ("no index", |world| fs::remove_file(world.dot_git("index")).unwrap()),
        ("empty index", |world| fs::write(world.dot_git("index"), "garbage").unwrap()),
        ("config that cannot be read", |world| fs::write(world.dot_git("config"), "[[[").unwrap()),
        ("no objects", |world| {
            fs::remove_dir_all(world.dot_git("objects")).unwrap();
            fs::create_dir(world.dot_git("objects")).unwrap();
        }),
    ];
    for (name, damage) in damages {
        for moved in [false, true] {
            let (world, old, new) = checked_out();
            let wanted = if moved { at(&old, &new) } else { old };
            damage(&world);
            let done = world.run(std::slice::from_ref(&wanted));
            if moved && done.as_ref().is_err_and(|error| error.contains("local edits")) {
                continue; // The old files cannot be told from edits once git has forgotten them.
            }
            done.unwrap_or_else(|error| panic!("{name}: {error}"));
            let said = world.run(std::slice::from_ref(&wanted)).unwrap();
            assert!(said[0].ends_with(", clean"), "{name}: {said:?}");
        }
    }
}

#[test]
fn a_checkout_that_was_stopped_half_way_is_finished() {
    let (world, old, new) = checked_out();
    // As a kill leaves it: the mark, some new files, some half-written, and HEAD and index of before.
    world.run(&[at(&old, &new)]).unwrap();
    world.run(std::slice::from_ref(&old)).unwrap();
    fs::write(world.dot_git("xtask-checkout"), &new).unwrap();
    fs::create_dir(world.sources().join("sub")).unwrap();
    fs::write(world.sources().join("sub/b.cc"), "ne").unwrap();
    fs::write(world.sources().join("a.cc"), "").unwrap();

    // The pin was moved back since: what the stopped run had written must go.
    world.run(std::slice::from_ref(&old)).unwrap();
    assert_eq!(world.read("a.cc"), "old");
    assert!(!world.sources().join("sub").exists());
    assert!(!world.dot_git("xtask-checkout").exists());
}

#[test]
fn a_head_moved_by_hand_is_moved_back() {
    let (world, old, new) = checked_out();
    world.run(&[at(&old, &new)]).unwrap();
    git(&world.sources(), &["checkout", "--quiet", "--detach", old.commit.as_str()]);
    world.run(&[at(&old, &new)]).unwrap();
    assert_eq!(world.read("a.cc"), "new");
}
