//! Portugal: the tax number (NIF) and the number of the citizen's card.

use super::{decimal, first, missing, number, weighted};

/// A taxpayer's number: a kind and a digit mod 11.
pub(in super::super) fn nif(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [9, 8, 7, 6, 5, 4, 3, 2];
    first::<9>(text, |nif| {
        let kind = matches!(number(&nif[..2]), 10..=39 | 45 | 50..=69 | 70..=72 | 74 | 75 | 77..=99);
        decimal(nif) && kind && missing(weighted(nif, &WEIGHTS), 11) % 10 == u32::from(nif[8])
    })
}

/// A citizen's card: nine digits, two letters for the issue and a digit, Luhn with letters counting 10 to 35.
pub(in super::super) fn card(text: &str) -> Option<usize> {
    first::<12>(text, |card| {
        let doubled = |value: u32| if value > 4 { 2 * value - 9 } else { 2 * value };
        let value = |(i, value): (usize, &u8)| if i % 2 == 0 { doubled(u32::from(*value)) } else { u32::from(*value) };
        decimal(&card[..9]) && decimal(&card[11..]) && card.iter().enumerate().map(value).sum::<u32>() % 10 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn taxpayers_have_a_nif() {
        assert_check(
            nif,
            &["581348915", "389 982 482", "248915967", "142 619 922", "239370953"],
            &["581348910", "389 982 489", "5813489150", "58134891", "000000000"],
        );
    }

    #[test]
    fn citizens_have_a_card() {
        assert_check(
            card,
            &["00000000 0 ZZ4", "248776260 4A2", "53427169 6 5A9", "935370449H27"],
            &["00000000 0 ZZ5", "2487762604A3", "24877626 0 4A"],
        );
    }
}
