//! How the proxy does, now and lately, and a light for whatever may need somebody: once, or as a stream that moves by itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Channel;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use super::Asked;
use super::answer::{Answer, Failure, events, json as json_answer};
use super::desk::Desk;
use super::events::told;
use super::guard::{self, Visit};
use crate::inquiry::{MOST, Overview, Particulars, Range, Watch};
use crate::proxy::Trouble;

/// How often a page hears something new.
const PAUSE: Duration = Duration::from_secs(2);
/// How long one stream lasts; then the browser asks again, and shows again who it is.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Within which a browser has to take what it is told.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Seen {
    at: i64,
    open: i64,
    #[serde(flatten)]
    overview: Overview,
    lights: Value,
}

/// How it is now.
pub(super) async fn now(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    json_answer(&look(desk, range(asked)?, asked.particulars()).await?)
}

/// How it is from now on.
pub(super) fn stream(desk: &Arc<Desk>, visit: Visit, asked: &Asked) -> Result<Answer, Failure> {
    let (range, particulars) = (range(asked)?, asked.particulars());
    let viewer = asked.viewer.clone().ok_or_else(|| Failure::internal(&"nobody asks"))?;
    let (mut sender, channel) = Channel::<Bytes>::new(1);
    let desk = Arc::clone(desk);
    let telling = tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < LONGEST && guard::stays(&desk, &viewer, &visit) && !desk.gateway.is_draining() {
            let told = match look(&desk, range, particulars).await {
                Ok(seen) => json!(seen),
                Err(failure) => json!({ "error": failure.message }),
            };
            let event = Bytes::from(format!("data: {told}\n\n"));
            let sent = tokio::time::timeout(PATIENCE, sender.send_data(event)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    Ok(events(channel, AbortOnDropHandle::new(telling)))
}

fn range(asked: &Asked) -> Result<Range, Failure> {
    Ok(asked.query.read("range")?.unwrap_or(Range::Hour))
}

async fn look(desk: &Arc<Desk>, range: Range, particulars: Particulars) -> Result<Seen, Failure> {
    let mut shared = desk.watched.shared().await;
    let now = Timestamp::now();
    if shared.is_old(now) {
        shared = desk.ask(move |archive| Ok(shared.catch_up(archive, now).map(|()| shared)?)).await?;
    }
    let overview = shared.watch.pulse.over(range, now);
    let lights = lights(desk, &overview, &shared.watch, particulars, now).await;
    Ok(Seen { at: now.as_second(), open: desk.gateway.metrics().open_now(), overview, lights })
}

async fn lights(desk: &Desk, overview: &Overview, watch: &Watch, particulars: Particulars, now: Timestamp) -> Value {
    let keys = desk.gateway.keys();
    let ends =
        keys.expiring(now).map(|(key, end)| json!({ "caller": key.name, "key": key.id(), "ends": end.to_string() }));
    let (rules, trouble) = (desk.gateway.ruleset(), desk.gateway.trouble());
    let tls = rules.tls.as_ref();
    let end = |second: Option<i64>| Timestamp::from_second(second?).ok().map(|end| end.to_string());
    json!({
        "writable": desk.gateway.log_is_writable().await,
        "draining": desk.gateway.is_draining(),
        "chain": watch.chain,
        "rules": rules.version,
        "trouble": trouble.iter().map(|one| troubled(one, particulars)).collect::<Vec<_>>(),
        "keys": ends.collect::<Vec<_>>(),
        "certificate": end(tls.map(|tls| tls.expires)),
        "client_ca": end(tls.and_then(|tls| tls.client_ca_expires)),
        "exemptions": overview.exemptions,
        "suspicions": {
            "count": watch.suspicions.len(),
            "more": watch.suspicions.len() == MOST,
            "newest": watch.suspicions.first().map(|one| told(one, particulars)),
        },
    })
}

/// Why newer files are not used. A file may name customers.
fn troubled(Trouble { place, why }: &Trouble, particulars: Particulars) -> Value {
    match particulars {
        Particulars::Told => json!({ "place": place, "why": why }),
        Particulars::Withheld => json!({ "place": place }),
    }
}
