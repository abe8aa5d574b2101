//! Noting what texts mention by reading the log itself: after a crash, and where more waited than there is room for.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};

use super::error::AuditError;
use super::key_file::KeyFile;
use super::mention::Mentions;
use super::noted::{self, Mentioned, Pending};
use super::sealer::{self, Sealed};
use super::segment;
use super::volume::Volume;

/// When that is done, and so how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the first entry: all at once.
    AtStart,
    /// Between entries, which wait: a piece.
    Running,
}

/// Notes what texts of the entries up to `head` mention that is noted nowhere yet; tells whether that is all. It fails where a file
/// cannot be read, so that the next look tries again.
pub fn catch_up(folder: &Path, file: &KeyFile, head: i64, moment: Moment) -> Result<bool, AuditError> {
    let noted = noted::noted_until(file)?;
    if noted == head {
        return Ok(true);
    }
    for volume in after(folder, &Volume::all_in(folder)?, noted) {
        let mut unnoted = Unnoted::of_file(folder, *volume, noted);
        while let Some(piece) = unnoted.piece()? {
            piece.note(file)?;
            if moment == Moment::Running && unnoted.noted < head {
                return Ok(false);
            }
        }
    }
    // Also where the notes go further than a log that was put back from a copy.
    Pending::default().note(file, head).map(|()| true)
}

/// The files with entries after `noted`; also those before them that cannot be read, for what they hold is not known.
fn after<'a>(folder: &Path, volumes: &'a [Volume], noted: i64) -> &'a [Volume] {
    let begins = |volume: &Volume| {
        let connection = segment::open_for_reading(folder, *volume).ok()??;
        connection.query_row("SELECT min(seq) FROM segment", [], |row| row.get::<_, Option<i64>>(0)).ok()?
    };
    let oldest = volumes.iter().rposition(|volume| begins(volume).is_some_and(|first| first <= noted + 1));
    &volumes[oldest.unwrap_or_default()..]
}

/// The texts of one file that are not noted yet.
pub struct Unnoted {
    folder: PathBuf,
    volume: Volume,
    connection: Option<Connection>,
    /// The last entry whose text is.
    noted: i64,
}

impl Unnoted {
    /// Those of `volume` that belong to entries after `noted`.
    pub fn of_file(folder: &Path, volume: Volume, noted: i64) -> Self {
        Self { folder: folder.into(), volume, connection: None, noted }
    }

    /// The next of them; `None` where there are no more.
    pub fn piece(&mut self) -> Result<Option<Piece>, AuditError> {
        if self.connection.is_none() {
            self.connection = segment::open_for_reading(&self.folder, self.volume)?;
        }
        // A file whose making was cut short holds nothing.
        let Some(connection) = &self.connection else { return Ok(None) };
        let failed = |error| AuditError::reading(&self.volume.path_in(&self.folder), error);
        let piece = Piece::read(connection, self.noted).map_err(failed)?;
        self.noted = piece.last().unwrap_or(self.noted);
        Ok(Some(piece).filter(|piece| piece.texts() > 0))
    }
}

/// As many texts as may be looked through while entries wait.
pub struct Piece(Vec<Text>);

struct Text {
    seq: i64,
    /// The opening entry of its exchange.
    opening: i64,
    sealed: Sealed,
}

impl Piece {
    /// How many texts it holds at most, and after how many sealed bytes no other follows.
    const TEXTS: usize = 1000;
    const BYTES: usize = 4 << 20;

    fn read(connection: &Connection, after: i64) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT payload.seq, coalesce(closed.opened, payload.seq), subject, day, bytes
             FROM payload LEFT JOIN closed ON closed.seq = payload.seq
             WHERE payload.seq > ?1 ORDER BY payload.seq",
        )?;
        let (mut rows, mut texts, mut bytes) = (statement.query([after])?, Vec::new(), 0);
        while texts.len() < Self::TEXTS && bytes < Self::BYTES {
            let Some(row) = rows.next()? else { break };
            let text = Text::read(row)?;
            bytes += text.sealed.bytes.len();
            texts.push(text);
        }
        Ok(Self(texts))
    }

    /// How many texts it holds.
    pub fn texts(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Option<i64> {
        self.0.last().map(|text| text.seq)
    }

    /// Notes what its texts mention; one that no key opens mentions nothing.
    fn note(&self, file: &KeyFile) -> Result<(), AuditError> {
        let mentioned = self.0.iter().map(|text| text.mentioned(file)).collect::<Result<_, _>>()?;
        let Some(last) = self.last() else { return Ok(()) };
        Pending::of(mentioned).note(file, last)
    }
}

impl Text {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let sealed = Sealed { subject: row.get(2)?, day: row.get(3)?, bytes: row.get(4)? };
        Ok(Self { seq: row.get(0)?, opening: row.get(1)?, sealed })
    }

    fn mentioned(&self, file: &KeyFile) -> Result<Mentioned, AuditError> {
        let Sealed { subject, day, .. } = self.sealed;
        let key = file.text_key(subject, day)?;
        let text = key.and_then(|key| sealer::open(&key, self.seq, &self.sealed)).unwrap_or_default();
        Ok(Mentioned { day, subject, opening: self.opening, names: Mentions::within(&text) })
    }
}
