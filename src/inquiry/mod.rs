//! What people ask of the log and the patterns together, for the command line and the pages alike.

mod chain;
mod changes;
mod looks;
mod paper;
mod period;
mod pulse;
mod report;
mod review;
mod time;
pub mod value;
mod visible;
mod watch;

use crate::audit::{AuditError, Keys, Reader, Settings, Verifier};
use crate::config::{KeyError, LogPlace};
use crate::crypto::{KeyRing, MacKey, MasterKey, Purpose};

pub use chain::Chain;
pub use paper::{Paper, Part, escaped};
pub use period::Period;
pub use pulse::{Column, Overview, Pace, Pulse, Range};
pub use report::{Filed, Particulars, report};
pub use review::{Seen, Signed, review};
pub use time::{age, day, time};
pub use visible::{visible, visible_lines};
pub use watch::{MOST, Watch};

/// A log and the keys that it is asked with.
pub struct Archive {
    /// Where the log is.
    pub settings: Settings,
    /// The log's keys.
    pub keys: Keys,
    /// What prompts and tools are known by.
    pub identity: MacKey,
    /// What values were replaced by.
    pub placeholder: MacKey,
}

impl Archive {
    /// The log that `settings` name, under the installation's keys.
    pub fn new(settings: Settings, master: &MasterKey, sealing: KeyRing) -> Self {
        Self {
            settings,
            keys: Keys::new(master, sealing),
            identity: master.derive(Purpose::Identity),
            placeholder: master.derive(Purpose::Placeholder),
        }
    }

    /// The log of a configuration, whose keys are there.
    pub fn of(log: &LogPlace) -> Result<Self, KeyError> {
        Ok(Self::new(log.settings.clone(), &log.key.read()?, log.audit_key.read_ring()?))
    }

    /// Reads everything but texts.
    pub fn reader(&self) -> Result<Reader, AuditError> {
        Reader::open(&self.settings.folder)
    }

    /// Reads texts, too.
    pub fn unlocked(&self) -> Result<Reader, AuditError> {
        self.reader()?.unlock(&self.keys.sealing)
    }

    /// What proves this installation's own checkpoints.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(&self.settings.checkpoints.origin, self.keys.signing.public())
    }
}
