//! The listener for operators: HTTP/1.1, few connections, short times.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::answer;
use crate::proxy::Gateway;

/// How many readers are served at a time.
const CONNECTIONS: usize = 64;
/// Within which a request has to arrive, and an answer to be taken.
const TIME: Duration = Duration::from_secs(10);

/// Serves readers until `stop`.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
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
                Ok((stream, _)) => {
                    let served = connection(stream, Arc::clone(&gateway));
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

/// Serves one connection. One request each: probes and scrapers are few, and no connection stays.
async fn connection(stream: TcpStream, gateway: Arc<Gateway>) {
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(answer(gateway, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(TIME).keep_alive(false);
    // A reader that leaves early has seen enough.
    let _ = tokio::time::timeout(2 * TIME, http.serve_connection(TokioIo::new(stream), service)).await;
}
