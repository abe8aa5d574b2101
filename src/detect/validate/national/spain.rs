//! Spain: identity and tax numbers (NIF, NIE), and the social security number (NUSS).

use super::{super::digits::luhn, decimal, first, number, spells};

/// A person's number: eight digits, or seven behind K, L or M, and a letter mod 23. Old ones leave a zero out in front.
pub(in super::super) fn nif(text: &str) -> Option<usize> {
    let special = |nif: &[u8]| ["K", "L", "M"].iter().any(|letter| spells(&nif[..1], letter));
    let whole = |nif: &[u8; 9]| ends_in_letter(nif) || special(nif) && ends_in_letter(&nif[1..]);
    first::<9>(text, whole).or_else(|| first::<8>(text, |nif| ends_in_letter(nif)))
}

/// A foreigner's number: X, Y or Z for 0, 1 or 2, seven digits and a letter mod 23.
pub(in super::super) fn nie(text: &str) -> Option<usize> {
    first::<9>(text, |nie| {
        let mut digits = *nie;
        digits[0] = nie[0].wrapping_sub(LETTER_X);
        digits[0] < 3 && ends_in_letter(&digits)
    })
}

const LETTER_X: u8 = 33;

/// A company's number: a letter for its kind, seven digits and a Luhn digit or its letter, J for 0.
pub(in super::super) fn cif(text: &str) -> Option<usize> {
    first::<9>(text, |cif| {
        let check = if spells(&cif[8..], "J") { 0 } else { cif[8].wrapping_sub(if cif[8] > 9 { 9 } else { 0 }) };
        let digits: Vec<u8> = cif[1..8].iter().copied().chain([check]).collect();
        decimal(&digits) && luhn(&digits)
    })
}

/// A social security number: province, number and two digits mod 97.
pub(in super::super) fn nuss(text: &str) -> Option<usize> {
    first::<12>(text, |nuss| {
        let (province, serial, check) = (number(&nuss[..2]), number(&nuss[2..10]), number(&nuss[10..]));
        let whole = if serial < 10_000_000 { serial + province * 10_000_000 } else { number(&nuss[..10]) };
        decimal(nuss) && province > 0 && serial > 0 && whole % 97 == check
    })
}

/// Whether all but the last value are digits, and that is their letter.
fn ends_in_letter(values: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let (digits, letter) = values.split_at(values.len() - 1);
    decimal(digits) && letter[0] + b'A' == LETTERS[(number(digits) % 23) as usize] + 10
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_nif() {
        assert_check(
            nif,
            &["12345678Z", "00000000T", "99999999R", "55555555-K", "1111111G", "01111111-g", "M4679692C", "M5491365T"],
            &["12345678A", "00000000R", "123456789", "1234567", "1234567A9", "ABCDEFGHR", "M4679692D", "N4679692C"],
        );
    }

    #[test]
    fn foreigners_have_a_nie() {
        assert_check(
            nie,
            &["Z8078221M", "X9613851N", "Y8063915-Z", "x9613851n"],
            &["Y8063915Q", "Y806391Q", "58063915Q", "W8063915Q", "x9613851q"],
        );
    }

    #[test]
    fn companies_have_a_cif() {
        assert_check(cif, &["C08986291", "Q18416321", "P3200951F", "A58818501"], &["C08986292", "P3200951G"]);
    }

    #[test]
    fn the_insured_have_a_nuss() {
        assert_check(
            nuss,
            &["281234567840", "28 1294567 895", "281234577843", "981234577887", "28/12345678/40"],
            &["28123456789", "2812345678901", "28123456789A", "281234567890", "000000000000"],
        );
    }
}
