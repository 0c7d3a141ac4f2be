//! A registry of one's own on loopback, for trying the whole story on one machine: Debian's `docker-registry`, with its
//! images below the checkout's `target/`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use super::tail;

const LIMIT: Duration = Duration::from_secs(20);
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
const GRACE: Duration = Duration::from_secs(10);
const LOG_LINES: usize = 10;

/// Returns once a registry answers at `address`: the one that does already, or one that is started here and outlives this
/// program. Blocks.
pub fn start_registry(address: &str, folder: &Path) -> Result<()> {
    if answers(address) {
        return Ok(());
    }
    let program =
        which::which("docker-registry").context("find docker-registry: run `apt-get install docker-registry`")?;
    let setsid = which::which("setsid").context("find setsid: run `apt-get install util-linux` as root")?;
    fs::create_dir_all(folder)?;
    let (config, log) = (folder.join("config.yml"), folder.join("log"));
    let storage = folder.join("storage").display().to_string();
    fs::write(
        &config,
        format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {storage:?}\n  delete:\n    enabled: true\nhttp:\n  addr: {address}\n"
        ),
    )?;
    let output = fs::File::create(&log)?;
    let mut child = Command::new(setsid)
        .arg(program)
        .arg("serve")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(output.file().try_clone()?)
        .stderr(output.file().try_clone()?)
        .spawn()
        .context("start docker-registry")?;
    let begin = Instant::now();
    while !answers(address) {
        let ended = child.try_wait().context("look after docker-registry")?.map(|status| status.to_string());
        if ended.is_some() || begin.elapsed() > LIMIT {
            let words = tail(&fs::read_to_string(&log).unwrap_or_default(), LOG_LINES);
            let how = ended.map_or_else(|| "did not answer".into(), |status| format!("ended with {status}"));
            bail!("docker-registry {how} at {address}; is another program on that port? It said:\n{words}");
        }
        thread::sleep(BETWEEN_TRIES);
    }
    Ok(())
}

/// What was there to be ended and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoppedRegistry {
    /// Its number.
    pub process: Option<u32>,
    pub data: bool,
}

/// Ends the registry whose files are in `folder`, known by its configuration, and no other; then removes the folder. Blocks.
pub fn stop_registry(folder: &Path) -> Result<StoppedRegistry> {
    let config = folder.join("config.yml").display().to_string();
    let process = running(&config);
    if let Some(id) = process {
        end(id, &config)?;
    }
    let data = folder.exists();
    if data {
        fs::remove_dir_all(folder)?;
    }
    Ok(StoppedRegistry { process, data })
}

/// The process that serves with this configuration.
fn running(config: &str) -> Option<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|id| serves(*id, config))
}

/// A process that has ended, or was never ours, has another command line or none.
fn serves(id: u32, config: &str) -> bool {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    let words: Vec<&str> = line.split_terminator('\0').collect();
    matches!(words[..], [program, "serve", own] if program.ends_with("docker-registry") && own == config)
}

fn end(id: u32, config: &str) -> Result<()> {
    for signal in ["-TERM", "-KILL"] {
        let sent = Command::new("kill").args([signal, &id.to_string()]).stderr(Stdio::null()).status();
        sent.context("run kill")?;
        let begin = Instant::now();
        while begin.elapsed() < GRACE {
            if !serves(id, config) {
                return Ok(());
            }
            thread::sleep(BETWEEN_TRIES);
        }
    }
    bail!("the registry, process {id}, does not end: it belongs to another user, perhaps; end it yourself")
}

/// Whether something speaks the registry's protocol there.
fn answers(address: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(format!("GET /v2/ HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).to_lowercase())
    };
    ask().is_ok_and(|answer| answer.contains("docker-distribution-api-version"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn only_the_registry_with_our_files_is_ended() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
        let play = |folder: &Path| {
            fs::create_dir_all(folder).expect("create");
            let config = folder.join("config.yml");
            // The shell is its script's only process for more than a moment.
            fs::write(folder.join("serve"), "while :; do sleep 0.1; done").expect("write");
            let mut shell = Command::new("sh");
            shell.arg0("docker-registry").arg("serve").arg(&config).current_dir(folder);
            shell.spawn().expect("start a shell")
        };
        let (mut our_child, mut other_child) = (play(&ours), play(&other));
        // Reaped at once, as nobody asks for its end otherwise.
        let our_id = our_child.id();
        let reaper = thread::spawn(move || our_child.wait());
        let stopped = stop_registry(&ours).expect("it ends");
        reaper.join().expect("no panic").expect("it has ended");
        assert_eq!(stopped, StoppedRegistry { process: Some(our_id), data: true });
        assert!(!ours.exists() && other.exists());
        assert!(other_child.try_wait().expect("ask").is_none(), "the other still runs");
        assert_eq!(stop_registry(&ours).expect("nothing to do"), StoppedRegistry { process: None, data: false });
        other_child.kill().expect("it runs");
        other_child.wait().expect("it ended");
    }
}
