//! Accepts connections until told to end. axum's own loop has no limit on how long a request's head may take, and none on
//! how many connections there are.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};

/// A request's head must be there within this time.
const HEAD: Duration = Duration::from_secs(10);

/// More connections wait in the system's queue.
const CONNECTIONS: usize = 1_024;

/// Before connections are accepted again where the system had none to give.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `ended` is ready, then lets requests in work end, for `patience` at most.
///
/// # Errors
/// Where the listener has no address.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    ended: impl Future<Output = ()>,
    patience: Duration,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    let mut ended = pin!(ended);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut ended => break,
        };
        let Ok((stream, _)) = accepted else {
            // The client went away, or the system is out of descriptors.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        // Events are small and wanted at once.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            // Whatever ends it is the client's matter.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(patience, graceful.shutdown()).await;
    Ok(())
}
