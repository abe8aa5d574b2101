//! Points in time as people write them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned, civil};

/// A point in time: an age before `now`, a day or an instant.
pub fn time(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let complaint =
        || format!("`{text}` is no time: write `2026-11-22`, `2026-11-22T10:00:00Z` or an age such as `24h`");
    if let Some(age) = age(text) {
        return now.checked_sub(age).map_err(|_| complaint());
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day: civil::Date = text.parse().map_err(|_| complaint())?;
    let midnight: Zoned = day.to_zoned(TimeZone::system()).map_err(|_| complaint())?;
    Ok(midnight.timestamp())
}

/// A day, or the first one of a month.
pub fn day(text: &str) -> Result<civil::Date, String> {
    let day = text.parse().or_else(|_| format!("{text}-01").parse());
    day.map_err(|_| format!("`{text}` is no day: write `2026-11-22`, or `2026-11` for a month"))
}

/// `90s`, `90m`, `24h`, `7d`.
pub fn age(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(i64::from(count.parse::<u32>().ok()?) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_may_be_a_months_first() {
        assert_eq!(["2026-11-22", "2026-11"].map(|text| day(text).unwrap().to_string()), ["2026-11-22", "2026-11-01"]);
        assert!(["", "2026", "2026-13", "22.11.2026"].iter().all(|text| day(text).is_err()));
    }

    #[test]
    fn a_time_is_an_instant_a_day_or_an_age() {
        let now = Timestamp::from_second(1_795_341_600).unwrap();
        let time = |text| time(text, now);
        assert_eq!(time("2026-11-22T10:00:00Z"), Ok(now));
        assert_eq!(time("24h").unwrap().as_second(), 1_795_341_600 - 86_400);
        assert!(time("2026-11-22").is_ok());
        for text in ["", "h", "-", "yesterday", "2026-13-01", "99999999999999999999d", "-5d", "é"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
