//! Estonia, Latvia, Lithuania: personal codes.

use super::{
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// An Estonian or Lithuanian code: sex and century, day of birth, serial number, a digit mod 11 by two rows of weights.
pub(in super::super) fn personal_code(text: &str) -> Option<usize> {
    first::<11>(text, |code| {
        let check = match weighted(code, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
            10 => weighted(code, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
            rest => rest,
        };
        matches!(code[0], 1..=8) && is_day(pair(code, 3), pair(code, 5)) && check == u32::from(code[10])
    })
}

/// A Latvian code: day of birth and a digit mod 11, or since 2017 a number from 32 on that says nothing.
pub(in super::super) fn latvian(text: &str) -> Option<usize> {
    first::<11>(text, |code| {
        let check = || (missing(weighted(code, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]), 11) + 1) % 11 % 10;
        let born = is_day(pair(code, 2), pair(code, 0));
        matches!(pair(code, 0), 32..=39) || born && check() == u32::from(code[10])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn codes_hold_a_day_and_a_check_digit() {
        assert_check(
            personal_code,
            &[
                "38507300337",
                "49305050799",
                "51501010056",
                "50001010040",
                "333-092-400-64",
                "39001010000",
                "36709010186",
            ],
            &["38507300338", "49305050798", "3850730033", "385073003377", "33309240063"],
        );
        assert_check(
            latvian,
            &["121282-11210", "280794-12344", "320010-10002", "32001010003"],
            &["121282-11211", "311382-11210"],
        );
    }
}
