//! Bulgaria, Greece, Romania, Slovenia: the numbers of their citizens and taxpayers.

use super::{
    super::digits::{all_equal, luhn},
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// A Bulgarian citizen's number: day of birth, the month 20 more before 1900 and 40 more since 2000, a digit mod 11.
pub(in super::super) fn bulgarian(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        pair(number, 2) < 60
            && is_day(pair(number, 2) % 20, pair(number, 4))
            && weighted(number, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == u32::from(number[9])
    })
}

/// A Greek tax number: the weights are powers of two, here mod 11.
pub(in super::super) fn afm(text: &str) -> Option<usize> {
    first::<9>(text, |afm| !all_equal(afm) && weighted(afm, &[3, 7, 9, 10, 5, 8, 4, 2]) % 11 % 10 == u32::from(afm[8]))
}

/// A Greek insurance number: day of birth, serial number, a Luhn digit.
pub(in super::super) fn amka(text: &str) -> Option<usize> {
    first::<11>(text, |amka| is_day(pair(amka, 2), pair(amka, 0)) && luhn(amka))
}

/// A Romanian personal code: sex and century, day of birth, county, serial number, a digit mod 11.
pub(in super::super) fn cnp(text: &str) -> Option<usize> {
    first::<13>(text, |cnp| {
        let check = match weighted(cnp, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
            10 => 1,
            rest => rest,
        };
        let born = cnp[0] > 0 && is_day(pair(cnp, 3), pair(cnp, 5));
        born && matches!(pair(cnp, 7), 1..=52 | 70) && check == u32::from(cnp[12])
    })
}

/// A Slovenian citizen's number: day of birth with three digits of the year, region, serial number, a digit mod 11.
pub(in super::super) fn emso(text: &str) -> Option<usize> {
    first::<13>(text, |emso| {
        let check = missing(weighted(emso, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), 11) % 10;
        is_day(pair(emso, 2), pair(emso, 0)) && check == u32::from(emso[12])
    })
}

/// A Slovenian tax number.
pub(in super::super) fn slovenian_tax(text: &str) -> Option<usize> {
    first::<8>(text, |tax| {
        let check = missing(weighted(tax, &[8, 7, 6, 5, 4, 3, 2]), 11);
        tax[0] > 0 && check > 0 && check % 10 == u32::from(tax[7])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn bulgarian_and_romanian_numbers_hold_a_day() {
        assert_check(
            bulgarian,
            &["7523169263", "8032056031", "6101057509", "8001010008"],
            &["7523169264", "8032056032", "8013010008"],
        );
        assert_check(
            cnp,
            &["1800101221144", "1860524161520", "1860524162995", "1980917400019", "5031226529994", "6120131011233"],
            &["1960523456789", "196052345678", "19605234567890", "1800101221145"],
        );
    }

    #[test]
    fn greek_numbers_have_their_check_digits() {
        assert_check(
            afm,
            &["982603151", "833329082", "094259216", "982-603-151"],
            &["982603152", "9826031", "000000000"],
        );
        assert_check(amka, &["09095986684"], &["09095986680", "91031298765", "0909598668"]);
    }

    #[test]
    fn slovenian_numbers_pass_mod_11() {
        assert_check(
            emso,
            &["0101006500006", "01-01-006-50-000-6", "1212995504350", "2001939010010"],
            &["0101006500007"],
        );
        assert_check(
            slovenian_tax,
            &["15012557", "59082437", "95985352"],
            &["15012558", "59082439", "1501255", "150125570"],
        );
    }
}
