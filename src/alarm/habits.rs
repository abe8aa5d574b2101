//! How much a caller does: exchanges and findings by the hour, and what is usual of them.

use std::collections::VecDeque;

use super::Rules;

/// The hours of the week that counts.
pub const WEEK: i64 = 7 * DAY;
const DAY: i64 = 24;
/// The hours that are kept: with the one that runs, and the one a week before the last.
const KEPT: i64 = WEEK + 2;

/// With fewer hours to look back on nothing is usual.
const KNOWN: usize = 8;

/// Fewer findings than this are no sign of anything.
const FINDINGS: u64 = 20;

/// A caller's last week, the hours without an exchange left out.
#[derive(Default)]
pub(super) struct Habits {
    /// From the oldest on; the last is the one that runs.
    hours: VecDeque<Hour>,
    /// The medians of the hours before the one that runs, once there are enough of them.
    usual: Option<Usual>,
    told: Far,
}

#[derive(Clone, Copy)]
struct Hour {
    number: i64,
    exchanges: u64,
    found: u64,
}

#[derive(Clone, Copy)]
struct Usual {
    exchanges: u64,
    /// Findings of a thousand exchanges.
    found_of_1000: u64,
}

/// What is far from the usual, told once an hour.
#[derive(Clone, Copy, Default)]
pub(super) struct Far {
    /// This hour's exchanges, and the usual.
    pub volume: Option<[u64; 2]>,
    /// This hour's exchanges, their findings, and how many they would usually have.
    pub findings: Option<[u64; 3]>,
}

impl Habits {
    /// Counts an exchange with so many findings in that hour.
    pub(super) fn exchange(&mut self, rules: &Rules, hour: i64, found: u64) -> Far {
        self.turn_to(hour);
        let Some(current) = self.hours.back_mut() else { return Far::default() };
        current.exchanges += 1;
        current.found += found;
        let Some(usual) = self.usual.filter(|_| current.exchanges >= rules.exchanges) else { return Far::default() };
        let far = usual.compared_with(*current, rules.factor);
        let fresh = Far {
            volume: far.volume.filter(|_| self.told.volume.is_none()),
            findings: far.findings.filter(|_| self.told.findings.is_none()),
        };
        self.told = Far { volume: self.told.volume.or(far.volume), findings: self.told.findings.or(far.findings) };
        fresh
    }

    /// The exchanges of the hour before this one and the usual, if they were far fewer. So are those of a night, or of a Sunday: as
    /// usual counts what the hour had a day before, and a week before, too.
    pub(super) fn quiet(&mut self, rules: &Rules, hour: i64) -> Option<[u64; 2]> {
        self.turn_to(hour);
        let over = hour - 1;
        let usual = self.usual?.exchanges.min(self.exchanges_in(over - DAY)).min(self.exchanges_in(over - WEEK));
        let exchanges = self.exchanges_in(over);
        (usual >= rules.exchanges && exchanges * rules.factor < usual).then_some([exchanges, usual])
    }

    fn exchanges_in(&self, hour: i64) -> u64 {
        let found = self.hours.binary_search_by_key(&hour, |known| known.number);
        found.map_or(0, |at| self.hours[at].exchanges)
    }

    /// Adds what was counted in an hour before.
    pub(super) fn remember(&mut self, hour: i64, exchanges: u64, found: u64) {
        let at = self.hours.partition_point(|known| known.number < hour);
        match self.hours.get_mut(at).filter(|known| known.number == hour) {
            Some(known) => {
                known.exchanges += exchanges;
                known.found += found;
            }
            None => self.hours.insert(at, Hour { number: hour, exchanges, found }),
        }
        while self.hours.len() as i64 > KEPT {
            self.hours.pop_front();
        }
        self.learn();
    }

    /// Begins an hour, if it is another than the one that runs. A clock that was set back goes on in that one.
    fn turn_to(&mut self, hour: i64) {
        if self.hours.back().is_some_and(|current| current.number >= hour) {
            return;
        }
        self.hours.push_back(Hour { number: hour, exchanges: 0, found: 0 });
        while self.hours.front().is_some_and(|oldest| oldest.number <= hour - KEPT) {
            self.hours.pop_front();
        }
        self.told = Far::default();
        self.learn();
    }

    fn learn(&mut self) {
        let before = || self.hours.iter().rev().skip(1).filter(|hour| hour.exchanges > 0);
        self.usual = (before().count() >= KNOWN).then(|| Usual {
            exchanges: median(before().map(|hour| hour.exchanges).collect()),
            found_of_1000: median(before().map(|hour| hour.found * 1000 / hour.exchanges).collect()),
        });
    }
}

impl Usual {
    fn compared_with(&self, Hour { exchanges, found, .. }: Hour, factor: u64) -> Far {
        let usually_found = self.found_of_1000 * exchanges / 1000;
        let more = found >= FINDINGS && found > usually_found * factor;
        let fewer = usually_found >= FINDINGS && found * factor < usually_found;
        Far {
            volume: (exchanges > self.exchanges * factor).then_some([exchanges, self.exchanges]),
            findings: (more || fewer).then_some([exchanges, found, usually_found]),
        }
    }
}

/// The middle of an odd number of values, the lower middle of an even one.
fn median(mut values: Vec<u64>) -> u64 {
    let middle = values.len().saturating_sub(1) / 2;
    if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
}
