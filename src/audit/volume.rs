//! The files of a log by their names: one for each month, and further ones where a month outgrows its file.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::error::AuditError;

/// One file of the log: the month (UTC) in which it was begun, and which of the month's files it is. They are `2026-11.db`,
/// `2026-11.2.db` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    year: i16,
    month: i8,
    part: u16,
}

impl Volume {
    /// The first file of the month of an instant.
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self { year: date.year(), month: date.month(), part: 1 }
    }

    /// The file that follows this one when it is begun at this time.
    pub fn after(self, at: Timestamp) -> Self {
        let next = Self { part: self.part.saturating_add(1), ..self };
        Self::of(at).max(next)
    }

    /// The first file of the same month.
    pub fn month(self) -> Self {
        Self { part: 1, ..self }
    }

    /// The month's first day.
    pub fn first_day(self) -> Date {
        date(self.year, self.month, 1)
    }

    /// The files in `folder`, oldest first.
    pub fn all_in(folder: &Path) -> Result<Vec<Self>, AuditError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => AuditError::NoLog { folder: folder.into() },
            _ => AuditError::reading(folder, error),
        };
        let mut volumes = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            volumes.extend(entry.map_err(failed)?.file_name().to_str().and_then(Self::of_file));
        }
        volumes.sort_unstable();
        Ok(volumes)
    }

    /// Where the file is in `folder`.
    pub fn path_in(self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.db"))
    }

    fn of_file(name: &str) -> Option<Self> {
        let (year, rest) = name.strip_suffix(".db")?.split_once('-')?;
        let (month, part) = rest.split_once('.').unwrap_or((rest, "1"));
        let volume = Self { year: year.parse().ok()?, month: month.parse().ok()?, part: part.parse().ok()? };
        let spelled = format!("{volume}.db") == name;
        (spelled && (1..=12).contains(&volume.month) && (0..=9999).contains(&volume.year)).then_some(volume)
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, part } = self;
        write!(f, "{year:04}-{month:02}")?;
        if *part > 1 { write!(f, ".{part}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_by_the_name_that_it_is_given() {
        for name in ["2026-11.db", "2026-11.2.db", "0001-01.65535.db"] {
            assert_eq!(format!("{}.db", Volume::of_file(name).unwrap()), name);
        }
        for name in ["keys.db", "2026-11", "2026-11.1.db", "2026-11.0.db", "2026-13.db", "26-11.db", "2026-11.02.db"] {
            assert_eq!(Volume::of_file(name), None, "{name}");
        }
    }

    #[test]
    fn a_month_comes_before_the_next() {
        let of = |name| Volume::of_file(name).unwrap();
        assert!(of("2026-11.db") < of("2026-11.2.db") && of("2026-11.10.db") < of("2026-12.db"));
        let december: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(of("2026-11.2.db").after(december), of("2026-12.db"));
        assert_eq!(of("2026-12.db").after(december), of("2026-12.2.db"));
        assert_eq!(of("2027-01.db").after(december), of("2027-01.2.db"));
    }
}
