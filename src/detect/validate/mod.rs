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

use national::{
    africa, andes, argentina, balkans, baltic, benelux, brazil, britain, canada, central_europe, east_asia, france,
    germany, ireland, italy, mexico, near_east, nordic, oceania, poland, portugal, russia, south_asia, south_east_asia,
    spain, turkey, ukraine,
};

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
    Validator {
        name: "ae_emirates_id",
        check: |text, _| near_east::emirates(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "ar_cbu", check: |text, _| argentina::cbu(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ar_cuit", check: |text, _| argentina::cuit(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "at_svnr",
        check: |text, _| central_europe::austrian(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "au_abn",
        check: |text, _| oceania::australia_business(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "au_acn",
        check: |text, _| oceania::australia_company(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "au_medicare",
        check: |text, _| oceania::australia_medicare(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "au_tfn",
        check: |text, _| oceania::australia_tax(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "be_nn",
        check: |text, _| benelux::national_number(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "bg_egn", check: |text, _| balkans::bulgarian(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_boleto", check: |text, _| brazil::boleto(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_cnpj", check: |text, _| brazil::cnpj(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "br_convenio", check: |text, _| brazil::convenio(text), canonical: |text, _| digits::only(text) },
    Validator { name: "br_cpf", check: |text, _| brazil::cpf(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ca_sin", check: |text, _| canada::sin(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card", check: |text, _| card::alone(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_cued", check: |text, _| card::cued(text), canonical: |text, _| digits::only(text) },
    Validator { name: "card_typo", check: |text, _| card::typo(text), canonical: |text, _| digits::only(text) },
    Validator { name: "cl_rut", check: |text, _| andes::rut(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "cl_rut_undated",
        check: |text, _| andes::rut_undated(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "cn_ric", check: |text, _| east_asia::china(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "cn_ric_form",
        check: |text, _| east_asia::china_form(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "co_nit", check: |text, _| andes::nit(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "cz_rc",
        check: |text, _| central_europe::birth_number(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "de_document",
        check: |text, _| germany::document(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "de_kvnr", check: |text, _| germany::kvnr(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "de_svnr", check: |text, _| germany::svnr(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "de_tax_id", check: |text, _| germany::tax_id(text), canonical: |text, _| digits::only(text) },
    Validator { name: "de_vat", check: |text, _| germany::vat(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "digits", check: |text, _| digits::check(text), canonical: |text, _| digits::only(text) },
    Validator { name: "dk_cpr", check: |text, _| nordic::cpr(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "dk_cpr_checked",
        check: |text, _| nordic::cpr_checked(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "document", check: |text, _| Some(text.len()), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "ee_lt_code",
        check: |text, _| baltic::personal_code(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "eg_id", check: |text, _| africa::egypt(text), canonical: |text, _| digits::only(text) },
    Validator { name: "email", check: |text, _| email::check(text), canonical: |text, _| lower(text) },
    Validator { name: "es_cif", check: |text, _| spain::cif(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nie", check: |text, _| spain::nie(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nif", check: |text, _| spain::nif(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "es_nuss", check: |text, _| spain::nuss(text), canonical: |text, _| digits::only(text) },
    Validator { name: "fi_hetu", check: |text, _| nordic::hetu(text), canonical: |text, _| upper(text) },
    Validator { name: "fr_nir", check: |text, _| france::nir(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "fr_spi", check: |text, _| france::spi(text), canonical: |text, _| digits::only(text) },
    Validator { name: "gr_afm", check: |text, _| balkans::afm(text), canonical: |text, _| digits::only(text) },
    Validator { name: "gr_amka", check: |text, _| balkans::amka(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "hk_hkid",
        check: |text, _| east_asia::hong_kong(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator {
        name: "hu_tin",
        check: |text, _| central_europe::hungarian(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "iban", check: |text, _| iban::check(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "id_nik",
        check: |text, _| south_east_asia::indonesia(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "ie_pps", check: |text, _| ireland::pps(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "il_id", check: |text, _| near_east::israel(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "in_aadhaar",
        check: |text, _| south_asia::aadhaar(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "in_gstin", check: |text, _| south_asia::gstin(text), canonical: |text, _| iban::compact(text) },
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
        name: "jp_my_number",
        check: |text, _| east_asia::japan(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "kr_brn",
        check: |text, _| east_asia::korea_business(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "kr_frn",
        check: |text, _| east_asia::korea_foreigner(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "kr_rrn",
        check: |text, _| east_asia::korea_resident(text),
        canonical: |text, _| digits::only(text),
    },
    Validator {
        name: "letters_and_digits",
        check: |text, _| Some(text.len()),
        canonical: |text, _| iban::compact(text),
    },
    Validator {
        name: "lu_nin",
        check: |text, _| benelux::identification_number(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "lv_pk", check: |text, _| baltic::latvian(text), canonical: |text, _| digits::only(text) },
    Validator { name: "mx_clabe", check: |text, _| mexico::clabe(text), canonical: |text, _| digits::only(text) },
    Validator { name: "mx_curp", check: |text, _| mexico::curp(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "mx_rfc", check: |text, _| mexico::rfc(text), canonical: |text, _| iban::compact(text) },
    Validator {
        name: "mx_rfc_dated",
        check: |text, _| mexico::rfc_dated(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator {
        name: "my_nric",
        check: |text, _| south_east_asia::malaysia(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "nine_digits", check: |text, _| ssn::nine(text), canonical: |text, _| digits::only(text) },
    Validator { name: "nl_bsn", check: |text, _| benelux::bsn(text), canonical: |text, _| digits::only(text) },
    Validator { name: "no_fnr", check: |text, _| nordic::fodselsnummer(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "nz_ird",
        check: |text, _| oceania::new_zealand_tax(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "pe_ruc", check: |text, _| andes::ruc(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "ph_tin",
        check: |text, _| south_east_asia::philippines(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "phone", check: phone::national, canonical: phone::canonical },
    Validator { name: "phone_international", check: phone::international, canonical: phone::canonical },
    Validator { name: "phone_nanp", check: phone::nanp, canonical: phone::canonical },
    Validator { name: "phone_plausible", check: phone::plausible, canonical: phone::canonical },
    Validator {
        name: "pl_dowod",
        check: |text, _| poland::identity_card(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "pl_nip", check: |text, _| poland::nip(text), canonical: |text, _| digits::only(text) },
    Validator { name: "pl_pesel", check: |text, _| poland::pesel(text), canonical: |text, _| digits::only(text) },
    Validator { name: "pl_regon", check: |text, _| poland::regon(text), canonical: |text, _| digits::only(text) },
    Validator { name: "pt_card", check: |text, _| portugal::card(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "pt_nif", check: |text, _| portugal::nif(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ro_cnp", check: |text, _| balkans::cnp(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ru_inn", check: |text, _| russia::inn(text), canonical: |text, _| digits::only(text) },
    Validator { name: "ru_snils", check: |text, _| russia::snils(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "sa_id",
        check: |text, _| near_east::saudi_arabia(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "se_org", check: |text, _| nordic::organisation(text), canonical: |text, _| digits::only(text) },
    Validator { name: "se_pnr", check: |text, _| nordic::personnummer(text), canonical: |text, _| digits::only(text) },
    Validator { name: "secret", check: |text, _| secret::check(text), canonical: |text, _| Cow::Borrowed(text) },
    Validator {
        name: "secret_random",
        check: |text, _| secret::random(text),
        canonical: |text, _| Cow::Borrowed(text),
    },
    Validator {
        name: "sg_nric",
        check: |text, _| south_east_asia::singapore(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator {
        name: "sg_uen",
        check: |text, _| south_east_asia::singapore_entity(text),
        canonical: |text, _| iban::compact(text),
    },
    Validator { name: "si_emso", check: |text, _| balkans::emso(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "si_tin",
        check: |text, _| balkans::slovenian_tax(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "ssn", check: |text, _| ssn::check(text), canonical: |text, _| digits::only(text) },
    Validator {
        name: "th_tnin",
        check: |text, _| south_east_asia::thailand(text),
        canonical: |text, _| digits::only(text),
    },
    Validator { name: "tr_tckn", check: |text, _| turkey::tckn(text), canonical: |text, _| digits::only(text) },
    Validator { name: "tw_id", check: |text, _| east_asia::taiwan(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "ua_rnokpp", check: |text, _| ukraine::rnokpp(text), canonical: |text, _| digits::only(text) },
    Validator { name: "uk_driver", check: |text, _| britain::driver(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "uk_nhs", check: |text, _| britain::nhs(text), canonical: |text, _| digits::only(text) },
    Validator { name: "uk_nino", check: |text, _| britain::nino(text), canonical: |text, _| iban::compact(text) },
    Validator { name: "uk_utr", check: |text, _| britain::utr(text), canonical: |text, _| digits::only(text) },
    Validator { name: "za_id", check: |text, _| africa::south_africa(text), canonical: |text, _| digits::only(text) },
];

/// The check of that name.
pub(super) fn named(name: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().find(|validator| validator.name == name)
}

/// Whether `code` is the ISO 3166 code of a country.
pub(super) fn is_country(code: &str) -> bool {
    phone::region(code).is_some()
}

fn upper(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.to_uppercase())
}

fn lower(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.to_lowercase())
}
