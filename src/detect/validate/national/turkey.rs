//! Türkiye: the citizens' number.

use super::first;

/// Eleven digits, the first not 0: the tenth is seven times the odd places less the even ones, mod 10, the last the sum of
/// all others mod 10.
pub(in super::super) fn tckn(text: &str) -> Option<usize> {
    first::<11>(text, |number| {
        let places = |from: usize| number[from..9].iter().step_by(2).map(|digit| u32::from(*digit)).sum::<u32>();
        let (odd, even) = (places(0), places(1));
        let tenth = u32::from(number[9]);
        number[0] > 0 && (7 * odd + 9 * even) % 10 == tenth && (odd + even + tenth) % 10 == u32::from(number[10])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn the_last_two_digits_check_the_others() {
        assert_check(
            tckn,
            &["10000000146", "76543210794", "36493665440", "53857632436", "18885569864"],
            &["00000000000", "02531814694", "12345678900", "76543210780", "10000000145", "62286775983", "1234567890"],
        );
    }
}
