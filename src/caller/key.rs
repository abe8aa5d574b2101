//! A caller's key as it is made and shown, its name, and its rate.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::crypto;
use crate::detect::{BASE_62, CALLER_RANDOM, caller_key};

/// How many requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub u32);

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate: write the requests of a minute, as in `60/min`")]
pub struct NotARate(String);

/// Why a text cannot name a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a caller: begin with a letter, then also digits, `-`, `_` and `.`, up to 64; not `anonymous`, nor `key_…`"
)]
pub struct NotAName(String);

/// Makes a key: a prefix that can be recognised, random characters, their checksum.
pub fn fresh() -> Zeroizing<String> {
    // A byte beyond the last multiple of 62 would make some characters likelier than others.
    const EVEN: u8 = 62 * 4;
    let mut random = Zeroizing::new(String::with_capacity(CALLER_RANDOM));
    while random.len() < CALLER_RANDOM {
        let byte = crypto::random::<1>()[0];
        if byte < EVEN {
            random.push(char::from(BASE_62[usize::from(byte % 62)]));
        }
    }
    Zeroizing::new(caller_key(&random))
}

/// Checks that a name can stand beside the log's own tokens without being taken for one.
pub fn check_name(name: &str) -> Result<(), NotAName> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let taken = name == "anonymous" || name.starts_with("key_");
    match begins && !taken && name.len() <= 64 && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(NotAName(name.to_owned())),
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let count = text.strip_suffix("/min").and_then(|count| count.parse().ok());
        count.filter(|count| (1..=1_000_000).contains(count)).map(Self).ok_or_else(|| NotARate(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/min", self.0)
    }
}
