//! The way back: takes an answer's bytes as they arrive and gives them on with the caller's own values in place.
//!
//! A frame leaves when all its text is decided; until then it and those behind it wait. The value goes out with the frame that
//! completes its placeholder. No frame is invented, none is lost, order is kept, and a frame without a placeholder leaves byte
//! for byte as it came. A frame that is not JSON carries nothing to restore and passes.

use std::sync::Arc;

use bytes::Bytes;

use super::account::AnswerAccount;
use super::flow::Flow;
use super::guard::{Guard, Stranger};
use super::held::Written;
use super::ids::{Numbers, Told};
use super::reading::Reading;
use super::vault::Vault;
use super::wrapped::Wrapper;
use crate::policy::Policy;
use crate::provider::{Dialect, End, Shape, Strand, Tokens};
use crate::wire::frame::{Framing, Payload, Splitter};
use crate::wire::json::Document;

/// Bounds of one answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// The longest frame, and the longest whole answer, in bytes.
    pub frame_bytes: usize,
    /// How many bytes of frames may wait for one placeholder to be decided. Beyond, the placeholder stays.
    pub held_bytes: usize,
    /// The deepest nesting of a frame's JSON.
    pub nesting: usize,
    /// How much of an answer's text is kept for the log, in bytes.
    pub logged_bytes: usize,
}

/// A frame is longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the answer is longer than {limit} bytes")]
pub struct FrameTooLong {
    /// The limit that it broke.
    pub limit: usize,
}

/// Restores one answer.
pub struct Restorer {
    framing: Framing,
    shape: &'static Shape,
    /// Empty: the numbers around a value while a frame is read.
    indexes: Vec<u64>,
    /// The member of a frame that holds the frame proper.
    wrapped: Option<&'static str>,
    numbers: Numbers,
    /// There if somebody wants the ids that the answer tells.
    told: Option<Told>,
    usage: &'static [(&'static [&'static str], Tokens)],
    end: End,
    ended: bool,
    /// Its JSON ended before its end.
    cut: bool,
    /// Whether an answer that should be one text was UTF-8 so far.
    is_text: bool,
    limits: AnswerLimits,
    splitter: Splitter,
    flow: Flow,
}

impl Restorer {
    /// Begins an answer in `dialect`, cut by `framing`.
    pub fn new(
        vault: Vault,
        policy: Arc<Policy>,
        dialect: &'static Dialect,
        framing: Framing,
        limits: AnswerLimits,
    ) -> Self {
        Self {
            framing,
            shape: if framing == Framing::Whole { dialect.answer } else { dialect.event },
            indexes: Vec::new(),
            wrapped: dialect.wrapped,
            numbers: Numbers::told_by(dialect.numbers),
            told: None,
            usage: dialect.usage,
            end: dialect.end,
            ended: false,
            cut: false,
            is_text: true,
            limits,
            splitter: Splitter::new(framing),
            flow: Flow::new(vault, policy, framing, limits.logged_bytes),
        }
    }

    /// Has values replaced that the caller did not send.
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.flow.means.guard = Some(guard);
        self
    }

    /// Notes the ids by which the provider keeps what `dialect` says it does.
    pub fn noting_ids(self, dialect: &'static Dialect) -> Self {
        Self { told: Some(Told::at(dialect.state.tells)), ..self }
    }

    /// The ids that were noted since this was asked for last.
    pub fn take_ids(&mut self) -> Vec<String> {
        self.told.as_mut().map(Told::take).unwrap_or_default()
    }

    /// Takes the answer's next bytes and gives those that can leave.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Bytes>, FrameTooLong> {
        self.splitter.push(bytes);
        while let Some(frame) = self.splitter.next_frame() {
            self.take(frame)?;
        }
        self.fits(self.splitter.waiting())?;
        Ok(self.release())
    }

    /// Takes a message, a frame by itself, and gives the messages that can leave, one by one.
    pub fn message(&mut self, message: Bytes) -> Result<Vec<Bytes>, FrameTooLong> {
        self.take(message)?;
        Ok(self.release())
    }

    /// Ends the answer and gives what is left of it.
    pub fn finish(&mut self) -> Result<Vec<Bytes>, FrameTooLong> {
        if let Some(frame) = self.splitter.rest() {
            self.cut = is_cut(self.framing, &frame);
            self.take(frame)?;
        }
        self.flow.decide_all();
        Ok(self.flow.release())
    }

    /// Ends an answer that the provider broke off and gives what is left of it. What a guard had not decided may be the head of a
    /// value: it does not leave, nor does what waits behind it.
    pub fn break_off(&mut self) -> Result<Vec<Bytes>, FrameTooLong> {
        if self.flow.guard().is_some() { Ok(Vec::new()) } else { self.finish() }
    }

    /// Whether the provider has said that its stream ends here.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether it ended in the middle of its JSON.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// What was seen since this was asked for last.
    pub fn take_account(&mut self) -> AnswerAccount {
        std::mem::replace(&mut self.flow.account, AnswerAccount::keeping(self.limits.logged_bytes))
    }

    /// What was seen so far.
    pub fn account(&self) -> &AnswerAccount {
        &self.flow.account
    }

    /// What the caller sent.
    pub fn vault(&self) -> &Vault {
        &self.flow.means.vault
    }

    /// The same, for the time that the caller says more.
    pub fn vault_mut(&mut self) -> &mut Vault {
        &mut self.flow.means.vault
    }

    /// Lets go of what is decided, and of all if too much waits.
    fn release(&mut self) -> Vec<Bytes> {
        if self.flow.held.bytes() > self.limits.held_bytes {
            self.flow.decide_all();
        }
        self.flow.release()
    }

    fn fits(&self, bytes: usize) -> Result<(), FrameTooLong> {
        let limit = self.limits.frame_bytes;
        if bytes > limit { Err(FrameTooLong { limit }) } else { Ok(()) }
    }

    fn take(&mut self, frame: Bytes) -> Result<(), FrameTooLong> {
        self.fits(frame.len())?;
        let number = self.flow.held.next();
        let (frame, wrapper) = self.unwrap(frame);
        let framing = if wrapper.is_some() { Framing::Whole } else { self.framing };
        self.flow.held.push(frame.clone(), wrapper);
        if framing == Framing::Text {
            self.read_text(number, &frame);
        } else if let Some(payload) = Payload::find(framing, &frame) {
            self.ended |= matches!(self.end, End::Payload(last) if payload.text.trim_ascii() == last.as_bytes());
            match Document::parse(&payload.text, self.limits.nesting) {
                Ok(document) => self.read(number, &document, &payload),
                Err(_) => self.read_plainly(number, &frame, &payload),
            }
        }
        self.flow.held.settle();
        Ok(())
    }

    /// Reads a frame's JSON.
    fn read(&mut self, number: u64, document: &Document, payload: &Payload) {
        self.ended |= is_last(document, self.end);
        self.flow.account.usage.read(document, self.usage);
        if let Some(told) = &mut self.told {
            told.listen(document);
        }
        let (flow, numbers) = (&mut self.flow, &mut self.numbers);
        let (again, tool, ended) = (false, None, Vec::new());
        let mut reading = Reading { flow, numbers, document, payload, number, again, tool, ended };
        reading.value(document.root(), self.shape, &mut self.indexes, "");
        reading.ended.iter().for_each(|indexes| self.flow.end(indexes));
        self.flow.hurry(number);
    }

    /// Reads a piece of an answer that is one text. What of it is no UTF-8 passes, and then the answer is none for the log.
    fn read_text(&mut self, number: u64, piece: &[u8]) {
        const TEXT: &str = "text";
        let mut at = 0;
        for part in piece.utf8_chunks() {
            let text = part.valid();
            self.is_text &= part.invalid().is_empty();
            if self.is_text {
                self.flow.account.transcript.append(&[], TEXT, Strand::Text, text);
            }
            if !text.is_empty() && !self.flow.is_idle() {
                let origin = self.flow.held.place(number, at..at + text.len(), Written::Plain);
                self.flow.add(&[], TEXT, Strand::Text, None, text, origin);
            }
            at += text.len() + part.invalid().len();
        }
    }

    /// Redacts what is no JSON, but changes nothing else in it.
    fn read_plainly(&mut self, number: u64, frame: &[u8], payload: &Payload) {
        for piece in payload.pieces() {
            let Ok(text) = std::str::from_utf8(&frame[piece.clone()]) else { continue };
            for Stranger { span, with } in self.flow.strangers(text, "") {
                self.flow.replace_stranger(number, piece.start + span.start..piece.start + span.end, with);
            }
        }
    }

    fn unwrap(&self, frame: Bytes) -> (Bytes, Option<Wrapper>) {
        let open = |name| Wrapper::open(self.framing, &frame, name, self.limits.nesting);
        match self.wrapped.and_then(open) {
            Some((wrapper, inner)) => (inner, Some(wrapper)),
            None => (frame, None),
        }
    }
}

/// Whether the last frame of an answer is JSON without its end.
fn is_cut(framing: Framing, frame: &[u8]) -> bool {
    let payload = Payload::find(framing, frame).filter(|_| framing != Framing::Text);
    payload.is_some_and(|payload| {
        let text = payload.text.trim_ascii();
        matches!(text.first(), Some(b'{' | b'[')) && !matches!(text.last(), Some(b'}' | b']'))
    })
}

/// Whether a frame's JSON says that it is the last.
fn is_last(frame: &Document, end: End) -> bool {
    let End::Member(name, last) = end else { return false };
    frame.at(&[name]).is_some_and(|id| last.contains(&&*frame.text(id)))
}
