//! How many exchanges each caller made by the hour, and with how many findings in their requests.

use jiff::Timestamp;
use rusqlite::{Result, Row};

use super::error::AuditError;
use super::query::Reader;

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
    /// The hours since then in which a caller did something, in no order. An hour may come in two parts.
    pub fn hourly(&self, since: Timestamp) -> Result<Vec<Hourly>, AuditError> {
        let mut hours = Vec::new();
        self.each_file(|file| {
            let select = "SELECT caller, at_us / 3600000000, count(*),
                  coalesce(sum((SELECT sum(count) FROM finding WHERE finding.seq = opened.seq)), 0)
                FROM entry JOIN opened ON opened.seq = entry.seq WHERE at_us >= ?1 GROUP BY 1, 2";
            let mut statement = file.here.prepare(select)?;
            let found = statement.query_map([since.as_microsecond()], read)?.collect::<Result<Vec<_>>>()?;
            let is_older = found.is_empty() && !hours.is_empty();
            hours.extend(found);
            Ok(!is_older)
        })?;
        Ok(hours)
    }
}

fn read(row: &Row<'_>) -> Result<Hourly> {
    let count = |column| row.get(column).map(i64::cast_unsigned);
    Ok(Hourly { caller: row.get(0)?, hour: row.get(1)?, exchanges: count(2)?, found: count(3)? })
}
