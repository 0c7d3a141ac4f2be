//! What pods of one node share: a network, on which a service's name leads to its pod, and the node's own folders. All of it,
//! and every pod, is gone with it.

use std::process::Command;

use super::{
    docker::{docker, done},
    quantity,
    spec::{Pod, Volume},
};

/// Debian's base, from which the sample's images are made; pods' sandboxes run in it.
pub const SANDBOX: &str = "debian-base:bookworm";
const LABEL: &str = "xtask-test.rendered";

pub struct Node {
    pub name: String,
}

impl Node {
    /// Its pods reach each other and nobody else: network policies let servers out nowhere, and the web app to servers alone.
    pub fn new() -> Self {
        let node = Self { name: format!("xtask-rendered-{}", std::process::id()) };
        done(&["network", "create", "--internal", "--label", &node.label(), &node.name]);
        node
    }

    pub fn label(&self) -> String {
        format!("{LABEL}={}", self.name)
    }

    /// The engine's volume for a pod's, and whether that may only be read.
    pub fn volume(&self, pod: &str, spec: &Pod, volume: &Volume) -> (String, bool) {
        let own = format!("{}-{pod}-{}", self.name, volume.name);
        match volume {
            Volume { empty_dir: Some(empty), .. } => {
                self.empty(&own, &empty.size_limit, spec.security_context.fs_group);
                (own, false)
            }
            // A volume of the engine stands in for the folder on a node's disk: root's, and there for every pod.
            Volume { host_path: Some(host), .. } => (self.lasting(&host.path.replace('/', "")), false),
            Volume { persistent_volume_claim: Some(claim), .. } => {
                let name = self.lasting(&claim.claim_name);
                if let Some(group) = spec.security_context.fs_group.filter(|_| !claim.read_only) {
                    self.give(&name, group);
                }
                (name, claim.read_only)
            }
            Volume { image: Some(image), .. } => {
                self.unpack(&image.reference, &own);
                (own, true)
            }
            _ => panic!("{volume:?} comes from nowhere"),
        }
    }

    /// Held by its pod's sandbox. Memory stands in for a node's disk: only so does a limit hold at once. A kubelet gives such
    /// a folder to all, and to the pod's group.
    fn empty(&self, name: &str, limit: &str, group: Option<u32>) {
        let bytes = quantity::thousandths(limit) / 1000;
        let owner = group.map_or("mode=0777".to_owned(), |group| format!("mode=2777,gid={group}"));
        let options = format!("o=size={bytes},{owner}");
        let label = self.label();
        let tmpfs = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", &options];
        done(&[&["volume", "create", "--label", &label], &tmpfs[..], &[name]].concat());
    }

    /// Made once; it goes with the node.
    fn lasting(&self, name: &str) -> String {
        let name = format!("{}-{name}", self.name);
        done(&["volume", "create", "--label", &self.label(), &name]);
        name
    }

    /// What is in it becomes the group's, as a kubelet does it before a pod with `fsGroup` starts.
    fn give(&self, volume: &str, group: u32) {
        let mount = format!("type=volume,src={volume},dst=/v,volume-nocopy");
        let line = format!("chgrp -R {group} /v && chmod -R g+rwX /v && chmod g+s /v");
        done(&["run", "--rm", "--label", &self.label(), "--mount", &mount, SANDBOX, "sh", "-c", &line]);
    }

    /// This engine mounts no images, so an image's files are copied out of it.
    fn unpack(&self, image: &str, volume: &str) {
        let (label, [from, to]) = (self.label(), ["image", "volume"].map(|side| format!("{volume}-{side}")));
        done(&["volume", "create", "--label", &label, volume]);
        done(&["create", "--label", &label, "--name", &from, image]);
        let mount = format!("type=volume,src={volume},dst=/v,volume-nocopy");
        done(&["create", "--label", &label, "--name", &to, "--mount", &mount, SANDBOX, "true"]);
        let line = format!("docker export {from} | docker cp - {to}:/v");
        let copied = Command::new("sh").args(["-c", &line]).output().expect("run sh");
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        done(&["rm", &from, &to]);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let filter = format!("label={}", self.label());
        for (list, remove) in [
            (["ps", "--all", "--quiet"].as_slice(), ["rm", "--force", "--volumes"].as_slice()),
            (&["volume", "ls", "--quiet"], &["volume", "rm", "--force"]),
            (&["network", "ls", "--quiet"], &["network", "rm"]),
        ] {
            let found = docker(&[list, &["--filter", &filter]].concat()).unwrap_or_default();
            let found: Vec<&str> = found.lines().collect();
            if !found.is_empty() {
                let _ = docker(&[remove, &found].concat());
            }
        }
    }
}
