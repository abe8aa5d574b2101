//! One caller's connection: TLS where it is configured, HTTP/1.1 or HTTP/2, and an end to those who are idle or do not read.

use std::convert::Infallible;
use std::error::Error;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::Version;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::{Gateway, exchange};
use crate::config::Limits;

/// How long an idle connection may take to close.
const CLOSING: Duration = Duration::from_secs(2);
/// How often an HTTP/2 caller is asked whether it is still there, and how long it has to say so.
const PING: Duration = Duration::from_secs(20);
/// The most of an answer that one HTTP/2 stream buffers.
const STREAM_BUFFER: usize = 64 << 10;

/// Serves one connection to its end; once the proxy was told to stop, its open exchanges alone.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, gateway: Arc<Gateway>) {
    let _counted = Counted::new(&gateway);
    // A frame leaves at once; without this it may wait for the caller's acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection could not be set to send at once");
    }
    let ruleset = gateway.ruleset();
    let Some(tls) = &ruleset.tls else { return http(stream, None, peer, gateway, ruleset.limits).await };
    let handshake = TlsAcceptor::from(Arc::clone(&tls.server)).accept(stream);
    match tokio::time::timeout(Duration::from_secs(ruleset.limits.header_seconds), handshake).await {
        Ok(Ok(stream)) => {
            let agreed = (stream.get_ref().1.alpn_protocol() == Some(b"h2")).then_some(Version::HTTP_2);
            http(stream, agreed, peer, gateway, ruleset.limits).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Serves the version of HTTP that was `agreed` on, or else the one that the caller begins with.
async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    agreed: Option<Version>,
    peer: IpAddr,
    gateway: Arc<Gateway>,
    limits: Limits,
) {
    let (activity, draining) = (Activity::new(), gateway.draining.clone());
    let begun = activity.clone();
    let service = service_fn(move |request| {
        let (gateway, active) = (Arc::clone(&gateway), begun.begin());
        // In a box, which goes when the answer begins: a stream may last for long.
        Box::pin(async move {
            Ok::<_, Infallible>(exchange::handle(gateway, peer, request).await.map(|body| active.watch(body)))
        })
    });
    let (builder, stream) = (builder(&limits), TokioIo::new(stream));
    match agreed {
        Some(Version::HTTP_2) => {
            let builder = builder.http2_only();
            watched(pin!(builder.serve_connection(stream, service)), activity, draining, &limits).await;
        }
        _ => watched(pin!(builder.serve_connection_with_upgrades(stream, service)), activity, draining, &limits).await,
    }
}

/// Goes on with a connection until it ends, is idle for too long or stalls, or the proxy drains.
async fn watched(
    mut connection: Pin<&mut impl GracefulConnection<Error = Box<dyn Error + Send + Sync>>>,
    activity: Activity,
    draining: CancellationToken,
    limits: &Limits,
) {
    let idle = activity.idle(Duration::from_secs(limits.header_seconds));
    let stalled = activity.stalled(Duration::from_secs(limits.caller_seconds));
    let patience = tokio::select! {
        ended = connection.as_mut() => return told(ended),
        () = idle => Some(CLOSING),
        () = draining.cancelled() => None,
        () = stalled => return tracing::info!("a caller did not take its answer and was cut off"),
    };
    connection.as_mut().graceful_shutdown();
    let stalled = activity.stalled(Duration::from_secs(limits.caller_seconds));
    tokio::select! {
        ended = connection => told(ended),
        () = stalled => tracing::info!("a caller did not take its answer and was cut off"),
        () = wait(patience) => {}
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds))
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes);
    // A flood of streams that are reset at once ends the connection, by hyper's own limits.
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes as u32)
        .max_send_buf_size(STREAM_BUFFER);
    builder
}

/// Waits that long, or for ever.
async fn wait(patience: Option<Duration>) {
    match patience {
        Some(patience) => tokio::time::sleep(patience).await,
        None => std::future::pending().await,
    }
}

fn told(ended: Result<(), Box<dyn Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection in the count of those that are open.
struct Counted(Arc<Gateway>);

impl Counted {
    fn new(gateway: &Arc<Gateway>) -> Self {
        gateway.metrics.connections(1);
        Self(Arc::clone(gateway))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.connections(-1);
    }
}
