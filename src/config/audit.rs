//! The `[audit]` and `[key]` sections: where the log is, under which keys, and for how long.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::key::{KeyError, KeyPlace};
use super::place::PlaceSection;
use super::sections::Sections;
use crate::audit::{Checkpoints, Keys, OnFailure, Settings};

/// Where the log is, and where its keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The log.
    pub settings: Settings,
    /// Where the key is that wraps the keys of the log's texts.
    pub audit_key: KeyPlace,
    /// Where the installation's key is.
    pub key: KeyPlace,
}

impl LogPlace {
    /// The log's keys.
    pub fn keys(&self) -> Result<Keys, KeyError> {
        Ok(Keys::new(&self.key.read()?, self.audit_key.read_ring()?))
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AuditSection {
    folder: PathBuf,
    key: Option<Spanned<PlaceSection>>,
    on_failure: OnFailure,
    file_bytes: Spanned<i64>,
    text_days: Spanned<i64>,
    months: Spanned<i64>,
    backup_days: Spanned<i64>,
    checkpoint_entries: Spanned<i64>,
    checkpoint_seconds: Spanned<i64>,
    checkpoint_copy: Option<PathBuf>,
    checkpoint_origin: Spanned<String>,
}

impl Default for AuditSection {
    fn default() -> Self {
        let Settings { folder, on_failure, file_bytes, text_days, months, backup_days, checkpoints } =
            Settings::of(Path::new("audit"));
        let bare = |number: u64| Spanned::new(0..0, number.cast_signed());
        Self {
            folder,
            key: None,
            on_failure,
            file_bytes: bare(file_bytes),
            text_days: bare(text_days.into()),
            months: bare(months.into()),
            backup_days: bare(backup_days.into()),
            checkpoint_entries: bare(checkpoints.entries),
            checkpoint_seconds: bare(checkpoints.seconds),
            checkpoint_copy: None,
            checkpoint_origin: Spanned::new(0..0, checkpoints.origin),
        }
    }
}

/// Takes the sections; what is wrong is told, and its default stands in.
pub(super) fn read(sections: &mut Sections, folder: &Path) -> LogPlace {
    let section: AuditSection = sections.take("audit").unwrap_or_default();
    let key = sections.take("key");
    let mut place = |section: Option<Spanned<PlaceSection>>, name, file| {
        let place = section.and_then(|section| KeyPlace::of(sections, section, name, folder));
        place.unwrap_or_else(|| KeyPlace::File(folder.join(file)))
    };
    let (key, audit_key) = (place(key, "[key]", "blotter.key"), place(section.key, "[audit] key", "audit.key"));
    let defaults = Settings::of(&folder.join(section.folder));
    let origin = origin(sections, section.checkpoint_origin).unwrap_or(defaults.checkpoints.origin);
    let mut number = |name, value: Spanned<i64>, range| sections.bounded(name, value, range);
    const TEN_YEARS: RangeInclusive<u64> = 1..=3660;
    // An exchange has to be closed at most two files after its own.
    const MIB_256_TO_TIB: RangeInclusive<u64> = 256 << 20..=1 << 40;
    let days = |days: u64| u32::try_from(days).ok();
    let settings = Settings {
        on_failure: section.on_failure,
        file_bytes: number("file_bytes", section.file_bytes, MIB_256_TO_TIB).unwrap_or(defaults.file_bytes),
        text_days: number("text_days", section.text_days, TEN_YEARS).and_then(days).unwrap_or(defaults.text_days),
        months: number("months", section.months, 1..=120).and_then(days).unwrap_or(defaults.months),
        backup_days: number("backup_days", section.backup_days, 0..=3660)
            .and_then(days)
            .unwrap_or(defaults.backup_days),
        checkpoints: Checkpoints {
            origin,
            entries: number("checkpoint_entries", section.checkpoint_entries, 1..=1_000_000)
                .unwrap_or(defaults.checkpoints.entries),
            seconds: number("checkpoint_seconds", section.checkpoint_seconds, 1..=86_400)
                .unwrap_or(defaults.checkpoints.seconds),
            copy: section.checkpoint_copy.map(|copy| folder.join(copy)),
        },
        folder: defaults.folder,
    };
    LogPlace { settings, audit_key, key }
}

/// A name that can stand in a signed note: no blanks, no plus.
fn origin(sections: &mut Sections, origin: Spanned<String>) -> Option<String> {
    let span = origin.span();
    let origin = origin.into_inner();
    let plain = |c: char| c.is_ascii_graphic() && c != '+';
    if !origin.is_empty() && origin.chars().all(plain) {
        return Some(origin);
    }
    let what = format!("`{origin}` cannot be the origin of a checkpoint");
    sections.problem(span, what, "write a name without blanks, as in `blotter.example.org/eu-1`".to_owned());
    None
}
