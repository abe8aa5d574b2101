//! Travel documents and things with a number: passports by their machine-readable line, phones, cars.

use super::digits::{Groups, all_equal, luhn};

/// The second line of a passport's machine-readable zone: four check digits with weights 7-3-1 (ICAO 9303-3 4.9, 9303-4 4.2.2).
pub(super) fn passport_line(text: &str) -> Option<usize> {
    let line: Vec<u32> = text.bytes().map(value).collect();
    let checked = |values: &[u32], check: u32| {
        let weighed = values.iter().zip([7, 3, 1].iter().cycle()).map(|(value, weight)| value * weight);
        weighed.sum::<u32>() % 10 == check
    };
    let good = line.len() == 44
        && checked(&line[..9], line[9])
        && checked(&line[13..19], line[19])
        && checked(&line[21..27], line[27])
        && checked(&[&line[..10], &line[13..20], &line[21..43]].concat(), line[43]);
    good.then_some(text.len())
}

/// What a character counts: digits themselves, letters from 10 on, the filler nothing.
fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// A mobile device's number: 15 digits with Luhn, or 16 with the software version in place of the check (3GPP TS 23.003 6.2).
pub(super) fn imei(text: &str) -> Option<usize> {
    Groups::new(text).longest(|digits| !all_equal(digits) && (digits.len() == 15 && luhn(digits) || digits.len() == 16))
}

/// A vehicle's number: 17 letters and digits (ISO 3779). Only North America has a check digit, so none is asked for.
pub(super) fn vehicle(text: &str) -> Option<usize> {
    let (mut letters, mut digits) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        letters += usize::from(byte.is_ascii_alphabetic());
        digits += usize::from(byte.is_ascii_digit());
        if letters + digits == 17 {
            return (letters > 2 && digits > 2).then_some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_checks() {
        assert!(passport_line("L898902C36UTO7408122F1204159ZE184226B<<<<<10").is_some());
        assert!(passport_line("L898902C36UTO7408122F1204159ZE184226B<<<<<11").is_none());
        assert_eq!(imei("49-015420-323751-8"), Some(18));
        assert_eq!(imei("490154203237517"), None);
        assert_eq!(vehicle("WVW0 0000 04RZ PEJE C"), Some(21));
        assert_eq!(vehicle("12345678901234567"), None);
    }
}
