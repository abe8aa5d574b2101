//! Points in time as the log's files have them: microseconds from 1970, of which not every number is one.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

/// A time that was stored.
pub struct Stored(pub Timestamp);

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        Timestamp::from_microsecond(micros).map(Self).map_err(|_| FromSqlError::other(NoTime(micros)))
    }
}

/// What stands in the place of a time.
#[derive(Debug, thiserror::Error)]
#[error(
    "the time of an entry is {0} microseconds from 1970, which is none: run `blotter audit verify`, which names it"
)]
struct NoTime(i64);
