//! Phone numbers, by libphonenumber's numbering plans: a number counts when it is valid, not when it is merely possible.
//!
//! Parsing costs microseconds, so each check parses a few times at most, and patterns ask here last.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, Region};

use super::{
    date,
    digits::{self, Groups, all_equal},
};

/// How many shorter beginnings of a match are tried.
const CUTS: usize = 4;

/// How few digits a number has: Iran's special services have four behind the country code.
const LEAST_ABROAD: usize = 6;
const LEAST_AT_HOME: usize = 7;

/// How few digits a number at home has whose cue may be far away: shorter ones are too often something else.
const LEAST_FAR: usize = 9;

/// Whose national numbers are understood, the first that fits wins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans(Vec<Region>);

impl Plans {
    /// Takes ISO 3166 codes of regions that have a numbering plan; `Err` holds those that don't.
    pub(crate) fn new(codes: &[String]) -> Result<Self, Vec<String>> {
        let unknown: Vec<String> = codes.iter().filter(|code| region(code).is_none()).cloned().collect();
        if unknown.is_empty() { Ok(Self(codes.iter().filter_map(|code| region(code)).collect())) } else { Err(unknown) }
    }
}

/// The region with a numbering plan that `code` names.
pub(super) fn region(code: &str) -> Option<Region> {
    let has_plan = |region: &Region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some();
    Region::try_from(code).ok().filter(has_plan)
}

/// A number with its country code after `+`, `00` or `011`.
pub(super) fn international(text: &str, _: &Plans) -> Option<usize> {
    cut(text, LEAST_ABROAD, |digits| is_valid(dialled(text, digits)?).then_some(()))
}

/// What follows `+`, in brackets or not, or the prefix for calls abroad: `00`, or North America's `011` when it stands apart.
fn dialled<'d>(text: &str, digits: &'d str) -> Option<&'d str> {
    let is_apart =
        |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    match text.trim_start_matches('(').starts_with('+') {
        true => Some(digits),
        false if is_apart("011") => digits.strip_prefix("011"),
        false => digits.strip_prefix("00"),
    }
}

/// A number with its country code and nothing before it, as WhatsApp writes it.
pub(super) fn whole(text: &str, _: &Plans) -> Option<usize> {
    cut(text, LEAST_AT_HOME, |digits| is_valid(digits).then_some(()))
}

/// A North American number: area and exchange begin with 2 to 9 (NANP numbering, nationalnanpa.com).
pub(super) fn nanp(text: &str, _: &Plans) -> Option<usize> {
    if ends_sentence(text) {
        return None;
    }
    cut(text, LEAST_AT_HOME, |digits| {
        let local = if digits.len() == 11 { digits.strip_prefix("1")? } else { digits };
        let first = |at: usize| local.as_bytes().get(at).is_some_and(|digit| *digit >= b'2');
        (local.len() == 10 && first(0) && first(3) && is_nanp(local)).then_some(())
    })
}

/// Whether digits are a number with its country code.
fn is_valid(number: &str) -> bool {
    match number.strip_prefix('1') {
        Some(local) if local.len() == 10 => is_nanp(local),
        _ => abroad(number).is_some(),
    }
}

/// The number that digits with a country code are, also as it was written before its plan changed.
fn abroad(number: &str) -> Option<PhoneNumber> {
    valid(&format!("+{number}")).or_else(|| valid(&format!("+{}", renewed(number)?)))
}

/// WhatsApp keeps the forms of old: Mexico's mobile prefix 1 (given up on 2019-08-03, IFT) and Brazil's mobile numbers
/// without their ninth digit (put before the last ones on 2016-11-06, Anatel).
fn renewed(number: &str) -> Option<String> {
    match (number.len(), number.get(..2)?, number.get(2..)?) {
        (13, "52", rest) => Some(format!("52{}", rest.strip_prefix('1')?)),
        (12, "55", rest) if matches!(rest.as_bytes()[2], b'6'..=b'9') => {
            Some(format!("55{}9{}", &rest[..2], &rest[2..]))
        }
        _ => None,
    }
}

/// Whether ten digits are a North American number. Its area code and exchange decide, the last four digits are free (NANP
/// numbering): that is found out once for each exchange.
fn is_nanp(local: &str) -> bool {
    let Some(exchange) = local.get(..6).and_then(|digits| digits.parse::<usize>().ok()) else { return false };
    let (word, bit) = (exchange / 64, 1 << (exchange % 64));
    if KNOWN[word].load(Ordering::Acquire) & bit == 0 {
        if valid(&format!("+1{exchange:06}5678")).is_some() {
            TAKEN[word].fetch_or(bit, Ordering::Relaxed);
        }
        KNOWN[word].fetch_or(bit, Ordering::Release);
    }
    TAKEN[word].load(Ordering::Relaxed) & bit != 0
}

/// The exchanges that were asked for, and those of them that have numbers, by the first six digits.
static KNOWN: [AtomicU64; EXCHANGES / 64] = [const { AtomicU64::new(0) }; EXCHANGES / 64];
static TAKEN: [AtomicU64; EXCHANGES / 64] = [const { AtomicU64::new(0) }; EXCHANGES / 64];
const EXCHANGES: usize = 1_000_000;

/// A number as it is dialled within one of the regions, or from abroad with its `+` left out.
pub(super) fn national(text: &str, plans: &Plans) -> Option<usize> {
    let slashes = text.bytes().filter(|byte| *byte == b'/').count();
    if date::begins(text) || is_epoch(text) || ends_sentence(text) || slashes > 2 {
        return None;
    }
    cut(text, LEAST_FAR, |digits| at_home(digits, plans).map(|_| ()))
}

/// Enough digits for a phone number, not all the same and not padded with noughts: for patterns whose cue leaves no doubt.
pub(super) fn plausible(text: &str, plans: &Plans) -> Option<usize> {
    if date::begins(text) || is_epoch(text) || ends_sentence(text) {
        return None;
    }
    let enough = |digits: &[u8]| (7..=13).contains(&digits.len()) && !all_equal(digits) && !digits.starts_with(&[0; 3]);
    let longest = |number: &str| {
        let closed = |(digits, end): &(&[u8], usize)| enough(digits) && is_closed(&number[..*end]);
        Groups::new(number).beginnings().find(closed).map(|(_, end)| end)
    };
    national(text, plans).or_else(|| with_extension(text, longest))
}

/// The number with its country code, if it has one: E.164, and its extension behind an x.
pub(super) fn canonical<'t>(text: &'t str, plans: &Plans) -> Cow<'t, str> {
    let (number, extension) = text.split_at(extension(text).unwrap_or(text.len()));
    let digits = digits::only(number);
    let parsed = dialled(number, &digits).and_then(abroad).or_else(|| at_home(&digits, plans));
    let spelled =
        parsed.map_or(digits, |number| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned().into());
    if extension.is_empty() { spelled } else { Cow::Owned(format!("{spelled}x{}", digits::only(extension))) }
}

/// The longest of a few beginnings of `text` that is a number of at least so many digits.
fn cut(text: &str, least: usize, number: impl Fn(&str) -> Option<()>) -> Option<usize> {
    with_extension(text, |text| {
        let groups = Groups::new(text);
        let spelled = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
        let plausible = groups.beginnings().filter(|(digits, end)| {
            (least..=17).contains(&digits.len()) && !all_equal(digits) && is_closed(&text[..*end])
        });
        plausible.take(CUTS).find(|(digits, _)| number(&spelled(digits)).is_some()).map(|(_, end)| end)
    })
}

/// What `number` takes of `text`, and the extension behind it when it takes all before that.
fn with_extension(text: &str, number: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    let Some(at) = extension(text) else { return number(text) };
    let end = number(&text[..at])?;
    let whole = !text[end..at].bytes().any(|byte| byte.is_ascii_digit());
    Some(if whole { text.len() } else { end })
}

/// Where an extension begins: its first letter, or its `#`.
fn extension(text: &str) -> Option<usize> {
    text.bytes().position(|byte| byte.is_ascii_alphabetic() || byte == b'#')
}

/// Whether every bracket is closed: of `(2009` only the year is a number.
fn is_closed(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'(').count() == text.bytes().filter(|byte| *byte == b')').count()
}

/// Whether a point before a blank ends a sentence or counts a list, as in `3. 0612345678`: a number has one in every place.
fn ends_sentence(text: &str) -> bool {
    let number = &text[..extension(text).unwrap_or(text.len())];
    number.split_once(". ").is_some_and(|(_, rest)| !rest.contains(". "))
}

/// Whether `text` is the time in seconds or milliseconds since 1970, between 2017 and 2033: clocks write it without groups.
fn is_epoch(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && matches!(text.len(), 10 | 13) && ("15".."20").contains(&&text[..2])
}

fn at_home(digits: &str, plans: &Plans) -> Option<PhoneNumber> {
    let parsed = |region: &Region| PHONE_NUMBER_UTIL.parse(digits, Some(*region)).ok();
    let fits = |number: &PhoneNumber| PHONE_NUMBER_UTIL.is_valid_number(number);
    let home = plans.0.iter().filter_map(parsed).find(fits);
    home.or_else(|| (digits.len() >= 10).then(|| abroad(digits))?)
}

fn valid(number: &str) -> Option<PhoneNumber> {
    let number = PHONE_NUMBER_UTIL.parse(number, None).ok()?;
    PHONE_NUMBER_UTIL.is_valid_number(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans() -> Plans {
        Plans::new(&["US", "GB", "BR", "DE"].map(str::to_owned)).unwrap()
    }

    #[test]
    fn valid_numbers_pass_and_their_tail_is_left_out() {
        assert_eq!(international("+1 201-535-2855", &plans()), Some(15));
        assert_eq!(international("0044 121 234 5678", &plans()), Some(17));
        assert_eq!(international("+1 201-535-2855 4111 12", &plans()), Some(15));
        assert_eq!(international("+1 000-535-2855", &plans()), None);
        assert_eq!(international("011 44 7911 123456", &plans()), Some(18));
        assert_eq!(whole("14155552671", &plans()), Some(11));
        assert_eq!(whole("1800000000000", &plans()), None);
        assert_eq!(national("(11) 96123-4567", &plans()), Some(15));
        assert_eq!(nanp("(201) 535-2855", &plans()), Some(14));
        assert_eq!(nanp("(101) 535-2855", &plans()), None);
        assert_eq!(plausible("03/10/1979", &plans()), None);
        assert_eq!(nanp("1. 201-535-2855", &plans()), None);
        assert_eq!(plausible("06. 12. 34. 56. 78", &plans()), Some(18));
        assert_eq!(international("+98 9601", &plans()), Some(8));
        assert_eq!(international("(+1) 201-535-2855", &plans()), Some(17));
        assert_eq!(plausible("12-15 (2009", &plans()), None);
        assert_eq!(plausible("1712175294", &plans()), None);
        assert_eq!(plausible("00000004", &plans()), None);
        assert_eq!(plausible("1730026139265", &plans()), None);
    }

    #[test]
    fn an_extension_belongs_to_its_number() {
        assert_eq!(nanp("(201) 535-2855 x 123", &plans()), Some(20));
        assert_eq!(international("+44 121 234 5678 ext. 45", &plans()), Some(24));
        assert_eq!(international("+1 201-535-2855 4111 12 x3", &plans()), Some(15));
        assert_eq!(canonical("(201) 535-2855 ext 12", &plans()), "+12015352855x12");
    }

    #[test]
    fn spellings_of_a_number_share_its_e164_form() {
        for text in ["+1 201-535-2855", "(201) 535-2855", "0012015352855", "2015352855"] {
            assert_eq!(canonical(text, &plans()), "+12015352855");
        }
    }

    #[test]
    fn numbers_of_old_plans_are_those_of_today() {
        for (old, today) in [
            ("+5215512345678", "+525512345678"),
            ("+52 1 55 1234 5678", "+525512345678"),
            ("+55 11 8123-4567", "+5511981234567"),
        ] {
            assert_eq!(international(old, &plans()), Some(old.len()), "{old}");
            assert_eq!(canonical(old, &plans()), today);
        }
        assert_eq!(international("+55 11 1123-4567", &plans()), None);
    }

    #[test]
    fn the_last_four_digits_of_a_north_american_number_are_free() {
        for number in (2_000_000_000..10_000_000_000u64).step_by(9_999_973) {
            for last in [0, 1, 1999, 4567, 9999] {
                let local = format!("{}", number / 10_000 * 10_000 + last);
                assert_eq!(is_nanp(&local), valid(&format!("+1{local}")).is_some(), "{local}");
            }
        }
    }

    #[test]
    fn uk_is_no_region() {
        assert_eq!(Plans::new(&["GB".into(), "UK".into()]).unwrap_err(), ["UK"]);
    }
}
