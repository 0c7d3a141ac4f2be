//! A way to a server that can be slowed and cut.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Open,
    /// Everything waits this long.
    Slow(Duration),
    /// Connections break, new ones are closed at once.
    Cut,
}

pub struct Proxy {
    pub at: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    pub async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let at = listener.local_addr().expect("an address");
        let (sender, mode) = watch::channel(Mode::Open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, to, mode.clone()));
            }
        });
        Self { at, mode: sender }
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn pass(mut client: TcpStream, to: SocketAddr, mut mode: watch::Receiver<Mode>) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    let (mut asked, mut said) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        if *mode.borrow_and_update() == Mode::Cut {
            return Ok(());
        }
        tokio::select! {
            length = client.read(&mut asked) => match length? {
                0 => return Ok(()),
                length => {
                    wait(&mode).await;
                    server.write_all(&asked[..length]).await?;
                }
            },
            length = server.read(&mut said) => match length? {
                0 => return Ok(()),
                length => {
                    wait(&mode).await;
                    client.write_all(&said[..length]).await?;
                }
            },
            changed = mode.changed() => if changed.is_err() {
                return Ok(());
            },
        }
    }
}

async fn wait(mode: &watch::Receiver<Mode>) {
    let mode = *mode.borrow();
    if let Mode::Slow(duration) = mode {
        tokio::time::sleep(duration).await;
    }
}
