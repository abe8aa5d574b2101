//! The Near East: the identity numbers of Israel, Saudi Arabia and the United Arab Emirates.

use super::{
    super::digits::{all_equal, luhn},
    calendar::pair,
    first,
};

/// An Emirates identity number: 784, a year, Luhn.
pub(in super::super) fn emirates(text: &str) -> Option<usize> {
    first::<15>(text, |id| id.starts_with(&[7, 8, 4]) && matches!(pair(id, 3), 19 | 20) && luhn(id))
}

/// An Israeli identity number, with or without its leading zero: Luhn.
pub(in super::super) fn israel(text: &str) -> Option<usize> {
    let good = |id: &[u8]| !all_equal(id) && luhn(id);
    first::<9>(text, |id| good(id)).or_else(|| first::<8>(text, |id| good(id)))
}

/// The number of a Saudi citizen (1) or resident (2): Luhn.
pub(in super::super) fn saudi_arabia(text: &str) -> Option<usize> {
    first::<10>(text, |id| matches!(id[0], 1 | 2) && luhn(id))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn identity_numbers_pass_luhn() {
        assert_check(
            emirates,
            &["784-1987-6543210-3", "784198765432103"],
            &["784-1987-6543210-2", "785198765432101", "784-2187-6543210-3"],
        );
        assert_check(israel, &["3933742-3", "039337423"], &["3933742-2", "000000000"]);
        assert_check(saudi_arabia, &["1000000008", "2000000006"], &["1000000000", "3000000004"]);
    }
}
