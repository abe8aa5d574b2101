//! Which exchanges hold a value: the question for its placeholder, answered from the notes and the texts that they point to.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::error::AuditError;
use super::filter::Filter;
use super::key_file::{self, KeyFile};
use super::mention::Mentions;
use super::noted;
use super::query::{Reader, Record, Summary};

/// How many exchanges are opened at a time, at most.
const AT_A_TIME: usize = 256;

impl Reader {
    /// The exchanges that `filter` lets through and whose texts hold one of `placeholders`, newest first.
    ///
    /// Texts that no key opens are not found: an erased customer stays erased, an expired day expired.
    pub fn mentioning(&self, placeholders: &[String], filter: &Filter) -> Result<Vec<Summary>, AuditError> {
        let Some(keys) = self.keys() else { return Err(AuditError::NoKeys { path: key_file::path_in(self.folder()) }) };
        let names = Mentions::within(placeholders.concat().as_bytes());
        let mut pointed_to = noted::find(keys, &names)?;
        pointed_to.extend(self.newer_than(noted::noted_until(keys)?)?);
        pointed_to.extend(self.kept(keys)?);
        let pointed_to: Vec<i64> = pointed_to.into_iter().rev().collect();
        let mut found = Vec::new();
        for seqs in pointed_to.chunks(filter.limit.clamp(1, AT_A_TIME)) {
            let asked = Filter { seqs: Some(seqs.to_vec()), limit: seqs.len(), ..filter.clone() };
            self.each_record(&asked, |record| {
                if holds(&record, &names) {
                    found.push(Summary::of(record.seq, record.opened, record.closed));
                }
            })?;
            if found.len() >= filter.limit {
                break;
            }
        }
        found.truncate(filter.limit);
        Ok(found)
    }

    /// The opening entries of exchanges with a text that is not noted yet.
    fn newer_than(&self, noted: i64) -> Result<BTreeSet<i64>, AuditError> {
        let mut newer = BTreeSet::new();
        self.each_file(|file| {
            newer.extend(after(&file.here, noted)?);
            let first: i64 = file.here.query_row("SELECT coalesce(min(seq), 0) FROM segment", [], |row| row.get(0))?;
            Ok(first > noted)
        })?;
        Ok(newer)
    }

    /// The opening entries about customers on hold of whom texts outlast their day, and with it what is noted of them.
    fn kept(&self, keys: &KeyFile) -> Result<BTreeSet<i64>, AuditError> {
        let mut kept = BTreeSet::new();
        for token in keys.kept()? {
            let of_one = Filter { subject: Some(token), limit: usize::MAX, ..Filter::default() };
            kept.extend(self.list(&of_one)?.into_iter().map(|summary| summary.seq));
        }
        Ok(kept)
    }
}

fn holds(record: &Record, names: &Mentions) -> bool {
    let answer = record.closed.as_ref().map(|closed| closed.answer.as_slice()).unwrap_or_default();
    [record.opened.request.as_slice(), answer].iter().any(|text| names.stand_in(text))
}

fn after(file: &Connection, noted: i64) -> rusqlite::Result<Vec<i64>> {
    // All, for to tell double ones SQLite would go through all that were ever closed.
    let select = "SELECT seq FROM opened WHERE seq > ?1 UNION ALL SELECT opened FROM closed WHERE seq > ?1";
    file.prepare(select)?.query_map([noted], |row| row.get(0))?.collect()
}
