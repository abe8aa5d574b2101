//! `blotter serve`: the proxy.

use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;
use rustix::process::Signal;
use tokio::net::TcpListener;
use tokio::signal::unix::{self, SignalKind, signal};

use super::introduce::introduce;
use super::{ConfigFile, Outcome, Talk, process, systemd};
use crate::admin::{self, Desk};
use crate::alarm::Alarm;
use crate::audit::{AuditError, Event, EventKind, Inventory, Keys, Log, Reader};
use crate::config::{Look, Setup, User, Watch};
use crate::inquiry::Archive;
use crate::proxy::{self, Gateway};

/// Serves until it is told to stop.
pub(super) fn run(config: &ConfigFile) -> anyhow::Result<Outcome> {
    let talk = super::start_logging("blotter=info");
    process::prepare();
    let setup = config.setup(User::Proxy)?;
    let watch = config.path().map(|path| Watch::new(path, &setup));
    super::runtime()?.block_on(serve(setup, watch, talk))
}

async fn serve(setup: Setup, watch: Option<Watch>, talk: Talk) -> anyhow::Result<Outcome> {
    // Where a file may not grow any more, a write fails and the log says so; without this the process would be killed.
    let _heard = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
    let listener = listen(setup.listen).await?;
    let admin_listener = match &setup.admin {
        Some(admin) => Some(listen(admin.listen).await?),
        None => None,
    };
    let (key, ring) = (setup.log.key.read_or_make()?, setup.log.audit_key.read_or_make_ring()?);
    let archive = Archive::new(setup.log.settings.clone(), &key, ring.clone());
    let (log, writer) = Log::open(&setup.log.settings, &Keys::new(&key, ring))?;
    log.event(event(EventKind::Started, &setup.ruleset.version)).await?;
    let inventory = setup.inventory();
    let before = Inventory::newest(&setup.log.settings)?.map(|inventory| inventory.ruleset);
    if let Some(configured) = inventory.event(&setup.log.settings, Timestamp::now())? {
        log.event(configured).await?;
    }
    let stop = told_to_stop(talk)?;
    let admin_at = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    // Said when it is so: from here on requests are taken, and a signal ends it well.
    introduce(&setup, listener.local_addr()?, admin_at, talk);
    let version = setup.ruleset.version.clone();
    let gateway = Arc::new(Gateway::new(setup.ruleset, log.clone(), &key)?);
    if let Some(before) = before.filter(|before| *before != version) {
        let change = format!("the proxy starts under the rules {version}, and started under {before} before");
        gateway.raise(Alarm::Configuration { change });
    }
    recall(&setup.log.settings.folder, &gateway)?;
    let desk = Arc::new(Desk::new(Arc::clone(&gateway), archive));
    let admin = admin_listener.map(|listener| tokio::spawn(admin::serve(listener, desk, pending())));
    let current = tokio::spawn(keep_current(watch, Arc::clone(&gateway), signal(SignalKind::hangup())?));
    let alive = tokio::spawn(systemd::keep_telling());
    systemd::tell("READY=1");
    proxy::serve(listener, gateway, async {
        tokio::select! {
            () = stop => {}
            () = log.given_up() => talk.say("the log cannot be written, so the proxy ends, as `[audit] on_failure` says"),
        }
    })
    .await;
    current.abort();
    if let Some(admin) = admin {
        // It answered while exchanges ended.
        admin.abort();
    }
    let told = log.event(event(EventKind::Stopped, &version)).await;
    tokio::task::spawn_blocking(move || writer.close()).await??;
    told?;
    anyhow::ensure!(
        !log.has_given_up(),
        "the log could not be written: see above, and start again when the cause is gone"
    );
    alive.abort();
    talk.say("stopped; every exchange is in the log");
    Ok(Outcome::Fine)
}

/// Takes the files as they change: within two seconds, and at once when it is told to by a hang-up.
async fn keep_current(mut watch: Option<Watch>, gateway: Arc<Gateway>, mut hangup: unix::Signal) {
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

/// Has the gateway read from the log what is usual of callers: what takes long, beside the first exchanges.
fn recall(folder: &Path, gateway: &Arc<Gateway>) -> Result<(), AuditError> {
    let (log, now) = (Reader::open(folder)?, Timestamp::now());
    gateway.recall_sources(&log, now)?;
    gateway.recall_habits(log, now);
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let remedy = match error.kind() {
            ErrorKind::PermissionDenied => "give a port above 1023 in proxy.toml",
            _ => "end what has it, or give another address in proxy.toml",
        };
        anyhow!("cannot listen on {address}: {error}: {remedy}")
    })
}

fn event(kind: EventKind, ruleset: &str) -> Event {
    let detail = serde_json::json!({ "program": env!("CARGO_PKG_VERSION"), "ruleset": ruleset });
    Event { at: Timestamp::now(), kind, detail: detail.to_string() }
}

/// Ends with an interrupt or a request to terminate.
fn told_to_stop(talk: Talk) -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        systemd::tell("STOPPING=1");
        talk.say("stopping; exchanges in flight may end");
    })
}
