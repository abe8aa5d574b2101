//! Germany: tax and insurance numbers, the numbers of cards and passports.

use super::{
    super::digits::all_equal,
    calendar::{is_day, pair},
    first, weighted,
};

/// The tax number for life: eleven digits, the first not 0, ISO/IEC 7064 mod 11,10.
pub(in super::super) fn tax_id(text: &str) -> Option<usize> {
    first::<11>(text, |id| id[0] != 0 && !all_equal(id) && mod_11_10(id))
}

/// The number for value added tax: `DE` and nine digits, the first not 0, ISO/IEC 7064 mod 11,10.
pub(in super::super) fn vat(text: &str) -> Option<usize> {
    first::<11>(text, |vat| vat[..2] == [13, 14] && vat[2] != 0 && mod_11_10(&vat[2..]))
}

/// The number of the pension insurance: area, day of birth, first letter of the name at birth, serial number, check digit.
/// The day is 50 more when the serial numbers of a day run out.
pub(in super::super) fn svnr(text: &str) -> Option<usize> {
    first::<12>(text, |number| {
        let (area, letter, rest) = (&number[..8], number[8], &number[9..]);
        let day = pair(number, 2);
        letter > 9 && is_day(pair(number, 4), if day > 50 { day - 50 } else { day }) && {
            let digits = [area, &spelled(letter), &rest[..2]].concat();
            cross_sums(&digits, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 == u32::from(rest[2])
        }
    })
}

/// The lifelong part of the health insurance number: a letter, eight digits, a check digit.
pub(in super::super) fn kvnr(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        let digits = [&spelled(number[0])[..], &number[1..9]].concat();
        cross_sums(&digits, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == u32::from(number[9])
    })
}

/// The number of an identity card or passport: nine characters, then perhaps the check digit of ICAO 9303, then perhaps `D`.
pub(in super::super) fn document(text: &str) -> Option<usize> {
    let checked = |number: &[u8]| weighted(&number[..9], &[7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 == u32::from(number[9]);
    first::<11>(text, |number| checked(number) && number[10] == D)
        .or_else(|| first::<10>(text, |number| checked(number) || number[0] > 9 && number[9] == D))
        .or_else(|| first::<9>(text, |number| number[0] > 9))
}

const D: u8 = 13;

/// ISO/IEC 7064 mod 11,10: the last digit checks the others.
fn mod_11_10(digits: &[u8]) -> bool {
    let step = |product: u32, digit: &u8| match (product + u32::from(*digit)) % 10 {
        0 => 9,
        sum => 2 * sum % 11,
    };
    let [digits @ .., last] = digits else { return false };
    (digits.iter().fold(10, step) + u32::from(*last)) % 10 == 1
}

/// A letter as two digits, `A` as 01.
fn spelled(letter: u8) -> [u8; 2] {
    let place = letter.saturating_sub(9);
    [place / 10, place % 10]
}

/// The sum of the digits of all products of a value and its weight.
fn cross_sums(values: &[u8], weights: &[u8]) -> u32 {
    let products = values.iter().zip(weights).map(|(value, weight)| u32::from(value * weight));
    products.map(|product| product / 10 + product % 10).sum()
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn tax_numbers_end_in_mod_11_10() {
        assert_check(
            tax_id,
            &["58 321 091 763", "76248890583", "12345678903", "98765432106"],
            &["76248890584", "02345678901", "11111111111", "1234567890", "123456789030"],
        );
        assert_check(
            vat,
            &["DE136695976", "DE129273398", "de136695976", "DE-136-695-976", "DE 136 695 976", "DE111111117"],
            &["DE136695977", "DE123456789", "DE12345678", "AT136695976"],
        );
    }

    #[test]
    fn insured_people_have_a_letter() {
        assert_check(
            svnr,
            &["15 070649 C103", "50 150256 W493", "212 40284 M 032", "65070803A019", "20151090B023", "38551285K051"],
            &["15 070649 C102", "15 070649 0002", "15070049C103", "15071349C103", "15070649C10", "15070649C1030"],
        );
        assert_check(
            kvnr,
            &["A000500015", "C000500021", "A123456780", "M123456785", "B123456782", "Z000000005", "z999999997"],
            &["A123456787", "M123456789", "A12345678", "A1234567890"],
        );
    }

    #[test]
    fn documents_may_show_their_check_digit() {
        assert_check(
            document,
            &["C01X00T47", "C01X00T47D", "C01X00T478", "C01X00T478D", "CZ6311T472D", "2406055684d", "T220001293"],
            &["C01X00T470", "T220001290", "T2200012", "123456789"],
        );
    }
}
