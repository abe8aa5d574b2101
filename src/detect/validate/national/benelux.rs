//! Belgium, Luxembourg, the Netherlands: the numbers of their residents.

use super::{
    super::digits::luhn,
    calendar::{is_day, pair},
    first, verhoeff, weighted,
};

/// The Dutch citizen service number: nine digits, or eight with the leading 0 left out; the eleven test, the last digit
/// counted negative.
pub(in super::super) fn bsn(text: &str) -> Option<usize> {
    let passes = |digits: &[u8]| {
        weighted(digits, &ELEVEN[9 - digits.len()..]).is_multiple_of(11) && digits.iter().any(|d| *d > 0)
    };
    first::<9>(text, |bsn| passes(bsn)).or_else(|| first::<8>(text, |bsn| passes(bsn)))
}

/// The last weight, 10, is -1 mod 11.
const ELEVEN: [u8; 9] = [9, 8, 7, 6, 5, 4, 3, 2, 10];

/// The Belgian national number: day of birth, serial number, 97 less the rest of both by 97; a 2 stands before those born
/// since 2000. Foreigners' months are 20 or 40 more, and an unknown day or month is 0.
pub(in super::super) fn national_number(text: &str) -> Option<usize> {
    first::<11>(text, |number| {
        let serial = number[..9].iter().fold(0, |serial, digit| serial * 10 + u64::from(*digit));
        let (month, day) = (pair(number, 2) % 20, pair(number, 4));
        let check = |serial: u64| 97 - serial % 97 == u64::from(pair(number, 9));
        let born = pair(number, 2) < 60 && (is_day(month, day) || month <= 12 && day == 0 || month == 0 && day <= 31);
        born && serial > 0 && (check(serial) || check(2_000_000_000 + serial))
    })
}

/// The Luxembourg identification number: day of birth, serial number, a Luhn digit and a Verhoeff digit, each for the first
/// eleven.
pub(in super::super) fn identification_number(text: &str) -> Option<usize> {
    first::<13>(text, |number| {
        let born = matches!(pair(number, 0), 18..=20) && is_day(pair(number, 4), pair(number, 6));
        let spread = [&number[..11], &number[12..]].concat();
        born && luhn(&number[..12]) && verhoeff::check(&spread)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn dutch_numbers_pass_the_eleven_test() {
        assert_check(
            bsn,
            &["001855013", "508824746", "1112.22.333", "1112 22 333", "01855013"],
            &["001855014", "000000000", "1234567"],
        );
    }

    #[test]
    fn belgian_numbers_hold_a_day_and_a_rest_by_97() {
        assert_check(
            national_number,
            &[
                "85.07.30-033.28",
                "85 07 30 033 28",
                "850730-033.28",
                "85073003328",
                "93.05.05-079.13",
                "15.01.01-005.25",
            ],
            &["85.07.30-033.29", "850730-033.26", "8507300332", "850730033288", "00000000097"],
        );
    }

    #[test]
    fn luxembourgers_have_two_check_digits() {
        assert_check(
            identification_number,
            &["1990093012358", "1993102814564", "2001120308757", "1979122003208", "1966051507682"],
            &["1990093012368", "1990093012359", "1990133012358"],
        );
    }
}
