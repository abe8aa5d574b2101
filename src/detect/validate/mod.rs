//! Checks that a pattern names: a checksum, an issuer range, a numbering plan. One row each in [`VALIDATORS`].
//!
//! A check sees what a regex matched, folded to ASCII, and says how much of its beginning is the value, so that a regex may
//! be generous and the check stops at the length. A checksum is evidence in proportion to its strength: what mod-11 passes
//! still needs a cue, and that is for the pattern to say.

mod card;
mod digits;
mod email;
mod iban;
mod issuers;
mod national;
mod phone;
mod secret;
mod ssn;

use std::borrow::Cow;

use national::brazil;

pub(super) use phone::Plans;

/// A named check, and how its values are spelled when they are compared.
pub(super) struct Validator {
    /// The name in pattern files.
    pub name: &'static str,
    /// The length of the value at the beginning of the match; `None` when there is none.
    pub check: fn(&str, &Plans) -> Option<usize>,
    /// The spelling that all spellings of the value share.
    pub canonical: for<'t> fn(&'t str, &Plans) -> Cow<'t, str>,
}

/// Every check there is.
pub(super) const VALIDATORS: &[Validator] = &[
    Validator { name: "br_cpf", check: |text, _| brazil::cpf(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card", check: |text, _| card::alone(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_cued", check: |text, _| card::cued(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_typo", check: |text, _| card::typo(text), canonical: |text, _| digits::only(text) },
    Validator { name: "email", check: |text, _| email::check(text), canonical: |text, _| lower(text) },
    Validator { name: "iban", check: |text, _| iban::check(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "itin", check: |text, _| ssn::itin(text), canonical: |text, _| digits::only(text) },
    Validator { name: "nine_digits", check: |text, _| ssn::nine(text), canonical: |text, _| digits::only(text) },
    Validator { name: "phone", check: phone::national, canonical: phone::canonical },
    Validator { name: "phone_international", check: phone::international, canonical: phone::canonical },
    Validator { name: "phone_nanp", check: phone::nanp, canonical: phone::canonical },
    Validator { name: "phone_plausible", check: phone::plausible, canonical: phone::canonical },
    Validator { name: "secret", check: |text, _| secret::check(text), canonical: |text, _| Cow::Borrowed(text) },
    Validator {
        name: "secret_random",
        check: |text, _| secret::random(text),
        canonical: |text, _| Cow::Borrowed(text),
    },
    Validator { name: "ssn", check: |text, _| ssn::check(text), canonical: |text, _| digits::only(text) },
];

/// The check of that name.
pub(super) fn named(name: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().find(|validator| validator.name == name)
}

/// Whether `code` is the ISO 3166 code of a country.
pub(super) fn is_country(code: &str) -> bool {
    phone::region(code).is_some()
}

fn lower(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.to_lowercase())
}
