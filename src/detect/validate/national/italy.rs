//! Italy: the tax code of persons (codice fiscale) and the number of those who pay VAT (partita IVA).

use super::{super::digits::luhn, decimal, first, is_day, number, spells};

/// A tax code: six letters of the name, the birth date, the place, and a letter mod 26. Its digits may be letters where
/// two persons would have the same code (omocodia).
pub(in super::super) fn codice_fiscale(text: &str) -> Option<usize> {
    first::<16>(text, |code| {
        let mut digits = *code;
        DIGITS.iter().for_each(|at| digits[*at] = digit(code[*at]));
        let month = MONTHS.iter().position(|letter| value(*letter) == code[8]).map_or(0, |month| month as u64 + 1);
        let day = number(&digits[9..11]);
        let odd = |at: usize| ODD[usize::from(code[at])];
        let sum: u32 = (0..15).map(|at| if at % 2 == 0 { odd(at) } else { even(code[at]) }).sum();
        DIGITS.iter().all(|at| digits[*at] < 10)
            && is_day(month, day % 40)
            && day < 72
            && u32::from(code[15]) == sum % 26 + 10
    })
}

/// Where the digits of a code stand.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
/// The letters of the months.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
/// What a character counts in the odd places, digits first: the table of the decree.
const ODD: [u32; 36] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
    22, 25, 24, 23,
];

/// What a character counts in the even places: letters from 0 on, as digits do.
fn even(value: u8) -> u32 {
    u32::from(if value > 9 { value - 10 } else { value })
}

/// The digit that a letter of a code stands for, or the character itself.
fn digit(code: u8) -> u8 {
    b"LMNPQRSTUV".iter().position(|letter| value(*letter) == code).map_or(code, |digit| digit as u8)
}

fn value(letter: u8) -> u8 {
    letter - b'A' + 10
}

/// The number of one who pays VAT: seven digits, the office, Luhn; the country's letters may stand before it.
pub(in super::super) fn partita_iva(text: &str) -> Option<usize> {
    let good = |iva: &[u8]| {
        let office = matches!(number(&iva[7..10]), 1..=100 | 120 | 121 | 888 | 999);
        decimal(iva) && number(&iva[..7]) > 0 && office && luhn(iva)
    };
    let abroad = first::<13>(text, |iva| spells(&iva[..2], "IT") && good(&iva[2..]));
    abroad.or_else(|| first::<11>(text, |iva| good(iva)))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_codice_fiscale() {
        assert_check(
            codice_fiscale,
            &[
                "MRTMTT91D08 F205J",
                "MLLSNT82P65-Z404U",
                "LKJLDJ/00E20/D635F",
                "AAAAAA00B11C333Y",
                "bfzdbb84s02l592g",
                "RSSMRA85T10A562S",
                "RSSMRA85T1LARSNR",
                "RSSMRAURTMLARSNL",
            ],
            &[
                "MRTMTT91D08F205V",
                "MLLSNT82P65Z404T",
                "LKJLDJ00E20D635P",
                "AAAAAA00B11C333N",
                "A55AAA00B11C333N",
                "RSSMRA85F10A562S",
            ],
        );
    }

    #[test]
    fn payers_of_vat_have_a_partita_iva() {
        assert_check(
            partita_iva,
            &["01333550323", "74548050439", "70123010673", "33890760540", "IT 33890760540"],
            &["00000000000", "00000000001", "01333550324", "01333553004"],
        );
    }
}
