//! East Asia: identity numbers of China, Hong Kong, Taiwan, Korea and Japan, and Korean business numbers.

use super::{
    super::digits::all_equal,
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// A Chinese citizen's number (GB 11643-1999): province, date of birth, ISO 7064 MOD 11-2.
pub(in super::super) fn china(text: &str) -> Option<usize> {
    const X: u8 = 33;
    first::<18>(text, |id| {
        let mut values = *id;
        values[17] = if id[17] == X { 10 } else { id[17] };
        is_china(id) && mod_11_2(&values)
    })
}

/// A Chinese citizen's number, whatever its check character.
pub(in super::super) fn china_form(text: &str) -> Option<usize> {
    first::<18>(text, is_china)
}

fn is_china(id: &[u8; 18]) -> bool {
    let province = matches!(pair(id, 0), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    province && matches!(pair(id, 6), 19 | 20) && is_day(pair(id, 10), pair(id, 12))
}

/// ISO/IEC 7064 MOD 11-2: the sum in which each place counts twice the next leaves one; an X counts ten.
fn mod_11_2(values: &[u8]) -> bool {
    values.iter().fold(0, |sum, value| (2 * sum + u32::from(*value)) % 11) == 1
}

/// A Hong Kong identity card's number, the bracket behind its check character included: one or two letters, mod 11.
pub(in super::super) fn hong_kong(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 9] = [9, 8, 7, 6, 5, 4, 3, 2, 1];
    const BLANK: u32 = 36 * 9;
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let end = match letters {
        1 => first::<8>(text, |id| (BLANK + weighted(id, &WEIGHTS[1..])).is_multiple_of(11)),
        _ => first::<9>(text, |id| weighted(id, &WEIGHTS).is_multiple_of(11)),
    }?;
    let bracket = text[..end].contains('(') && text[end..].starts_with(')');
    Some(end + usize::from(bracket))
}

/// A Japanese individual number: mod 11 (Ordinance 85 of 2014 of the Ministry of Internal Affairs, article 5).
pub(in super::super) fn japan(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 11] = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    first::<12>(text, |id| !all_equal(id) && missing(weighted(id, &WEIGHTS), 11) % 10 == u32::from(id[11]))
}

/// A Korean business registration number: mod 10, the ninth digit's product counting by both its digits.
pub(in super::super) fn korea_business(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 9] = [1, 3, 7, 1, 3, 7, 1, 3, 5];
    first::<10>(text, |id| {
        let sum = weighted(id, &WEIGHTS) + u32::from(id[8]) * 5 / 10;
        pair(id, 0) >= 10 && pair(id, 3) != 0 && missing(sum, 10) == u32::from(id[9])
    })
}

/// A Korean resident's number; those given since October 2020 have no check digit.
pub(in super::super) fn korea_resident(text: &str) -> Option<usize> {
    korea(text, 1)
}

/// The number of a foreigner registered in Korea.
pub(in super::super) fn korea_foreigner(text: &str) -> Option<usize> {
    korea(text, 5)
}

/// A date of birth and a digit for sex and century: one of the four from `sex` on.
fn korea(text: &str, sex: u8) -> Option<usize> {
    first::<13>(text, |id| (sex..sex + 4).contains(&id[6]) && is_day(pair(id, 2), pair(id, 4)))
}

/// The number of a Taiwanese citizen or resident: the letter as two digits, mod 10.
pub(in super::super) fn taiwan(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 9] = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    first::<10>(text, |id| {
        let letter = LETTERS[usize::from(id[0].saturating_sub(10))];
        let mut digits = [0; 9];
        digits.iter_mut().zip(&id[1..]).for_each(|(digit, value)| *digit = value % 10);
        let sum = letter / 10 + letter % 10 * 9 + weighted(&digits, &WEIGHTS);
        id[0] >= 10 && sum.is_multiple_of(10)
    })
}

/// The number of each letter from A to Z: counties in the order in which they were given one.
const LETTERS: [u32; 26] =
    [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn chinese_numbers_hold_a_birth_and_pass_mod_11_2() {
        assert_check(
            china,
            &["513231200012121657", "51323120001212169X", "51323120001212185x", "510107 19910802 8496"],
            &["513231200012121293", "513231200013121657", "993231200012121657", "51323120001212165"],
        );
        assert_check(china_form, &["513231200012121293"], &["513231200013121293", "993231200012121293"]);
    }

    #[test]
    fn hong_kong_numbers_pass_mod_11() {
        assert_check(
            hong_kong,
            &["A123456(3)", "AB123456(9)", "E364912(5)", "AB987654(3)", "G123456(A)", "A1234563", "a123456 (3)"],
            &["A123456(4)", "AB123456(8)"],
        );
    }

    #[test]
    fn japanese_numbers_pass_mod_11() {
        assert_check(japan, &["6214 9832 0257", "621498320257"], &["6214 9832 0258", "111111111111"]);
    }

    #[test]
    fn korean_numbers_hold_a_birth() {
        assert_check(
            korea_resident,
            &["960121-1234567", "0005053637892", "050912-2000019"],
            &["001332-1234567", "960303-0021413", "760413-5212134", "051102-9234110"],
        );
        assert_check(
            korea_foreigner,
            &["911124-5678901", "000505-7637892", "0509126000012"],
            &["001332-1234567", "960303-0021413", "760413-1212134", "051102-9234110"],
        );
        assert_check(
            korea_business,
            &["104-86-56659", "1048656659", "104-82-13138", "116-82-00276", "123-45-67891"],
            &["104-86-56658", "123-45-67890", "110-81-4127"],
        );
    }

    #[test]
    fn taiwanese_numbers_pass_mod_10() {
        assert_check(taiwan, &["A123456789", "a800000014", "AA00000009"], &["A123456788", "1123456789"]);
    }
}
