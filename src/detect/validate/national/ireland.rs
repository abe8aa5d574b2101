//! Ireland: the personal public service number.

use super::{first, weighted};

/// Seven digits, a letter mod 23, and since 2013 a second letter that counts nine times. A second `W`, `T` or `X` of older
/// numbers counts nothing.
pub(in super::super) fn pps(text: &str) -> Option<usize> {
    let check = |pps: &[u8], second: u32| {
        let letter = u32::from(pps[7]).saturating_sub(9);
        pps[7] > 9 && (weighted(pps, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second) % 23 == letter % 23
    };
    first::<9>(text, |pps| {
        let second = u32::from(pps[8]).saturating_sub(9);
        check(pps, if second > 9 { 0 } else { second })
    })
    .or_else(|| first::<8>(text, |pps| check(pps, 0)))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn the_letter_checks_the_digits() {
        assert_check(
            pps,
            &["1234567FA", "1234567T", "1084633RB", "6433435FW", "1084633WW", "1234567F/A"],
            &["1084633", "1234567A", "1234567TA"],
        );
    }
}
