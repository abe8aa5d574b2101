//! The days that a report is about.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::audit::{Span, Stat};

/// The days that a report is about: the first one, and the one after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    name: &'static str,
    /// The first day.
    pub first: Date,
    end: Date,
}

impl Period {
    /// The week (Monday to Sunday, UTC) that a day is in.
    pub fn week(day: Date) -> Result<Self, jiff::Error> {
        let first = day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days())?;
        Ok(Self { name: "week", first, end: first.checked_add(1.week())? })
    }

    /// The month that a day is in.
    pub fn month(day: Date) -> Result<Self, jiff::Error> {
        let first = day.first_of_month();
        Ok(Self { name: "month", first, end: first.checked_add(1.month())? })
    }

    /// The week before this one.
    pub fn last_week(now: Timestamp) -> Result<Self, jiff::Error> {
        Self::week(today(now).checked_sub(1.week())?)
    }

    /// The month before this one.
    pub fn last_month(now: Timestamp) -> Result<Self, jiff::Error> {
        Self::month(today(now).first_of_month().checked_sub(1.month())?)
    }

    pub(super) fn title(self, now: Timestamp) -> String {
        let Self { name, first, end } = self;
        let unfinished = if today(now) < end { ", which is not over" } else { "" };
        format!("The log: {name} from {first} to {}{unfinished}", end.yesterday().unwrap_or(end))
    }

    /// Each day until now, those without an exchange included.
    pub(super) fn every_day(self, known: Vec<Stat>, now: Timestamp) -> Vec<Stat> {
        let mut known: BTreeMap<String, Stat> = known.into_iter().map(|day| (day.key.clone(), day)).collect();
        let days = self.first.series(1.day()).take_while(|day| *day < self.end && *day <= today(now));
        days.map(|day| day.to_string())
            .map(|key| known.remove(&key).unwrap_or(Stat { key, ..Stat::default() }))
            .collect()
    }

    pub(super) fn span(self) -> Span {
        let midnight = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
        Span { since: midnight(self.first), until: midnight(self.end) }
    }
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_without_exchanges_are_there_until_today() {
        let week = Period::week("2026-11-25".parse().unwrap()).unwrap();
        let known = || vec![Stat { key: "2026-11-24".into(), exchanges: 3, ..Stat::default() }];
        let days = |now| {
            let days = week.every_day(known(), at(now)).into_iter();
            days.map(|day| (day.key, day.exchanges)).collect::<Vec<_>>()
        };
        assert_eq!(
            days("2026-11-25T10:00:00Z"),
            [("2026-11-23", 0), ("2026-11-24", 3), ("2026-11-25", 0)].map(|(day, count)| (day.to_owned(), count))
        );
        assert_eq!(days("2026-12-25T10:00:00Z").len(), 7);
        assert_eq!(
            week.title(at("2026-11-29T23:59:59Z")),
            "The log: week from 2026-11-23 to 2026-11-29, which is not over"
        );
        assert_eq!(week.title(at("2026-11-30T00:00:00Z")), "The log: week from 2026-11-23 to 2026-11-29");
    }
}
