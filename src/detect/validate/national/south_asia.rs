//! South Asia: India's Aadhaar and tax registration. Pakistan's identity number has no published check.

use super::{calendar::pair, decimal, first, verhoeff};

/// An Aadhaar number: Verhoeff; none begins with 0 or 1 or reads the same backwards (UIDAI). One more group of four makes it
/// another number, so nothing may follow.
pub(in super::super) fn aadhaar(text: &str) -> Option<usize> {
    let end =
        first::<12>(text, |id| decimal(id) && id[0] > 1 && !id.iter().eq(id.iter().rev()) && verhoeff::check(id))?;
    (end == text.len()).then_some(end)
}

/// A tax registration: the state's code, the taxpayer's PAN, Luhn's sum in base 36.
pub(in super::super) fn gstin(text: &str) -> Option<usize> {
    first::<15>(text, |id| matches!(pair(id, 0), 1..=38 | 97 | 99) && luhn_36(id))
}

fn luhn_36(values: &[u8]) -> bool {
    let doubled = |value: u32| 2 * value / 36 + 2 * value % 36;
    let value = |(i, value): (usize, &u8)| if i % 2 == 1 { doubled((*value).into()) } else { (*value).into() };
    values.iter().rev().enumerate().map(value).sum::<u32>().is_multiple_of(36)
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn aadhaar_numbers_pass_verhoeff() {
        assert_check(
            aadhaar,
            &["312345678909", "3998 7654 3211", "3123-4567-8909", "234123412346"],
            &["123456789012", "123412341234", "234123412347", "222222222222", "2341 2341 2346 1111"],
        );
    }

    #[test]
    fn tax_registrations_pass_luhn_in_base_36() {
        assert_check(gstin, &["27AAPFU0939F1ZV"], &["27AAPFU0939F1ZO", "00AAPFU0939F1ZV", "27AAPFU0939F1Z"]);
    }
}
