//! The way back: takes an answer's bytes as they arrive and gives them on with the caller's own values in place.
//!
//! A frame leaves when all its text is decided; until then it and those behind it wait. The value goes out with the frame that
//! completes its placeholder. No frame is invented, none is lost, order is kept, and a frame without a placeholder leaves byte
//! for byte as it came. A frame that is not JSON carries nothing to restore and passes.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::account::AnswerAccount;
use super::guard::Guard;
use super::held::{HeldFrame, LaneKey, Offset, Place, Written};
use super::ids::{Numbers, Told};
use super::lane::{Change, Lane, Means, Origin};
use super::reading::Reading;
use super::shift::Shifts;
use super::vault::Vault;
use super::wrapped::Wrapper;
use crate::policy::Policy;
use crate::provider::{Dialect, End, Shape, Strand, Tokens};
use crate::wire::Edit;
use crate::wire::frame::{Framing, Payload, Splitter};
use crate::wire::json::Document;

/// How many lanes of an answer are followed at a time; what comes in further ones is restored string by string.
pub(super) const MOST_LANES: usize = 1024;

/// How many frames a strand may say nothing, for each strand there is, before the guard waits for it no longer.
const PAUSE: u64 = 16;

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
    pub(super) vault: Vault,
    pub(super) policy: Arc<Policy>,
    pub(super) guard: Option<Guard>,
    pub(super) framing: Framing,
    shape: &'static Shape,
    /// Empty: the numbers around a value while a frame is read.
    indexes: Vec<u64>,
    /// The member of a frame that holds the frame proper.
    wrapped: Option<&'static str>,
    /// The members by which a frame says where its lanes belong.
    pub(super) numbers: &'static [&'static str],
    pub(super) ids: Numbers,
    /// There if somebody wants the ids that the answer tells.
    told: Option<Told>,
    usage: &'static [(&'static [&'static str], Tokens)],
    end: End,
    ended: bool,
    /// Whether an answer that should be one text was UTF-8 so far.
    is_text: bool,
    limits: AnswerLimits,
    splitter: Splitter,
    pub(super) held: VecDeque<HeldFrame>,
    held_bytes: usize,
    /// The number of the first frame held.
    pub(super) first: u64,
    /// Few at a time: the newest are looked at first.
    pub(super) lanes: Vec<(LaneKey, Lane)>,
    /// What moved in the lanes that ended.
    moved: HashMap<LaneKey, Shifts>,
    pub(super) changes: Vec<Change>,
    /// The tools that are called, by the numbers of their calls.
    pub(super) tools: HashMap<Vec<u64>, Arc<str>>,
    pub(super) account: AnswerAccount,
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
        let shape = if framing == Framing::Whole { dialect.answer } else { dialect.event };
        Self {
            vault,
            policy,
            guard: None,
            framing,
            shape,
            indexes: Vec::new(),
            wrapped: dialect.wrapped,
            numbers: dialect.numbers,
            ids: Numbers::default(),
            told: None,
            usage: dialect.usage,
            end: dialect.end,
            ended: false,
            is_text: true,
            limits,
            splitter: Splitter::new(framing),
            held: VecDeque::new(),
            held_bytes: 0,
            first: 0,
            lanes: Vec::new(),
            moved: HashMap::new(),
            changes: Vec::new(),
            tools: HashMap::new(),
            account: AnswerAccount::keeping(limits.logged_bytes),
        }
    }

    /// Has values replaced that the caller did not send.
    pub fn guarded(self, guard: Guard) -> Self {
        Self { guard: Some(guard), ..self }
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
        if self.splitter.waiting() > self.limits.frame_bytes {
            return Err(FrameTooLong { limit: self.limits.frame_bytes });
        }
        if self.held_bytes > self.limits.held_bytes {
            self.decide_all();
        }
        Ok(self.release())
    }

    /// Takes a message, a frame by itself, and gives the messages that can leave, one by one.
    pub fn message(&mut self, message: Bytes) -> Result<Vec<Bytes>, FrameTooLong> {
        self.take(message)?;
        if self.held_bytes > self.limits.held_bytes {
            self.decide_all();
        }
        Ok(self.release())
    }

    /// Ends the answer and gives what is left of it.
    pub fn finish(&mut self) -> Result<Vec<Bytes>, FrameTooLong> {
        if let Some(frame) = self.splitter.rest() {
            self.take(frame)?;
        }
        self.decide_all();
        Ok(self.release())
    }

    /// Ends an answer that the provider broke off and gives what is left of it. What a guard had not decided may be the head of a
    /// value: it does not leave, nor does what waits behind it.
    pub fn break_off(&mut self) -> Result<Vec<Bytes>, FrameTooLong> {
        if self.guard.is_some() { Ok(Vec::new()) } else { self.finish() }
    }

    /// Whether the provider has said that its stream ends here.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What was seen since this was asked for last.
    pub fn take_account(&mut self) -> AnswerAccount {
        std::mem::replace(&mut self.account, AnswerAccount::keeping(self.limits.logged_bytes))
    }

    /// What was seen so far.
    pub fn account(&self) -> &AnswerAccount {
        &self.account
    }

    /// What the caller sent.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The same, for the time that the caller says more.
    pub fn vault_mut(&mut self) -> &mut Vault {
        &mut self.vault
    }

    /// Whether nothing can change.
    pub(super) fn is_idle(&self) -> bool {
        self.vault.is_empty() && self.guard.is_none()
    }

    /// Notes where in a held frame something stands that may change.
    pub(super) fn place(&mut self, frame: u64, source: Range<usize>, written: Written) -> Origin {
        let places = &mut self.held[(frame - self.first) as usize].places;
        places.push(Place { source, written });
        Origin { frame, string: places.len() - 1, offset: 0 }
    }

    fn take(&mut self, frame: Bytes) -> Result<(), FrameTooLong> {
        if frame.len() > self.limits.frame_bytes {
            return Err(FrameTooLong { limit: self.limits.frame_bytes });
        }
        let number = self.first + self.held.len() as u64;
        let (frame, wrapper) = self.unwrap(frame);
        let framing = if wrapper.is_some() { Framing::Whole } else { self.framing };
        self.held_bytes += frame.len();
        let (places, changes, offsets, moved) = Default::default();
        self.held.push_back(HeldFrame { bytes: frame.clone(), wrapper, places, changes, offsets, moved });
        if framing == Framing::Text {
            self.read_text(number, &frame);
            self.settle();
            return Ok(());
        }
        let Some(payload) = Payload::find(framing, &frame) else { return Ok(()) };
        self.ended |= matches!(self.end, End::Payload(last) if payload.text.trim_ascii() == last.as_bytes());
        let Ok(document) = Document::parse(&payload.text, self.limits.nesting) else {
            self.read_plainly(number, &frame, &payload);
            self.settle();
            return Ok(());
        };
        self.ended |= is_last(&document, self.end);
        self.account.usage.read(&document, self.usage);
        if let Some(told) = &mut self.told {
            told.listen(&document);
        }
        let shape = self.shape;
        let (again, ended, mut indexes) = (false, Vec::new(), std::mem::take(&mut self.indexes));
        let mut reading =
            Reading { restorer: self, document: &document, payload: &payload, number, again, tool: None, ended };
        reading.value(document.root(), shape, &mut indexes, "");
        let ended = reading.ended;
        self.indexes = indexes;
        for indexes in ended {
            self.close_lanes(|key| key.indexes.starts_with(&indexes));
            self.tools.retain(|at, _| !at.starts_with(&indexes));
        }
        self.hurry(number);
        self.settle();
        Ok(())
    }

    /// Reads a piece of an answer that is one text. What of it is no UTF-8 passes, and then the answer is none for the log.
    fn read_text(&mut self, number: u64, piece: &[u8]) {
        const TEXT: &str = "text";
        let mut at = 0;
        for part in piece.utf8_chunks() {
            let text = part.valid();
            self.is_text &= part.invalid().is_empty();
            if self.is_text {
                self.account.transcript.append(&[], TEXT, Strand::Text, text);
            }
            if !text.is_empty() && !self.is_idle() {
                let origin = self.place(number, at..at + text.len(), Written::Plain);
                if self.lanes.is_empty() {
                    let key = LaneKey { indexes: Vec::new(), field: TEXT.to_owned() };
                    self.lanes.push((key, Lane::new(Strand::Text)));
                }
                let means = Means { vault: &self.vault, policy: &self.policy, guard: self.guard.as_ref() };
                self.account.placeholders += self.lanes[0].1.push(means, text, origin, &mut self.changes);
            }
            at += text.len() + part.invalid().len();
        }
    }

    /// Redacts what is no JSON, but changes nothing else in it.
    fn read_plainly(&mut self, number: u64, frame: &[u8], payload: &Payload) {
        let Some(guard) = &self.guard else { return };
        let strangers = |piece: Range<usize>| {
            let text = std::str::from_utf8(&frame[piece.clone()]).ok()?;
            Some((piece, guard.strangers(text, "", &self.vault)))
        };
        let found: Vec<_> = payload.pieces().iter().cloned().filter_map(strangers).collect();
        for (piece, strangers) in found {
            let origin = self.place(number, piece, Written::Plain);
            self.account.placeholders.redacted += strangers.len() as u64;
            self.changes.extend(strangers.into_iter().map(|stranger| Change {
                origin: Origin { offset: stranger.span.start, ..origin },
                length: stranger.span.len(),
                with: stranger.with,
            }));
        }
    }

    /// Has the guard decide the strands that pause, as one does for good where its API does not say that it ends.
    fn hurry(&mut self, now: u64) {
        if self.guard.is_none() {
            return;
        }
        let means = Means { vault: &self.vault, policy: &self.policy, guard: self.guard.as_ref() };
        let patience = PAUSE * self.lanes.len() as u64;
        let pauses = |lane: &&mut Lane| lane.spoke_last().is_some_and(|last| last + patience <= now);
        for lane in self.lanes.iter_mut().map(|(_, lane)| lane).filter(pauses) {
            self.account.placeholders += lane.hurry(means, &mut self.changes);
        }
    }

    fn unwrap(&self, frame: Bytes) -> (Bytes, Option<Wrapper>) {
        let open = |name| Wrapper::open(self.framing, &frame, name, self.limits.nesting);
        match self.wrapped.and_then(open) {
            Some((wrapper, inner)) => (inner, Some(wrapper)),
            None => (frame, None),
        }
    }

    fn decide_all(&mut self) {
        self.close_lanes(|_| true);
        self.settle();
    }

    fn close_lanes(&mut self, ended: impl Fn(&LaneKey) -> bool) {
        let means = Means { vault: &self.vault, policy: &self.policy, guard: self.guard.as_ref() };
        for (key, mut lane) in self.lanes.extract_if(.., |(key, _)| ended(key)) {
            self.account.placeholders += lane.close(means, &mut self.changes);
            if self.moved.len() >= MOST_LANES {
                self.moved.clear();
            }
            self.moved.insert(key, lane.shifts);
        }
    }

    /// Keeps by which name a tool is called. Old ones are forgotten: what is not named gets the least.
    pub(super) fn keep_tool(&mut self, at: Vec<u64>, name: Arc<str>) {
        if self.tools.len() >= MOST_LANES {
            self.tools.clear();
        }
        self.tools.insert(at, name);
    }

    /// Gives each change to its frame.
    fn settle(&mut self) {
        for change in self.changes.drain(..) {
            let at = (change.origin.frame - self.first) as usize;
            self.held[at].changes.push(change);
        }
    }

    /// Lets go of the frames before the first that a lane waits for.
    fn release(&mut self) -> Vec<Bytes> {
        let end = self.first + self.held.len() as u64;
        let decided = self.lanes.iter().filter_map(|(_, lane)| lane.waits_for()).min().unwrap_or(end);
        let mut out = Vec::new();
        while self.first < decided {
            let Some(frame) = self.held.pop_front() else { break };
            self.first += 1;
            self.held_bytes -= frame.bytes.len();
            let moves = self.moves(&frame);
            out.push(frame.leave(self.framing, moves));
        }
        self.account.frames.wait(self.first, end, self.held_bytes);
        out
    }
}

impl Restorer {
    /// The changes to numbers that point at what moved. All text before their frame is decided when it leaves.
    fn moves(&mut self, frame: &HeldFrame) -> Vec<Edit> {
        let mut moves = Vec::new();
        for offset in &frame.offsets {
            match self.shifts(offset, frame).map(|shifts| shifts.moved(offset.place, offset.unit)) {
                Some(moved) if moved != offset.place => {
                    moves.push(Edit { span: offset.source.clone(), with: moved.to_string() });
                }
                Some(_) => {}
                None => self.account.offsets_left += 1,
            }
        }
        moves
    }

    /// What moved in the text that a number points into: that of the choice or block around it, else the only one of its name.
    fn shifts<'s>(&'s self, offset: &Offset, frame: &'s HeldFrame) -> Option<&'s Shifts> {
        let Offset { lane, again, .. } = offset;
        let told = frame.moved.iter().filter(|_| *again).map(|(key, shifts)| (key, shifts));
        let open = self.lanes.iter().filter(|_| !again).map(|(key, lane)| (key, &lane.shifts));
        let closed = self.moved.iter().filter(|_| !again);
        let named: Vec<_> = told.chain(open).chain(closed).filter(|(key, _)| key.field == lane.field).collect();
        let around = (0..=lane.indexes.len()).rev().map(|length| &lane.indexes[..length]);
        let own = around.into_iter().find_map(|indexes| named.iter().find(|(key, _)| key.indexes == indexes));
        own.or(named.first().filter(|_| named.len() == 1)).map(|(_, shifts)| *shifts)
    }
}

/// Whether a frame's JSON says that it is the last.
fn is_last(frame: &Document, end: End) -> bool {
    let End::Member(name, last) = end else { return false };
    frame.at(&[name]).is_some_and(|id| last.contains(&&*frame.text(id)))
}
