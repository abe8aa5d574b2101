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

use national::{andes, argentina, brazil, france, italy, mexico, portugal, spain};

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
    Validator { name: "ar_cbu", check: |text, _| argentina::cbu(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ar_cuit", check: |text, _| argentina::cuit(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_boleto", check: |text, _| brazil::boleto(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_cnpj", check: |text, _| brazil::cnpj(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "br_convenio", check: |text, _| brazil::convenio(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_cpf", check: |text, _| brazil::cpf(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card", check: |text, _| card::alone(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_cued", check: |text, _| card::cued(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_typo", check: |text, _| card::typo(text), canonical: |text, _| digits::only(text) },
    Validator { name: "cl_rut", check: |text, _| andes::rut(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "co_nit", check: |text, _| andes::nit(text), canonical: |text, _| digits::only(text) },
    Validator { name: "digits", check: |text, _| digits::check(text), canonical: |text, _| digits::only(text) },
    Validator { name: "email", check: |text, _| email::check(text), canonical: |text, _| lower(text) },
    Validator { name: "es_cif", check: |text, _| spain::cif(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nie", check: |text, _| spain::nie(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nif", check: |text, _| spain::nif(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nuss", check: |text, _| spain::nuss(text), canonical: |text, _| digits::only(text) },
    Validator { name: "fr_nir", check: |text, _| france::nir(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "fr_spi", check: |text, _| france::spi(text), canonical: |text, _| digits::only(text) },
    Validator { name: "iban", check: |text, _| iban::check(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "it_codice_fiscale",
        check: |text, _| italy::codice_fiscale(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator {
        name: "it_partita_iva",
        check: |text, _| italy::partita_iva(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "itin", check: |text, _| ssn::itin(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "letters_and_digits",
        check: |text, _| Some(text.len()),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "mx_clabe", check: |text, _| mexico::clabe(text), canonical: |text, _| digits::only(text) },
    Validator { name: "mx_curp", check: |text, _| mexico::curp(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "mx_rfc", check: |text, _| mexico::rfc(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "mx_rfc_dated",
        check: |text, _| mexico::rfc_dated(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "nine_digits", check: |text, _| ssn::nine(text), canonical: |text, _| digits::only(text) },
    Validator { name: "pe_ruc", check: |text, _| andes::ruc(text), canonical: |text, _| digits::only(text) },
    Validator { name: "phone", check: phone::national, canonical: phone::canonical },
    Validator { name: "phone_international", check: phone::international, canonical: phone::canonical },
    Validator { name: "phone_nanp", check: phone::nanp, canonical: phone::canonical },
    Validator { name: "phone_plausible", check: phone::plausible, canonical: phone::canonical },
    Validator { name: "pt_card", check: |text, _| portugal::card(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "pt_nif", check: |text, _| portugal::nif(text), canonical: |text, _| digits::only(text) },
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
