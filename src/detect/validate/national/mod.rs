//! Identity, tax and bank numbers that states and their banks give out, a file for each country or region.
//!
//! What their checks share is here. A check reads the letters and digits of a match as values, 0 to 9 and 10 to 35, however
//! they are parted and whatever their case; how they may be parted is for the pattern to say.

pub(super) mod brazil;

/// Where the first `N` letters and digits of `text` end, if no more follow at once and `good` accepts their values.
fn first<const N: usize>(text: &str, good: impl Fn(&[u8; N]) -> bool) -> Option<usize> {
    let (mut values, mut count) = ([0; N], 0);
    for (at, byte) in text.bytes().enumerate() {
        let Some(value) = char::from(byte).to_digit(36) else { continue };
        values[count] = value as u8;
        count += 1;
        if count == N {
            let runs_on = text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
            return (!runs_on && good(&values)).then_some(at + 1);
        }
    }
    None
}

/// The sum of values, each times its weight; values without a weight count nothing.
fn weighted(values: &[u8], weights: &[u8]) -> u32 {
    values.iter().zip(weights).map(|(value, weight)| u32::from(*value) * u32::from(*weight)).sum()
}

/// What is missing from `sum` to a multiple of `modulus`: most check digits are that, with a rule of their own for 10.
fn missing(sum: u32, modulus: u32) -> u32 {
    (modulus - sum % modulus) % modulus
}

/// Asserts that `number` takes the whole of each `good` text and nothing of any `bad` one.
#[cfg(test)]
fn assert_check(number: fn(&str) -> Option<usize>, good: &[&str], bad: &[&str]) {
    good.iter().for_each(|text| assert_eq!(number(text), Some(text.len()), "{text}"));
    bad.iter().for_each(|text| assert_eq!(number(text), None, "{text}"));
}
