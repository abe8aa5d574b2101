//! Where the log is, how long it keeps what, and the keys it works with.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::crypto::{KeyRing, MacKey, MasterKey, Purpose, SigningKey};

/// What `proxy.toml` says about the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it is.
    pub folder: PathBuf,
    /// What the proxy does while the log cannot be written.
    pub on_failure: OnFailure,
    /// How long a file may become before the month gets another, in bytes.
    pub file_bytes: u64,
    /// How many days a text can be read; then its key is destroyed.
    pub text_days: u32,
    /// How many months everything else is kept; then whole files go.
    pub months: u32,
    /// How many days backups of the keys are kept, which is how long an erased text could come back.
    pub backup_days: u32,
    /// When a checkpoint is due.
    pub checkpoints: Checkpoints,
}

/// What the proxy does while the log cannot be written. In neither case is anything forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Lets exchanges end and the process with them, so that another takes over.
    Exit,
    /// Refuses requests until the log can be written again.
    #[default]
    Refuse,
}

/// When a signed checkpoint is due, and where it goes besides the log's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// What the log calls itself in them.
    pub origin: String,
    /// After so many entries.
    pub entries: u64,
    /// After so many seconds, when there are new entries.
    pub seconds: u64,
    /// A second file, best on another machine's volume.
    pub copy: Option<PathBuf>,
}

impl Settings {
    /// The defaults, for a log in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            on_failure: OnFailure::Refuse,
            file_bytes: 4 << 30,
            text_days: 30,
            months: 13,
            backup_days: 30,
            checkpoints: Checkpoints { origin: "blotter".into(), entries: 10_000, seconds: 60, copy: None },
        }
    }
}

/// The keys that the log works with.
pub struct Keys {
    /// Runs through the chain.
    pub chain: MacKey,
    /// Wraps the keys of texts.
    pub sealing: KeyRing,
    /// Signs checkpoints and receipts.
    pub signing: SigningKey,
}

impl Keys {
    /// The keys of an installation.
    pub fn new(master: &MasterKey, sealing: KeyRing) -> Self {
        Self { chain: master.derive(Purpose::Chain), sealing, signing: master.signing_key() }
    }
}
