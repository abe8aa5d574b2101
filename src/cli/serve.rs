//! `blotter serve`: the proxy.

use std::collections::BTreeSet;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{ConfigFile, Outcome};
use crate::admin;
use crate::audit::{Event, EventKind, Keys, Log};
use crate::config::{Look, Setup, Watch};
use crate::detect::Entity;
use crate::proxy::{self, Gateway};

/// Serves until it is told to stop.
pub(super) fn run(config: &ConfigFile) -> anyhow::Result<Outcome> {
    super::start_logging("blotter=info");
    let setup = config.setup()?;
    let watch = config.path().map(|path| Watch::new(path, &setup));
    super::runtime()?.block_on(serve(setup, watch))
}

async fn serve(setup: Setup, watch: Option<Watch>) -> anyhow::Result<Outcome> {
    let listener = listen(setup.listen).await?;
    let admin_listener = match &setup.admin {
        Some(admin) => Some(listen(admin.listen).await?),
        None => None,
    };
    let key = setup.key.read_or_make()?;
    let (log, writer) = Log::open(&setup.audit, &Keys::new(&key, setup.audit_key.read_or_make_ring()?))?;
    introduce(&setup, listener.local_addr()?);
    log.event(event(EventKind::Started, &setup.ruleset.version)).await?;
    if let Some(configured) = setup.inventory().event(&setup.audit, Timestamp::now())? {
        log.event(configured).await?;
    }
    let version = setup.ruleset.version.clone();
    let gateway = Arc::new(Gateway::new(setup.ruleset, log.clone(), &key)?);
    let stop = told_to_stop()?;
    let admin = admin_listener.map(|listener| tokio::spawn(admin::serve(listener, Arc::clone(&gateway), pending())));
    let current = tokio::spawn(keep_current(watch, Arc::clone(&gateway), signal(SignalKind::hangup())?));
    proxy::serve(listener, gateway, async {
        tokio::select! {
            () = stop => {}
            () = log.given_up() => eprintln!("blotter: the log cannot be written, so the proxy ends, as `[audit] on_failure` says"),
        }
    })
    .await;
    current.abort();
    if let Some(admin) = admin {
        // It answered while exchanges ended.
        admin.abort();
    }
    log.event(event(EventKind::Stopped, &version)).await?;
    tokio::task::spawn_blocking(move || writer.close()).await??;
    anyhow::ensure!(
        !log.has_given_up(),
        "the log could not be written: see above, and start again when the cause is gone"
    );
    eprintln!("blotter: stopped; every exchange is in the log");
    Ok(Outcome::Fine)
}

/// Takes the files as they change: within two seconds, and at once when it is told to by a hang-up.
async fn keep_current(mut watch: Option<Watch>, gateway: Arc<Gateway>, mut hangup: Signal) {
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(Duration::from_secs(2)), if watch.is_some() => false,
        };
        let Some(mut seen) = watch.take() else {
            tracing::info!("the configuration inside the program is used: there is nothing to reload");
            continue;
        };
        let looked = tokio::task::spawn_blocking(move || {
            let look = seen.look();
            (seen, look)
        });
        let Ok((seen, look)) = looked.await else {
            return tracing::error!("the files cannot be watched any more: restart to take changes");
        };
        watch = Some(seen);
        if asked && matches!(look, Look::Same) {
            tracing::info!("told to reload, but the files say what they said");
        }
        gateway.take(look).await;
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn event(kind: EventKind, ruleset: &str) -> Event {
    let detail = serde_json::json!({ "program": env!("CARGO_PKG_VERSION"), "ruleset": ruleset });
    Event { at: Timestamp::now(), kind, detail: detail.to_string() }
}

/// Says what runs, for the person who started it.
fn introduce(setup: &Setup, listening: SocketAddr) {
    let Setup { ruleset, sources, .. } = setup;
    let scheme = if ruleset.tls.is_some() { "https" } else { "http" };
    eprintln!("blotter {} listens on {scheme}://{listening}", env!("CARGO_PKG_VERSION"));
    for route in ruleset.routes.iter() {
        let default = ruleset.routes.default().is_some_and(|default| default.name == route.name);
        let note = if default { "  (also serves paths without a route's name)" } else { "" };
        eprintln!("  route     /{:<12} -> {}{note}", route.name, route.upstream);
    }
    let patterns = ruleset.detector.patterns();
    let files: BTreeSet<&str> = patterns.iter().map(|pattern| pattern.file.as_str()).collect();
    let entities: BTreeSet<&Entity> = patterns.iter().map(|pattern| &pattern.entity).collect();
    eprintln!("  patterns  {} from {} files, for {} entities", patterns.len(), files.len(), entities.len());
    for service in ruleset.detector.services() {
        eprintln!("  service   {}", super::describe(service));
    }
    eprintln!("  config    {}, version {}", sources[0].name, ruleset.version);
    if let Some(admin) = &setup.admin {
        eprintln!("  admin     http://{}/metrics, /ready, /health", admin.listen);
    }
    eprintln!("  log       {}", setup.audit.folder.display());
    eprintln!("  keys      {} (keep a copy: without it the log cannot be verified)", setup.key);
    eprintln!("            {} (keep a copy, apart from the log: without it no text can be read)", setup.audit_key);
    eprintln!("Point a bot at it:");
    for route in ruleset.routes.iter() {
        let (variable, path) =
            if route.name == "anthropic" { ("ANTHROPIC_BASE_URL", "") } else { ("OPENAI_BASE_URL", "/v1") };
        eprintln!("  {variable}={scheme}://{listening}/{}{path}", route.name);
    }
}

/// Ends with an interrupt or a request to terminate.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("blotter: stopping; exchanges in flight may end");
    })
}
