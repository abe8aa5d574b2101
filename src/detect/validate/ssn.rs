//! United States social security numbers and the tax numbers that look like them.

use super::digits::{Groups, all_equal};

/// A number that the SSA may have issued: area not 000, 666 or 900-999, group not 00, serial not 0000 (SSA POMS RM
/// 10201.035), and none that was published as a sample.
pub(super) fn check(text: &str) -> Option<usize> {
    Groups::new(text).longest(|digits| digits.len() == 9 && issued(number(digits)))
}

/// Nine digits, issued or not: with a cue beside them the customer meant an SSN.
pub(super) fn nine(text: &str) -> Option<usize> {
    Groups::new(text).longest(|digits| digits.len() == 9 && !all_equal(digits))
}

/// An individual taxpayer number: 9xx with group 50-65, 70-88, 90-92 or 94-99 (IRS); group 93 is an adoption number.
pub(super) fn itin(text: &str) -> Option<usize> {
    let issued = |number: u32| number >= 900_000_000 && matches!(number / 10_000 % 100, 50..=65 | 70..=88 | 90..=99);
    Groups::new(text).longest(|digits| digits.len() == 9 && issued(number(digits)))
}

fn issued(number: u32) -> bool {
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !is_sample(number)
}

/// Numbers printed on sample cards and in advertisements (ssa.gov/history/ssn/misused.html; 987-65-4320 to -4329 are kept
/// for advertising). Whole numbers: their neighbours belong to people.
fn is_sample(number: u32) -> bool {
    matches!(number, 78_051_120 | 123_456_789 | 219_099_999 | 457_555_462 | 987_654_320..=987_654_329)
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issued_numbers_pass_and_samples_do_not() {
        for (text, good) in [
            ("536-90-4399", true),
            ("734 12 3456", true),
            ("899-12-3456", true),
            ("078-05-1121", true),
            ("000-12-3456", false),
            ("666-12-3456", false),
            ("900-12-3456", false),
            ("536-00-4399", false),
            ("536-90-0000", false),
            ("078-05-1120", false),
            ("123-45-6789", false),
            ("987-65-4321", false),
        ] {
            assert_eq!(check(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn itins_have_their_groups() {
        assert!(itin("912-70-1234").is_some());
        assert!(itin("912-89-1234").is_none());
        assert!(itin("812-70-1234").is_none());
    }
}
