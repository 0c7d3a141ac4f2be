//! Pushes by a real engine to a real registry: what arrives, what is locked, what a second push leaves alone, and trouble
//! of every kind on the way.

mod shop;

use std::time::Duration;

use self::shop::Shop;
use super::{
    fault_proxy::{Fault, FaultProxy},
    harness::is_real,
    registry::Registry,
};

/// One image of the shop is larger than this.
const SOME: usize = 1 << 20;

#[test]
fn a_second_push_moves_no_blob_and_takes_no_time() {
    if !is_real() {
        return;
    }
    let (shop, registry) = (Shop::new(), Registry::open());
    let first = shop.push(&registry.host(), &[]).end().expect(0);
    let mut lines: Vec<&str> = first.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, shop.locked());
    assert_eq!(lines.len(), 2);
    assert_eq!(shop.files("target/xtask/work"), [""; 0], "layers were left behind");
    let packed = shop.read("target/xtask/packed-layers.json");
    assert_eq!(packed.matches("tar+gzip").count(), 2, "{packed}");
    let (uploads, lock) = (registry.uploads(), shop.read("manifests/images.lock"));
    let second = shop.push(&registry.host(), &[]).end().expect(0);
    assert_eq!((second.stdout, registry.uploads()), (first.stdout, uploads));
    assert_eq!(shop.read("manifests/images.lock"), lock);
    assert!(second.stderr.contains("already there"), "{}", second.stderr);
    shop.run(&["push", "--verify"]).succeeded();
    // Somebody else moves a tag: told, and brought back without a byte of a layer.
    let [a, b] = shop.names();
    shop.copy_tag(&registry.host(), &a, &b);
    shop.run(&["push", "--verify"]).failed_saying(1, &["DIFFERS", &format!("tag {b} is ")]);
    shop.push(&registry.host(), &[&b]).end().expect(0);
    shop.run(&["push", "--verify"]).succeeded();
    assert_eq!(registry.uploads(), uploads);
}

#[test]
fn a_later_push_does_not_pack_a_layer_that_the_registry_has() {
    if !is_real() {
        return;
    }
    let (shop, registry) = (Shop::new(), Registry::open());
    let [a, _] = shop.names();
    let first = shop.push(&registry.host(), &[&a]).end().expect(0);
    assert!(first.stderr.contains(&format!("{a} pack ")), "{}", first.stderr);
    registry.forget_manifests();
    let second = shop.push(&registry.host(), &[&a]).end().expect(0);
    assert_eq!(second.stdout, first.stdout);
    assert!(second.stderr.contains("0 of 1 layers moved"), "{}", second.stderr);
    assert!(!second.stderr.contains(" pack "), "{}", second.stderr);
}

#[test]
fn a_guarded_registry_wants_the_right_password_over_its_own_ca() {
    if !is_real() {
        return;
    }
    // Characters at which base64's two alphabets differ.
    let (user, password) = ("bob", "pass?~>word");
    let (mut shop, registry) = (Shop::new(), Registry::guarded(user, password));
    let host = registry.host();
    shop.log_in(&host, user, "wr0ng");
    let refused = shop.push(&host, &[]).end().expect(1);
    refused.failed_saying(1, &["nothing was pushed", "does not take the credentials of `bob`", "docker login"]);
    assert!(!refused.stderr.contains("wr0ng") && !shop.has_lock(), "{}", refused.stderr);
    shop.log_in(&host, user, password);
    shop.push(&host, &[]).end().expect(0);
    shop.log_in_by_helper(&host, user, password);
    shop.run(&["push", "--verify"]).succeeded();
    shop.push(&host, &["--tag", "by-helper-{name}"]).end().expect(0);
    assert!(!shop.read("manifests/images.lock").contains("pass?"));
}

#[test]
fn a_registry_in_trouble_gets_the_images_all_the_same() {
    if !is_real() {
        return;
    }
    for fault in [Fault::Cut { uploads: 2, after: SOME }, Fault::Third] {
        let (shop, registry) = (Shop::new(), Registry::open());
        let proxy = FaultProxy::start(registry.port(), fault);
        let [a, _] = shop.names();
        shop.push(&proxy.host(), &[&a]).end().expect(0);
        assert!(proxy.faults() > 0, "{fault:?} never happened");
        shop.run(&["push", "--verify"]).succeeded();
    }
}

#[test]
fn a_registry_whose_disk_is_full_is_named_and_gone_on_with_once_there_is_room() {
    if !is_real() {
        return;
    }
    // Room for one of the two.
    let (shop, registry) = (Shop::new(), Registry::with_room(20));
    let full = shop.push(&registry.host(), &[]).end().expect(1);
    full.failed_saying(1, &["push cpu-optimized", &registry.host(), "gave up after 4 tries", "its disk"]);
    assert_eq!(shop.locked().len(), 1);
    assert_eq!(shop.files("manifests"), ["images.lock"]);
    assert_eq!(shop.files("target/xtask/work"), [""; 0], "layers were left behind");
    registry.make_room(40);
    shop.push(&registry.host(), &[]).end().expect(0);
    assert_eq!(shop.locked().len(), 2);
    shop.run(&["push", "--verify"]).succeeded();
}

#[test]
fn a_registry_that_comes_back_is_gone_on_with() {
    if !is_real() {
        return;
    }
    let (shop, mut registry) = (Shop::new(), Registry::open());
    let proxy = FaultProxy::start(registry.port(), Fault::Slow(Duration::from_millis(10)));
    let mut run = shop.push(&proxy.host(), &[]);
    assert!(run.wait_until("a layer on its way", |_| proxy.bytes() > SOME));
    registry.kill();
    std::thread::sleep(Duration::from_secs(1));
    registry.start();
    run.end().expect(0);
    shop.run(&["push", "--verify"]).succeeded();
}

#[test]
fn a_push_that_is_killed_is_finished_by_the_next() {
    if !is_real() {
        return;
    }
    let (shop, registry) = (Shop::new(), Registry::open());
    let proxy = FaultProxy::start(registry.port(), Fault::Slow(Duration::from_millis(10)));
    let [a, b] = shop.names();
    let mut run = shop.push(&proxy.host(), &[]);
    assert!(
        run.wait_until("the second image", |run| run.has_said(&format!("{b}: push started")) && proxy.bytes() > SOME)
    );
    run.signal("KILL");
    run.end();
    let begun = shop.locked();
    assert_eq!(begun.len(), 1, "{begun:?}");
    assert!(begun[0].contains(&a), "{begun:?}");
    let ended = shop.push(&proxy.host(), &[]).end().expect(0);
    assert!(ended.stderr.contains("already there"), "{}", ended.stderr);
    assert_eq!(shop.locked().len(), 2);
    shop.run(&["push", "--verify"]).succeeded();
    assert_eq!(shop.files("manifests"), ["images.lock"]);
}
