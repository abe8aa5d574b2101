//! From a body's bytes to bytes that may leave, and back.
//!
//! Out: every string is located ([`wire`](crate::wire)), scanned ([`detect`](crate::detect)), judged
//! ([`policy`](crate::policy)), and the bytes of a finding, only those, become a placeholder ([`Vault`]). Back: [`Restorer`].
//! Nothing here knows a file, a clock or a socket.

mod account;
mod bounds;
mod content;
mod context;
mod file;
mod flow;
mod guard;
mod held;
mod ids;
mod judge;
mod lane;
mod mark;
mod mask;
mod media;
mod nest;
mod out;
mod placeholder;
mod reading;
mod recognised;
mod restore;
mod shift;
mod split;
mod table;
mod text;
mod transcript;
mod unfit;
mod upload;
mod vault;
mod walk;
mod words;
mod wrapped;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::MacKey;
use crate::detect::{Detector, PatternId};
use crate::policy::{Action, Exemption, Policy};
use crate::provider::{Dialect, Shape};
use crate::role::Role;
use crate::wire::Edit;
use crate::wire::json::{Document, Kind};

pub use account::{AnswerAccount, Frames, Usage};
pub use bounds::Bounds;
pub use guard::Guard;
pub use ids::ids_in;
pub use judge::Answer;
pub use lane::Restored;
pub use mark::{Mark, Reach};
pub use media::{Declared, Media};
pub use out::Room;
pub use placeholder::strange;
pub use recognised::{Recognised, Texts};
pub use restore::{AnswerLimits, FrameTooLong, Restorer};
pub use transcript::{Transcript, VALUE_LENGTH, without_cut_value};
pub use unfit::Unfit;
pub use upload::{Upload, Uploaded};
pub use vault::{Held, Vault};

use bounds::Left;
use judge::Place;
use mark::{apply, apply_to_text, log_copy};
use recognised::Recognisers;
use walk::Walk;

/// What redacting needs; shared by all exchanges under one ruleset.
#[derive(Clone, Copy)]
pub struct Redactor<'a> {
    /// Finds.
    pub detector: &'a Detector,
    /// Judges.
    pub policy: &'a Policy,
    /// Names placeholders.
    pub key: &'a MacKey,
    /// How much is read at once.
    pub bounds: Bounds,
}

/// The redaction of one exchange: its texts one after another, one vault for all.
pub struct Redaction<'a> {
    redactor: Redactor<'a>,
    recognisers: Recognisers<'a>,
    exempt: &'a [Exemption],
    /// Whose words are read.
    role: Role,
    /// There if the texts are an answer's.
    answer: Option<Answer<'a>>,
    vault: Vault,
    /// For what leaves as it is and is replaced in the log only.
    log_vault: Vault,
    account: Account,
    left: Left,
}

/// A redaction that waits for more of a body, without what it works with.
#[derive(Default)]
pub struct Paused {
    vault: Vault,
    log_vault: Vault,
    account: Account,
}

/// What was seen of a request. Holds no value.
#[derive(Debug, Default)]
pub struct Account {
    /// How often each pattern found something that was treated so.
    pub findings: BTreeMap<(PatternId, Action), u64>,
    /// What was scanned and what was not.
    pub coverage: Coverage,
    /// What left unread because it is exempt, and how often.
    pub exempted: BTreeMap<Exemption, u64>,
    /// The values that a table says must not be touched, by the member that it lists.
    pub opaque: BTreeMap<&'static str, u64>,
    /// The paths that lead to values of a body, each by its hash: keys that the tables list or that stand beside these.
    pub paths: BTreeSet<u64>,
}

/// What was scanned and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Strings, numbers and keys scanned.
    pub strings: u64,
    /// Bytes of text scanned.
    pub bytes: u64,
    /// Values that a provider's table says must not be touched.
    pub opaque: u64,
}

/// A body fit to leave.
#[derive(Default)]
pub struct Redacted {
    /// What the provider gets.
    pub bytes: Bytes,
    /// What the log gets: the same without credentials and what is exempt.
    pub logged: Bytes,
    /// What the body says about the exchange.
    pub facts: Facts,
}

/// What a body says about its exchange.
#[derive(Default)]
pub struct Facts {
    /// The model asked for, redacted.
    pub model: Option<String>,
    /// The customer, as the caller wrote it.
    pub subject: Option<Zeroizing<String>>,
    /// Whether the answer is to be streamed.
    pub streaming: bool,
}

impl<'a> Redactor<'a> {
    /// Begins an exchange.
    pub fn begin(self) -> Redaction<'a> {
        self.with(Recognisers::Absent)
    }

    /// Goes on with a conversation: what it said before keeps its placeholders.
    pub fn go_on(self, vault: Vault, recognised: Option<&'a Recognised>) -> Redaction<'a> {
        let recognisers = recognised.map_or(Recognisers::Absent, Recognisers::Asked);
        Redaction { vault, ..self.with(recognisers) }
    }

    /// Goes on with what was paused.
    pub fn resume(self, paused: Paused) -> Redaction<'a> {
        let Paused { vault, log_vault, account } = paused;
        Redaction { vault, log_vault, account, ..self.begin() }
    }

    /// The texts of a body that recogniser services have to be asked about. A body that cannot be read has none: it will be
    /// refused.
    pub fn texts(self, body: &Bytes, media: &Media, dialect: &Dialect, key: MacKey) -> Texts {
        let mut redaction = self.with(Recognisers::Listing(Box::new(Texts::new(key.clone()))));
        let listed = redaction.body(body.clone(), media, dialect);
        match redaction.recognisers {
            Recognisers::Listing(texts) if listed.is_ok() => *texts,
            _ => Texts::new(key),
        }
    }

    fn with(self, recognisers: Recognisers<'a>) -> Redaction<'a> {
        let (vault, log_vault, account) = Default::default();
        Redaction {
            redactor: self,
            recognisers,
            exempt: &[],
            role: Role::default(),
            answer: None,
            vault,
            log_vault,
            account,
            left: self.bounds.left(),
        }
    }

    /// An answer's text fit for the log, and what was found in it: all of it is replaced, whatever the policy says. Counted is
    /// what was done with it on its way to the caller.
    pub fn for_log(self, written: &[u8], answer: Answer) -> (Bytes, Account) {
        let mut redaction = Redaction { answer: Some(answer), ..self.begin() };
        let scrubbed = match Document::parse(written, self.bounds.nesting) {
            Ok(document) => {
                redaction.walk(&document, &Shape::Text).map(|(marks, _)| apply(written, &marks, Reach::Log))
            }
            Err(_) => {
                let text = String::from_utf8_lossy(written);
                redaction.marks_in_text(&text).map(|marks| apply_to_text(&text, &marks, Reach::Log).into_bytes())
            }
        };
        (scrubbed.expect("in an answer nothing is blocked, and nothing is too deep").into(), redaction.account)
    }
}

impl<'a> Redaction<'a> {
    /// Lets leave unread what is exempt.
    pub fn exempting(self, exempt: &'a [Exemption]) -> Self {
        Self { exempt, ..self }
    }

    /// Has it keep about so many bytes of values, and as many of those that leave as they are.
    pub fn within(self, room: usize) -> Self {
        Self { vault: self.vault.within(room), log_vault: self.log_vault.within(room), ..self }
    }
}

impl Redaction<'_> {
    /// Redacts a body in this dialect. Without a finding the bytes are the same.
    pub fn body(&mut self, bytes: Bytes, media: &Media, dialect: &Dialect) -> Result<Redacted, Unfit> {
        match media {
            Media::File(_) | Media::Multipart { .. } => self.upload(bytes, media, dialect),
            Media::Json => self.json(bytes, dialect),
        }
    }

    fn json(&mut self, bytes: Bytes, dialect: &Dialect) -> Result<Redacted, Unfit> {
        let document = self.left.parse(&bytes, self.redactor.bounds.nesting)?;
        let facts = self.facts(&document, dialect)?;
        let (marks, blanks) = self.walk(&document, dialect.request)?;
        let is_sent = |mark: &Mark| mark.reach == Reach::Sent;
        let sent = if marks.iter().any(is_sent) { apply(&bytes, &marks, Reach::Sent).into() } else { bytes.clone() };
        let same = blanks.is_empty() && marks.iter().all(|mark| is_sent(mark) && mark.logged.is_none());
        let logged = if same { sent.clone() } else { log_copy(&bytes, marks, blanks) };
        Ok(Redacted { bytes: sent, logged, facts })
    }

    /// Redacts a text that is no JSON, such as a header's value. Without a finding it is borrowed.
    pub fn text<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>, Unfit> {
        let marks = self.marks_in_text(text)?;
        if !marks.iter().any(|mark| mark.reach == Reach::Sent) {
            return Ok(Cow::Borrowed(text));
        }
        Ok(Cow::Owned(apply_to_text(text, &marks, Reach::Sent)))
    }

    /// A text that leaves as it is, in the form that the log may have.
    pub fn text_for_log(&mut self, text: &str) -> Result<String, Unfit> {
        let marks = self.marks(text, "", Place::Opaque)?;
        Ok(apply_to_text(text, &marks, Reach::Log))
    }

    /// What is found in a text that is no JSON.
    pub fn marks_in_text(&mut self, text: &str) -> Result<Vec<Mark>, Unfit> {
        self.marks(text, "", Place::Open)
    }

    /// What is found in a JSON text, every string, number and key of it.
    pub fn marks_in_json(&mut self, json: &[u8]) -> Result<Vec<Mark>, Unfit> {
        let document = self.left.parse(json, self.redactor.bounds.nesting)?;
        Ok(self.walk(&document, &Shape::Text)?.0)
    }

    /// Waits for more of a body.
    pub fn pause(self) -> Paused {
        Paused { vault: self.vault, log_vault: self.log_vault, account: self.account }
    }

    /// Ends the exchange's redaction.
    pub fn finish(self) -> (Vault, Account) {
        self.pause().finish()
    }

    fn facts(&mut self, document: &Document, dialect: &Dialect) -> Result<Facts, Unfit> {
        let string = |path: &[&str]| document.at(path).filter(|id| document.kind(*id) == Kind::String);
        let model = string(dialect.model).map(|id| document.text(id));
        Ok(Facts {
            model: model.map(|model| self.text_for_log(&model)).transpose()?,
            subject: dialect
                .subject
                .iter()
                .find_map(|path| string(path))
                .map(|id| Zeroizing::new(document.text(id).into_owned())),
            streaming: dialect.is_streamed(document),
        })
    }

    fn walk(&mut self, document: &Document, shape: &'static Shape) -> Result<(Vec<Mark>, Vec<Edit>), Unfit> {
        self.walk_from(document, shape, "")
    }

    /// Walks a text that stands under the key `name`.
    fn walk_from(
        &mut self,
        document: &Document,
        shape: &'static Shape,
        name: &str,
    ) -> Result<(Vec<Mark>, Vec<Edit>), Unfit> {
        let mut walk = Walk::new(self, document, 0);
        walk.value(document.root(), shape, name)?;
        // What completes a split value stands behind its beginning.
        walk.marks.sort_by_key(|mark| mark.edit.span.start);
        Ok((walk.marks, walk.blanks))
    }
}

impl Paused {
    /// How many bytes of memory its values take, roughly.
    pub fn weight(&self) -> usize {
        self.vault.weight() + self.log_vault.weight()
    }

    /// Ends the exchange's redaction.
    pub fn finish(mut self) -> (Vault, Account) {
        self.vault.note_left(&self.log_vault);
        (self.vault, self.account)
    }
}

#[cfg(test)]
mod tests;
