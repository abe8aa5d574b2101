//! What was said over a connection: its values, what is held of it, and its exchanges in the log.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::Gateway;
use super::super::ending::{Answered, Ending};
use crate::audit::{Closed, Coverage, Outcome};
use crate::config::Ruleset;
use crate::policy::Answers;
use crate::redact::{AnswerAccount, FrameTooLong, Restorer, Vault};

/// What both directions of a connection share.
pub(super) struct Turns {
    pub restorer: Restorer,
    /// How the messages are written that the restorer holds, in order.
    held: VecDeque<Writing>,
    /// The caller's last message.
    turn: Option<Turn>,
    /// What the provider said before the first.
    greeting: Option<AnswerAccount>,
}

/// A message of the caller's and what came back since: an exchange of the log's.
pub(super) struct Turn {
    pub ending: Ending,
    /// What of it left unread, by name.
    pub exemptions: Vec<String>,
}

/// A turn that is over, before it is in the log.
pub(super) struct Over {
    ending: Ending,
    account: AnswerAccount,
}

/// The two ways to write a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Binary,
    Text,
}

impl Turns {
    /// Nothing is said yet.
    pub(super) fn new(restorer: Restorer) -> Self {
        Self { restorer, held: VecDeque::new(), turn: None, greeting: None }
    }

    /// Takes a message of the provider's and gives those that can leave.
    pub(super) fn restore(&mut self, writing: Writing, message: Bytes) -> Result<Vec<Message>, FrameTooLong> {
        self.held.push_back(writing);
        let ready = self.restorer.message(message)?;
        Ok(self.written(ready))
    }

    /// Gives what is held at the connection's end.
    pub(super) fn rest(&mut self) -> Vec<Message> {
        let ready = self.restorer.finish().unwrap_or_default();
        self.written(ready)
    }

    /// Gives what is held of an answer that the provider broke off and may leave all the same.
    pub(super) fn rest_of_broken(&mut self) -> Vec<Message> {
        let ready = self.restorer.break_off().unwrap_or_default();
        self.written(ready)
    }

    /// Whether a message that was looked at so says nothing that its turn's entry would not say.
    pub(super) fn goes_on(&self, coverage: &Coverage) -> bool {
        let told = |exemption| self.turn.as_ref().is_some_and(|turn| turn.exemptions.contains(exemption));
        coverage.strings == 0 && !coverage.exemptions.is_empty() && coverage.exemptions.iter().all(told)
    }

    /// Begins a turn; gives the one before.
    pub(super) fn begin(&mut self, turn: Turn) -> Option<Over> {
        let over = self.end();
        self.turn = Some(turn);
        over
    }

    /// Ends the turn.
    pub(super) fn end(&mut self) -> Option<Over> {
        let account = self.restorer.take_account();
        match self.turn.take() {
            Some(turn) => Some(Over { ending: turn.ending, account }),
            None => {
                self.greeting = Some(account);
                None
            }
        }
    }

    /// Ends the turn, which did not begin: the log does not have it.
    pub(super) fn forget(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.ending.forget();
        }
    }

    /// Ends the connection: what came before its first turn is its own answer.
    pub(super) fn over(&mut self, connection: Ending) -> Over {
        Over { ending: connection, account: self.greeting.take().unwrap_or_default() }
    }

    fn written(&mut self, messages: Vec<Bytes>) -> Vec<Message> {
        let writings = self.held.drain(..messages.len()).collect::<Vec<_>>();
        let message = |(bytes, writing): (Bytes, Writing)| match writing {
            Writing::Binary => Message::Binary(bytes),
            Writing::Text => Message::Text(Utf8Bytes::try_from(bytes).expect("text is changed to text")),
        };
        messages.into_iter().zip(writings).map(message).collect()
    }
}

impl Over {
    /// The closing entry, and who appends it.
    pub(super) fn entry(
        self,
        gateway: &Gateway,
        ruleset: &Ruleset,
        answers: Answers,
        vault: &Vault,
        outcome: Outcome,
    ) -> (Ending, Closed) {
        let account = &self.account;
        let written = match outcome {
            _ if account.transcript.is_empty() => String::new(),
            Outcome::Complete => account.transcript.to_json(),
            _ => account.transcript.to_json_of_broken(),
        };
        let truncated = account.transcript.truncated();
        let answered = Answered { gateway, ruleset, answers, vault, account, written: written.as_bytes(), truncated };
        let closed = Closed { status: Some(101), ..self.ending.entry_of(outcome, &answered) };
        (self.ending, closed)
    }
}
