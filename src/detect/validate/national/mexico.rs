//! Mexico: the population number (CURP), the tax number (RFC) and the bank account (CLABE).

use super::{decimal, first, is_day, missing, number, spells, weighted};

/// A person's population number: a birth date, a state and a digit mod 10.
pub(in super::super) fn curp(text: &str) -> Option<usize> {
    first::<18>(text, |curp| {
        let values = curp.map(|value| if value > LETTER_N { value + 1 } else { value });
        decimal(&curp[17..])
            && is_date(&curp[4..10])
            && STATES.split(' ').any(|state| spells(&curp[11..13], state))
            && missing(weighted(&values, &WEIGHTS), 10) == u32::from(curp[17])
    })
}

/// The alphabet of both numbers has one more character behind the N.
const LETTER_N: u8 = 23;

const WEIGHTS: [u8; 17] = [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2];

/// The federal states, and NE for those born abroad.
const STATES: &str =
    "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS";

/// A tax number with its birth or founding date and the check character that most have: mod 11.
pub(in super::super) fn rfc(text: &str) -> Option<usize> {
    let values = rfc_values(text);
    let (blank, weights) = match values.len() {
        12 => (BLANK * 13, &WEIGHTS[6..]),
        13 => (0, &WEIGHTS[5..]),
        _ => return None,
    };
    let good = missing(weighted(&values, weights) + blank, 11) == u32::from(values[values.len() - 1]);
    rfc_dated(text).filter(|_| good)
}

/// What the blank before the three letters of a company counts.
const BLANK: u32 = 37;

/// A tax number with its date: ten characters without the last three, 12 of a company, 13 of a person.
pub(in super::super) fn rfc_dated(text: &str) -> Option<usize> {
    let values = rfc_values(text);
    let date = match values.len() {
        10 | 13 => 4..10,
        12 => 3..9,
        _ => return None,
    };
    is_date(&values[date]).then_some(text.len())
}

/// The values of the letters and digits, and of `&`, which stands behind the N.
fn rfc_values(text: &str) -> Vec<u8> {
    let value = |byte: u8| match char::from(byte).to_digit(36).map(|value| value as u8) {
        Some(value) => Some(if value > LETTER_N { value + 1 } else { value }),
        None => (byte == b'&').then_some(LETTER_N + 1),
    };
    text.bytes().filter_map(value).collect()
}

/// A bank account: weights 3, 7, 1 mod 10, and a bank's number first.
pub(in super::super) fn clabe(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 17] = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7];
    first::<18>(text, |clabe| {
        let good = missing(weighted(clabe, &WEIGHTS), 10) == u32::from(clabe[17]);
        decimal(clabe) && good && number(&clabe[..3]) > 0
    })
}

/// Whether six digits are year, month and day.
fn is_date(values: &[u8]) -> bool {
    decimal(values) && is_day(number(&values[2..4]), number(&values[4..]))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_curp() {
        assert_check(
            curp,
            &["LOPC550523HVZFNR07", "rutr631218mjcmbm25", "FEMN610410MNLTRN18", "MEDN531104MDFSGM37"],
            &["LOPC550523HVZFNR08", "LOPC551323HVZFNR07", "LOPC550523HXXFNR07", "LOPC550523HVZFNR0A"],
        );
    }

    #[test]
    fn taxpayers_have_an_rfc() {
        assert_check(
            rfc,
            &["QICX871208B11", "VKEW0105211A6", "LZRH-260410-CA8", "VEW2905232C8", "QZI 230609 3C1", "A&C010203I23"],
            &["QICX871208B12", "QICX871308B11", "VEW2905232C9", "QICX871208", ""],
        );
        assert_check(rfc_dated, &["QICX871208B12", "QICX871208"], &["QICX871308", "QIC871208"]);
    }

    #[test]
    fn accounts_have_a_clabe() {
        assert_check(clabe, &["032180000118359719", "002 010 07777777777 1"], &["032180000118359718"]);
    }
}
