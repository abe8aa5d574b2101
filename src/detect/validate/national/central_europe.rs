//! Austria, the Czech Republic, Hungary, Slovakia: insurance, birth and tax numbers.

use super::{
    calendar::{is_day, pair},
    first, weighted,
};

/// An Austrian insurance number: serial number, a digit mod 11, day of birth; the month runs on to 15 when a day is full.
pub(in super::super) fn austrian(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        let month = pair(number, 6);
        let born = is_day(if month > 12 { month - 12 } else { month }, pair(number, 4)) && month <= 15;
        let check = weighted(number, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
        number[0] > 0 && born && check == u32::from(number[3])
    })
}

/// A Czech or Slovak birth number: day of birth, the month 50 more for women and 20 more when a day is full; since 1954 a
/// multiple of 11.
pub(in super::super) fn birth_number(text: &str) -> Option<usize> {
    let born = |number: &[u8]| is_day(pair(number, 2) % 50 % 20, pair(number, 4)) && pair(number, 2) % 50 <= 32;
    let value = |digits: &[u8]| digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit));
    let multiple = |number: &[u8]| value(number) % 11 == 0 || value(&number[..9]) % 11 == 10 && number[9] == 0;
    first::<10>(text, |number| born(number) && multiple(number))
        .or_else(|| first::<9>(text, |number| born(number) && pair(number, 0) < 54))
}

/// A Hungarian tax number of a person: 8, days since 1867, serial number, a digit mod 11.
pub(in super::super) fn hungarian(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        number[0] == 8 && weighted(number, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == u32::from(number[9])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn austrian_numbers_are_checked_by_their_fourth_digit() {
        assert_check(
            austrian,
            &["1237010180", "1237-010180", "1237 010180"],
            &["1236010180", "12370101801", "0234010180"],
        );
    }

    #[test]
    fn birth_numbers_are_multiples_of_11() {
        assert_check(
            birth_number,
            &["680911/5566", "9811150570", "320911556", "710319/2745"],
            &["9909116450", "123456789", "12345678", "12345678901", "681311/5566"],
        );
    }

    #[test]
    fn hungarian_taxpayers_begin_with_8() {
        assert_check(hungarian, &["8234567896"], &["8234567895", "1234567891", "823456789"]);
    }
}
