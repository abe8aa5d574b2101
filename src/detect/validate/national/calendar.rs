//! The dates of birth that many numbers hold.

/// Whether a month has such a day. The year counts nothing: it is seldom written in full.
pub(super) fn is_day(month: u32, day: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// The number that two digits make.
pub(super) fn pair(values: &[u8], at: usize) -> u32 {
    u32::from(values[at]) * 10 + u32::from(values[at + 1])
}
