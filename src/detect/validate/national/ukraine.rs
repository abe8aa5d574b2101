//! Ukraine: the taxpayers' number.

use super::{super::digits::all_equal, first, weighted};

/// Days since 1900, a serial number, a digit mod 11; the first weight, 10, is -1.
pub(in super::super) fn rnokpp(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        !all_equal(number) && weighted(number, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == u32::from(number[9])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn the_last_digit_checks_the_others() {
        assert_check(rnokpp, &["1759013776", "3184710691"], &["1759013770", "3184710692"]);
    }
}
