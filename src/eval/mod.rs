//! How well a detector finds what a person has labelled: cases in, scores out.
//!
//! [`case`] reads a labelled line, [`score`] counts what was found of it and tells what went wrong, [`floor`] says how good is
//! good enough, and [`compare`] tells two detectors apart. Nothing here reads a file or prints: `blotter eval` does, and the
//! tests that hold the project's own figures use the same code.

mod case;
mod compare;
mod floor;
mod score;

pub use case::{BadCase, Case, Label, Names};
pub use compare::{Change, Side, compare};
pub use floor::{Ceiling, Floor, NotALimit, Unmeasurable};
pub use score::{Figures, Kind, Miss, Score, Scores, shown};
