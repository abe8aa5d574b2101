//! The `[alarms]` section: when something looks like misuse, and who is told.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use zeroize::Zeroizing;

use super::key;
use super::sections::Sections;
use super::{Named, check_url};
use crate::alarm::{Kind, Rules};
use crate::crypto;
use crate::route::{Scheme, Secret, Upstream};

/// When there is an alarm, and who is told.
pub struct Alarms {
    /// When there is one.
    pub rules: Rules,
    /// Who is told besides the log and the metrics.
    pub webhook: Option<Webhook>,
}

/// A receiver of alarms.
pub struct Webhook {
    /// Where it is. Its path may be a secret.
    pub url: Secret,
    /// Its scheme and host, which may be told.
    pub origin: Upstream,
    /// What messages are signed with.
    pub key: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AlarmsSection {
    factor: Spanned<i64>,
    exchanges: Spanned<i64>,
    refused_keys: Spanned<i64>,
    ignore: Vec<Kind>,
    webhook: Option<Spanned<String>>,
    secret: Option<Spanned<SecretSection>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretSection {
    env: Option<String>,
    file: Option<PathBuf>,
}

impl Default for AlarmsSection {
    fn default() -> Self {
        let Rules { factor, exchanges, refused_keys, ignore } = Rules::default();
        let bare = |number: u64| Spanned::new(0..0, number.cast_signed());
        Self {
            factor: bare(factor),
            exchanges: bare(exchanges),
            refused_keys: bare(refused_keys as u64),
            ignore,
            webhook: None,
            secret: None,
        }
    }
}

/// Takes the section; what is wrong is told, and its default stands in.
pub(super) fn read(sections: &mut Sections, folder: &Path, named: &mut Vec<Named>) -> Alarms {
    let AlarmsSection { factor, exchanges, refused_keys, ignore, webhook, secret } =
        sections.take("alarms").unwrap_or_default();
    let defaults = Rules::default();
    let rules = Rules {
        factor: sections.bounded("factor", factor, 2..=1000).unwrap_or(defaults.factor),
        exchanges: sections.bounded("exchanges", exchanges, 1..=1_000_000_000).unwrap_or(defaults.exchanges),
        refused_keys: sections
            .bounded("refused_keys", refused_keys, 1..=1000)
            .map_or(defaults.refused_keys, |count| count as usize),
        ignore,
    };
    let file = secret.as_ref().and_then(|secret| secret.get_ref().file.as_ref());
    named.extend(file.map(|file| Named::Secret(folder.join(file))));
    Alarms { rules, webhook: self::webhook(sections, folder, webhook, secret) }
}

fn webhook(
    sections: &mut Sections,
    folder: &Path,
    url: Option<Spanned<String>>,
    secret: Option<Spanned<SecretSection>>,
) -> Option<Webhook> {
    let (url, secret) = match (url, secret) {
        (None, None) => return None,
        (Some(url), Some(secret)) => (url, secret),
        (Some(url), None) => {
            let remedy = format!("add `secret = {{ env = \"…\" }}` or `{{ file = \"…\" }}`; {MAKE}");
            sections.problem(url.span(), "the webhook's messages would not be signed".to_owned(), remedy);
            return None;
        }
        (None, Some(secret)) => {
            let remedy = "add `webhook = \"https://…\"`, or take it out";
            sections.problem(secret.span(), "the secret is for no webhook".to_owned(), remedy.to_owned());
            return None;
        }
    };
    let origin = origin(url.get_ref()).map_err(|why| {
        let remedy = "write as in `https://alerts.example/hooks/blotter`";
        sections.problem(url.span(), format!("the webhook's address cannot be used: {why}"), remedy.to_owned());
    });
    let span = secret.span();
    let key = signing_key(secret.into_inner(), folder).map_err(|why| sections.unready(span, why, MAKE));
    Some(Webhook { url: Secret::new(url.into_inner()), origin: origin.ok()?, key: key.ok()? })
}

const MAKE: &str = "make one with `openssl rand -base64 32`";

/// Scheme and host of an address. Over a network alarms go by TLS alone.
fn origin(url: &str) -> Result<Upstream, String> {
    let origin = check_url(url)?;
    match origin.scheme {
        Scheme::Http if !origin.is_here() => Err("alarms would go over the network in the clear".to_owned()),
        Scheme::Http | Scheme::Https => Ok(origin),
    }
}

/// The key that a secret says: 24 to 64 bytes in base64, `whsec_` before it or not.
fn signing_key(secret: SecretSection, folder: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = match (secret.env, secret.file) {
        (Some(name), None) => key::from_env(&name)?,
        (None, Some(file)) => key::from_file(&folder.join(file))?,
        _ => return Err("the webhook's secret does not name one place: give either `env` or `file`".to_owned()),
    };
    let written = text.strip_prefix("whsec_").unwrap_or(&text);
    let key = crypto::from_base64(written).map(Zeroizing::new);
    key.filter(|key| (24..=64).contains(&key.len()))
        .ok_or_else(|| "the webhook's secret is not 24 to 64 bytes in base64".to_owned())
}
