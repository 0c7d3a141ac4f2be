//! Debian's registry on a port of its own, open or behind TLS and a password; it can be killed and come back with all it had.
//! What it is asked stands in its access log; what it keeps lies in a folder that goes with it.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::harness::PATIENCE;

/// Folder of the certificates that engines trust for a registry.
const CERTIFICATES: &str = "/etc/docker/certs.d";

pub struct Registry {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
    is_guarded: bool,
    /// A disk of its own, which has to be taken away.
    is_mounted: bool,
}

impl Registry {
    /// Anybody may push; plain HTTP.
    pub fn open() -> Self {
        Self::new(None, None)
    }

    /// The same with a disk of so many MiB.
    pub fn with_room(mebibytes: u32) -> Self {
        Self::new(None, Some(mebibytes))
    }

    pub fn make_room(&self, mebibytes: u32) {
        let size = format!("remount,size={mebibytes}m");
        run(Command::new("mount").args(["-o", &size]).arg(self.path("data")));
    }

    /// Behind TLS with a CA of its own, which the engine of this machine is told to trust, and a password.
    pub fn guarded(user: &str, password: &str) -> Self {
        Self::new(Some((user, password)), None)
    }

    fn new(login: Option<(&str, &str)>, mebibytes: Option<u32>) -> Self {
        let folder = TempDir::with_prefix("xtask-registry-").expect("temporary folder");
        // Free at this moment; nothing else on this machine asks for one port in particular.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let mut registry = Self { folder, port, process: None, is_guarded: login.is_some(), is_mounted: false };
        let root = registry.folder.path().display().to_string();
        if let Some(mebibytes) = mebibytes {
            fs_err::create_dir(registry.path("data")).expect("a folder");
            let size = format!("size={mebibytes}m");
            run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(registry.path("data")));
            registry.is_mounted = true;
        }
        let (mut tls, mut auth) = (String::new(), String::new());
        if let Some((user, password)) = login {
            certificates(registry.folder.path());
            let trusted = registry.trusted();
            fs_err::create_dir_all(&trusted).expect("a folder that only root may make");
            fs_err::copy(registry.path("ca.crt"), trusted.join("ca.crt")).expect("copy");
            let line = run(Command::new("htpasswd").args(["-Bbn", user, password]));
            fs_err::write(registry.path("htpasswd"), line).expect("write");
            tls = format!(", tls: {{certificate: {root}/registry.crt, key: {root}/registry.key}}");
            auth = format!("auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n");
        }
        let configuration = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {root}/data}}, delete: {{enabled: true}}}}\n\
             http: {{addr: \"127.0.0.1:{port}\", secret: test, relativeurls: true{tls}}}\n{auth}"
        );
        fs_err::write(registry.path("config.yml"), configuration).expect("write");
        registry.start();
        registry
    }

    /// Starts, the first time or again, and waits until it listens.
    pub fn start(&mut self) {
        let log = fs_err::OpenOptions::new().create(true).append(true).open(self.path("log")).expect("a log");
        let log = || Stdio::from(log.try_clone().expect("a second handle").into_file());
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(self.path("config.yml")).stdin(Stdio::null()).stdout(log()).stderr(log());
        self.process = Some(command.spawn().expect("start docker-registry"));
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begin.elapsed() < PATIENCE, "the registry does not listen:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Without a chance to say goodbye.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn log(&self) -> String {
        fs_err::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Uploads of anything that were finished so far.
    pub fn uploads(&self) -> usize {
        let log = self.log();
        log.lines().filter(|line| line.contains("\"PUT /v2/") && line.contains("/blobs/uploads/")).count()
    }

    /// Tags and manifests are lost, blobs are not.
    pub fn forget_manifests(&self) {
        let find = ["-type", "d", "-name", "_manifests", "-prune", "-exec", "rm", "-r", "{}", "+"];
        run(Command::new("find").arg(self.path("data")).args(find));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trusted(&self) -> PathBuf {
        Path::new(CERTIFICATES).join(self.host())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
        if self.is_mounted {
            let _ = Command::new("umount").arg(self.path("data")).status();
        }
        if self.is_guarded {
            let _ = fs_err::remove_dir_all(self.trusted());
        }
    }
}

/// A CA and a certificate for loopback that it signed.
fn certificates(folder: &Path) {
    fs_err::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("write");
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout registry.key -out request",
        "x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out registry.crt",
    ] {
        run(Command::new("openssl").args(line.split(' ')).current_dir(folder));
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("run a program of the real ring");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
