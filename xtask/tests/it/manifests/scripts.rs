//! The scripts that put a model onto a volume and onto a node, run as they stand in the manifests but for their folders.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::case::documents;
use crate::{
    checkout::workspace,
    real::{is_real, say},
};

/// The script of a workload's container with the pod's folders below `root`; none without busybox.
fn script(file: &str, root: &TempDir) -> Option<Command> {
    let busybox = Command::new("busybox").arg("true").status().is_ok_and(|status| status.success());
    if !busybox {
        assert!(!is_real(), "the real ring needs busybox");
        say("skipped: no busybox, as the model's image has it");
        return None;
    }
    let text = fs_err::read_to_string(workspace().join("manifests/components").join(file)).expect("read");
    let command = documents(&text)[0]["spec"]["template"]["spec"]["containers"][0]["command"].clone();
    let words: Vec<&str> = command.as_array().expect("a list").iter().filter_map(|word| word.as_str()).collect();
    let ["/bin/busybox", shell, flags, script] = words[..] else { panic!("{words:?}") };
    let mut moved = script.replace("/bin/busybox", "busybox");
    for folder in ["/models", "/volume/", "/host/", "/tmp/"] {
        // Only where a path begins, and not in the middle of one.
        for before in [" ", "="] {
            moved = moved.replace(&format!("{before}{folder}"), &format!("{before}ROOT{folder}"));
        }
    }
    moved = moved.replace("ROOT", &root.path().display().to_string());
    let mut command = Command::new("busybox");
    command.args([shell, flags, &moved]).stdin(Stdio::null());
    Some(command)
}

/// The pod's folders, with a model in the image's.
fn stage() -> TempDir {
    let root = TempDir::new().expect("a folder");
    write(&root, "models/inception/1/saved_model.pb", "graph");
    write(&root, "models/inception/1/variables/variables.index", "index");
    for folder in ["host", "tmp", "volume"] {
        fs_err::create_dir_all(root.path().join(folder)).expect("create");
    }
    root
}

fn write(root: &TempDir, path: &str, text: &str) {
    let path = root.path().join(path);
    fs_err::create_dir_all(path.parent().expect("in the folder")).expect("create");
    fs_err::write(path, text).expect("write");
}

fn read(root: &TempDir, path: &str) -> String {
    fs_err::read_to_string(root.path().join(path)).unwrap_or_default()
}

/// Starts the node's script and waits until it calls the node's files good.
fn good(root: &TempDir) -> Option<Child> {
    write(root, "tmp/state", "");
    let mut child = script("model-hostpath/daemon-set.yaml", root)?.spawn().expect("start");
    let begin = Instant::now();
    while read(root, "tmp/state").trim() != "good" {
        if begin.elapsed() > Duration::from_secs(20) {
            let _ = child.kill();
            panic!("not good after 20 s: {}", read(root, "tmp/state"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Some(child)
}

/// Ends it as a node does, at once and well.
fn stop(mut child: Child) {
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let begin = Instant::now();
    let status = child.wait().expect("wait");
    assert!(status.success() && begin.elapsed() < Duration::from_secs(4), "{status} after {:?}", begin.elapsed());
}

#[test]
fn a_node_gets_the_model_and_a_damaged_one_is_mended() {
    let root = stage();
    let Some(child) = good(&root) else { return };
    stop(child);
    let graph = "host/models/inception/1/saved_model.pb";
    assert_eq!(
        (read(&root, graph), read(&root, "host/models/inception/1/variables/variables.index")),
        ("graph".into(), "index".into())
    );

    write(&root, graph, "grahp");
    write(&root, "host/models/inception/1.partial/left", "by a kill");
    write(&root, "host/models/own/1/saved_model.pb", "somebody else's");
    good(&root).map(stop).expect("busybox is there");
    assert_eq!(read(&root, graph), "graph");
    let names = |folder: &str| {
        let entries = fs_err::read_dir(root.path().join(folder)).expect("list").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("host/models/inception"), ["1"]);
    assert_eq!(read(&root, "host/models/own/1/saved_model.pb"), "somebody else's");
}

#[test]
fn a_volume_gets_new_versions_and_keeps_those_it_has() {
    let root = stage();
    write(&root, "volume/models/inception/2/saved_model.pb", "older one");
    write(&root, "models/inception/2/saved_model.pb", "the same number");
    write(&root, "volume/models/inception/1.partial/left", "by a kill");
    let Some(mut command) = script("model-pvc/job.yaml", &root) else { return };
    let output = command.output().expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(read(&root, "volume/models/inception/1/saved_model.pb"), "graph");
    assert_eq!(read(&root, "volume/models/inception/1/left"), "");
    assert_eq!(read(&root, "volume/models/inception/2/saved_model.pb"), "older one");
}
