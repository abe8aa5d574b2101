//! Canada: the social insurance number.

use super::{
    super::digits::{all_equal, luhn},
    first,
};

/// A social insurance number: Luhn. The first digit says where or to whom it was given: 9 to temporary residents, 0 by the
/// tax agency to those who have none.
pub(in super::super) fn sin(text: &str) -> Option<usize> {
    first::<9>(text, |sin| !all_equal(sin) && luhn(sin))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_sin() {
        assert_check(
            sin,
            &["130 692 544", "948 584 792", "347-677-452", "731-530-150", "550090112", "258 933 688", "046 454 286"],
            &["130 692 545", "812 345 678", "111 111 111", "13069254", "1306925440"],
        );
    }
}
