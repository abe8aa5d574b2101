//! Denmark, Finland, Norway, Sweden: the numbers of their residents, which begin with the day of birth.

use super::{
    super::digits::luhn,
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// A Swedish personal number of ten or twelve digits: the day of birth, 60 more for a coordination number, and Luhn over the
/// last ten.
pub(in super::super) fn personnummer(text: &str) -> Option<usize> {
    let passes = |number: &[u8]| {
        let day = pair(number, 4);
        is_day(pair(number, 2), if day > 60 { day - 60 } else { day }) && luhn(number)
    };
    let since_1800 = |number: &[u8]| matches!(pair(number, 0), 18..=20);
    first::<12>(text, |number| since_1800(number) && passes(&number[2..]))
        .or_else(|| first::<10>(text, |number| passes(number)))
}

/// A Swedish organisation's number: where a person has the month there is 20 or more.
pub(in super::super) fn organisation(text: &str) -> Option<usize> {
    first::<10>(text, |number| number[2] >= 2 && number[0] > 0 && luhn(number))
}

/// A Norwegian birth number: the day 40 more for a D-number, the month 40 more for a hospital's or 80 for a test number; two
/// digits mod 11.
pub(in super::super) fn fodselsnummer(text: &str) -> Option<usize> {
    first::<11>(text, |number| {
        let (day, month) = (pair(number, 0), pair(number, 2));
        is_day(month % 40, if day > 40 { day - 40 } else { day })
            && missing(weighted(number, &[3, 7, 6, 1, 8, 9, 4, 5, 2]), 11) == u32::from(number[9])
            && missing(weighted(number, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), 11) == u32::from(number[10])
    })
}

/// A Danish CPR number, which since 2007 has no check digit.
pub(in super::super) fn cpr(text: &str) -> Option<usize> {
    first::<10>(text, |number| is_day(pair(number, 2), pair(number, 0)))
}

/// A Danish CPR number with the check digit that nearly all have.
pub(in super::super) fn cpr_checked(text: &str) -> Option<usize> {
    first::<10>(text, |number| {
        is_day(pair(number, 2), pair(number, 0)) && weighted(number, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    })
}

/// A Finnish personal identity code: day of birth, a sign for the century, a serial number from 002 on, a character mod 31.
pub(in super::super) fn hetu(text: &str) -> Option<usize> {
    let (birth, rest) = text.split_at_checked(6)?;
    let (serial, check) = rest.get(1..)?.split_at_checked(3)?;
    let (birth, serial): (u32, u32) = (birth.parse().ok()?, serial.parse().ok()?);
    let expected = CONTROL[(birth * 1000 + serial) as usize % CONTROL.len()];
    let born = is_day(birth / 100 % 100, birth / 10_000);
    (born && serial >= 2 && check.bytes().next()?.to_ascii_uppercase() == expected).then_some(HETU)
}

const CONTROL: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// The length of a Finnish code.
const HETU: usize = "ddmmyy-nnnc".len();

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn swedish_numbers_pass_luhn() {
        assert_check(
            personnummer,
            &["189004119807", "871220-2384", "19910924-2397", "811228-9874", "7010632391", "150882+2390"],
            &["811228-9873", "19000309-3393", "19001309-2393", "200504422381", "1234567894"],
        );
        assert_check(organisation, &["212000-0142", "5567037485"], &["556703-7486", "811228-9874"]);
    }

    #[test]
    fn norwegian_numbers_have_two_check_digits() {
        assert_check(fodselsnummer, &["01010112377", "010101 12377"], &["01010112378", "01010112367", "32010112377"]);
    }

    #[test]
    fn danish_numbers_hold_a_day() {
        assert_check(cpr, &["010203-1234", "3112991234"], &["320203-1234", "011303-1234"]);
        assert_check(cpr_checked, &["211062-5629"], &["211062-5628"]);
    }

    #[test]
    fn finnish_codes_end_in_mod_31() {
        assert_check(
            hetu,
            &["010101-0101", "111111-111C", "010594Y9032", "020594X903P", "131052-308T", "020502E902X"],
            &["111111-111X", "010101-0102", "111311-111C", "111111-111A", "310289-211C", "010101-001T"],
        );
    }
}
