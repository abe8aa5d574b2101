//! A TOML file read section by section, so that one mistake does not hide the next.

use std::ops::{Range, RangeInclusive};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::detect::{Problem, Source};

/// Who reads a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// A command beside the proxy: it needs no provider's key and no certificate.
    Command,
    /// The proxy.
    Proxy,
}

/// A file's sections that nobody has taken yet, and the problems so far.
pub(super) struct Sections<'s> {
    source: &'s Source,
    user: User,
    table: DeTable<'s>,
    pub problems: Vec<Problem>,
}

impl<'s> Sections<'s> {
    /// Reads a file's TOML. Where its grammar is broken, only that is told: the rest would be guesswork.
    pub(super) fn read(source: &'s Source, user: User) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        let mut sections = Self { source, user, table: table.into_inner(), problems: Vec::new() };
        for error in errors {
            sections.report(&error, 0..0);
        }
        if sections.problems.is_empty() { Ok(sections) } else { Err(sections.problems) }
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Takes the value of `key`; `None` when it is missing or wrong.
    pub(super) fn take<T: Deserialize<'s>>(&mut self, key: &str) -> Option<T> {
        let (_, value) = self.table.remove_entry(key)?;
        self.value(value)
    }

    /// Takes every member of the table `key`.
    pub(super) fn take_members<T: Deserialize<'s>>(&mut self, key: &str) -> Vec<(Spanned<String>, T)> {
        let Some((_, table)) = self.table.remove_entry(key) else { return Vec::new() };
        let span = table.span();
        let DeValue::Table(members) = table.into_inner() else {
            self.problem(span, format!("`{key}` is not a table"), format!("write `[{key}.NAME]`"));
            return Vec::new();
        };
        let mut taken = Vec::new();
        for (name, value) in members {
            let name = Spanned::new(name.span(), name.into_inner().into_owned());
            taken.extend(self.value(value).map(|value| (name, value)));
        }
        taken
    }

    /// Takes every element of the list of tables `key`.
    pub(super) fn take_list<T: Deserialize<'s>>(&mut self, key: &str) -> Vec<T> {
        let Some((_, list)) = self.table.remove_entry(key) else { return Vec::new() };
        let span = list.span();
        let DeValue::Array(items) = list.into_inner() else {
            self.problem(span, format!("`{key}` is not a list of tables"), format!("write `[[{key}]]`"));
            return Vec::new();
        };
        let mut taken = Vec::new();
        for item in items {
            taken.extend(self.value(item));
        }
        taken
    }

    /// Reports every section that nobody took.
    pub(super) fn refuse_the_rest(mut self, known: &str) -> Vec<Problem> {
        for (name, _) in std::mem::take(&mut self.table) {
            let what = format!("`{}` is no setting of this file", name.get_ref());
            self.problem(name.span(), what, format!("use one of {known}, or take it out"));
        }
        self.problems
    }

    /// A number within its range; one that is not is reported.
    pub(super) fn bounded(&mut self, name: &str, value: Spanned<i64>, range: RangeInclusive<u64>) -> Option<u64> {
        let span = value.span();
        let number = u64::try_from(value.into_inner()).ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.out_of_range(span, name, &range);
        }
        number
    }

    /// Reports that a number is not within its range.
    pub(super) fn out_of_range(&mut self, span: Range<usize>, name: &str, range: &RangeInclusive<u64>) {
        let remedy = format!("give a number from {} to {}", range.start(), range.end());
        self.problem(span, format!("`{name}` is out of range"), remedy);
    }

    /// Reports that something is not there which the proxy needs, and nobody else.
    pub(super) fn unready(&mut self, span: Range<usize>, what: String, remedy: &str) {
        if self.user == User::Proxy {
            self.problem(span, what, remedy.to_owned());
        }
    }

    /// Reports a mistake at `span`.
    pub(super) fn problem(&mut self, span: Range<usize>, what: String, remedy: String) {
        self.problems.push(self.source.problem(span, what, remedy));
    }

    fn value<T: Deserialize<'s>>(&mut self, value: Spanned<DeValue<'s>>) -> Option<T> {
        let span = value.span();
        T::deserialize(ValueDeserializer::from(value)).map_err(|error| self.report(&error, span)).ok()
    }

    fn report(&mut self, error: &toml::de::Error, around: Range<usize>) {
        let what = error.message().trim_end().replace('\n', "; ");
        self.problem(error.span().unwrap_or(around), what, "see the commented default `proxy.toml`".to_owned());
    }
}
