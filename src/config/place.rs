//! Where the installation's keys are kept: `[key]` and `[audit] key`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::key::{self, KeyError, KeyPlace};
use super::sections::Sections;
use crate::crypto::{KeyRing, MasterKey};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceSection {
    command: Option<Vec<String>>,
    env: Option<String>,
    file: Option<PathBuf>,
}

impl KeyPlace {
    /// The one place that a section named `name` gives.
    pub(super) fn of(
        sections: &mut Sections,
        section: Spanned<PlaceSection>,
        name: &str,
        folder: &Path,
    ) -> Option<Self> {
        let span = section.span();
        let PlaceSection { command, env, file } = section.into_inner();
        match (command, env, file) {
            (None, Some(name), None) => Some(Self::Env(name)),
            (None, None, Some(file)) => Some(Self::File(folder.join(file))),
            (Some(words), None, None) if !words.is_empty() => Some(Self::Command(words)),
            _ => {
                let what = format!("`{name}` does not name one place");
                sections.problem(span, what, "give either `file`, `env` or `command`".to_owned());
                None
            }
        }
    }

    /// Reads the key.
    pub fn read(&self) -> Result<MasterKey, KeyError> {
        key::read(self, MasterKey::from_hex)
    }

    /// Reads a ring of keys, the newest first.
    pub fn read_ring(&self) -> Result<KeyRing, KeyError> {
        key::read(self, KeyRing::parse)
    }

    /// Reads the key; a file that is missing is made, with a fresh key that only its owner can read.
    pub fn read_or_make(&self) -> Result<MasterKey, KeyError> {
        key::make(self, || MasterKey::generate().to_hex())?;
        self.read()
    }

    /// The same for a ring of keys.
    pub fn read_or_make_ring(&self) -> Result<KeyRing, KeyError> {
        key::make(self, || KeyRing::generate().to_text())?;
        self.read_ring()
    }

    /// Puts `ring` in the place of the one that is kept in a file; tells whether it is.
    pub fn replace_ring(&self, ring: &KeyRing) -> Result<bool, KeyError> {
        let Self::File(path) = self else { return Ok(false) };
        key::replace(path, &ring.to_text()).map(|()| true)
    }
}
