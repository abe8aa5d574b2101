//! The United Kingdom: national insurance, health, tax and driver numbers.

use super::{
    super::digits::all_equal,
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// A national insurance number: two letters that HMRC gives out, six digits, `A` to `D` (HMRC NIM39110).
pub(in super::super) fn nino(text: &str) -> Option<usize> {
    let given = |letters: [u8; 2]| {
        let [first, second] = letters.map(letter);
        !b"DFIQUV".contains(&first) && !b"DFIOQUV".contains(&second) && !UNUSED.contains(&&[first, second])
    };
    first::<9>(text, |nino| given([nino[0], nino[1]]))
}

const UNUSED: [&[u8; 2]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];

fn letter(value: u8) -> u8 {
    b'A' + value.saturating_sub(10)
}

/// An NHS number: nine digits and one mod 11.
pub(in super::super) fn nhs(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        !all_equal(number) && missing(weighted(number, &[10, 9, 8, 7, 6, 5, 4, 3, 2]), 11) == u32::from(number[9])
    })
}

/// A unique taxpayer reference: its first digit checks the other nine. Letters print three digits before it, and a `K` before
/// or behind it.
pub(in super::super) fn utr(text: &str) -> Option<usize> {
    const K: u8 = 20;
    let passes = |utr: &[u8]| CHECKS[weighted(&utr[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) as usize % 11] == utr[0];
    first::<14>(text, |utr| utr[0] == K && passes(&utr[4..]) || utr[13] == K && passes(&utr[3..13]))
        .or_else(|| first::<13>(text, |utr| passes(&utr[3..])))
        .or_else(|| first::<11>(text, |utr| utr[0] == K && passes(&utr[1..]) || utr[10] == K && passes(&utr[..10])))
        .or_else(|| first::<10>(text, |utr| passes(utr)))
}

/// The first digit by the remainder.
const CHECKS: [u8; 11] = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];

/// A driver number: five letters of the surname, 9 where it is shorter; the decade, month, day and year of birth, the month 50
/// more for women; initials; a digit; two letters.
pub(in super::super) fn driver(text: &str) -> Option<usize> {
    first::<16>(text, |driver| {
        let (surname, rest) = driver.split_at(5);
        let padding = surname.iter().skip_while(|value| **value > 9);
        let month = pair(rest, 1);
        padding.clone().all(|value| *value == 9) && is_day(if month > 50 { month - 50 } else { month }, pair(rest, 3))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn national_insurance_numbers_begin_with_given_letters() {
        assert_check(
            nino,
            &["AB123456C", "AB 12 34 56 C", "ab123456c", "ZY999999D", "PR 123612C", "NE 41 53 37 C"],
            &["FQ 00 00 00 C", "BG123612A", "nt 99 88 77 a", "UV 98 76 54 B", "AB12345C"],
        );
    }

    #[test]
    fn nhs_numbers_pass_mod_11() {
        assert_check(
            nhs,
            &["1234567881", "907 784 4449", "401-023-2137", "0032698674", "095 558 1001"],
            &["1234567890", "1234567882", "401-023-2138", "12345678810", "0000000000"],
        );
    }

    #[test]
    fn taxpayer_references_are_checked_by_their_first_digit() {
        assert_check(
            utr,
            &["1123456789", "112 345 678 9", "6898201056K", "0006452194352", "K1232611912725", "4491783771k"],
            &["112345678", "11234567890", "112345678901", "3419210344", "K3366215443k"],
        );
    }

    #[test]
    fn driver_numbers_hold_a_date() {
        assert_check(
            driver,
            &["MORGA607054SM9IJ", "MORGA657054SM9IJ", "FO999512018AA1AB", "SMIT9801015JK2CD", "JONES710153J99EF"],
            &["MORGA613054SM9IJ", "MORGA607324SM9IJ", "MO9GA607054SM9IJ"],
        );
    }
}
