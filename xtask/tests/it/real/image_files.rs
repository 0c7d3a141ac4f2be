//! What is in the layers of serving images: nothing of what built them, nothing of this machine, and the same every time.

use std::{collections::BTreeMap, io::Read, path::Path, process::Command};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    harness::{is_real, say},
    served::{SECRET, Served},
};

const MOST_BYTES: u64 = 30 << 20;
/// What a serving image may hold: by the beginning of its paths.
const ALLOWED: [&str; 16] = [
    "entrypoint.sh",
    "bin/busybox",
    "bin/cat",
    "bin/ls",
    "bin/sh",
    "bin/wget",
    "etc/group",
    "etc/nsswitch.conf",
    "etc/passwd",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/tf-serving/",
    "lib/x86_64-linux-gnu/lib",
    "lib64/ld-linux-x86-64.so.2",
    "opt/serving/",
    "usr/local/bin/tensorflow_model_server.",
    "usr/share/tf-serving/packages.tsv",
];

/// A file of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    modified: u64,
    bytes: u64,
    content: String,
}

/// Path and layer -> file, of every layer, even where another hides it.
type Files = BTreeMap<(String, usize), File>;

#[test]
fn layers_hold_what_serves_and_nothing_else() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let saved = folder.path().join("auto.tar");
    served.engine.save(&served.reference("auto"), &saved);
    let certificate = served.planted_certificate();
    let receipt = served.image_receipt("auto");
    let made_of = receipt["build"]["libraries"]["id"].as_str().expect("the build image").to_owned();
    let trusted = served.engine.file_of(&made_of, "/etc/ssl/certs/ca-certificates.crt");
    assert!(trusted.contains(&certificate), "what it was made of lacks the certificate: the search proves nothing");
    for planted in [certificate, SECRET.to_owned()] {
        assert!(!holds(&saved, &planted), "{planted} is in the image");
    }
    // The search finds what is there.
    assert!(holds(&saved, "TF_SERVING_CPU_FLAGS"));

    let files = files(&saved);
    let is_file = |file: &File| file.kind != tar::EntryType::Directory;
    for ((path, _), file) in files.iter().filter(|(_, file)| is_file(file)) {
        let library = path.trim_start_matches("usr/");
        let allowed = ALLOWED.iter().any(|allowed| path.starts_with(allowed) || library.starts_with(allowed));
        assert!(allowed, "{path} has no business there");
        assert_eq!(file.mode & 0o6000, 0, "{path} gives rights away");
        assert_eq!(file.owner, (0, 0), "{path}: whoever serves owns nothing");
        assert_eq!(
            file.mode & 0o022,
            if file.kind == tar::EntryType::Symlink { file.mode & 0o022 } else { 0 },
            "{path}"
        );
    }
    for wanted in ["entrypoint.sh", "bin/busybox", "etc/tf-serving/servers", "opt/serving/packages.tsv"] {
        assert!(files.keys().any(|(path, _)| path == wanted), "{wanted}: {:?}", files.keys());
    }
    let ours = |path: &str| !path.starts_with("opt/serving/") && !path.starts_with("usr/local/bin/");
    let bytes: u64 = files.iter().filter(|((path, _), _)| ours(path)).map(|(_, file)| file.bytes).sum();
    say(&format!("without servers and TensorFlow's libraries: {:.1} MB", bytes as f64 / 1e6));
    assert!(bytes <= MOST_BYTES, "{bytes} bytes");
}

#[test]
fn the_same_servers_make_the_same_files() {
    if !is_real() {
        return;
    }
    let first = Served::apart();
    first.build_images(&["cpu-optimized"]).succeeded();
    let mut second = Served::apart();
    // The same name, so that nothing differs but who builds it; and one instruction more, so that no layer of the first is
    // taken for one of the second.
    second.edit("config.toml", &second.repository, &first.repository);
    second.edit("docker/serving.cpu.Dockerfile", "FROM scratch\n", "FROM scratch\nLABEL again=yes\n");
    let look = |second: &Served| {
        let reference = first.reference("cpu-optimized");
        let saved = second.path("image.tar");
        first.engine.save(&reference, &saved);
        (files(&saved), plain(first.engine.image(&reference).expect("it is built")))
    };
    let (before, configuration) = look(&second);
    second.build_images(&["cpu-optimized"]).succeeded();
    let (after, again) = look(&second);
    assert!(before.len() > 30, "{:?}", before.keys());
    for (place, file) in &before {
        let again = after.get(place).unwrap_or_else(|| panic!("{place:?} is missing"));
        assert_eq!(file, again, "{place:?}");
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(configuration, again);

    // Nothing edited: the same image, to the last bit, in a checkout that never saw the first.
    let third = Served::apart();
    third.edit("config.toml", &third.repository, &first.repository);
    third.build_images(&["cpu-optimized"]).succeeded();
    let id = |served: &Served| served.image_receipt("cpu-optimized")["id"].clone();
    assert_eq!(id(&third), id(&first));
    assert_ne!(id(&second), id(&first), "a label was added");

    // Another date, for which the builder finds every step in its cache: the server's layer is of that date all the same.
    second.sample.set_environment("SOURCE_DATE_EPOCH", "1517443200");
    second.build_images(&["cpu-optimized"]).succeeded();
    let (dated, _) = look(&second);
    let server = dated.iter().filter(|((path, _), _)| path.contains("tensorflow_model_server"));
    assert!(server.clone().count() > 0 && server.clone().all(|(_, file)| file.modified == 1_517_443_200), "{dated:?}");
}

/// The configuration without the label that differs on purpose and the key that tells it.
fn plain(image: bollard::models::ImageInspect) -> Value {
    let layers = image.root_fs.and_then(|root| root.layers).expect("layers");
    let mut config = serde_json::to_value(image.config).expect("plain data");
    let labels = config["Labels"].as_object_mut().expect("labels");
    labels.remove("again");
    assert!(labels.remove("tf-serving-xtask.receipt").is_some());
    serde_json::json!([config, image.architecture, image.os, image.created.map(|time| time.to_string()), layers])
}

/// Whether the bytes of any layer, or of what describes them, have this text.
fn holds(saved: &Path, text: &str) -> bool {
    let found = Command::new("grep").args(["-aqF", text]).arg(saved).status().expect("run grep");
    found.code().is_some_and(|code| code == 0)
}

/// Every layer of a saved image is a tar in it; `manifest.json` says which come in which order.
fn files(saved: &Path) -> Files {
    let open = || tar::Archive::new(fs_err::File::open(saved).expect("open"));
    let mut manifest = Value::Null;
    for entry in open().entries().expect("a tar") {
        let entry = entry.expect("an entry");
        if entry.path().expect("a path") == Path::new("manifest.json") {
            manifest = serde_json::from_reader(entry).expect("JSON");
        }
    }
    let layers: Vec<&str> =
        manifest[0]["Layers"].as_array().expect("layers").iter().filter_map(Value::as_str).collect();
    assert_eq!(layers.len(), 3, "libraries, what every server needs, the server: {layers:?}");
    let mut files = Files::new();
    for entry in open().entries().expect("a tar") {
        let entry = entry.expect("an entry");
        let name = entry.path().expect("a path").display().to_string();
        if let Some(order) = layers.iter().position(|layer| *layer == name) {
            read_layer(entry, order, &mut files);
        }
    }
    files
}

fn read_layer(layer: impl Read, order: usize, files: &mut Files) {
    for entry in tar::Archive::new(layer).entries().expect("a layer is a tar") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let target = entry.link_name().expect("a link").map(|target| target.display().to_string());
        let mut hash = Sha256::new_with_prefix(target.unwrap_or_default());
        std::io::copy(&mut entry, &mut hash).expect("read");
        let header = entry.header();
        let file = File {
            kind: header.entry_type(),
            mode: header.mode().expect("a mode"),
            owner: (header.uid().expect("a user"), header.gid().expect("a group")),
            modified: header.mtime().expect("a time"),
            bytes: header.size().expect("a size"),
            content: format!("{:x}", hash.finalize()),
        };
        files.insert((path.trim_end_matches('/').to_owned(), order), file);
    }
}
