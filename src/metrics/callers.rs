//! What is counted by caller. Callers without a key of ours are one, and so are those beyond the first [`MOST`].

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Counted, Labels};

/// How many callers have numbers of their own.
const MOST: usize = 200;

/// Counters by caller.
#[derive(Default)]
pub(super) struct Callers {
    known: Mutex<BTreeSet<String>>,
    open: Family<Labels<1>, Gauge>,
    exchanges: Counted<2>,
    findings: Counted<1>,
    tokens: Counted<2>,
}

/// What an exchange of a caller came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How it ended.
    pub outcome: &'static str,
    /// Findings in the request and in the answer.
    pub findings: u64,
    /// Tokens of the request, as the provider counted them.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
}

impl Callers {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("caller_exchanges_open", "Exchanges under way, by caller", self.open.clone());
        registry.register("caller_exchanges", "Exchanges that ended, by caller and outcome", self.exchanges.clone());
        registry.register(
            "caller_findings",
            "What was found in requests and answers, by caller",
            self.findings.clone(),
        );
        registry.register("caller_tokens", "Tokens that providers counted, by caller and way", self.tokens.clone());
    }

    pub(super) fn open(&self, caller: &str, change: i64) {
        self.open.get_or_create(&[("caller", self.label(caller))]).inc_by(change);
    }

    pub(super) fn ended(&self, caller: &str, sum: Sum) {
        let caller = self.label(caller);
        let Sum { outcome, findings, input, output } = sum;
        self.exchanges.get_or_create(&[("caller", caller.clone()), ("outcome", outcome.to_owned())]).inc();
        if findings > 0 {
            self.findings.get_or_create(&[("caller", caller.clone())]).inc_by(findings);
        }
        for (way, count) in [("input", input), ("output", output)].into_iter().filter(|(_, count)| *count > 0) {
            self.tokens.get_or_create(&[("caller", caller.clone()), ("way", way.to_owned())]).inc_by(count);
        }
    }

    /// A caller's name, if it has one and is among the first.
    fn label(&self, caller: &str) -> String {
        if caller == "anonymous" || caller.starts_with("key_") {
            return "(without a key)".to_owned();
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(caller) {
            return caller.to_owned();
        }
        if known.len() == MOST {
            return "(others)".to_owned();
        }
        known.insert(caller.to_owned());
        caller.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_have_numbers_of_their_own_up_to_a_bound() {
        let callers = Callers::default();
        let label = |caller: &str| callers.label(caller);
        assert_eq!(label("anonymous"), "(without a key)");
        assert_eq!(label("key_ffb101aa3091ec0e"), "(without a key)");
        for number in 0..MOST {
            assert_eq!(label(&format!("bot-{number}")), format!("bot-{number}"));
        }
        assert_eq!(label("one-more"), "(others)");
        assert_eq!(label("bot-0"), "bot-0");
    }
}
