//! Checks that a pattern names: a checksum, an issuer range, a numbering plan. One row each in [`VALIDATORS`].
//!
//! A check sees what a regex matched, folded to ASCII, and says how much of its beginning is the value, so that a regex may
//! be generous and the check stops at the length. A checksum is evidence in proportion to its strength: what mod-11 passes
//! still needs a cue, and that is for the pattern to say.

mod card;
mod date;
mod digits;
mod document;
mod email;
mod iban;
mod issuers;
mod national;
mod network;
mod phone;
mod random;
mod secret;
mod ssn;
mod token;
mod united_states;
mod wallet;
mod whatsapp;

use std::borrow::Cow;

use national::{
    africa, andes, argentina, balkans, baltic, benelux, brazil, britain, canada, central_europe, east_asia, france,
    germany, ireland, italy, mexico, near_east, nordic, oceania, poland, portugal, russia, south_asia, south_east_asia,
    spain, turkey, ukraine,
};

pub(super) use date::is_spelled_date;
pub(super) use phone::Plans;
pub(crate) use token::{BASE_62, CALLER_RANDOM, caller_key, is_caller_key};

/// A named check, and how its values are spelled when they are compared.
pub(super) struct Validator {
    /// The name in pattern files.
    pub name: &'static str,
    check: Check,
    canonical: Canonical,
}

/// Says how long the value at the beginning of a match is, if there is one.
enum Check {
    /// By the text alone.
    Text(fn(&str) -> Option<usize>),
    /// By the numbering plans of the configured regions, too.
    Plans(fn(&str, &Plans) -> Option<usize>),
}

/// Gives the spelling that all spellings of a value share.
enum Canonical {
    /// By the text alone.
    Text(for<'t> fn(&'t str) -> Cow<'t, str>),
    /// By the numbering plans of the configured regions, too.
    Plans(for<'t> fn(&'t str, &Plans) -> Cow<'t, str>),
}

impl Validator {
    /// The length of the value at the beginning of `text`; `None` when there is none.
    pub(super) fn check(&self, text: &str, plans: &Plans) -> Option<usize> {
        match self.check {
            Check::Text(check) => check(text),
            Check::Plans(check) => check(text, plans),
        }
    }

    /// Whether the check takes less than a microsecond: numbering plans take more.
    pub(super) fn is_quick(&self) -> bool {
        matches!(self.check, Check::Text(_))
    }

    /// The spelling that all spellings of the value `text` share.
    pub(super) fn canonical<'t>(&self, text: &'t str, plans: &Plans) -> Cow<'t, str> {
        match self.canonical {
            Canonical::Text(canonical) => canonical(text),
            Canonical::Plans(canonical) => canonical(text, plans),
        }
    }
}

/// A check that needs nothing but the text.
const fn of_text(
    name: &'static str,
    check: fn(&str) -> Option<usize>,
    canonical: for<'t> fn(&'t str) -> Cow<'t, str>,
) -> Validator {
    Validator { name, check: Check::Text(check), canonical: Canonical::Text(canonical) }
}

/// Every check there is.
pub(super) const VALIDATORS: &[Validator] = &[
    of_text("ae_emirates_id", near_east::emirates, digits::only),
    of_text("ar_cbu", argentina::cbu, digits::only),
    of_text("ar_cuit", argentina::cuit, digits::only),
    of_text("at_svnr", central_europe::austrian, digits::only),
    of_text("au_abn", oceania::australia_business, digits::only),
    of_text("au_acn", oceania::australia_company, digits::only),
    of_text("au_medicare", oceania::australia_medicare, digits::only),
    of_text("au_tfn", oceania::australia_tax, digits::only),
    of_text("base58", wallet::base58, as_is),
    of_text("be_nn", benelux::national_number, digits::only),
    of_text("bech32", wallet::bech32, lower),
    of_text("bg_egn", balkans::bulgarian, digits::only),
    of_text("br_boleto", brazil::boleto, digits::only),
    of_text("br_cnpj", brazil::cnpj, iban::compact),
    of_text("br_convenio", brazil::convenio, digits::only),
    of_text("br_cpf", brazil::cpf, digits::only),
    of_text("ca_sin", canada::sin, digits::only),
    of_text("card", card::alone, digits::only),
    of_text("card_cued", card::cued, digits::only),
    of_text("card_likely", card::likely, digits::only),
    of_text("card_plain", card::plain, digits::only),
    of_text("card_typo", card::typo, digits::only),
    of_text("cl_rut", andes::rut, iban::compact),
    of_text("cl_rut_undated", andes::rut_undated, iban::compact),
    of_text("cn_ric", east_asia::china, iban::compact),
    of_text("cn_ric_form", east_asia::china_form, iban::compact),
    of_text("co_nit", andes::nit, digits::only),
    of_text("cz_rc", central_europe::birth_number, digits::only),
    of_text("date", date::check, as_is),
    of_text("de_document", germany::document, iban::compact),
    of_text("de_kvnr", germany::kvnr, iban::compact),
    of_text("de_svnr", germany::svnr, iban::compact),
    of_text("de_tax_id", germany::tax_id, digits::only),
    of_text("de_vat", germany::vat, iban::compact),
    of_text("digits", digits::check, digits::only),
    of_text("dk_cpr", nordic::cpr, digits::only),
    of_text("dk_cpr_checked", nordic::cpr_checked, digits::only),
    of_text("ee_lt_code", baltic::personal_code, digits::only),
    of_text("eg_id", africa::egypt, digits::only),
    of_text("email", email::check, email::canonical),
    of_text("es_cif", spain::cif, iban::compact),
    of_text("es_nie", spain::nie, iban::compact),
    of_text("es_nif", spain::nif, iban::compact),
    of_text("es_nuss", spain::nuss, digits::only),
    of_text("ethereum", wallet::ethereum, lower),
    of_text("fi_hetu", nordic::hetu, upper),
    of_text("fr_nir", france::nir, iban::compact),
    of_text("fr_spi", france::spi, digits::only),
    of_text("gr_afm", balkans::afm, digits::only),
    of_text("gr_amka", balkans::amka, digits::only),
    of_text("hk_hkid", east_asia::hong_kong, iban::compact),
    of_text("hu_tin", central_europe::hungarian, digits::only),
    of_text("iban", iban::check, iban::compact),
    of_text("iban_poland", iban::polish, |text| Cow::Owned(format!("PL{}", iban::compact(text)))),
    of_text("id_nik", south_east_asia::indonesia, digits::only),
    of_text("ie_pps", ireland::pps, iban::compact),
    of_text("il_id", near_east::israel, digits::only),
    of_text("imei", document::imei, digits::only),
    of_text("in_aadhaar", south_asia::aadhaar, digits::only),
    of_text("in_gstin", south_asia::gstin, iban::compact),
    of_text("ipv4", network::ipv4, as_is),
    of_text("ipv6", network::ipv6, lower),
    of_text("it_codice_fiscale", italy::codice_fiscale, iban::compact),
    of_text("it_partita_iva", italy::partita_iva, digits::only),
    of_text("itin", ssn::itin, digits::only),
    of_text("jp_my_number", east_asia::japan, digits::only),
    of_text("kr_brn", east_asia::korea_business, digits::only),
    of_text("kr_frn", east_asia::korea_foreigner, digits::only),
    of_text("kr_rrn", east_asia::korea_resident, digits::only),
    of_text("letters_and_digits", whole, iban::compact),
    of_text("lu_nin", benelux::identification_number, digits::only),
    of_text("lv_pk", baltic::latvian, digits::only),
    of_text("mac", network::mac, iban::compact),
    of_text("mx_clabe", mexico::clabe, digits::only),
    of_text("mx_curp", mexico::curp, iban::compact),
    of_text("mx_rfc", mexico::rfc, iban::compact),
    of_text("mx_rfc_dated", mexico::rfc_dated, iban::compact),
    of_text("my_nric", south_east_asia::malaysia, digits::only),
    of_text("nine_digits", ssn::nine, digits::only),
    of_text("nl_bsn", benelux::bsn, digits::only),
    of_text("no_fnr", nordic::fodselsnummer, digits::only),
    of_text("nz_ird", oceania::new_zealand_tax, digits::only),
    of_text("passport_line", document::passport_line, as_is),
    of_text("pe_ruc", andes::ruc, digits::only),
    of_text("ph_tin", south_east_asia::philippines, digits::only),
    Validator { name: "phone", check: Check::Plans(phone::national), canonical: Canonical::Plans(phone::canonical) },
    Validator {
        name: "phone_international",
        check: Check::Plans(phone::international),
        canonical: Canonical::Plans(phone::canonical),
    },
    Validator { name: "phone_nanp", check: Check::Plans(phone::nanp), canonical: Canonical::Plans(phone::canonical) },
    Validator {
        name: "phone_plausible",
        check: Check::Plans(phone::plausible),
        canonical: Canonical::Plans(phone::canonical),
    },
    Validator { name: "phone_whole", check: Check::Plans(phone::whole), canonical: Canonical::Plans(phone::canonical) },
    of_text("pl_dowod", poland::identity_card, iban::compact),
    of_text("pl_nip", poland::nip, digits::only),
    of_text("pl_pesel", poland::pesel, digits::only),
    of_text("pl_regon", poland::regon, digits::only),
    of_text("pt_card", portugal::card, iban::compact),
    of_text("pt_nif", portugal::nif, digits::only),
    of_text("ro_cnp", balkans::cnp, digits::only),
    of_text("ru_inn", russia::inn, digits::only),
    of_text("ru_snils", russia::snils, digits::only),
    of_text("sa_id", near_east::saudi_arabia, digits::only),
    of_text("se_org", nordic::organisation, digits::only),
    of_text("se_pnr", nordic::personnummer, digits::only),
    of_text("secret", secret::check, as_is),
    of_text("secret_odd", secret::odd, as_is),
    of_text("secret_placed", secret::placed, as_is),
    of_text("secret_random", random::random, as_is),
    of_text("sg_nric", south_east_asia::singapore, iban::compact),
    of_text("sg_uen", south_east_asia::singapore_entity, iban::compact),
    of_text("si_emso", balkans::emso, digits::only),
    of_text("si_tin", balkans::slovenian_tax, digits::only),
    of_text("ssn", ssn::check, digits::only),
    of_text("th_tnin", south_east_asia::thailand, digits::only),
    of_text("token", random::token, as_is),
    of_text("token_atlassian", token::atlassian, as_is),
    of_text("token_caller", token::caller, as_is),
    of_text("token_github", token::github, as_is),
    of_text("token_jwt", token::jwt, as_is),
    of_text("tr_tckn", turkey::tckn, digits::only),
    of_text("tw_id", east_asia::taiwan, iban::compact),
    of_text("ua_rnokpp", ukraine::rnokpp, digits::only),
    of_text("uk_driver", britain::driver, iban::compact),
    of_text("uk_nhs", britain::nhs, digits::only),
    of_text("uk_nino", britain::nino, iban::compact),
    of_text("uk_utr", britain::utr, digits::only),
    of_text("us_employer", united_states::employer, digits::only),
    of_text("us_prescriber", united_states::prescriber, iban::compact),
    of_text("us_provider", united_states::provider, digits::only),
    of_text("us_routing", united_states::routing, digits::only),
    of_text("vehicle", document::vehicle, iban::compact),
    of_text("whatsapp_user", whatsapp::user_id, as_is),
    of_text("za_id", africa::south_africa, digits::only),
];

/// The check of that name.
pub(super) fn named(name: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().find(|validator| validator.name == name)
}

/// Whether `code` is the ISO 3166 code of a country.
pub(super) fn is_country(code: &str) -> bool {
    phone::region(code).is_some()
}

/// Anything: for numbers that have no check, so that their spellings are one.
fn whole(text: &str) -> Option<usize> {
    Some(text.len())
}

fn as_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn upper(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.to_uppercase())
}

fn lower(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.to_lowercase())
}
