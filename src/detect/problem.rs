//! What is wrong in a file that a person wrote, where, and what to do about it.

use std::{fmt, ops::Range};

/// One mistake in one file. Displays as ``file:line: what: remedy``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the person knows it, such as `patterns/ssn.toml`.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.what, self.remedy)
    }
}

/// A named text that was written by a person: what problems point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file as the person knows it.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// The problem that stands at the byte range `span` of this source.
    pub fn problem(&self, span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { file: self.name.clone(), line: self.line(span.start), what: what.into(), remedy: remedy.into() }
    }

    fn line(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + memchr::memchr_iter(b'\n', before).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_file_line_what_and_remedy() {
        let source = Source { name: "patterns/a.toml".into(), text: "one\ntwo\n".into() };
        let problem = source.problem(4..5, "`two` is unknown", "take it out");
        assert_eq!(problem.to_string(), "patterns/a.toml:2: `two` is unknown: take it out");
        assert_eq!(source.problem(900..901, "", "").line, 3);
    }
}
