//! `blotter audit backup` and `restore`: copies of the log and of its keys, and the way back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::super::{ConfigFile, Outcome};
use super::note;
use super::verify::{self, Witness};
use crate::audit::{
    self, Checkpoint, Checkpoints, Event, EventKind, Filter, Keys, Log, Reader, Registry, Report, Scope, Settings,
    Texts,
};
use crate::config::LogPlace;

/// How many of the newest exchanges a drill opens.
const SAMPLE: usize = 1000;

#[derive(Args)]
pub(in crate::cli) struct BackupOptions {
    /// The folder that the copy of the log is put into, new or empty
    #[arg(required_unless_present = "keys")]
    folder: Option<PathBuf>,
    /// Copy the keys of the texts to this file; keep it elsewhere than the log's copy, and no longer than `backup_days`
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

#[derive(Args)]
pub(in crate::cli) struct RestoreOptions {
    /// The folder with the copy of the log
    folder: PathBuf,
    /// The file with the copy of its keys
    #[arg(long, value_name = "FILE", required_unless_present = "without_keys")]
    keys: Option<PathBuf>,
    /// Go without: the log can be read and verified, but no text opens and no proxy goes on with it
    #[arg(long, conflicts_with = "keys")]
    without_keys: bool,
    /// Try all of it in a folder beside the log, and take that away again
    #[arg(long)]
    drill: bool,
    #[command(flatten)]
    witness: Witness,
}

/// Copies the log, or its keys, or both.
pub(super) fn backup(config: &ConfigFile, options: &BackupOptions) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let keys = place.keys()?;
    let mut outcome = Outcome::Fine;
    if let Some(copy) = &options.folder {
        Reader::open(&place.settings.folder)?;
        let copied = audit::back_up(&place.settings.folder, copy)?;
        let report = check(copy, &place, &keys, Vec::new())?;
        let last = report.head.map_or(0, |head| head.seq);
        note(&place, EventKind::BackedUp, json!({ "files": copied.files, "last": last }).to_string())?;
        let kib = copied.bytes.div_ceil(1024);
        writeln!(std::io::stdout(), "copied {} files, {kib} KiB, to {}", copied.files, copy.display())?;
        verify::print(&report)?;
        outcome = if report.problems.is_empty() { outcome } else { Outcome::Found };
    }
    if let Some(copy) = &options.keys {
        audit::back_up_keys(&place.settings.folder, &keys.sealing, copy)?;
        note(&place, EventKind::BackedUp, json!({ "keys": true }).to_string())?;
        let days = place.settings.backup_days;
        writeln!(std::io::stdout(), "copied the keys to {}: destroy it within {days} days", copy.display())?;
    }
    Ok(outcome)
}

/// Puts a log back, or tries to.
pub(super) fn restore(config: &ConfigFile, options: &RestoreOptions) -> anyhow::Result<Outcome> {
    let place = config.log()?;
    let keys = place.keys()?;
    if let Some(copy) = &options.keys {
        audit::check_keys(copy, &keys.sealing)?;
    }
    Reader::open(&options.folder)?;
    let (checkpoints, unproven) = options.witness.checkpoints(&place, &options.folder)?;
    let mut report = check(&options.folder, &place, &keys, checkpoints.clone())?;
    report.problems.extend(unproven);
    verify::print(&report)?;
    if !report.problems.is_empty() {
        eprintln!("blotter: nothing was restored: the copy does not hold");
        return Ok(Outcome::Found);
    }
    let last = report.head.map_or(0, |head| head.seq);
    let lost = newest(&place, options, checkpoints)?.map(|newest| newest.head.seq - last).filter(|lost| *lost > 0);
    if let Some(lost) = lost {
        writeln!(
            std::io::stdout(),
            "{lost} entries were written after this copy: the newest checkpoint speaks of them"
        )?;
    }
    match options.drill {
        true => drill(&place, &keys, options, last),
        false => put_back(&place, &keys, options, json!({ "last": last, "lost": lost })),
    }
}

fn put_back(
    place: &LogPlace,
    keys: &Keys,
    options: &RestoreOptions,
    detail: serde_json::Value,
) -> anyhow::Result<Outcome> {
    audit::put_back(&options.folder, options.keys.as_deref(), &place.settings.folder)?;
    let erased = if options.keys.is_some() { go_on(&place.settings, keys, &detail)? } else { 0 };
    let folder = place.settings.folder.display();
    writeln!(std::io::stdout(), "restored to {folder}; {erased} customers were erased again")?;
    Ok(Outcome::Fine)
}

/// Restores to a folder that goes away again, goes on with the log there, and opens the newest texts.
fn drill(place: &LogPlace, keys: &Keys, options: &RestoreOptions, last: i64) -> anyhow::Result<Outcome> {
    let mut folder = place.settings.folder.clone().into_os_string();
    folder.push(".drill");
    let folder = PathBuf::from(folder);
    audit::put_back(&options.folder, options.keys.as_deref(), &folder)?;
    let tried = try_out(place, keys, options, &folder, last);
    fs::remove_dir_all(&folder).with_context(|| format!("`{}` is left behind", folder.display()))?;
    tried
}

fn try_out(
    place: &LogPlace,
    keys: &Keys,
    options: &RestoreOptions,
    folder: &Path,
    last: i64,
) -> anyhow::Result<Outcome> {
    // The outside copy of checkpoints hears nothing of a drill.
    let checkpoints = Checkpoints { copy: None, ..place.settings.checkpoints.clone() };
    let settings = Settings { folder: folder.into(), checkpoints, ..place.settings.clone() };
    let erased = match options.keys {
        Some(_) => go_on(&settings, keys, &json!({ "drill": true, "last": last }))?,
        None => 0,
    };
    let report = check(folder, place, keys, Vec::new())?;
    let mut reader = Reader::open(folder)?;
    if options.keys.is_some() {
        reader = reader.unlock(&keys.sealing)?;
    }
    let newest = reader.records(&Filter { limit: SAMPLE, ..Filter::default() })?;
    let mut texts = [0; 4];
    newest.iter().for_each(|record| texts[record.texts as usize] += 1);
    let of = |kind: Texts| texts[kind as usize];
    let found = !report.problems.is_empty() || of(Texts::Damaged) > 0;
    writeln!(
        std::io::stdout(),
        "the drill {}: of the newest {} exchanges {} can be read, {} are erased or expired, {} sealed, {} damaged; \
         {erased} customers were erased again",
        if found { "FAILED" } else { "went well" },
        newest.len(),
        of(Texts::Readable),
        of(Texts::Destroyed),
        of(Texts::Locked),
        of(Texts::Damaged),
    )?;
    Ok(if found { Outcome::Found } else { Outcome::Fine })
}

/// Erases again whom the log says to be erased, and writes into the log that it was restored; tells how many customers were.
fn go_on(settings: &Settings, keys: &Keys, detail: &serde_json::Value) -> anyhow::Result<usize> {
    let erased = Registry::open(settings, &keys.sealing)?.erase_again()?;
    let (log, writer) = Log::open(settings, keys)?;
    let detail = json!({ "copy": detail, "erased_again": erased }).to_string();
    let event = Event { at: Timestamp::now(), kind: EventKind::Restored, detail };
    super::super::runtime()?.block_on(log.event(event))?;
    writer.close()?;
    Ok(erased)
}

/// Verifies the log in `folder` against the checkpoints that speak of what it holds.
fn check(folder: &Path, place: &LogPlace, keys: &Keys, mut checkpoints: Vec<Checkpoint>) -> anyhow::Result<Report> {
    if checkpoints.is_empty() {
        let none = Witness::default();
        checkpoints = none.checkpoints(place, folder)?.0;
    }
    let last = audit::last_entry(folder)?;
    checkpoints.retain(|checkpoint| checkpoint.head.seq <= last);
    Ok(audit::verify_within(folder, &keys.chain, &Scope { checkpoints, ..Scope::default() })?)
}

/// The newest checkpoint that this machine knows of, in the log that is there and in the second file too.
fn newest(
    place: &LogPlace,
    options: &RestoreOptions,
    mut checkpoints: Vec<Checkpoint>,
) -> anyhow::Result<Option<Checkpoint>> {
    checkpoints.extend(options.witness.checkpoints(place, &place.settings.folder)?.0);
    if let Some(copy) = place.settings.checkpoints.copy.as_ref().filter(|copy| copy.exists()) {
        let own = Witness::of(copy.clone());
        checkpoints.extend(own.checkpoints(place, &place.settings.folder)?.0);
    }
    Ok(checkpoints.into_iter().max_by_key(|checkpoint| checkpoint.head.seq))
}
