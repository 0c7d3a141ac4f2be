//! The whole way: real images into a registry, gone from the engine, back by the digests of the lock, and asked.

use std::process::Command;

use super::{
    harness::is_real,
    http::until_loaded,
    image_runs::{INCEPTION, scores_are_those_of_tensorflow},
    registry::Registry,
    served::{Container, Served, inception},
};

const IMAGES: [&str; 2] = ["cpu-optimized", "auto"];

#[test]
fn images_come_back_by_their_digests_and_answer_as_tensorflow_does() {
    if !is_real() {
        return;
    }
    let (served, registry) = (Served::apart(), Registry::open());
    let address = format!("{}/demo", registry.host());
    // Nothing but servers is there yet.
    let ran = served.run(&[&["push", "--registry", &address], IMAGES.as_slice()].concat());
    ran.succeeded();
    let references: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(references.len(), IMAGES.len());
    let lock = served.read("manifests/images.lock");
    // Of several servers the least demanding one's.
    for features in [r#"["sse4_1", "sse4_2", "avx", "fma", "avx2"]"#, r#"["avx"]"#] {
        assert!(lock.contains(&format!("cpu-features = {features}\n")), "no {features} in the lock:\n{lock}");
    }
    served.remove_images();
    let version = Served::shared().path("model-data/inception/1");
    for (image, reference) in IMAGES.iter().zip(references) {
        assert!(lock.contains(&format!("reference = \"{reference}\"")), "{reference} is not in the lock:\n{lock}");
        assert!(served.id_of(image).is_none(), "{image} is still there");
        let pulled = Command::new("docker").args(["pull", "--quiet", reference]).output().expect("run docker");
        assert!(pulled.status.success(), "{}", String::from_utf8_lossy(&pulled.stderr));
        let container = Container::of(&served, reference, &[INCEPTION], inception(&version), 2.0);
        until_loaded(&container.address(), "inception");
        scores_are_those_of_tensorflow(&container.address(), &version);
        drop(container);
        served.engine.remove_image(reference);
    }
}
