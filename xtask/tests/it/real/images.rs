//! Serving images as `build-images` leaves them: names, labels, configuration, receipts, and when they are built again.

use bollard::models::ImageInspect;
use serde_json::Value;

use super::{harness::is_real, served::Served};
use crate::checkout::Ran;

const IMAGES: [&str; 5] = ["cpu-standard", "cpu-optimized", "gpu-standard", "gpu-optimized", "auto"];
const ALIASES: [(&str, &str); 2] = [("cpu", "cpu-optimized"), ("gpu", "gpu-optimized")];

#[test]
fn images_say_what_is_in_them_and_are_built_once() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let ran = served.build_images(&["--json"]);
    ran.succeeded();
    let events = ran.events();
    let results: Vec<&Value> = events.iter().filter(|event| event["event"] == "result").collect();
    let lines: Vec<&str> = results.iter().filter_map(|result| result["line"].as_str()).collect();
    assert_eq!(lines, IMAGES.map(|image| served.reference(image)));
    assert!(results.iter().all(|result| result["details"]["state"] == "up to date"), "{events:#?}");
    assert!(!ran.stdout.contains("step-started") || !ran.stdout.contains("build image"), "{}", ran.stdout);

    for image in IMAGES {
        let found = served.engine.image(&served.reference(image)).expect("it is built");
        is_as_its_receipt_says(served, image, &found);
        is_configured_to_serve(&found);
    }
    for (alias, image) in ALIASES {
        assert_eq!(served.id_of(alias), served.id_of(image), "{alias}");
    }
}

fn is_as_its_receipt_says(served: &Served, image: &str, found: &ImageInspect) {
    let receipt = served.image_receipt(image);
    assert_eq!(found.id.as_deref(), receipt["id"].as_str(), "{image}");
    let aliases = ALIASES.iter().filter(|(_, of)| *of == image).map(|(alias, _)| *alias);
    let references: Vec<String> = [image].into_iter().chain(aliases).map(|name| served.reference(name)).collect();
    assert_eq!(receipt["references"], serde_json::json!(references));
    for of in ["start_seconds", "first_prediction_seconds", "stop_seconds"] {
        assert!(receipt["gate"][of].as_f64().is_some_and(|seconds| seconds > 0.0), "{receipt:#}");
    }
    let packages = receipt["packages"].as_array().expect("a list");
    for (name, kind) in
        [("tensorflow-cpu", "pypi"), ("libc6", "deb"), ("busybox-static", "deb"), ("ca-certificates", "deb")]
    {
        assert!(
            packages.iter().any(|package| package["name"] == name && package["kind"] == kind),
            "{name}: {packages:?}"
        );
    }

    let labels = found.config.as_ref().and_then(|config| config.labels.clone()).expect("labels");
    let oci = |name: &str| labels.get(&format!("org.opencontainers.image.{name}")).map_or("", String::as_str);
    let ours = |name: &str| labels.get(&format!("tf-serving-xtask.{name}")).map_or("", String::as_str);
    let servers: Vec<Value> = match image {
        "auto" => ["cpu.optimized", "cpu.standard"].map(String::from).to_vec(),
        one => vec![one.replace('-', ".")],
    }
    .into_iter()
    .map(|file| served.receipt(&format!("bin/tensorflow_model_server.{file}")))
    .collect();
    let each = |of: &dyn Fn(&Value) -> &str| servers.iter().map(of).collect::<Vec<_>>().join(",");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let youngest = servers.iter().map(|server| text(&server["build"]["finished"])).max().expect("one");
    assert_eq!((oci("title"), oci("version"), oci("created")), (&*served.reference(image), image, &*youngest));
    assert!(oci("description").contains("sample") || oci("description").contains("our own small server"), "{labels:?}");
    assert_eq!(oci("revision"), servers[0]["inputs"]["sources"].as_str().expect("a digest"));
    assert_eq!(oci("base.name"), "debootstrap:bookworm");
    assert_eq!(ours("binary-sha256"), each(&|server| server["binary"]["sha256"].as_str().expect("a sum")));
    assert_eq!(ours("binary-receipt"), each(&|server| server["key"].as_str().expect("a key")));
    assert_eq!(ours("variants"), each(&|server| server["variant"].as_str().expect("a name")));
    assert_eq!(ours("tf-dev"), each(&|server| server["build"]["build_image"]["reference"].as_str().expect("a name")));
    assert_eq!(ours("receipt"), text(&receipt["key"]));
    let demanded = if image.ends_with("optimized") { "sse4_1,sse4_2,avx,fma,avx2" } else { "avx" };
    assert_eq!(ours("cpu-features"), demanded, "{image}");
    assert_eq!(ours("flags").contains("-mavx2"), image != "cpu-standard" && image != "gpu-standard", "{labels:?}");
    // Nothing tells whose it is or which run made it: the same binaries make the same image anywhere.
    for name in ["checkout", "run", "image-checkout", "role"] {
        assert_eq!(ours(name), "", "{labels:?}");
    }
}

fn is_configured_to_serve(found: &ImageInspect) {
    let config = found.config.clone().expect("a configuration");
    assert_eq!(config.user.as_deref(), Some("65532:65532"));
    assert_eq!(config.entrypoint, Some(vec!["/entrypoint.sh".to_owned()]));
    let mut ports: Vec<String> = config.exposed_ports.into_iter().flatten().collect();
    ports.sort();
    assert_eq!(ports, ["8500/tcp", "8501/tcp"]);
    assert_eq!((config.cmd, config.volumes.unwrap_or_default().len(), config.healthcheck), (None, 0, None));
    let secretive = |variable: &String| !variable.starts_with("PATH=") && !variable.starts_with("LANG=");
    let variables: Vec<String> = config.env.into_iter().flatten().filter(secretive).collect();
    assert!(
        variables.iter().all(|variable| variable.starts_with("NVIDIA_") || variable.starts_with("LD_LIBRARY_PATH=")),
        "{variables:?}"
    );
}

#[test]
fn every_new_image_has_its_reason() {
    if !is_real() {
        return;
    }
    let served = Served::apart();
    let reason = |ran: Ran| {
        ran.succeeded();
        let rebuild = ran.events().into_iter().find(|event| event["event"] == "rebuild");
        rebuild.map(|event| event["reason"].as_str().expect("a text").to_owned()).unwrap_or_default()
    };
    let build = || reason(served.build_images(&["--json", "cpu-optimized"]));
    assert_eq!(build(), "not built yet");
    let first = served.id_of("cpu-optimized");
    assert_eq!(build(), "", "up to date");
    assert!(first.is_some() && served.id_of("cpu") == first);

    // A name that went elsewhere comes back without a build.
    served.engine.remove_image(&served.reference("cpu"));
    assert_eq!((build(), served.id_of("cpu")), (String::new(), first.clone()));

    let entrypoint = served.read("docker/entrypoint.sh");
    served.write("docker/entrypoint.sh", &entrypoint.replace("set -eu\n", "set -eu\n# edited by a test\n"));
    let told = build();
    assert!(told.starts_with("entrypoint changed: "), "{told}");
    assert_ne!(served.id_of("cpu-optimized"), first);

    served.remove_images();
    assert_eq!(build(), "the engine no longer has it");

    fs_err::remove_file(served.path("bin/tensorflow_model_server.cpu.optimized")).expect("it was built");
    let advice = "run `cargo xtask build-servers cpu-optimized --profile sample`";
    served.build_images(&["cpu-optimized"]).failed_saying(1, &["cpu-optimized: the binary is gone", advice]);
    // Nobody needs it for the other.
    served.run(&["--dry-run", "build-images", "cpu-standard"]).succeeded();
}
