//! What the binary does. The only part that writes to the terminal: where it listens to stdout, what went wrong to stderr.

use std::{
    fmt::Display,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use crate::{
    config::{Config, ConfigError},
    service::Service,
    web,
};

/// Serves until SIGTERM or SIGINT, then lets uploads in work end.
pub fn serve(config: Config) -> ExitCode {
    // Kubernetes kills 30 seconds after SIGTERM.
    const PATIENCE: Duration = Duration::from_secs(25);
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format_args!("no threads are to be had: {error}")),
    };
    let ended = runtime.block_on(async {
        let at = config.listen;
        let listener = TcpListener::bind(at)
            .await
            .map_err(|error| format!("cannot listen on {at}: {error}; choose another LISTEN"))?;
        let at = listener.local_addr().map_err(|error| error.to_string())?;
        let (mut term, mut int) = (told_to_end(SignalKind::terminate())?, told_to_end(SignalKind::interrupt())?);
        let service = Service::new(config).map_err(|error| error.to_string())?;
        let names = service.fleet.names().join(", ");
        say(&format_args!("listening on http://{at} for {names}"));
        let ended = async move {
            tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
        };
        web::listen(listener, web::router(service), ended, PATIENCE).await.map_err(|error| error.to_string())
    });
    // Pictures in work are nobody's any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Asks the service on this machine for its health, for images that hold nothing else to ask with.
pub fn health(config: &Config) -> ExitCode {
    match healthy(config.listen) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => failed(&"the service is not well"),
        Err(error) => failed(&format_args!("the service does not answer: {error}")),
    }
}

fn healthy(mut at: SocketAddr) -> io::Result<bool> {
    const PATIENCE: Duration = Duration::from_secs(3);
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) });
    }
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4_096).read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}

/// Says every mistake in the environment, one a line.
pub fn refused(error: &ConfigError) -> ExitCode {
    for mistake in &error.0 {
        complain(mistake);
    }
    ExitCode::from(2)
}

/// Says what the binary can do.
pub fn unknown(argument: &str) -> ExitCode {
    complain(&format_args!("`{argument}` is nothing it does; call it without arguments to serve, or with `health`"));
    ExitCode::from(2)
}

fn told_to_end(kind: SignalKind) -> Result<tokio::signal::unix::Signal, String> {
    signal(kind).map_err(|error| format!("signals cannot be heard: {error}"))
}

fn failed(what: &dyn Display) -> ExitCode {
    complain(what);
    ExitCode::FAILURE
}

// Nobody reads either of them once the terminal is gone, and that is no reason to end.
fn say(what: &dyn Display) {
    let _ = writeln!(io::stdout(), "resizer: {what}");
}

fn complain(what: &dyn Display) {
    let _ = writeln!(io::stderr(), "resizer: {what}");
}
