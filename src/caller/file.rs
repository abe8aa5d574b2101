//! Callers as a text in TOML, and back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Callers, Grant, Key, Role, check_name};
use crate::crypto::{self, Hash, from_hex};
use crate::detect::{Problem, Source};

const HEAD: &str = "# The callers of this proxy, written by `blotter key`. It holds no key, only hashes of them.\n\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    key: Vec<Spanned<Row>>,
}

#[derive(Serialize)]
struct Written {
    key: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    hash: String,
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    routes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
}

impl Callers {
    /// Reads the text of a file of callers; tells all that is wrong with it.
    pub fn parse(source: &Source) -> Result<Self, Vec<Problem>> {
        const REMEDY: &str = "restore it from a backup, or make the key anew with `blotter key`";
        let rows: Rows = toml::from_str(&source.text).map_err(|error| {
            vec![source.problem(error.span().unwrap_or(0..0), error.message().trim_end().replace('\n', "; "), REMEDY)]
        })?;
        let (mut callers, mut problems) = (Self::default(), Vec::new());
        for row in rows.key {
            let span = row.span();
            match row.into_inner().read() {
                Ok(key) if callers.keys.iter().any(|known| known.hash == key.hash) => {
                    problems.push(source.problem(span, format!("a key of `{}` stands twice", key.name), REMEDY));
                }
                Ok(key) => callers.keys.push(key),
                Err(what) => problems.push(source.problem(span, what, REMEDY)),
            }
        }
        if problems.is_empty() { Ok(callers) } else { Err(problems) }
    }

    /// The text of a file of these callers.
    pub fn to_text(&self) -> String {
        let written = Written { key: self.keys.iter().map(Row::of).collect() };
        let text = toml::to_string(&written).expect("a table of plain values becomes TOML");
        format!("{HEAD}{text}")
    }
}

impl Row {
    fn of(key: &Key) -> Self {
        let Grant { routes, networks, rate, role } = key.grant.clone();
        Self {
            name: key.name.clone(),
            hash: crypto::hex(&key.hash),
            made: key.made.to_string(),
            expires: key.expires.map(|time| time.to_string()),
            revoked: key.revoked.map(|time| time.to_string()),
            routes,
            networks: networks.iter().map(ToString::to_string).collect(),
            rate: rate.map(|rate| rate.to_string()),
            role,
        }
    }

    fn read(self) -> Result<Key, String> {
        check_name(&self.name).map_err(|error| error.to_string())?;
        let hash: Hash = from_hex(&self.hash).ok_or_else(|| format!("`{}` has no hash of a key", self.name))?;
        let time = |text: &String| {
            text.parse::<Timestamp>().map_err(|_| format!("`{text}` is no time, as in `2026-11-22T10:00:00Z`"))
        };
        let network = |text: &String| text.parse().map_err(|_| format!("`{text}` is no network, as in `10.0.0.0/8`"));
        Ok(Key {
            made: time(&self.made)?,
            expires: self.expires.as_ref().map(time).transpose()?,
            revoked: self.revoked.as_ref().map(time).transpose()?,
            grant: Grant {
                routes: self.routes,
                networks: self.networks.iter().map(network).collect::<Result<_, String>>()?,
                rate: self.rate.map(|rate| rate.parse()).transpose().map_err(|error| format!("{error}"))?,
                role: self.role,
            },
            name: self.name,
            hash,
        })
    }
}
