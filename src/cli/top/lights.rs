//! What may need somebody, a line each: the page's lights as far as the log and the files tell.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::print;
use crate::audit::{AuditError, EventKind, Happening, Happenings, Reader};
use crate::caller::NOTICE;
use crate::config::{Admin, Ruleset, Setup};
use crate::inquiry::{Archive, Chain, MOST, Watch};

/// A line: whether it is as it should be, what it is about, what there is to say.
pub(super) type Light = (bool, &'static str, String);

/// How long a proxy is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lights, in the page's order.
pub(super) async fn lights(
    setup: &Setup,
    archive: &Archive,
    watch: &Watch,
    now: Timestamp,
) -> Result<Vec<Light>, AuditError> {
    let reader = archive.reader()?;
    Ok(vec![
        log(setup.admin.as_ref()).await,
        chain(&watch.chain),
        rules(&reader)?,
        ends(&setup.ruleset, now),
        suspicions(&watch.suspicions),
    ])
}

/// Whether the log is written: that the proxy alone knows.
async fn log(admin: Option<&Admin>) -> Light {
    let Some(Admin { listen, .. }) = admin else {
        return (true, "log", "whether it is written is told where `[admin]` has a `listen`".to_owned());
    };
    match tokio::time::timeout(PATIENCE, is_ready(*listen)).await {
        Ok(Ok(true)) => (true, "log", "it is written".to_owned()),
        Ok(Ok(false)) => (false, "log", format!("the proxy is not ready: see http://{listen}/ready")),
        Ok(Err(_)) | Err(_) => (false, "log", format!("no proxy answers on {listen}")),
    }
}

async fn is_ready(admin: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(admin).await?;
    stream.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}

fn chain(chain: &Chain) -> Light {
    let says = match (chain.broken, chain.at) {
        (Some(seq), _) => format!("entry {seq} does not hold: run `blotter audit verify`"),
        (None, Some(_)) => format!("entries {} to {} hold", chain.from, chain.to),
        (None, None) => "nothing was proven yet".to_owned(),
    };
    (chain.broken.is_none() && chain.at.is_some(), "chain", says)
}

/// Which rules the proxy runs under: what the log said last.
fn rules(reader: &Reader) -> Result<Light, AuditError> {
    let names = [EventKind::Configured, EventKind::Reloaded].map(|kind| kind.name().to_owned()).into();
    let newest = reader.happenings(&Happenings { names, limit: 1, ..Happenings::default() })?;
    let detail: Value = newest.first().and_then(|one| serde_json::from_str(&one.detail).ok()).unwrap_or_default();
    Ok(match detail["refused"].as_array() {
        Some(places) => {
            let places: Vec<&str> = places.iter().filter_map(Value::as_str).collect();
            (false, "rules", format!("the files cannot be used, the old rules stay: {}", places.join(", ")))
        }
        None => {
            let version = ["ruleset", "to"].iter().find_map(|name| detail[name].as_str()).unwrap_or("none yet");
            (true, "rules", format!("version {version}"))
        }
    })
}

/// Which keys and certificates end soon.
fn ends(ruleset: &Ruleset, now: Timestamp) -> Light {
    let callers = ruleset.keys.callers();
    let keys = callers.expiring(now).map(|(key, end)| format!("{} ({}) {end:.0}", key.name, key.id()));
    let tls = ruleset.tls.as_ref();
    let certificates = [
        ("the listener's certificate", tls.map(|tls| tls.expires)),
        ("a certificate that signs callers'", tls.and_then(|tls| tls.client_ca_expires)),
    ];
    let soon = certificates.into_iter().filter_map(|(what, end)| {
        let end = Timestamp::from_second(end?).ok()?;
        (end.duration_since(now) <= NOTICE).then(|| format!("{what} {end:.0}"))
    });
    let soon: Vec<String> = keys.chain(soon).collect();
    match soon.is_empty() {
        true => (true, "keys", "none ends within 14 days".to_owned()),
        false => (false, "keys", format!("these end soon: {}", soon.join(", "))),
    }
}

fn suspicions(found: &[Happening]) -> Light {
    let Some(newest) = found.first() else { return (true, "suspicious", "nothing within a day".to_owned()) };
    let detail: Value = serde_json::from_str(&newest.detail).unwrap_or_default();
    let name = detail["alarm"].as_str().unwrap_or(&newest.name);
    let by = ["caller", "address", "change"].iter().find_map(|member| detail[member].as_str());
    let by = by.map(|by| format!(" ({})", print::visible(by))).unwrap_or_default();
    let more = if found.len() == MOST { " or more" } else { "" };
    (false, "suspicious", format!("{}{more} within a day, the newest: {name}{by} {:.0}", found.len(), newest.at))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_proxy_says_whether_the_log_is_written() {
        for (answer, is_fine) in
            [(&b"HTTP/1.1 200 OK\r\n\r\n"[..], true), (b"HTTP/1.1 503 \r\n\r\n", false), (b"", false)]
        {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let admin = Admin { listen: listener.local_addr().unwrap() };
            let answers = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut question = [0; 100];
                assert!(stream.read(&mut question).await.unwrap() > 0);
                stream.write_all(answer).await.unwrap();
            };
            assert_eq!(tokio::join!(log(Some(&admin)), answers).0.0, is_fine, "{answer:?}");
        }
    }
}
