//! Africa: the identity numbers of Egypt and South Africa. Nigeria's and Ghana's have no published check.

use super::{
    super::digits::luhn,
    calendar::{is_day, pair},
    first,
};

/// An Egyptian national number: century, date of birth, governorate; how its last digit checks is not public.
pub(in super::super) fn egypt(text: &str) -> Option<usize> {
    first::<14>(text, |id| {
        let governorate = matches!(pair(id, 7), 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88);
        matches!(id[0], 2 | 3) && is_day(pair(id, 3), pair(id, 5)) && governorate
    })
}

/// A South African identity number: date of birth, citizenship in the eleventh place, Luhn.
pub(in super::super) fn south_africa(text: &str) -> Option<usize> {
    first::<13>(text, |id| is_day(pair(id, 2), pair(id, 4)) && id[10] <= 2 && luhn(id))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn egyptian_numbers_hold_a_birth_and_its_place() {
        assert_check(
            egypt,
            &["29501023201952", "30402290112345", "2 950102 32 01952"],
            &["49501023201952", "29513023201952", "29501023601952", "29502303201952"],
        );
    }

    #[test]
    fn south_african_numbers_hold_a_birth_and_pass_luhn() {
        assert_check(south_africa, &["7503305044089", "750330 5044 08 9"], &["8503305044089", "7513305044085"]);
    }
}
