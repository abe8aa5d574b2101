//! `blotter key`: the keys that callers show to the proxy, and readers to its admin listener.

use std::io::Write;
use std::sync::Arc;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::audit::{age, settle};
use super::print::{NOTHING, Table};
use super::{ConfigFile, Outcome};
use crate::audit::{AuditError, Event, EventKind, Keys, Log, Registry};
use crate::caller::{self, Callers, Grant, Key, Rate, Role, Standing};
use crate::config::{CallerFile, Setup, User};
use crate::crypto::{MacKey, Purpose};

#[derive(Subcommand)]
pub(super) enum Command {
    /// List all keys: whose they are, what they are for, until when
    List {
        /// As JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Make a key for a new caller, and print it this once
    New(Box<NewOptions>),
    /// Make another key for a caller, and print it this once
    Rotate {
        /// The caller
        name: String,
        /// How long the old key stays good: `7d`, `12h`, `0s`
        #[arg(long, value_parser = length, default_value = "7d")]
        overlap: SignedDuration,
    },
    /// Take all keys of a caller back, at once
    Revoke {
        /// The caller
        name: String,
    },
}

#[derive(Args)]
pub(super) struct NewOptions {
    /// What the caller is called, here and in the log
    #[arg(value_parser = name)]
    name: String,
    /// How long it is good: `90d`, `12h`
    #[arg(long, value_parser = lifetime)]
    expires: Option<SignedDuration>,
    /// A route that it opens; without this all of them
    #[arg(long = "route")]
    routes: Vec<String>,
    /// A network that it may be shown from, such as `10.0.0.0/8`; without this any
    #[arg(long = "cidr")]
    networks: Vec<IpNet>,
    /// The most requests in a minute, as in `60/min`
    #[arg(long)]
    rate: Option<Rate>,
    /// For reading on the admin listener, not for calling: `operator`, `auditor` or `reporter`
    #[arg(long)]
    role: Option<Role>,
}

/// Does it.
pub(super) fn run(config: &ConfigFile, command: Command) -> anyhow::Result<Outcome> {
    let setup = config.setup(User::Command)?;
    let file = Arc::clone(&setup.ruleset.keys);
    match command {
        Command::List { json } => list(&file.callers(), json),
        Command::New(options) => new(&setup, &file, *options),
        Command::Revoke { name } => revoke(&setup, &file, &name),
        Command::Rotate { name, overlap } => rotate(&setup, &file, &name, overlap),
    }
}

fn new(setup: &Setup, file: &Arc<CallerFile>, options: NewOptions) -> anyhow::Result<Outcome> {
    let NewOptions { name, expires, routes, networks, rate, role } = options;
    anyhow::ensure!(
        role.is_some() || setup.ruleset.callers.is_some(),
        "proxy.toml has no `[callers]`, so the proxy asks no caller for a key: add `[callers]` and `file = \"callers.toml\"`, \
         or make a key for reading on the admin listener with `--role`"
    );
    if let Some(unknown) = routes.iter().find(|name| !setup.ruleset.routes.iter().any(|route| route.name == **name)) {
        anyhow::bail!("there is no route `{unknown}` in proxy.toml");
    }
    let (secret, now, office) = (caller::fresh(), Timestamp::now(), Office::open(setup)?);
    let expires = expires.map(|length| now.checked_add(length)).transpose()?;
    let (hash, grant) = (caller::hash(&office.mac, &secret), Grant { routes, networks, rate, role });
    let key = Key { name: name.clone(), hash, made: now, expires, revoked: None, grant };
    file.edit(|callers| {
        callers.add(key.clone())?;
        office.note(&name, "made", Some(&key), now)
    })?;
    show(&secret, &key)?;
    office.settle()
}

fn rotate(setup: &Setup, file: &CallerFile, name: &str, overlap: SignedDuration) -> anyhow::Result<Outcome> {
    let (secret, now, office) = (caller::fresh(), Timestamp::now(), Office::open(setup)?);
    let end = now.checked_add(overlap)?;
    let (key, old) = file.edit(|callers| {
        let key = callers.rotate(name, caller::hash(&office.mac, &secret), now, end)?.clone();
        let old = callers.keys().iter().filter(|old| old.name == name && old.revoked.is_none() && old.hash != key.hash);
        let last = old.filter_map(|old| old.expires).max().unwrap_or(end);
        office.note(name, "rotated", Some(&key), now)?;
        anyhow::Ok((key, last))
    })?;
    show(&secret, &key)?;
    eprintln!("blotter: the old key of `{name}` is good until {old:.0}");
    office.settle()
}

fn revoke(setup: &Setup, file: &CallerFile, name: &str) -> anyhow::Result<Outcome> {
    let (now, office) = (Timestamp::now(), Office::open(setup)?);
    let revoked = file.edit(|callers| {
        let revoked = callers.revoke(name, now)?;
        office.note(name, "revoked", None, now)?;
        anyhow::Ok(revoked)
    })?;
    match revoked {
        1 => writeln!(std::io::stdout(), "the key of `{name}` is revoked")?,
        _ => writeln!(std::io::stdout(), "{revoked} keys of `{name}` are revoked")?,
    }
    office.settle()
}

/// The key to stdout, all about it to stderr: so that it can be piped to where it is kept.
fn show(secret: &str, key: &Key) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{secret}")?;
    let until = key.expires.map_or_else(|| "it does not expire".to_owned(), |end| format!("good until {end:.0}"));
    eprintln!("blotter: the key {} of `{}`, {until}; it is shown this once and kept nowhere", key.id(), key.name);
    Ok(())
}

/// What a change needs: the key for hashes, and the log, which tells of every change.
struct Office<'a> {
    setup: &'a Setup,
    keys: Keys,
    registry: Registry<'a>,
    mac: MacKey,
}

impl<'a> Office<'a> {
    /// Opens the log, and makes it if there is none yet.
    fn open(setup: &'a Setup) -> anyhow::Result<Self> {
        let master = setup.log.key.read_or_make()?;
        let keys = Keys::new(&master, setup.log.audit_key.read_or_make_ring()?);
        match Log::open(&setup.log.settings, &keys) {
            Ok((_, writer)) => writer.close()?,
            // The proxy runs.
            Err(AuditError::Locked { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let registry = Registry::open(&setup.log.settings, &keys.sealing)?;
        Ok(Self { setup, keys, registry, mac: master.derive(Purpose::Caller) })
    }

    fn note(&self, name: &str, what: &str, key: Option<&Key>, now: Timestamp) -> anyhow::Result<()> {
        let detail = json!({ "caller": name, "what": what, "key": key.map(Key::id) }).to_string();
        Ok(self.registry.note(&Event { at: now, kind: EventKind::Caller, detail })?)
    }

    fn settle(self) -> anyhow::Result<Outcome> {
        if !settle(&self.setup.log.settings, &self.keys, &self.registry)? {
            eprintln!("blotter: it is done; the proxy will write it into its log");
        }
        Ok(Outcome::Fine)
    }
}

fn list(callers: &Callers, json: bool) -> anyhow::Result<Outcome> {
    let now = Timestamp::now();
    let mut out = std::io::stdout().lock();
    if json {
        for key in callers.keys() {
            writeln!(out, "{}", as_json(key, now))?;
        }
        return Ok(Outcome::Fine);
    }
    drop(out);
    let mut table = Table::new(&["CALLER", "KEY", "STATE", "EXPIRES", "ROUTES", "NETWORKS", "RATE", "ROLE"]);
    let or_dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| NOTHING.to_owned());
    for key in callers.keys() {
        let Grant { routes, networks, rate, role } = &key.grant;
        let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
        table.row(vec![
            key.name.clone(),
            key.id(),
            state(key, now),
            or_dash(key.expires.map(|end| format!("{end:.0}"))),
            or_dash(Some(routes.join(" "))),
            or_dash(Some(networks.join(" "))),
            or_dash(rate.map(|rate| rate.to_string())),
            or_dash(role.map(|role| role.to_string())),
        ]);
    }
    table.print()?;
    Ok(Outcome::Fine)
}

fn as_json(key: &Key, now: Timestamp) -> serde_json::Value {
    let Grant { routes, networks, rate, role } = &key.grant;
    let text = |time: &Timestamp| time.to_string();
    json!({
        "caller": key.name,
        "key": key.id(),
        "state": state(key, now),
        "made": text(&key.made),
        "expires": key.expires.as_ref().map(text),
        "revoked": key.revoked.as_ref().map(text),
        "routes": routes,
        "networks": networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "requests_per_minute": rate.map(|rate| rate.0),
        "role": role,
    })
}

fn state(key: &Key, now: Timestamp) -> String {
    match key.standing(now) {
        Standing::Active => "active".to_owned(),
        Standing::Expired => "expired".to_owned(),
        Standing::Expiring(end) => format!("ends in {}", days(end.duration_since(now))),
        Standing::Revoked => "revoked".to_owned(),
    }
}

fn days(left: SignedDuration) -> String {
    match left.as_hours() {
        hours if hours < 48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    }
}

fn name(text: &str) -> Result<String, String> {
    caller::check_name(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let over = || format!("`{text}` would be over at once: write as in `90d` or `12h`");
    length(text).and_then(|length| if length.is_zero() { Err(over()) } else { Ok(length) })
}

fn length(text: &str) -> Result<SignedDuration, String> {
    age(text).ok_or_else(|| format!("`{text}` is no length of time: write as in `90d` or `12h`"))
}
