//! The patterns with one file edited, compiled: an author changes one file for a while.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::answer::Failure;
use crate::config::Patterns;
use crate::crypto::{self, Hash};
use crate::detect::{Detector, Problem};

/// The longest pattern file.
const LONGEST_FILE: usize = 1 << 20;

/// An edited pattern file: its name, and what it would say.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited {
    file: String,
    toml: String,
}

/// What was compiled last.
#[derive(Default)]
pub(super) struct Bench(Mutex<Option<(Hash, Arc<Detector>)>>);

impl Bench {
    /// The patterns with one file edited, or what is wrong with it: its examples run, too.
    pub(super) fn compiled(
        &self,
        patterns: &Patterns,
        edited: &Edited,
    ) -> Result<Result<Arc<Detector>, Vec<Problem>>, Failure> {
        if edited.toml.len() > LONGEST_FILE {
            return Err(Failure::asked(format!("the pattern file is longer than {LONGEST_FILE} bytes")));
        }
        let mut sources = patterns.sources.clone();
        let source = sources.iter_mut().find(|source| source.name == edited.file);
        source.ok_or_else(|| Failure::asked("there is no such pattern file"))?.text.clone_from(&edited.toml);
        let hashes: Vec<u8> = sources.iter().flat_map(|source| crypto::sha256(source.text.as_bytes())).collect();
        let hash = crypto::sha256(&hashes);
        // What is kept is whole at any moment.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, detector)) = last.as_ref().filter(|(known, _)| *known == hash) {
            return Ok(Ok(Arc::clone(detector)));
        }
        Ok(Detector::compile(&sources, &patterns.settings).map(|detector| {
            let detector = Arc::new(detector);
            *last = Some((hash, Arc::clone(&detector)));
            detector
        }))
    }
}
