//! The way to the providers: pooled connections, TLS by rustls, no retries of calls that were made, no redirects.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::refused::Refused;
use crate::config::Limits;
use crate::crypto;

/// The connections to all upstreams.
#[derive(Clone)]
pub struct Client {
    calls: Pool,
    sockets: Pool,
}

type Pool = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Calls.
    Calls,
    /// One call that becomes a WebSocket, which HTTP/2 does not.
    Socket,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards the providers cannot be set up: {0}")]
pub struct TlsError(#[from] rustls::Error);

/// Makes the client that all exchanges share.
pub fn client(limits: &Limits) -> Result<Client, TlsError> {
    Ok(Client { calls: pool(limits, Purpose::Calls)?, sockets: pool(limits, Purpose::Socket)? })
}

impl Client {
    /// The connections for this use.
    pub(super) fn to(&self, purpose: Purpose) -> &Pool {
        match purpose {
            Purpose::Calls => &self.calls,
            Purpose::Socket => &self.sockets,
        }
    }
}

fn pool(limits: &Limits, purpose: Purpose) -> Result<Pool, TlsError> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(limits.connect_seconds)));
    let tls = || rustls::ClientConfig::builder_with_provider(crypto::for_tls()).with_safe_default_protocol_versions();
    // A machine without certificates of its own (a bare container) gets those of the Mozilla programme.
    let tls = tls()?.with_native_roots().or_else(|_| Ok::<_, rustls::Error>(tls()?.with_webpki_roots()))?;
    let https = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth()).https_or_http();
    let connector = match purpose {
        Purpose::Calls => https.enable_all_versions().wrap_connector(connector),
        Purpose::Socket => https.enable_http1().wrap_connector(connector),
    };
    // A request is sent on another connection only if the one that was kept closed before a byte of it was written.
    Ok(legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(60))
        .retry_canceled_requests(true)
        .build(connector))
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(
    client: &Client,
    purpose: Purpose,
    request: Request<Full<Bytes>>,
    limits: &Limits,
) -> Result<Response<Incoming>, Refused> {
    match tokio::time::timeout(Duration::from_secs(limits.idle_seconds), client.to(purpose).request(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) if error.is_connect() => Err(Refused::upstream(
            "upstream/unreachable",
            format!("The provider cannot be reached ({}): check the route's `upstream`.", cause(&error)),
        )),
        Ok(Err(error)) => Err(Refused::upstream(
            "upstream/broken-off",
            format!("The provider broke off before it answered ({}): try again.", cause(&error)),
        )),
        Err(_) => Err(Refused::timed_out(format!(
            "The provider did not answer within {} seconds: try again, or raise `idle_seconds`.",
            limits.idle_seconds
        ))),
    }
}

/// The innermost reason that the network gave.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
