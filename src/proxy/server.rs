//! The listener: takes a place, accepts, hands each connection on, and lets all end well.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::{Gateway, connection};

/// How often what is kept is looked through for what is too old.
const SWEEP: Duration = Duration::from_secs(10);
/// How long answers that are cut have to tell their callers.
const PARTING: Duration = Duration::from_secs(2);
/// How long exchanges that are cut have to write their closing entries.
const CUTTING: Duration = Duration::from_secs(10);

/// Serves callers until `stop`, then lets exchanges end for as long as the limits give them.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(gateway.ruleset().limits.connections));
    let (connections, cut) = (TaskTracker::new(), CancellationToken::new());
    let mut stop = pin!(stop);
    let mut sweep = tokio::time::interval(SWEEP);
    let spans = Arc::clone(&gateway);
    let sending = AbortOnDropHandle::new(tokio::spawn(async move { spans.keep_sending_spans().await }));
    loop {
        // Who finds no place waits in the operating system's queue, and costs nothing there.
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            _ = sweep.tick() => gateway.sweep(),
            (place, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    // In a box, as what is around it would hold room for it several times over.
                    let served = Box::pin(connection::serve(stream, peer.ip(), Arc::clone(&gateway)));
                    let served = cut.clone().run_until_cancelled_owned(served);
                    connections.spawn(async move {
                        let _place = place;
                        served.await
                    });
                }
                Err(error) => {
                    // Out of file descriptors, mostly: what is open has to close first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    gateway.draining.cancel();
    connections.close();
    gateway.answers.close();
    let ended = async || {
        connections.wait().await;
        gateway.answers.wait().await;
    };
    let patience = Duration::from_secs(gateway.ruleset().limits.drain_seconds);
    if tokio::time::timeout(patience, ended()).await.is_err() {
        tracing::warn!(seconds = patience.as_secs(), "some exchanges did not end in time and are cut");
        gateway.cut.cancel();
        let parted = tokio::time::timeout(PARTING, ended()).await;
        cut.cancel();
        if parted.is_err() && tokio::time::timeout(CUTTING, ended()).await.is_err() {
            tracing::error!("some exchanges could not be cut: the next start closes them in the log");
        }
    }
    drop(sending);
    gateway.send_spans().await;
}
