//! The check digit of Verhoeff, by the dihedral group of order ten (J. Verhoeff, Error Detecting Decimal Codes, 1969).

/// Whether the last digit checks the others.
pub(super) fn check(digits: &[u8]) -> bool {
    let permuted = |place: usize, digit: u8| (0..place % 8).fold(digit, |digit, _| PERMUTATION[usize::from(digit)]);
    let places = digits.iter().rev().enumerate();
    places.fold(0, |sum, (place, digit)| product(sum, permuted(place, *digit))) == 0
}

const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// The product in the group: 0 to 4 are rotations, 5 to 9 reflections.
fn product(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_checks_the_others() {
        assert!(check(&[2, 3, 6, 3]));
        assert!(!check(&[3, 2, 6, 3]));
        assert!(check(&[1, 2, 3, 4, 5, 1]));
    }
}
