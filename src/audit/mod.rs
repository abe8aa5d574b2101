//! The append-only log: who sent what to which model, as the model received it, and what came back.
//!
//! Promised:
//! - [`Log::opened`] returns when its entry is on the disk, so that no byte leaves before its evidence.
//! - An exchange has two entries, opened and closed; one that a crash left open is closed as `interrupted` at the next start.
//! - The database itself refuses to change, delete or replace a row, to leave a gap, and to be written by a second process.
//! - Every column of every entry is covered by a keyed hash chain that runs on from month to month: [`verify`] names the
//!   entry that was edited, deleted or moved, and the segment that is missing.
//!
//! - Texts are sealed, each with its customer's key and its day's. Who destroys one of them erases a customer or a day, and the
//!   chain does not notice; both are entries themselves.
//!
//! Not promised: whoever holds the key and may write to the folder can rewrite history, and whoever may write to the folder
//! can cut off its newest entries. Only a [`Checkpoint`] kept elsewhere shows that. And an erased text comes back with a backup
//! of `keys.db` from before, together with the key that wraps.
//!
//! Texts arrive redacted and names as keyed tokens; this folder stores what it is given and knows nothing of findings' values.
//!
//! From top to bottom: `writer` (the thread) and its `queue`, `journal` (the folder and the chain), `batch` (one transaction),
//! `segment` (one file), `rows` (entries to rows and back), `time`, `schema` and `chain`; beside them `sealer` and `key_file` (texts
//! and their keys), `text` (what is done to them before they are queued), `retention` (what goes when), `checkpoint` (what is
//! signed) and `volume` (what files are called). `query`, `stats`, `hourly`, `pulse`, `happening`, `tail`, `verify` and its `page`,
//! `proof`, `erasure` and `backup` work beside the writer; `noted` is what a value is found by (`mention`, `mentioning`,
//! `unnoted`), `inventory` says what the proxy runs under.

mod backup;
mod batch;
mod chain;
mod checkpoint;
mod entry;
mod erasure;
mod error;
mod event;
mod filter;
mod happening;
mod hourly;
mod identity;
mod inventory;
mod journal;
mod key_file;
mod mention;
mod mentioning;
mod note;
mod noted;
mod page;
mod proof;
mod pulse;
mod query;
mod queue;
mod replay;
mod retention;
mod rows;
mod schema;
mod sealer;
mod segment;
mod settings;
mod stats;
mod tail;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod unclosed;
mod unnoted;
mod verify;
mod volume;
mod writer;

pub use backup::{Copied, back_up, back_up_keys, check_keys, put_back};
pub use chain::Head;
pub use checkpoint::{Checkpoint, checkpoint_at, checkpoints_in, newest_checkpoint, read_checkpoints};
pub use entry::{Closed, Counts, Coverage, Opened, Outcome, Tally, Timings, Usage, display};
pub use erasure::{Erasure, Registry, receipt};
pub use error::AuditError;
pub use event::{Event, EventKind};
pub use filter::{Filter, Statuses};
pub use happening::{Happening, Happenings};
pub use hourly::Hourly;
pub use inventory::{Changes, Configured, Inventory};
pub use note::Verifier;
pub use proof::{Place, Proof};
pub use pulse::Beat;
pub use query::{Reader, Record, Summary, Texts, first_entry, last_entry};
pub use retention::Lifetime;
pub use settings::{Checkpoints, Keys, OnFailure, Settings};
pub use stats::{By, Covered, Span, Stat};
pub use tail::News;
pub use verify::{Problem, Report, Scope, verify, verify_within};
pub use volume::Volume;
pub use writer::{Log, Writer, settle};
