//! The way to the providers: pooled connections, TLS by rustls, no retries of calls that were made, no redirects.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::dial::{Dial, Within};
use super::outgoing::Outgoing;
use super::refused::Refused;
use crate::audit::Outcome;
use crate::config::{Limits, Outbound};
use crate::crypto;
use crate::route::{Route, Upstream};

/// The connections to all upstreams.
#[derive(Clone)]
pub(super) struct Client {
    calls: Pool,
    sockets: Pool,
}

type Pool = legacy::Client<Within<HttpsConnector<Dial>>, Outgoing>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Calls.
    Calls,
    /// One call that becomes a WebSocket, which HTTP/2 does not.
    Socket,
}

/// How long a connection may be silent until the other side is asked whether it is there, and how long that may take.
const ALIVE: Duration = Duration::from_secs(10);

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards the providers cannot be set up: {0}")]
pub struct TlsError(#[from] rustls::Error);

/// Makes the client that all exchanges share.
pub(super) fn client(limits: &Limits, outbound: &Outbound) -> Result<Client, TlsError> {
    Ok(Client { calls: pool(limits, outbound, Purpose::Calls)?, sockets: pool(limits, outbound, Purpose::Socket)? })
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

fn pool(limits: &Limits, outbound: &Outbound, purpose: Purpose) -> Result<Pool, TlsError> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(ALIVE));
    connector.set_connect_timeout(Some(Duration::from_secs(limits.connect_seconds)));
    let tls = || rustls::ClientConfig::builder_with_provider(crypto::for_tls()).with_safe_default_protocol_versions();
    let tls = match &outbound.roots {
        Some(roots) => tls()?.with_root_certificates(Arc::clone(roots)),
        // A machine without certificates of its own (a bare container) gets those of the Mozilla programme.
        None => tls()?.with_native_roots().or_else(|_| Ok::<_, rustls::Error>(tls()?.with_webpki_roots()))?,
    };
    let https = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth()).https_or_http();
    let dial = Dial::new(connector, outbound);
    let connector = match purpose {
        Purpose::Calls => https.enable_all_versions().wrap_connector(dial),
        Purpose::Socket => https.enable_http1().wrap_connector(dial),
    };
    let connector = Within::new(connector, Duration::from_secs(limits.connect_seconds));
    // A request is sent on another connection only if the one that was kept closed before a byte of it was written.
    Ok(legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(ALIVE)
        .http2_keep_alive_timeout(ALIVE)
        .pool_idle_timeout(Duration::from_secs(60))
        .retry_canceled_requests(true)
        .build(connector))
}

/// Sends a request and waits for the head of its answer: within `left`, and within the time in which something has to come.
pub(super) async fn send(
    client: &Client,
    purpose: Purpose,
    request: Request<Outgoing>,
    route: &Route,
    limits: &Limits,
    left: Duration,
) -> Result<Response<Incoming>, Refused> {
    let idle = Duration::from_secs(limits.idle_seconds);
    let body = request.body().clone();
    let sent = to_first_reachable(client.to(purpose), request, route);
    match tokio::time::timeout(idle.min(left), sent).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) if error.is_connect() => {
            tracing::warn!(route = route.name, cause = cause(&error), "no upstream can be reached");
            let message = format!("The provider cannot be reached ({}): check the route's `upstream`.", cause(&error));
            Err(Refused::upstream("upstream/unreachable", message))
        }
        Ok(Err(error)) if body.is_lost() => {
            tracing::error!(error = cause(&error), "an upload cannot be read back: look at `upload_folder`");
            let message = "Blotter cannot read an upload back from its disk, so the provider got a part of it at most. Tell whoever \
                runs it to look at its own log and at `upload_folder`; then try again.";
            Err(Refused { outcome: Outcome::UpstreamFailed, ..Refused::busy("upload/unreadable", message) })
        }
        Ok(Err(error)) => Err(Refused::upstream(
            "upstream/broken-off",
            format!("The provider broke off before it answered ({}): try again.", cause(&error)),
        )),
        Err(_) if left < idle => Err(Refused::overtime()),
        Err(_) => Err(Refused::timed_out(format!(
            "The provider did not answer within {} seconds: try again, or raise `idle_seconds`.",
            limits.idle_seconds
        ))),
    }
}

/// Sends a request to the route's upstream or, while no connection could be made at all, to the next of its list.
async fn to_first_reachable(
    pool: &Pool,
    request: Request<Outgoing>,
    route: &Route,
) -> Result<Response<Incoming>, legacy::Error> {
    let mut others = route.others.iter();
    let mut asked = request.clone();
    loop {
        match (pool.request(asked).await, others.next()) {
            (Err(error), Some(next)) if error.is_connect() => {
                tracing::warn!(route = route.name, %next, cause = cause(&error), "an upstream is out of reach");
                asked = request.clone();
                *asked.uri_mut() = moved(request.uri(), next);
            }
            (sent, _) => return sent,
        }
    }
}

/// The same path and query at another upstream.
fn moved(uri: &Uri, upstream: &Upstream) -> Uri {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    format!("{upstream}{target}").parse().expect("a checked origin and a path that was a URI's")
}

/// The innermost reason that the network gave.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
