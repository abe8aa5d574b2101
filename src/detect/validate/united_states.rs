//! United States numbers of banks, businesses and health care.

use super::digits::{Groups, all_equal, luhn};

/// A bank's routing number: nine digits, a Federal Reserve prefix, weights 3-7-1 (ABA Routing Number Policy).
pub(super) fn routing(text: &str) -> Option<usize> {
    let prefix = |digits: &[u8]| matches!(digits[0] * 10 + digits[1], 0..=12 | 21..=32 | 61..=72 | 80);
    let weighed = |(digit, weight): (&u8, &u32)| u32::from(*digit) * weight;
    let sum = |digits: &[u8]| digits.iter().zip([3, 7, 1].iter().cycle()).map(weighed).sum::<u32>();
    let good = |digits: &[u8]| digits.len() == 9 && !all_equal(digits) && prefix(digits) && sum(digits) % 10 == 0;
    Groups::new(text).longest(good)
}

/// An employer's number: a prefix that the IRS assigns (irs.gov, Valid EIN prefixes).
pub(super) fn employer(text: &str) -> Option<usize> {
    let assigned =
        |prefix: u8| !matches!(prefix, 0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97);
    Groups::new(text).longest(|digits| digits.len() == 9 && !all_equal(digits) && assigned(digits[0] * 10 + digits[1]))
}

/// A health care provider's number: ten digits from 1 or 2 on, Luhn with 80840 before them (45 CFR 162.406).
pub(super) fn provider(text: &str) -> Option<usize> {
    let prefixed = |digits: &[u8]| [&[8, 0, 8, 4, 0], digits].concat();
    Groups::new(text).longest(|digits| digits.len() == 10 && matches!(digits[0], 1 | 2) && luhn(&prefixed(digits)))
}

/// A prescriber's number: two letters and seven digits; the first, third and fifth digit and twice the others end in the last
/// (DEA Diversion Control Division).
pub(super) fn prescriber(text: &str) -> Option<usize> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    let [a, b, c, d, e, f, check] = digits[..] else { return None };
    ((a + c + e + 2 * (b + d + f)) % 10 == check).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Option<usize>, rows: &[(&str, bool)]) {
        for (text, good) in rows {
            assert_eq!(rule(text) == Some(text.len()), *good, "{text}");
        }
    }

    #[test]
    fn numbers_have_their_checks() {
        let routings = [("121000248", true), ("3222-7162-7", true), ("071004200", true), ("421042111", false)];
        check(routing, &routings);
        check(routing, &[("1234-0000-0", false), ("123456789", false), ("000000000", false)]);
        check(employer, &[("12-3456789", true), ("07-3456789", false), ("96-3456789", false)]);
        check(provider, &[("1234567893", true), ("1245319599", true), ("3234567893", false), ("1234567890", false)]);
        check(prescriber, &[("AB1234563", true), ("FA1111119", true), ("AB1234560", false)]);
    }
}
