//! Identity, tax and bank numbers that states and their banks give out, a file for each country or region.
//!
//! What their checks share is here. A check reads the letters and digits of a match as values, 0 to 9 and 10 to 35,
//! however they are parted and whatever their case; how they may be parted is for the pattern to say.

pub(super) mod africa;
pub(super) mod andes;
pub(super) mod argentina;
pub(super) mod balkans;
pub(super) mod baltic;
pub(super) mod benelux;
pub(super) mod brazil;
pub(super) mod britain;
pub(super) mod canada;
pub(super) mod central_europe;
pub(super) mod east_asia;
pub(super) mod france;
pub(super) mod germany;
pub(super) mod ireland;
pub(super) mod italy;
pub(super) mod mexico;
pub(super) mod near_east;
pub(super) mod nordic;
pub(super) mod oceania;
pub(super) mod poland;
pub(super) mod portugal;
pub(super) mod russia;
pub(super) mod south_asia;
pub(super) mod south_east_asia;
pub(super) mod spain;
pub(super) mod turkey;
pub(super) mod ukraine;

mod calendar;
mod verhoeff;

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

/// The number that decimal digits write.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// Whether all values are decimal digits.
fn decimal(values: &[u8]) -> bool {
    values.iter().all(|value| *value < 10)
}

/// Whether the values are the letters and digits of `text`, in capitals: `spells(&values[..2], "ES")`.
fn spells(values: &[u8], text: &str) -> bool {
    values.iter().copied().eq(text.bytes().filter_map(|byte| char::from(byte).to_digit(36)).map(|value| value as u8))
}

/// Whether a day exists in a month; in February the 29th always does.
fn is_day(month: u64, day: u64) -> bool {
    const LENGTHS: [u64; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = usize::try_from(month).ok().and_then(|month| LENGTHS.get(month.checked_sub(1)?));
    length.is_some_and(|length| (1..=*length).contains(&day))
}

/// Asserts that `number` takes the whole of each `good` text and nothing of any `bad` one.
#[cfg(test)]
fn assert_check(number: fn(&str) -> Option<usize>, good: &[&str], bad: &[&str]) {
    good.iter().for_each(|text| assert_eq!(number(text), Some(text.len()), "{text}"));
    bad.iter().for_each(|text| assert_eq!(number(text), None, "{text}"));
}
