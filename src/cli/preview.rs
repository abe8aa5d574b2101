//! `blotter scan --as`: what of a request's body on disk would be forwarded, and how it was looked at.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::{Outcome, input};
use crate::config::Ruleset;
use crate::crypto::MacKey;
use crate::provider::Dialect;
use crate::redact::{Account, Declared, Media, Redactor};

/// What became of a file.
struct Previewed {
    name: String,
    dialect: &'static str,
    forwarded: Vec<u8>,
    account: Account,
}

/// Shows each file as a request in the dialect of this name: forwarded bytes on stdout, the coverage on stderr, or both as JSON.
pub(super) fn run(
    ruleset: &Ruleset,
    key: &MacKey,
    dialect: &str,
    files: &[PathBuf],
    json: bool,
) -> anyhow::Result<Outcome> {
    let dialect = Dialect::named(dialect).ok_or_else(|| unknown(dialect))?;
    let mut found = false;
    for file in files {
        let previewed = preview(ruleset, key, dialect, file)?;
        found |= !previewed.account.findings.is_empty();
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", previewed.to_json(ruleset))?;
        } else {
            out.write_all(&previewed.forwarded)?;
            eprintln!("{}", previewed.describe(ruleset));
        }
    }
    Ok(if found { Outcome::Found } else { Outcome::Fine })
}

/// The rules for a request of a caller's on a route; those that are for a route or a caller do not count where none is named.
pub(super) fn narrowed(ruleset: Ruleset, route: Option<&str>, caller: Option<&str>) -> anyhow::Result<Arc<Ruleset>> {
    if let Some(name) = route.filter(|name| !ruleset.routes.iter().any(|route| route.name == *name)) {
        return Err(anyhow!("there is no route `{name}`: name a `[[route]]` of the configuration"));
    }
    let knows = |name: &str| ruleset.callers.as_ref().is_some_and(|file| file.callers().knows(name));
    if let Some(name) = caller.filter(|name| !knows(name)) {
        return Err(anyhow!("there is no caller `{name}`: see `blotter key list`"));
    }
    Ok(Arc::new(ruleset).narrowed(route.unwrap_or_default(), caller.unwrap_or_default()))
}

fn unknown(name: &str) -> anyhow::Error {
    let mut names: Vec<&str> = Dialect::all().map(|dialect| dialect.name).collect();
    names.sort_unstable();
    names.dedup();
    anyhow!("`{name}` is no endpoint that is known: use one of {}", names.join(", "))
}

fn preview(ruleset: &Ruleset, key: &MacKey, dialect: &'static Dialect, file: &Path) -> anyhow::Result<Previewed> {
    let name = input::name(file);
    let bytes = input::read(file).with_context(|| format!("{name} cannot be read"))?;
    let bounds = ruleset.limits.bounds();
    let mut redaction = Redactor { detector: &ruleset.detector, policy: &ruleset.policy, key, bounds }.begin();
    let media = media(&name, &bytes);
    let redacted = redaction.body(bytes.into(), &media, dialect);
    let redacted = redacted.map_err(|unfit| anyhow!("{name} would be refused: {unfit}"))?;
    let (_, account) = redaction.finish();
    Ok(Previewed { name, dialect: dialect.name, forwarded: redacted.bytes.to_vec(), account })
}

/// A form by its first line, a file by the ending of its name, else JSON.
fn media(name: &str, bytes: &[u8]) -> Media {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let boundary = first.strip_prefix(b"--").and_then(|line| std::str::from_utf8(line.trim_ascii_end()).ok());
    match boundary {
        Some(boundary) => Media::Multipart { boundary: boundary.to_owned(), instead: boundary.to_owned() },
        None if name == "stdin" || name.to_ascii_lowercase().ends_with(".json") => Media::Json,
        None => Declared::of_file(name).map_or(Media::Json, Media::File),
    }
}

impl Previewed {
    /// How often each pattern found something, as in `2 EMAIL by email (redact)`.
    fn findings(&self, ruleset: &Ruleset) -> Vec<String> {
        let line = |(&(pattern, action), count): (&(_, crate::policy::Action), &u64)| {
            let pattern = ruleset.detector.pattern(pattern);
            format!("{count} {} by {} ({})", pattern.entity, pattern.name, action.name())
        };
        self.account.findings.iter().map(line).collect()
    }

    fn describe(&self, ruleset: &Ruleset) -> String {
        let join = |all: Vec<String>| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
        let opaque = self.account.opaque.iter().map(|(member, count)| format!("{count} {member}")).collect();
        format!(
            "\n{} as {}\nfound         {}\ncoverage      {} strings, {} bytes scanned\nleft alone    {}",
            self.name,
            self.dialect,
            join(self.findings(ruleset)),
            self.account.coverage.strings,
            self.account.coverage.bytes,
            join(opaque),
        )
    }

    fn to_json(&self, ruleset: &Ruleset) -> Value {
        let opaque: BTreeMap<&str, u64> = self.account.opaque.iter().map(|(member, count)| (*member, *count)).collect();
        json!({
            "file": self.name,
            "as": self.dialect,
            "forwarded": String::from_utf8_lossy(&self.forwarded),
            "found": self.findings(ruleset),
            "coverage": {
                "strings": self.account.coverage.strings,
                "bytes": self.account.coverage.bytes,
                "opaque": opaque,
            },
        })
    }
}
