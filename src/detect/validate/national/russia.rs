//! Russia: taxpayers (INN) and insured persons (SNILS).

use super::{calendar::pair, first, weighted};

/// A taxpayer's number: ten digits of a firm, the last mod 11, or twelve of a person, the last two.
pub(in super::super) fn inn(text: &str) -> Option<usize> {
    let check = |digits: &[u8], digit: u8| {
        weighted(digits, &WEIGHTS[WEIGHTS.len() - digits.len()..]) % 11 % 10 == u32::from(digit)
    };
    first::<12>(text, |inn| check(&inn[..10], inn[10]) && check(&inn[..11], inn[11]) && inn[..10] != [0; 10])
        .or_else(|| first::<10>(text, |inn| check(&inn[..9], inn[9]) && inn[..9] != [0; 9]))
}

const WEIGHTS: [u8; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

/// An insured person's number: nine digits and two mod 101; those up to 001-001-998 have no check.
pub(in super::super) fn snils(text: &str) -> Option<usize> {
    first::<11>(text, |snils| {
        let number = snils[..9].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
        number > 1_001_998 && weighted(snils, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == pair(snils, 9)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn numbers_end_in_their_check_digits() {
        assert_check(
            inn,
            &["767903801795", "066601881592", "7707083893", "7830002293"],
            &["767903801796", "767903801785", "7707083894", "0000000000", "77070838931"],
        );
        assert_check(
            snils,
            &["112-233-445 95", "11223344595"],
            &["112-233-445 96", "001-001-998 00", "000-000-000 00"],
        );
    }
}
