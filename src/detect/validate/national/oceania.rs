//! Australia and New Zealand: tax, health insurance and business numbers.

use super::{super::digits::all_equal, first, missing, weighted};

/// An Australian business number: mod 89, its first digit one less.
pub(in super::super) fn australia_business(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    first::<11>(text, |abn| abn[0] > 0 && weighted(abn, &WEIGHTS) % 89 == 10)
}

/// An Australian company number: mod 10.
pub(in super::super) fn australia_company(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [8, 7, 6, 5, 4, 3, 2, 1];
    first::<9>(text, |acn| !all_equal(acn) && missing(weighted(acn, &WEIGHTS), 10) == u32::from(acn[8]))
}

/// A Medicare card's number, its issue and the person's place on it included where they are given: mod 10 in the ninth place.
pub(in super::super) fn australia_medicare(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [1, 3, 7, 9, 1, 3, 7, 9];
    let good = |card: &[u8]| matches!(card[0], 2..=6) && weighted(&card[..8], &WEIGHTS) % 10 == u32::from(card[8]);
    let issued = first::<11>(text, |card| good(card)).or_else(|| first::<10>(text, |card| good(card)));
    issued.or_else(|| first::<9>(text, |card| good(card)))
}

/// A tax file number: mod 11; the older ones have eight digits.
pub(in super::super) fn australia_tax(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 9] = [1, 4, 3, 7, 5, 8, 6, 9, 10];
    const OLD: [u8; 8] = [10, 7, 8, 4, 6, 3, 5, 1];
    let good = |tfn: &[u8], weights: &[u8]| !all_equal(tfn) && weighted(tfn, weights).is_multiple_of(11);
    first::<9>(text, |tfn| good(tfn, &WEIGHTS)).or_else(|| first::<8>(text, |tfn| good(tfn, &OLD)))
}

/// A New Zealand tax number: mod 11, with a second set of weights where the first leaves ten.
pub(in super::super) fn new_zealand_tax(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [3, 2, 7, 6, 5, 4, 3, 2];
    const SECOND: [u8; 8] = [7, 4, 3, 2, 5, 2, 7, 6];
    let good = |ird: &[u8; 9]| {
        let check = |weights: &[u8]| missing(weighted(ird, weights), 11);
        let digit = [WEIGHTS, SECOND].iter().map(|weights| check(weights)).find(|digit| *digit < 10);
        let number = ird.iter().fold(0, |number, digit| 10 * number + u32::from(*digit));
        (10_000_001..150_000_000).contains(&number) && digit == Some(u32::from(ird[8]))
    };
    let padded = |ird: &[u8; 8]| {
        let mut digits = [0; 9];
        digits[1..].copy_from_slice(ird);
        good(&digits)
    };
    first::<9>(text, good).or_else(|| first::<8>(text, padded))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn australian_businesses_have_numbers() {
        assert_check(
            australia_business,
            &["51 824 753 556", "51824753556", "83 914 571 673"],
            &["52 824 753 556", "00000000560", "5282475355632"],
        );
        assert_check(
            australia_company,
            &["000 000 019", "005 499 981", "006249976", "000000180", "004 085 616"],
            &["824 753 557", "999 999 999"],
        );
    }

    #[test]
    fn australian_persons_have_numbers() {
        assert_check(
            australia_medicare,
            &["2123 45670 1", "2123456701", "48867988020", "437425050", "491 937 766 6 5", "5826 74635 7/1"],
            &["2123 25870 1", "6216795722", "4374 2505 2", "48867988", "7123 45670 1"],
        );
        assert_check(
            australia_tax,
            &["876 543 210", "430341373", "346-614-101", "1124-740-82", "907 974 668", "81854402", "37.118.705"],
            &["824 753 557", "1124-740-83", "37 113 655", "9-599-230", "1865414088"],
        );
    }

    #[test]
    fn new_zealand_tax_numbers_pass_mod_11() {
        assert_check(
            new_zealand_tax,
            &["4909185-0", "49-098-576", "136-410-132"],
            &["136410133", "9125568", "4909185-1"],
        );
    }
}
