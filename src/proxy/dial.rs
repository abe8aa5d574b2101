//! Connections to upstreams: straight, or through the HTTP proxy that the configuration names.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::config::Outbound;
use crate::route::{Upstream, is_this_machine};

/// Makes connections.
#[derive(Clone)]
pub(super) struct Dial {
    straight: HttpConnector,
    /// What leads to other machines, where the configuration names a proxy.
    tunnel: Option<Tunnel<HttpConnector>>,
}

impl Dial {
    /// Connections by `connector`, as `outbound` says.
    pub(super) fn new(connector: HttpConnector, outbound: &Outbound) -> Self {
        let uri = |proxy: &Upstream| proxy.to_string().parse::<Uri>().expect("scheme and checked authority are a URI");
        let tunnel = outbound.proxy.as_ref().map(|proxy| Tunnel::new(uri(proxy), connector.clone()));
        Self { straight: connector, tunnel }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, upstream: Uri) -> Self::Future {
        match &self.tunnel {
            Some(tunnel) if !is_here(&upstream) => {
                let mut tunnel = tunnel.clone();
                Box::pin(async move { tunnel.call(upstream).await.map_err(Into::into) })
            }
            _ => {
                let mut straight = self.straight.clone();
                Box::pin(async move { straight.call(upstream).await.map_err(Into::into) })
            }
        }
    }
}

/// Connections that have to stand within some time: the proxy's tunnel and TLS included.
#[derive(Clone)]
pub(super) struct Within<C> {
    connector: C,
    time: Duration,
}

impl<C> Within<C> {
    /// Connections by `connector`.
    pub(super) fn new(connector: C, time: Duration) -> Self {
        Self { connector, time }
    }
}

impl<C> Service<Uri> for Within<C>
where
    C: Service<Uri, Error: Into<Box<dyn Error + Send + Sync>>, Future: Send + 'static>,
{
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, upstream: Uri) -> Self::Future {
        let (connected, time) = (self.connector.call(upstream), self.time);
        Box::pin(async move {
            match tokio::time::timeout(time, connected).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(format!("no connection within {} seconds", time.as_secs()).into()),
            }
        })
    }
}

/// Whether an upstream is on this machine.
fn is_here(upstream: &Uri) -> bool {
    is_this_machine(upstream.host().unwrap_or_default())
}
