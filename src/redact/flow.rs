//! An answer's text on its way: the lanes that it runs in, and the frames that wait for them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::account::AnswerAccount;
use super::guard::{Guard, Stranger};
use super::held::{HeldFrame, LaneKey, Offset, Queue};
use super::lane::{Lane, Means, Origin};
use super::shift::Shifts;
use super::vault::Vault;
use crate::policy::Policy;
use crate::provider::Strand;
use crate::wire::Edit;
use crate::wire::frame::Framing;

/// How many lanes of an answer are followed at a time; what comes in further ones is restored string by string.
const MOST_LANES: usize = 1024;

/// How many frames a strand may say nothing, for each strand there is, before the guard waits for it no longer.
const PAUSE: u64 = 16;

/// What of an answer is under way.
pub(super) struct Flow {
    pub means: Means,
    framing: Framing,
    pub held: Queue,
    /// Few at a time: the newest are looked at first.
    lanes: Vec<(LaneKey, Lane)>,
    /// What moved in the lanes that ended.
    moved: HashMap<LaneKey, Shifts>,
    /// The tools that are called, by the numbers of their calls.
    tools: HashMap<Vec<u64>, Arc<str>>,
    pub account: AnswerAccount,
}

impl Flow {
    pub fn new(vault: Vault, policy: Arc<Policy>, framing: Framing, logged_bytes: usize) -> Self {
        let (held, lanes, moved, tools) = Default::default();
        let (means, account) = (Means { vault, policy, guard: None }, AnswerAccount::keeping(logged_bytes));
        Self { means, framing, held, lanes, moved, tools, account }
    }

    /// There if values that the caller did not send are replaced.
    pub fn guard(&self) -> Option<&Guard> {
        self.means.guard.as_ref()
    }

    /// Whether nothing can change.
    pub fn is_idle(&self) -> bool {
        self.means.vault.is_empty() && self.means.guard.is_none()
    }

    /// The values in `text`, which goes by `name`, that the caller did not send, if they are replaced.
    pub fn strangers(&self, text: &str, name: &str) -> Vec<Stranger> {
        self.guard().map_or_else(Vec::new, |guard| guard.strangers(text, name, &self.means.vault))
    }

    /// Replaces a value that the caller did not send.
    pub fn replace_stranger(&mut self, frame: u64, source: Range<usize>, with: String) {
        self.account.placeholders.redacted += 1;
        self.held.replace(frame, source, with);
    }

    /// Adds text that stands at `origin` to the lane that goes by this, a new one in `tool` if need be. Says whether it could: not
    /// where there are too many.
    pub fn add(
        &mut self,
        indexes: &[u64],
        field: &str,
        strand: Strand,
        tool: Option<&Arc<str>>,
        text: &str,
        origin: Origin,
    ) -> bool {
        let known = self.lanes.iter().rposition(|(key, _)| key.field == field && key.indexes == indexes);
        if known.is_none() && self.lanes.len() >= MOST_LANES {
            return false;
        }
        let at = known.unwrap_or_else(|| {
            let begin = if self.framing == Framing::Whole { Lane::of_whole_answer } else { Lane::new };
            self.lanes.push((LaneKey::new(indexes, field), begin(strand).in_tool(tool.cloned())));
            self.lanes.len() - 1
        });
        self.account.placeholders += self.lanes[at].1.push(&self.means, text, origin, &mut self.held.changes);
        true
    }

    /// Restores a string that is whole; gives what moved in it.
    pub fn restore_whole(&mut self, mut lane: Lane, text: &str, origin: Origin) -> Shifts {
        self.account.placeholders += lane.push(&self.means, text, origin, &mut self.held.changes);
        self.account.placeholders += lane.close(&self.means, &mut self.held.changes);
        lane.shifts
    }

    /// Keeps by which name a tool is called. Old ones are forgotten: what is not named gets the least.
    pub fn keep_tool(&mut self, at: Vec<u64>, name: Arc<str>) {
        if self.tools.len() >= MOST_LANES {
            self.tools.clear();
        }
        self.tools.insert(at, name);
    }

    /// The tool that is called there.
    pub fn tool(&self, at: &[u64]) -> Option<&Arc<str>> {
        self.tools.get(at)
    }

    /// Ends the lanes and tools of a choice or block.
    pub fn end(&mut self, indexes: &[u64]) {
        self.close(|key| key.indexes.starts_with(indexes));
        self.tools.retain(|at, _| !at.starts_with(indexes));
    }

    /// Decides all that waits.
    pub fn decide_all(&mut self) {
        self.close(|_| true);
        self.held.settle();
    }

    fn close(&mut self, ended: impl Fn(&LaneKey) -> bool) {
        for (key, mut lane) in self.lanes.extract_if(.., |(key, _)| ended(key)) {
            self.account.placeholders += lane.close(&self.means, &mut self.held.changes);
            if self.moved.len() >= MOST_LANES {
                self.moved.clear();
            }
            self.moved.insert(key, lane.shifts);
        }
    }

    /// Has the guard decide the strands that pause at frame `now`, as one does for good where its API does not say that it ends.
    pub fn hurry(&mut self, now: u64) {
        if self.means.guard.is_none() {
            return;
        }
        let patience = PAUSE * self.lanes.len() as u64;
        let pauses = |lane: &&mut Lane| lane.spoke_last().is_some_and(|last| last + patience <= now);
        for lane in self.lanes.iter_mut().map(|(_, lane)| lane).filter(pauses) {
            self.account.placeholders += lane.hurry(&self.means, &mut self.held.changes);
        }
    }

    /// Lets go of the frames before the first that a lane waits for.
    pub fn release(&mut self) -> Vec<Bytes> {
        let end = self.held.next();
        let decided = self.lanes.iter().filter_map(|(_, lane)| lane.waits_for()).min().unwrap_or(end);
        let mut out = Vec::new();
        while let Some(frame) = self.held.pop_before(decided) {
            let moves = self.moves(&frame);
            out.push(frame.leave(self.framing, moves));
        }
        self.account.frames.wait(self.held.first(), end, self.held.bytes());
        out
    }

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
