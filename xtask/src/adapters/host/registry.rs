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
