//! Brings the Docker engine up and waits until it answers on its socket.
//! What the engine can do once it is up is the docker adapter's to ask.

use std::{
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use super::tail;

const SOCKET: &str = "/var/run/docker.sock";
const LOG: &str = "/var/log/xtask-dockerd.log";
const LIMIT: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const LOG_LINES: usize = 15;

/// Starts the engine unless it answers already, and returns when it does. Needs root; blocks.
pub fn start_engine(say: &mut dyn FnMut(String)) -> Result<()> {
    let socket = Path::new(SOCKET);
    match ping(socket) {
        Answer::Up => {
            say(format!("the engine answers on {SOCKET}"));
            return Ok(());
        }
        Answer::Forbidden => return Err(forbidden(socket)),
        Answer::Silent(_) => {}
    }
    // Systemd makes this folder when, and only when, it is the first process.
    if Path::new("/run/systemd/system").is_dir() { start_unit(socket, say) } else { start_detached(socket, say) }
}

fn start_unit(socket: &Path, say: &mut dyn FnMut(String)) -> Result<()> {
    say("starting the engine: systemctl start docker".to_owned());
    let output = Command::new("systemctl")
        .args(["--no-ask-password", "start", "docker"])
        .stdin(Stdio::null())
        .output()
        .context("run `systemctl start docker`")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`systemctl start docker` ended with {}: {}\nsee `journalctl --unit docker`; it needs root and an installed \
             engine (`apt-get install docker.io`)",
            output.status,
            words.trim()
        );
    }
    wait(socket, LIMIT, &mut || Ok(None)).context("see `journalctl --unit docker`")
}

/// PID files that dockerd trusts, and the program each is about.
const PID_FILES: [(&str, &str); 2] =
    [("/var/run/docker.pid", "dockerd"), ("/var/run/docker/containerd/containerd.pid", "containerd")];

/// Removes PID files of an engine that was killed and whose number another process has by now: dockerd would refuse to
/// start beside it, or wait for a containerd that is none.
fn remove_stale_pid_files() {
    for (file, program) in PID_FILES {
        let Ok(pid) = fs::read_to_string(file) else { continue };
        let running = fs::read_to_string(format!("/proc/{}/comm", pid.trim())).unwrap_or_default();
        if running.trim() != program {
            let _ = fs::remove_file(file);
        }
    }
}

/// Starts `dockerd` in a session of its own, so that neither our end nor a Ctrl-C at our terminal takes it down.
fn start_detached(socket: &Path, say: &mut dyn FnMut(String)) -> Result<()> {
    let dockerd = which::which("dockerd").context("find dockerd: run `apt-get install docker.io` as root")?;
    let setsid = which::which("setsid").context("find setsid: run `apt-get install util-linux` as root")?;
    let log = fs::OpenOptions::new().create(true).append(true).open(LOG).context("open the engine's log (root may)")?;
    remove_stale_pid_files();
    // The log is appended to; only what this start writes belongs in an error.
    let begin = log.metadata()?.len();
    say(format!("starting the engine: dockerd, log in {LOG}"));
    let mut child = Command::new(setsid)
        .arg(dockerd)
        .stdin(Stdio::null())
        .stdout(log.file().try_clone()?)
        .stderr(log.file().try_clone()?)
        .spawn()
        .context("start dockerd")?;
    let mut ended = || Ok(child.try_wait().context("look after dockerd")?.map(|status| status.to_string()));
    wait(socket, LIMIT, &mut ended).map_err(|error| {
        let written = fs::read(LOG).unwrap_or_default();
        let written = written.get(usize::try_from(begin).unwrap_or(0)..).unwrap_or_default();
        let words = tail(&String::from_utf8_lossy(written), LOG_LINES);
        error.context(format!(
            "start dockerd (it needs root; in a container, `--privileged`); {LOG} ends with:\n{words}"
        ))
    })
}

/// Waits until the engine answers, the limit has passed, or `ended` knows that its process is gone.
fn wait(socket: &Path, limit: Duration, ended: &mut dyn FnMut() -> Result<Option<String>>) -> Result<()> {
    let begin = Instant::now();
    loop {
        let last = match ping(socket) {
            Answer::Up => return Ok(()),
            Answer::Forbidden => return Err(forbidden(socket)),
            Answer::Silent(why) => why,
        };
        if let Some(status) = ended()? {
            bail!("the engine ended with {status} before it answered");
        }
        if begin.elapsed() >= limit {
            bail!("the engine did not answer on {} within {} s: {last}", socket.display(), limit.as_secs_f32());
        }
        thread::sleep(BETWEEN_TRIES.min(limit));
    }
}

/// What came of asking the engine for a sign of life.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Up,
    /// The engine may be up, but not for this user.
    Forbidden,
    /// Why there was no good answer.
    Silent(String),
}

fn ping(socket: &Path) -> Answer {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Answer::Forbidden,
        Err(error) => return Answer::Silent(error.to_string()),
    };
    let asked = stream
        .set_read_timeout(Some(ANSWER_LIMIT))
        .and_then(|()| stream.set_write_timeout(Some(ANSWER_LIMIT)))
        .and_then(|()| stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"));
    if let Err(error) = asked {
        return Answer::Silent(error.to_string());
    }
    let mut head = Vec::new();
    // The status line is all we need, and it may come in pieces.
    let read = stream.take(1024).read_to_end(&mut head);
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    match line.split(' ').nth(1) {
        Some("200") if line.starts_with("HTTP/1.") => Answer::Up,
        Some(_) => Answer::Silent(format!("it answered `{line}`")),
        None => Answer::Silent(read.err().map_or_else(|| "it hung up".to_owned(), |error| error.to_string())),
    }
}

fn forbidden(socket: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "this user may not open {}: run `sudo usermod --append --groups docker $USER` and log in again, or use sudo",
        socket.display()
    )
}

#[cfg(test)]
mod tests {
    use std::{net::Shutdown, os::unix::net::UnixListener, path::PathBuf};

    use tempfile::TempDir;

    use super::*;

    /// A server that gives these answers, one a connection, and then goes away.
    fn engine(answers: &'static [&'static str]) -> (TempDir, PathBuf, thread::JoinHandle<Vec<String>>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let serve = move |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        };
        let server = thread::spawn(move || answers.iter().map(serve).collect());
        (folder, socket, server)
    }

    #[test]
    fn an_engine_that_comes_up_slowly_is_waited_for() {
        let answers = &["", "HTTP/1.0 503 Service Unavailable\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nOK"];
        let (_folder, socket, server) = engine(answers);
        wait(&socket, Duration::from_secs(20), &mut || Ok(None)).unwrap();
        let requests = server.join().unwrap();
        assert_eq!(requests.len(), 3);
        assert!(requests[2].starts_with("GET /_ping HTTP/1.0\r\n"), "{requests:?}");
    }

    #[test]
    fn answers_that_are_not_good_are_told() {
        let (_folder, socket, server) = engine(&["HTTP/1.1 500 Oops\r\n\r\n", ""]);
        assert_eq!(ping(&socket), Answer::Silent("it answered `HTTP/1.1 500 Oops`".into()));
        assert_eq!(ping(&socket), Answer::Silent("it hung up".into()));
        server.join().unwrap();
    }

    #[test]
    fn the_limit_ends_the_wait() {
        let error = wait(Path::new("/does/not/exist.sock"), Duration::from_millis(30), &mut || Ok(None)).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("/does/not/exist.sock within 0.03 s: No such file"), "{error}");
    }

    #[test]
    fn an_engine_that_ended_is_not_waited_for() {
        let begin = Instant::now();
        let mut ended = || Ok(Some("exit status: 1".to_owned()));
        let error = wait(Path::new("/does/not/exist.sock"), Duration::from_secs(60), &mut ended).unwrap_err();
        assert!(error.to_string().contains("ended with exit status: 1"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}
