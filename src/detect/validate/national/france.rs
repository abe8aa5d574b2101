//! France: the social security number (NIR) and the tax number (SPI).

use super::{decimal, first, number};

/// A social security number: sex, year, month, place, order, two digits mod 97. Corsica's 2A and 2B count 19 and 18.
pub(in super::super) fn nir(text: &str) -> Option<usize> {
    first::<15>(text, |nir| {
        let mut digits = *nir;
        if nir[5] == 2 && matches!(nir[6], LETTER_A | LETTER_B) {
            (digits[5], digits[6]) = (1, 9 + LETTER_A - nir[6]);
        }
        let month = number(&digits[3..5]);
        decimal(&digits)
            && matches!(nir[0], 1..=4 | 7 | 8)
            && matches!(month, 1..=12 | 20..=42 | 50..=99)
            && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
    })
}

const LETTER_A: u8 = 10;
const LETTER_B: u8 = 11;

/// A taxpayer's number: the first ten digits leave the last three when divided by 511.
pub(in super::super) fn spi(text: &str) -> Option<usize> {
    first::<13>(text, |spi| {
        decimal(spi) && spi[0] < 4 && number(spi) > 0 && number(&spi[..10]) % 511 == number(&spi[10..])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn the_insured_have_a_nir() {
        assert_check(
            nir,
            &[
                "2-89-04-78342-163-49",
                "289047834221297",
                "2 89 04 78342 211 01",
                "289042A34216390",
                "289042b34216320",
                "1-51-02-46102-043-25",
                "269054958815780",
                "189112A19243221",
                "150032B60898946",
            ],
            &[
                "278056933908923",
                "278056933908997",
                "289042A3421639A",
                "2780569339089977",
                "27805693390899",
                "151024610204326",
                "15102461020432",
                "123",
                "151134610204325",
            ],
        );
    }

    #[test]
    fn taxpayers_have_an_spi() {
        assert_check(
            spi,
            &["30 23 217 600 053", "07 01 987 765 493", "3828648312230", "1252677849185"],
            &["30 23 217 600 054", "1", "0000000000000", "4023217600053"],
        );
    }
}
