//! Canada: the social insurance number.

use super::{super::digits::luhn, first};

/// A social insurance number: Luhn; 0 and 8 begin none that a person has.
pub(in super::super) fn sin(text: &str) -> Option<usize> {
    first::<9>(text, |sin| !matches!(sin[0], 0 | 8) && luhn(sin))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_sin() {
        assert_check(
            sin,
            &["130 692 544", "948 584 792", "347-677-452", "731-530-150", "550090112", "258 933 688"],
            &["130 692 545", "046 454 286", "812 345 678", "111 111 111", "13069254", "1306925440"],
        );
    }
}
