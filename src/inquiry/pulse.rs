//! How the proxy did in the last hour, day or week: sums by the minute, which go on from where they were when they are asked again.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::audit::{AuditError, Beat, Outcome, Reader, Timings};

/// How far back it goes.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The sums of the last week.
#[derive(Default)]
pub struct Pulse {
    /// By the minute since 1970.
    minutes: BTreeMap<i64, Minute>,
    /// The newest entry that is in them.
    seq: i64,
}

/// How far an overview goes back, and how it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// By the minute.
    Hour,
    /// By the quarter of an hour.
    Day,
    /// By two hours.
    Week,
}

/// What passed through in one minute.
#[derive(Default)]
struct Minute {
    column: Column,
    found: Counts,
    refusals: Counts,
    troubles: Counts,
    exemptions: Counts,
    phases: [Sketch; PHASES.len()],
}

type Counts = BTreeMap<String, u64>;

/// How many microseconds a phase of an exchange took.
type Measure = fn(&Timings) -> Option<u64>;

/// What a time of an exchange is spent on.
const PHASES: [(&str, Measure); 5] = [
    ("redact", |timings| Some(timings.redact_us)),
    ("log", |timings| Some(timings.commit_us)),
    ("added", |timings| Some(timings.redact_us + timings.commit_us)),
    ("first-byte", |timings| timings.first_byte_us),
    ("total", |timings| Some(timings.total_us)),
];

/// Exchanges that ended in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// When it begins, in seconds since 1970.
    pub at: i64,
    /// All of them.
    pub exchanges: u64,
    /// Those of which nothing was forwarded.
    pub refused: u64,
    /// Those that broke off, or that the provider answered with an error.
    pub failed: u64,
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pace {
    /// What.
    pub phase: &'static str,
    /// Half of the exchanges took at most so many microseconds; to within a tenth.
    pub p50: Option<u64>,
    /// And 99 of 100.
    pub p99: Option<u64>,
}

/// The sums over a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// How long a column is, in seconds.
    pub step: i64,
    /// The oldest first, empty ones included.
    pub columns: Vec<Column>,
    /// Findings by entity.
    pub found: Counts,
    /// Refused exchanges by reason.
    pub refusals: Counts,
    /// Exchanges that broke off, or that the provider answered with an error, by what happened.
    pub troubles: Counts,
    /// Exchanges by the exemption that they used.
    pub exemptions: Counts,
    /// How long each phase took.
    pub paces: Vec<Pace>,
}

impl Pulse {
    /// Takes in what was written since it was asked last.
    pub fn catch_up(&mut self, reader: &Reader, now: Timestamp) -> Result<(), AuditError> {
        let since = now.saturating_sub(WEEK).unwrap_or(Timestamp::MIN);
        self.minutes = self.minutes.split_off(&minute(since));
        let minutes = &mut self.minutes;
        self.seq = reader.beats(self.seq, since, |at, beat| minutes.entry(minute(at)).or_default().add(beat))?;
        Ok(())
    }

    /// The sums over a range that ends now.
    pub fn over(&self, range: Range, now: Timestamp) -> Overview {
        let (step, count) = range.columns();
        let last = minute(now).div_euclid(step);
        let first = last - count + 1;
        let column = |index: i64| Column { at: (first + index) * step * 60, ..Column::default() };
        let mut columns: Vec<Column> = (0..count).map(column).collect();
        let mut all = Minute::default();
        for (minute, passed) in self.minutes.range(first * step..) {
            let place = usize::try_from(minute.div_euclid(step) - first).ok().and_then(|place| columns.get_mut(place));
            place.into_iter().for_each(|column| column.add(&passed.column));
            all.merge(passed);
        }
        let pace = |((phase, _), sketch): (&(&'static str, _), &Sketch)| Pace {
            phase,
            p50: sketch.quantile(0.5),
            p99: sketch.quantile(0.99),
        };
        Overview {
            step: step * 60,
            columns,
            paces: PHASES.iter().zip(&all.phases).map(pace).collect(),
            found: all.found,
            refusals: all.refusals,
            troubles: all.troubles,
            exemptions: all.exemptions,
        }
    }
}

impl Range {
    /// Minutes of a column, and how many columns.
    fn columns(self) -> (i64, i64) {
        match self {
            Self::Hour => (1, 60),
            Self::Day => (15, 96),
            Self::Week => (120, 84),
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            _ => Err(format!("`{name}` is no range: use `hour`, `day` or `week`")),
        }
    }
}

impl Column {
    fn add(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

impl Minute {
    fn add(&mut self, beat: Beat) {
        match beat {
            Beat::Ended { outcome, reason, status, timings } => {
                self.end(outcome, reason, status);
                self.time(outcome, &timings);
            }
            Beat::Exempted(names) => names.into_iter().for_each(|name| count(&mut self.exemptions, name, 1)),
            Beat::Found(entity, times) => count(&mut self.found, entity, times),
        }
    }

    fn end(&mut self, outcome: Outcome, reason: Option<String>, status: Option<u16>) {
        self.column.exchanges += 1;
        let reason = reason.unwrap_or_else(|| outcome.to_string());
        let (ends, reasons, reason) = match (outcome, status) {
            // The provider answered, to its end, that it would not.
            (Outcome::Complete, Some(status @ 400..)) => {
                (&mut self.column.failed, &mut self.troubles, format!("status {status}"))
            }
            (Outcome::Complete, _) => return,
            (Outcome::Refused, _) => (&mut self.column.refused, &mut self.refusals, reason),
            _ => (&mut self.column.failed, &mut self.troubles, reason),
        };
        *ends += 1;
        count(reasons, reason, 1);
    }

    fn time(&mut self, outcome: Outcome, timings: &Timings) {
        // What was refused spent its time on nothing that can be compared.
        if outcome != Outcome::Refused {
            for ((_, of), sketch) in PHASES.iter().zip(&mut self.phases) {
                of(timings).into_iter().for_each(|micros| sketch.add(micros));
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.column.add(&other.column);
        let counts = [
            (&mut self.found, &other.found),
            (&mut self.refusals, &other.refusals),
            (&mut self.troubles, &other.troubles),
            (&mut self.exemptions, &other.exemptions),
        ];
        for (all, more) in counts {
            more.iter().for_each(|(name, times)| count(all, name.clone(), *times));
        }
        self.phases.iter_mut().zip(&other.phases).for_each(|(all, more)| all.merge(more));
    }
}

fn count(counts: &mut Counts, name: String, times: u64) {
    *counts.entry(name).or_default() += times;
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// How often which time was measured: four steps for each doubling.
#[derive(Default)]
struct Sketch(BTreeMap<u8, u64>);

const STEPS: f64 = 4.0;

impl Sketch {
    fn add(&mut self, micros: u64) {
        let step = ((micros.max(1) as f64).log2() * STEPS).round();
        *self.0.entry(step as u8).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(step, times)| *self.0.entry(*step).or_default() += times);
    }

    /// The time within which `part` of all lie; `None` where nothing was measured.
    fn quantile(&self, part: f64) -> Option<u64> {
        let all: u64 = self.0.values().sum();
        let rank = (all as f64 * part).ceil().max(1.0) as u64;
        let mut passed = 0;
        let step = self.0.iter().find(|(_, times)| {
            passed += **times;
            passed >= rank
        });
        step.map(|(step, _)| (f64::from(*step) / STEPS).exp2().round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60 + 7).unwrap()
    }

    fn ended(outcome: Outcome, reason: Option<&str>, status: u16, micros: u64) -> Beat {
        let timings = Timings { redact_us: micros, commit_us: 1, first_byte_us: None, total_us: micros };
        Beat::Ended { outcome, reason: reason.map(str::to_owned), status: Some(status), timings }
    }

    #[test]
    fn a_range_is_cut_into_columns_and_holds_what_passed_within() {
        let mut pulse = Pulse::default();
        for (minute, beat) in [
            (1000, ended(Outcome::Complete, None, 200, 100)),
            (1059, ended(Outcome::Refused, Some("json/syntax"), 400, 1)),
            (1059, ended(Outcome::UpstreamFailed, Some("upstream/broken-off"), 200, 100)),
            (1059, ended(Outcome::Complete, None, 429, 100)),
            (1059, Beat::Found("SSN".into(), 2)),
            (1059, Beat::Exempted(vec!["images".into()])),
        ] {
            pulse.minutes.entry(minute).or_default().add(beat);
        }
        let hour = pulse.over(Range::Hour, at(1059));
        assert_eq!((hour.step, hour.columns.len(), hour.columns[0].exchanges), (60, 60, 1));
        assert_eq!(hour.columns[59], Column { at: 1059 * 60, exchanges: 3, refused: 1, failed: 2 });
        assert_eq!((hour.found["SSN"], hour.exemptions["images"]), (2, 1));
        assert_eq!((hour.refusals["json/syntax"], hour.troubles["upstream/broken-off"]), (1, 1));
        assert_eq!(hour.troubles["status 429"], 1, "an error that came whole is one, too");
        let later = pulse.over(Range::Hour, at(1060));
        assert_eq!(later.columns.iter().map(|column| column.exchanges).sum::<u64>(), 3, "an hour ago is over");
        assert_eq!(pulse.over(Range::Week, at(1060)).columns.len(), 84);
    }

    #[test]
    fn half_and_nearly_all_are_known_to_within_a_tenth() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(0.5), None);
        (1..=1000).for_each(|micros| sketch.add(micros * 10));
        for (part, expected) in [(0.5, 5_000.0), (0.99, 9_900.0)] {
            let told = sketch.quantile(part).unwrap() as f64;
            assert!((told / expected - 1.0).abs() < 0.1, "{told}");
        }
    }
}
