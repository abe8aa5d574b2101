//! How many exchanges each caller made by the hour, and with how many findings in their requests.

use std::collections::BTreeMap;

use super::error::AuditError;
use super::query::Reader;
use super::stats::{Span, within};

/// What a caller did in an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hourly {
    /// Who.
    pub caller: String,
    /// The hours from 1970 to its beginning.
    pub hour: i64,
    /// Exchanges, those that were refused among them.
    pub exchanges: u64,
    /// Findings in their requests.
    pub found: u64,
}

impl Reader {
    /// The hours in which a caller began something within `span`; fewer of them when `go_on` says `false` meanwhile.
    pub fn hourly(&self, span: Span, go_on: impl Fn() -> bool) -> Result<Vec<Hourly>, AuditError> {
        let mut hours = BTreeMap::<(String, i64), [u64; 2]>::new();
        self.each_file(|file| {
            let select = "SELECT caller, at_us / 3600000000,
                  coalesce((SELECT sum(count) FROM finding WHERE finding.seq = opened.seq), 0)
                FROM opened CROSS JOIN entry ON entry.seq = opened.seq
                WHERE opened.seq BETWEEN ?3 AND ?4 AND at_us >= ?1 AND at_us < ?2";
            let mut statement = file.here.prepare(select)?;
            let mut rows = statement.query(within(&file.here, span)?)?;
            let mut is_older = true;
            while let Some(row) = rows.next()? {
                if !go_on() {
                    return Ok(false);
                }
                let [exchanges, found] = hours.entry((row.get(0)?, row.get(1)?)).or_default();
                *exchanges += 1;
                *found += row.get::<_, i64>(2)?.cast_unsigned();
                is_older = false;
            }
            Ok(!is_older || hours.is_empty())
        })?;
        let hours = hours.into_iter();
        Ok(hours.map(|((caller, hour), [exchanges, found])| Hourly { caller, hour, exchanges, found }).collect())
    }
}
