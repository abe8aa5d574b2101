//! The listener for operators: HTTP/1.1, few connections, short times for whoever is not known.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::desk::Desk;

/// How many readers are served at a time.
const CONNECTIONS: usize = 64;
/// Within which a request's head has to arrive, on a kept connection too.
const TIME: Duration = Duration::from_secs(10);
/// How long a connection lasts on which nobody showed who they are.
const STRANGERS: Duration = Duration::from_secs(20);
/// How long one lasts on which somebody did: the events of a page are one answer.
const KNOWN: Duration = Duration::from_secs(15 * 60);

/// Serves readers until `stop`.
pub async fn serve(listener: TcpListener, desk: Arc<Desk>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (place, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let served = connection(stream, peer.ip(), Arc::clone(&desk));
                    connections.spawn(async move {
                        let _place = place;
                        served.await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the admin listener could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection.
async fn connection(stream: TcpStream, peer: IpAddr, desk: Arc<Desk>) {
    let known = Arc::new(AtomicBool::new(false));
    let is_known = Arc::clone(&known);
    let service = service_fn(move |request| {
        let (desk, known) = (Arc::clone(&desk), Arc::clone(&is_known));
        async move { Ok::<_, Infallible>(super::answer(&desk, peer.to_canonical(), request, &known).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(TIME);
    let mut served = pin!(http.serve_connection(TokioIo::new(stream), service));
    // A reader that leaves early has seen enough.
    if tokio::time::timeout(STRANGERS, &mut served).await.is_err() && known.load(Ordering::Relaxed) {
        let _ = tokio::time::timeout(KNOWN, served).await;
    }
}
