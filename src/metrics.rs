//! Every counter and histogram by name, and their text for Prometheus.
//!
//! Labels are names from the configuration and from the program alone, so their number is bounded and no value can be one.

mod callers;

use std::fmt::Write;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use callers::Callers;

pub use callers::Sum;

/// All that is counted and measured, from the process's start on.
pub struct Metrics {
    registry: Registry,
    exchanges: Counted<2>,
    open: Gauge,
    findings: Counted<3>,
    refusals: Counted<1>,
    upstream_errors: Counted<2>,
    /// By way; kept apart from their family, because they count with every piece.
    bytes: [Counter; 4],
    added: Measured<1>,
    commits: Measured<1>,
    first_byte: Measured<1>,
    total: Measured<1>,
    held: Counter,
    connections: Gauge,
    log_writable: Gauge,
    reloads: Counted<1>,
    rules_stale: Gauge,
    rules: Family<Labels<1>, Gauge>,
    expires: Gauge,
    client_ca_expires: Gauge,
    key_expires: Family<Labels<2>, Gauge>,
    alarms: Counted<1>,
    webhooks: Counted<1>,
    spans: Counted<1>,
    callers: Callers,
}

type Labels<const N: usize> = [(&'static str, String); N];
type Counted<const N: usize> = Family<Labels<N>, Counter>;
type Measured<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// Which entry of an exchange a commit was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The closing one.
    Closed,
    /// The opening one, for which the request waits.
    Opened,
}

/// What Blotter itself does to an exchange that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the opening entry.
    Log,
    /// Scanning and redacting the request, recogniser services included.
    Redact,
    /// Restoring the answer, all its pieces together.
    Restore,
}

/// Where a finding was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In the provider's answer.
    Answer,
    /// In the caller's request.
    Request,
}

/// A way that bodies' bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a caller.
    FromCaller,
    /// From a provider.
    FromProvider,
    /// To a caller.
    ToCaller,
    /// To a provider.
    ToProvider,
}

impl Way {
    /// In the order of the variants.
    const NAMES: [&'static str; 4] = ["from-caller", "from-provider", "to-caller", "to-provider"];
}

/// Upper bounds of a histogram's buckets, in seconds: from the first, each twice the one before.
#[derive(Clone, Copy)]
struct Buckets(f64, u16);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(self.0, 2.0, self.1))
    }
}

/// What the program does itself: 50 µs to 6.6 s.
const OWN: Buckets = Buckets(50e-6, 18);
/// What a provider does: 5 ms to 5.5 min.
const PROVIDERS: Buckets = Buckets(5e-3, 17);

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("blotter"),
            exchanges: Family::default(),
            open: Gauge::default(),
            findings: Family::default(),
            refusals: Family::default(),
            upstream_errors: Family::default(),
            bytes: Default::default(),
            added: Family::new_with_constructor(OWN),
            commits: Family::new_with_constructor(OWN),
            first_byte: Family::new_with_constructor(PROVIDERS),
            total: Family::new_with_constructor(PROVIDERS),
            held: Counter::default(),
            connections: Gauge::default(),
            log_writable: Gauge::default(),
            reloads: Family::default(),
            rules_stale: Gauge::default(),
            rules: Family::default(),
            expires: Gauge::default(),
            client_ca_expires: Gauge::default(),
            key_expires: Family::default(),
            alarms: Family::default(),
            webhooks: Family::default(),
            spans: Family::default(),
            callers: Callers::default(),
        };
        metrics.log_writable.set(1);
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("exchanges", "Exchanges that ended, by route and outcome", self.exchanges.clone());
        registry.register("exchanges_open", "Exchanges whose answer is on its way", self.open.clone());
        registry.register("findings", "What was found, by entity, action and side", self.findings.clone());
        registry.register("refusals", "Exchanges without the provider's answer, by reason", self.refusals.clone());
        registry.register("upstream_errors", "Provider trouble, by route and reason", self.upstream_errors.clone());
        let bodies = Counted::<1>::default();
        for (way, counter) in Way::NAMES.iter().zip(&mut self.bytes) {
            counter.clone_from(&bodies.get_or_create(&[("way", (*way).to_owned())]));
        }
        registry.register_with_unit("bodies", "Bytes of bodies, by way", Unit::Bytes, bodies);
        let seconds = Unit::Seconds;
        registry.register_with_unit("added", "Time that Blotter added, by phase", seconds, self.added.clone());
        let help = "Until an entry was on the disk, by entry";
        registry.register_with_unit("log_commit", help, Unit::Seconds, self.commits.clone());
        let help = "From a request's arrival to its answer's head, the provider's time included";
        registry.register_with_unit("first_byte", help, Unit::Seconds, self.first_byte.clone());
        let help = "From a request's arrival to its answer's end";
        registry.register_with_unit("exchange", help, Unit::Seconds, self.total.clone());
        let help = "Pieces of answers after which nothing could leave yet";
        registry.register("held_pieces", help, self.held.clone());
        registry.register("connections", "Callers' connections", self.connections.clone());
        registry.register("log_writable", "1 unless the log could not be written last", self.log_writable.clone());
        registry.register("reloads", "Reloads of the configuration, by result", self.reloads.clone());
        let help = "1 while the files hold what cannot be used and the old rules run";
        registry.register("rules_stale", help, self.rules_stale.clone());
        registry.register("rules", "1 for the version of the rules that runs", self.rules.clone());
        let help = "When the listener's certificate expires, in seconds since 1970; 0 without one";
        registry.register("certificate_expires", help, self.expires.clone());
        let help =
            "When the first certificate of those who sign callers' expires, in seconds since 1970; 0 without one";
        registry.register("client_ca_expires", help, self.client_ca_expires.clone());
        let help = "When a caller's key expires that is near its end, in seconds since 1970, by caller and key";
        registry.register("key_expires", help, self.key_expires.clone());
        registry.register("alarms", "What looked like misuse, by alarm", self.alarms.clone());
        registry.register("webhooks", "Alarms for the webhook, by result", self.webhooks.clone());
        registry.register("spans", "Spans for the collector, by result", self.spans.clone());
        self.callers.register(registry);
        self
    }

    /// All of it, in the text format that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            // A string takes all that is written to it, so only the encoder itself could be at fault.
            let _ = writeln!(text, "# the rest could not be written");
        }
        text
    }

    /// An exchange ended.
    pub fn ended(&self, route: &str, outcome: &str) {
        self.exchanges.get_or_create(&[("route", known(route)), ("outcome", outcome.to_owned())]).inc();
    }

    /// An exchange did not get its answer.
    pub fn refused(&self, reason: &str) {
        self.refusals.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    /// A provider was out of reach, broke off or took too long.
    pub fn upstream_error(&self, route: &str, reason: &str) {
        self.upstream_errors.get_or_create(&[("route", known(route)), ("reason", reason.to_owned())]).inc();
    }

    /// An entity was found `count` times.
    pub fn found(&self, side: Side, entity: &str, action: &str, count: u64) {
        let side = match side {
            Side::Answer => "answer",
            Side::Request => "request",
        };
        let labels = [("entity", entity.to_owned()), ("action", action.to_owned()), ("side", side.to_owned())];
        self.findings.get_or_create(&labels).inc_by(count);
    }

    /// So many bytes of bodies went that way.
    pub fn bytes(&self, way: Way, count: usize) {
        self.bytes[way as usize].inc_by(count as u64);
    }

    /// A phase of an exchange took so many seconds.
    pub fn added(&self, phase: Phase, seconds: f64) {
        let phase = match phase {
            Phase::Log => "log",
            Phase::Redact => "redact",
            Phase::Restore => "restore",
        };
        self.added.get_or_create(&[("phase", phase.to_owned())]).observe(seconds);
    }

    /// An entry was on the disk after so many seconds.
    pub fn committed(&self, entry: Commit, seconds: f64) {
        let entry = match entry {
            Commit::Closed => "closed",
            Commit::Opened => "opened",
        };
        self.commits.get_or_create(&[("entry", entry.to_owned())]).observe(seconds);
        self.log_writable.set(1);
    }

    /// The log could not be written.
    pub fn log_failed(&self) {
        self.log_writable.set(0);
    }

    /// The log could be written.
    pub fn log_recovered(&self) {
        self.log_writable.set(1);
    }

    /// Whether the log could be written when it was last tried.
    pub fn log_is_writable(&self) -> bool {
        self.log_writable.get() == 1
    }

    /// From the request's arrival the answer's head took `first_byte` seconds and its end `total`.
    pub fn took(&self, route: &str, first_byte: Option<f64>, total: f64) {
        let labels = [("route", known(route))];
        if let Some(seconds) = first_byte {
            self.first_byte.get_or_create(&labels).observe(seconds);
        }
        self.total.get_or_create(&labels).observe(total);
    }

    /// A piece of an answer came, and nothing could leave.
    pub fn held(&self) {
        self.held.inc();
    }

    /// One exchange more is open, or one less.
    pub fn open(&self, change: i64) {
        self.open.inc_by(change);
    }

    /// How many exchanges are open.
    pub fn open_now(&self) -> i64 {
        self.open.get()
    }

    /// One connection more is open, or one less.
    pub fn connections(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// The rules of this version run now.
    pub fn rules(&self, version: &str) {
        self.rules.clear();
        self.rules.get_or_create(&[("version", version.to_owned())]).set(1);
    }

    /// The listener's certificate expires then, and the first of those who sign callers' then.
    pub fn expires(&self, certificate: Option<i64>, client_ca: Option<i64>) {
        self.expires.set(certificate.unwrap_or(0));
        self.client_ca_expires.set(client_ca.unwrap_or(0));
    }

    /// These keys of callers are near their end: caller, key, and when it comes.
    pub fn keys_expire(&self, keys: impl Iterator<Item = (String, String, i64)>) {
        self.key_expires.clear();
        for (caller, key, end) in keys {
            self.key_expires.get_or_create(&[("caller", caller), ("key", key)]).set(end);
        }
    }

    /// Something looked like misuse.
    pub fn alarm(&self, alarm: &str) {
        self.alarms.get_or_create(&[("alarm", alarm.to_owned())]).inc();
    }

    /// An alarm was on its way to the webhook, with this result.
    pub fn webhook(&self, result: &str) {
        self.webhooks.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// So many spans for the collector came to this end.
    pub fn spans(&self, result: &str, count: usize) {
        self.spans.get_or_create(&[("result", result.to_owned())]).inc_by(count as u64);
    }

    /// One exchange of a caller more is open, or one less.
    pub fn caller_open(&self, caller: &str, change: i64) {
        self.callers.open(caller, change);
    }

    /// An exchange of a caller ended.
    pub fn caller_ended(&self, caller: &str, sum: Sum) {
        self.callers.ended(caller, sum);
    }

    /// The files were read again and taken, or could not be used.
    pub fn reloaded(&self, taken: bool) {
        let result = if taken { "taken" } else { "refused" };
        self.reloads.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// Whether newer files, or that of the callers, cannot be used.
    pub fn stale(&self, is_stale: bool) {
        self.rules_stale.set(i64::from(is_stale));
    }
}

/// A route's name, or what stands for none.
fn known(route: &str) -> String {
    if route.is_empty() { "(none)".to_owned() } else { route.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_told_in_prometheus_text() {
        let metrics = Metrics::default();
        metrics.ended("openai", "complete");
        metrics.ended("", "refused");
        metrics.found(Side::Request, "SSN", "redact", 2);
        metrics.bytes(Way::ToCaller, 7);
        metrics.added(Phase::Redact, 0.001);
        metrics.rules("one");
        metrics.rules("two");
        let text = metrics.text();
        for line in [
            r#"blotter_exchanges_total{route="openai",outcome="complete"} 1"#,
            r#"blotter_exchanges_total{route="(none)",outcome="refused"} 1"#,
            r#"blotter_findings_total{entity="SSN",action="redact",side="request"} 2"#,
            r#"blotter_bodies_bytes_total{way="to-caller"} 7"#,
            r#"blotter_added_seconds_count{phase="redact"} 1"#,
            r#"blotter_rules{version="two"} 1"#,
            "blotter_log_writable 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(!text.contains("\"one\""), "{text}");
    }
}
