//! What becomes of what is found: the policy's word on a request, the guard's on an answer.

use std::borrow::Cow;

use super::mark::{Mark, Reach};
use super::recognised::Recognisers;
use super::vault::Vault;
use super::{Redaction, Redactor, Unfit, mask};
use crate::detect::{Entity, Finding};
use crate::policy::{Action, Answers, Exemption};
use crate::role::Role;
use crate::wire::Edit;

/// What the guard has to do with an answer.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// What is done with values that the caller did not send.
    pub guard: Answers,
    /// What the caller sent.
    pub vault: &'a Vault,
}

/// Whether what is found in a text may be replaced in what leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A provider's table says that it must not be touched.
    Opaque,
    /// As the policy says.
    Open,
    /// A signature covers it: it is not touched, and what is found is counted as an alert.
    Signed,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It leaves as it is, and is replaced in the log.
    Left,
    /// Its last letters and digits leave, so many.
    Masked(usize),
    /// A placeholder leaves.
    Replaced,
}

impl Redaction<'_> {
    /// What is found in a string of a body, by the recogniser services too.
    pub(super) fn marks_in_string(&mut self, text: &str, before: &str, place: Place) -> Result<Vec<Mark>, Unfit> {
        let detector = self.redactor.detector;
        let outside = match (&mut self.recognisers, place) {
            (Recognisers::Absent, _) | (_, Place::Opaque | Place::Signed) => Vec::new(),
            (Recognisers::Asked(recognised), Place::Open) => recognised.said(text).ok_or(Unfit::Unasked)?,
            (Recognisers::Listing(texts), Place::Open) => {
                texts.list(text);
                return Ok(Vec::new());
            }
        };
        let findings = detector.join(text, self.scan(text, before, place)?, outside);
        if findings.is_empty() {
            return Ok(Vec::new());
        }
        findings.into_iter().map(|finding| self.mark(finding, text, place)).collect()
    }

    pub(super) fn marks(&mut self, text: &str, before: &str, place: Place) -> Result<Vec<Mark>, Unfit> {
        let findings = self.scan(text, before, place)?;
        findings.into_iter().map(|finding| self.mark(finding, text, place)).collect()
    }

    /// Whether a name in whose place no other can stand holds what may not leave.
    pub fn withholds(&mut self, name: &str) -> Result<bool, Unfit> {
        let holds = !self.redactor.detector.scan(name, "").is_empty();
        Ok(holds && matches!(self.text(name)?, Cow::Owned(_)))
    }

    /// Something that cannot be read: it leaves if that is exempt.
    pub(super) fn unread(&mut self, exemption: Exemption) -> Result<(), Unfit> {
        if self.is_listing() {
            return Ok(());
        }
        if !self.exempt.contains(&exemption) {
            return Err(if exemption == Exemption::TokenIds { Unfit::Tokens } else { Unfit::Unread(exemption) });
        }
        *self.account.exempted.entry(exemption).or_default() += 1;
        Ok(())
    }

    pub(super) fn is_listing(&self) -> bool {
        matches!(self.recognisers, Recognisers::Listing(_))
    }

    /// What is found in a text, until it is too much.
    fn scan(&mut self, text: &str, before: &str, place: Place) -> Result<Vec<Finding>, Unfit> {
        let mut found = Vec::new();
        if self.is_listing() {
            return Ok(found);
        }
        self.count(text.len(), place);
        for of_part in self.redactor.detector.scan_in_parts(text, before) {
            found.extend(of_part);
            self.fits(found.len())?;
        }
        Ok(found)
    }

    /// Whether so many findings more are not too many. An answer's are bounded by what the log keeps of it.
    pub(super) fn fits(&self, findings: usize) -> Result<(), Unfit> {
        if self.answer.is_some() { Ok(()) } else { self.left.fits(findings) }
    }

    pub(super) fn count(&mut self, bytes: usize, place: Place) {
        if place == Place::Open {
            self.account.coverage.strings += 1;
            self.account.coverage.bytes += bytes as u64;
        }
    }

    pub(super) fn mark(&mut self, finding: Finding, text: &str, place: Place) -> Result<Mark, Unfit> {
        let canonical = self.redactor.detector.canonical(&finding, text);
        let fate = self.judge(&finding, &canonical, place)?;
        let written = &text[finding.span.clone()];
        Ok(self.mark_as(fate, finding, &canonical, written))
    }

    /// The change that a finding's fate is.
    pub(super) fn mark_as(&mut self, fate: Fate, finding: Finding, canonical: &str, written: &str) -> Mark {
        let Finding { entity, span, pattern } = finding;
        let (vault, reach) = match fate {
            Fate::Left => (&mut self.log_vault, Reach::Log),
            Fate::Masked(_) => (&mut self.log_vault, Reach::Sent),
            Fate::Replaced => (&mut self.vault, Reach::Sent),
        };
        let placeholder = vault.placeholder(self.redactor.key, &entity, canonical, written);
        let (with, logged) = match fate {
            Fate::Masked(keep) => (mask::mask(written, keep), Some(placeholder)),
            Fate::Left | Fate::Replaced => (placeholder, None),
        };
        Mark { edit: Edit { span, with }, pattern, reach, logged }
    }

    /// Counts a finding and says what becomes of it.
    pub(super) fn judge(&mut self, finding: &Finding, canonical: &str, place: Place) -> Result<Fate, Unfit> {
        if let Some(answer) = self.answer {
            let action = answer.action(self.redactor, &finding.entity, canonical);
            *self.account.findings.entry((finding.pattern, action)).or_default() += 1;
            return Ok(Fate::Left);
        }
        self.left.find()?;
        let action = match place {
            Place::Opaque => Action::Allow,
            Place::Open => self.redactor.policy.action(&finding.entity, self.role),
            Place::Signed => Action::Alert,
        };
        if place != Place::Opaque {
            *self.account.findings.entry((finding.pattern, action)).or_default() += 1;
        }
        match action {
            Action::Block => {
                let pattern = self.redactor.detector.pattern(finding.pattern).name.clone();
                Err(Unfit::Blocked { entity: finding.entity.clone(), pattern })
            }
            Action::Alert | Action::Allow => Ok(Fate::Left),
            Action::Mask => Ok(Fate::Masked(self.redactor.policy.keep(&finding.entity, self.role))),
            Action::Redact => Ok(Fate::Replaced),
        }
    }
}

impl Answer<'_> {
    /// What is done with a value of an answer.
    fn action(self, redactor: Redactor, entity: &Entity, canonical: &str) -> Action {
        match (self.guard, redactor.policy.action(entity, Role::Assistant)) {
            _ if self.vault.knows(redactor.key, entity, canonical) => Action::Allow,
            (Answers::Leave, _) | (_, Action::Allow) => Action::Allow,
            (Answers::Alert, _) | (_, Action::Alert) => Action::Alert,
            (Answers::Redact, Action::Block | Action::Mask | Action::Redact) => Action::Redact,
        }
    }
}
