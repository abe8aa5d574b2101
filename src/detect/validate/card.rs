//! Payment card numbers: who issued them, how long they are, and the Luhn digit.

use super::{
    digits::{Groups, all_equal, luhn},
    issuers::{BRANDS, Brand},
};

/// A card that stands whatever is beside it: a brand's range and length, the groups that cards have, and Luhn.
pub(super) fn alone(text: &str) -> Option<usize> {
    let groups = Groups::new(text);
    let good = |&(digits, end): &(&[u8], usize)| {
        luhn(digits) && is_grouped(&groups, end) && (is_issued(digits) || is_rare(digits)) && groups.is_even(end)
    };
    groups.beginnings().find(good).map(|(_, end)| end)
}

/// A card whose digits stand together, of a length and an issuer that few other numbers share.
pub(super) fn plain(text: &str) -> Option<usize> {
    let groups = Groups::new(text);
    let good = |&(digits, end): &(&[u8], usize)| {
        matches!(digits.len(), 15 | 16 | 19) && luhn(digits) && is_one(&groups, end) && is_issued_alone(digits)
    };
    groups.beginnings().find(good).map(|(_, end)| end)
}

/// A card whose digits stand together and whose issuer's ranges or length other numbers share.
pub(super) fn likely(text: &str) -> Option<usize> {
    let groups = Groups::new(text);
    let good = |&(digits, end): &(&[u8], usize)| {
        matches!(digits.len(), 14..=16 | 19) && luhn(digits) && is_one(&groups, end) && is_issued(digits)
    };
    groups.beginnings().find(good).map(|(_, end)| end)
}

/// Whether the digits stand together or each for itself.
fn is_one(groups: &Groups<'_>, end: usize) -> bool {
    groups.sizes(end).count() == 1 || groups.sizes(end).all(|size| size == 1) && groups.is_even(end)
}

/// A card of any length or rare issuer, for patterns that ask for a cue.
pub(super) fn cued(text: &str) -> Option<usize> {
    let fits = |digits: &[u8]| (12..=19).contains(&digits.len()) && (is_issued(digits) || is_rare(digits));
    Groups::new(text).longest(|digits| luhn(digits) && fits(digits))
}

/// Four groups of four of a known issuer, whatever the Luhn digit says: a typo is still a card.
pub(super) fn typo(text: &str) -> Option<usize> {
    let groups = Groups::new(text);
    let end = groups.longest(|digits| digits.len() == 16 && is_issued(digits))?;
    groups.sizes(end).eq([4; 4]).then_some(end)
}

/// Whether the digits are grouped as they are embossed on cards.
fn is_grouped(groups: &Groups<'_>, end: usize) -> bool {
    const EMBOSSED: [&[usize]; 5] = [&[4, 4, 4, 1], &[4, 4, 4, 4], &[4, 6, 4], &[4, 6, 5], &[4, 4, 4, 4, 3]];
    EMBOSSED.iter().any(|sizes| groups.sizes(end).eq(sizes.iter().copied()))
}

/// Whether a brand issues numbers of this beginning and length.
fn is_issued(digits: &[u8]) -> bool {
    brands(digits).next().is_some()
}

/// Whether a brand issues them whose ranges are narrow: Maestro's are a tenth of all numbers.
fn is_issued_alone(digits: &[u8]) -> bool {
    brands(digits).any(|brand| brand.name != "Maestro")
}

/// The brands that issue numbers of this beginning and length.
fn brands(digits: &[u8]) -> impl Iterator<Item = &'static Brand> {
    let head = digits.iter().take(8).fold(0, |head, digit| head * 10 + u32::from(*digit));
    let fits = move |range: &(u32, u32)| (range.0..=range.1).contains(&head);
    let (length, is_number) = (digits.len(), !all_equal(digits));
    let issues = move |brand: &&Brand| brand.lengths.contains(&length) && brand.ranges.iter().any(fits);
    BRANDS.iter().filter(move |brand| is_number && issues(brand))
}

/// Airlines' UATP cards (1, 15 digits; ISO/IEC 7812 major industry 1) and Maestro's whole 6 range: too wide to stand alone.
fn is_rare(digits: &[u8]) -> bool {
    !all_equal(digits) && matches!((digits[0], digits.len()), (1, 15) | (6, 12..=19))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: &str, stands_alone: bool) {
        let found = alone(number).or_else(|| plain(number));
        assert_eq!(found == Some(number.len()), stands_alone, "{number}");
    }

    #[test]
    fn issuer_length_and_luhn_make_a_card() {
        check("4111 1111 1111 1111", true);
        check("2223000048400011", true);
        assert_eq!(alone("2223000048400011"), None);
        assert_eq!(plain("4111 1111 1111 1111"), None);
        check("3782-822463-10005", true);
        check("3622 720627 1667", true);
        check("4111 1111 1111 1112", false);
        check("0000000000000000", false);
        check("4222222222222", false);
    }

    #[test]
    fn what_other_numbers_share_does_not_stand_alone() {
        for number in ["36227206271667", "6759649826438453"] {
            check(number, false);
            assert_eq!(likely(number), Some(number.len()));
        }
    }

    #[test]
    fn what_follows_a_card_is_left_out() {
        assert_eq!(alone("4111 1111 1111 1111 12"), Some(19));
        assert_eq!(cued("4222222222222"), Some(13));
        assert_eq!(typo("4111 1111 1111 1112"), Some(19));
        assert_eq!(typo("4111111111111112"), None);
    }
}
