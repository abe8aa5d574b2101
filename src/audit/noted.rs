//! The notes of what texts mention: what answers the question for a value without opening every text.
//!
//! A placeholder stands for one value, so who may ask for a value can work out its placeholder. To find the texts that hold it,
//! the writer notes each placeholder that it logs, as a hash under the key of the day, beside the customer and the exchange.
//! These notes say as much as the texts they are drawn from, so they live and die with them: in `keys.db`, the file that
//! forgets, and not among the entries. A customer's erasure removes theirs in the same transaction; with a day's key its hashes
//! become noise, and are removed. Without the key that wraps the day's key nobody can tell what is noted.
//!
//! A note points to a text and proves nothing: an answer is given after the text was opened and holds the placeholder. The notes
//! may therefore lag behind: texts after the last one noted are opened without being pointed to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{OptionalExtension, params};

use crate::crypto::SealingKey;

use super::error::AuditError;
use super::key_file::KeyFile;
use super::mention::{Mentions, VERY_MANY};

/// How many entries share a row of notes, as a power of two: what points to them is two bytes each.
const PART: u32 = 16;

/// How many placeholders wait at most. While `keys.db` cannot be written they become more than that; then the log itself is read
/// for them later (see `unnoted`), and none is lost: a file that cannot be read just then is tried until it can be.
const ROOM: usize = 200_000;

/// What the texts of committed entries mention, until it is noted.
#[derive(Default)]
pub struct Pending {
    texts: Vec<Mentioned>,
    names: usize,
    /// None is kept: there were more than there is room for, or a file could not be read.
    overflowed: bool,
}

/// What one text mentions.
pub struct Mentioned {
    pub day: i64,
    pub subject: i64,
    /// The opening entry of its exchange.
    pub opening: i64,
    pub names: Mentions,
}

impl Pending {
    /// All that these texts mention, however much it is.
    pub fn of(texts: Vec<Mentioned>) -> Self {
        Self { texts, ..Self::default() }
    }

    /// Those that have to be read from the log.
    pub fn not_kept() -> Self {
        Self { overflowed: true, ..Self::default() }
    }

    /// Takes in what a text mentions.
    pub fn add(&mut self, mentioned: Mentioned) {
        if mentioned.names.is_empty() || self.overflowed {
            return;
        }
        self.names += mentioned.names.all().count();
        self.texts.push(mentioned);
        if self.names > ROOM {
            *self = Self::not_kept();
        }
    }

    /// Whether so many placeholders wait.
    pub fn are(&self, least: usize) -> bool {
        self.overflowed || self.names >= least
    }

    /// Whether they have to be read from the log.
    pub fn are_not_kept(&self) -> bool {
        self.overflowed
    }

    /// Notes all that waits, and that the notes cover the entries up to `until`.
    pub fn note(&self, file: &KeyFile, until: i64) -> Result<(), AuditError> {
        let texts = &self.texts;
        file.transact(|file| {
            let mut days = HashMap::new();
            // A conversation mentions the same values in each of its texts.
            let mut tokens = HashMap::new();
            let mut rows = BTreeMap::<_, Vec<u8>>::new();
            for Mentioned { day, subject, opening, names } in texts {
                if !days.contains_key(day) {
                    days.insert(*day, file.day(*day)?);
                }
                let Some(Some(key)) = days.get(day) else { continue };
                for name in names.all() {
                    let token = *tokens.entry((*day, name)).or_insert_with(|| token(key, name));
                    let row = rows.entry((*day, token, *subject, opening >> PART)).or_default();
                    row.extend_from_slice(&low(*opening).to_le_bytes());
                }
            }
            file.write(|connection| {
                // Of a customer who was erased meanwhile nothing is noted any more.
                let mut insert = connection.prepare_cached(
                    "INSERT INTO mention(day, token, subject, part, entries)
                     SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS(SELECT 1 FROM subject WHERE id = ?3)
                     ON CONFLICT DO UPDATE SET entries = CAST(entries || excluded.entries AS BLOB)",
                )?;
                for ((day, token, subject, part), entries) in &rows {
                    insert.execute(params![day, token, subject, part, entries])?;
                }
                connection.execute("INSERT OR REPLACE INTO mentioned(id, until) VALUES (1, ?1)", [until]).map(drop)
            })
        })
    }
}

/// The first version of `keys.db` with notes.
const SINCE: i64 = 3;

/// The number of the last entry whose text was looked through.
pub fn noted_until(file: &KeyFile) -> Result<i64, AuditError> {
    if file.check_version()? < SINCE {
        return Ok(0);
    }
    let until =
        file.read(|connection| connection.query_row("SELECT until FROM mentioned", [], |row| row.get(0)).optional())?;
    Ok(until.unwrap_or_default())
}

/// The opening entries of the exchanges that are noted to mention one of `names`.
pub fn find(file: &KeyFile, names: &Mentions) -> Result<BTreeSet<i64>, AuditError> {
    let mut found = BTreeSet::new();
    if file.check_version()? < SINCE {
        return Ok(found);
    }
    for (day, key) in file.days()? {
        for name in names.all().chain([VERY_MANY]) {
            file.read(|connection| {
                let select = "SELECT part, entries FROM mention WHERE day = ?1 AND token = ?2";
                let mut statement = connection.prepare_cached(select)?;
                let mut rows = statement.query([day, token(&key, name)])?;
                while let Some(row) = rows.next()? {
                    let part: i64 = row.get(0)?;
                    let entries = row.get_ref(1)?.as_blob()?.as_chunks::<2>().0;
                    found.extend(entries.iter().map(|low| part << PART | i64::from(u16::from_le_bytes(*low))));
                }
                Ok(())
            })?;
        }
    }
    Ok(found)
}

/// Removes some notes of days whose key is gone, and tells whether there were any.
pub fn sweep(file: &KeyFile) -> Result<bool, AuditError> {
    const AT_A_TIME: usize = 5000;
    let sweep = format!(
        "DELETE FROM mention WHERE (day, token, subject, part) IN (SELECT day, token, subject, part FROM mention
         WHERE day < (SELECT coalesce(min(day), {}) FROM day) LIMIT {AT_A_TIME})",
        i64::MAX
    );
    Ok(file.write(|connection| connection.prepare_cached(&sweep)?.execute([]))? > 0)
}

/// What a placeholder is noted as.
fn token(key: &SealingKey, name: &[u8]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = key.mac(&[b"blotter/mention/1", name]);
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn low(opening: i64) -> u16 {
    (opening & ((1 << PART) - 1)) as u16
}
