//! What an upload becomes, as it is written: what is sent, and what the log gets.

use crate::wire::Edit;

/// How much of an upload is kept at a time.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// How long a content is read whole, and about how much of a longer one at a time.
    pub piece: usize,
    /// The most of it that is read at a time, where it cannot be cut.
    pub whole: usize,
    /// How much of it the log gets.
    pub logged: usize,
}

impl Room {
    /// For a body that is all there.
    pub(super) const ENDLESS: Self = Self { piece: usize::MAX, whole: usize::MAX, logged: usize::MAX };
}

/// What was written.
#[derive(Default)]
pub(super) struct Out {
    pub sent: Vec<u8>,
    /// How much was sent before.
    gone: usize,
    pub logged: Vec<u8>,
    log_room: usize,
    pub unlogged: usize,
    /// What changes later: in what is sent, in what is logged.
    pub late: (Vec<Edit>, Vec<Edit>),
}

impl Out {
    /// Nothing yet; the log has room for so many bytes.
    pub fn within(log_room: usize) -> Self {
        Self { log_room, ..Self::default() }
    }

    /// Writes what is sent.
    pub fn send(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
    }

    /// Writes what the log gets, as far as there is room.
    pub fn log(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(self.log_room - self.logged.len());
        self.logged.extend_from_slice(&bytes[..kept]);
        self.unlogged += bytes.len() - kept;
    }

    /// Writes what is both.
    pub fn both(&mut self, bytes: &[u8]) {
        self.send(bytes);
        self.log(bytes);
    }

    /// What was written to be sent.
    pub fn take(&mut self) -> Vec<u8> {
        self.gone += self.sent.len();
        std::mem::take(&mut self.sent)
    }

    /// Writes what may turn out to be something else; the log gets it only then, since until then it may be anything.
    pub fn later(&mut self, written: &str) -> (Edit, Edit) {
        let (sent, logged) = (self.gone + self.sent.len(), self.logged.len());
        self.send(written.as_bytes());
        let edit = |span, with: &str| Edit { span, with: with.to_owned() };
        (edit(sent..sent + written.len(), written), edit(logged..logged, ""))
    }

    /// Has the length of a content stand where another was told.
    pub fn know(&mut self, (sent, logged): (Edit, Edit), length: usize) {
        let with = length.to_string();
        if logged.span.start < self.log_room {
            self.late.1.push(Edit { with: with.clone(), ..logged });
        }
        if with != sent.with {
            self.late.0.push(Edit { with, ..sent });
        }
    }
}
