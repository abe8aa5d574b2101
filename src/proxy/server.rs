//! The listener: takes connections, hands each to hyper, and lets all end well.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use super::{Gateway, exchange};

/// How long exchanges may take to end once the proxy stops.
const DRAIN: Duration = Duration::from_secs(30);

/// How often what is kept is looked through for what is too old.
const SWEEP: Duration = Duration::from_secs(10);

/// Serves callers until `stop`, then lets exchanges end.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = sweep.tick() => gateway.conversations.sweep(),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connect(stream, peer.ip(), &gateway, &graceful),
                Err(error) => {
                    // Out of file descriptors, mostly: what is open has to close first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    gateway.answers.close();
    gateway.stopping.cancel();
    let ended = async {
        graceful.shutdown().await;
        gateway.answers.wait().await;
    };
    if tokio::time::timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("some exchanges did not end in time and are cut");
    }
}

fn connect(stream: TcpStream, peer: IpAddr, gateway: &Arc<Gateway>, graceful: &GracefulShutdown) {
    // A frame leaves at once; without this it may wait for the caller's acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection could not be set to send at once");
    }
    let gateway = Arc::clone(gateway);
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(exchange::handle(gateway, peer, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
