//! Brazil: the tax numbers of persons (CPF) and companies (CNPJ), and the line of digits that pays a bill (boleto).

use super::{
    super::digits::{all_equal, luhn},
    decimal, first, missing, weighted,
};

/// A person's taxpayer number: two digits mod 11.
pub(in super::super) fn cpf(text: &str) -> Option<usize> {
    first::<11>(text, |cpf| decimal(cpf) && !all_equal(cpf) && ends_in_two_checks(cpf, &CPF_WEIGHTS))
}

/// A company's number: two digits mod 11; since July 2026 the others may be letters, A counting 17.
pub(in super::super) fn cnpj(text: &str) -> Option<usize> {
    first::<14>(text, |cnpj| {
        let values = cnpj.map(|value| if value > 9 { value + 7 } else { value });
        decimal(&cnpj[12..]) && !all_equal(cnpj) && ends_in_two_checks(&values, &CNPJ_WEIGHTS)
    })
}

/// The line of a bank's bill: three fields with a Luhn digit each, and one digit mod 11 over the bar code.
pub(in super::super) fn boleto(text: &str) -> Option<usize> {
    first::<47>(text, |line| {
        let fields = [&line[..10], &line[10..21], &line[21..32]];
        let code = [&line[..4], &line[33..], &line[4..9], &line[10..20], &line[21..31]].concat();
        let check = match missing(from_behind(&code), 11) {
            0 | 10 => 1,
            digit => digit,
        };
        decimal(line) && !all_equal(line) && fields.into_iter().all(luhn) && check == u32::from(line[32])
    })
}

/// The line of a utility's or an authority's bill: four blocks with a digit each, Luhn or mod 11 by the third digit.
pub(in super::super) fn convenio(text: &str) -> Option<usize> {
    first::<48>(text, |line| {
        let good = |block: &[u8]| match line[2] {
            6 | 7 => luhn(block),
            8 | 9 => missing(from_behind(&block[..11]), 11) % 10 == u32::from(block[11]),
            _ => false,
        };
        decimal(line) && line[0] == 8 && line.chunks(12).all(good)
    })
}

/// Whether the last two values are what mod 11 asks for; `weights` are those of the second one.
fn ends_in_two_checks(values: &[u8], weights: &[u8]) -> bool {
    let check = |weights: &[u8]| missing(weighted(values, weights), 11) % 10;
    let count = weights.len();
    check(&weights[1..]) == u32::from(values[count - 1]) && check(weights) == u32::from(values[count])
}

const CNPJ_WEIGHTS: [u8; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
const CPF_WEIGHTS: [u8; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];

/// The sum of values, weighted 2 to 9 over and over from the last one on.
fn from_behind(values: &[u8]) -> u32 {
    values.iter().rev().zip((2..=9).cycle()).map(|(value, weight)| u32::from(*value) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_cpf() {
        assert_check(
            cpf,
            &["012.345.678-90", "083.358.948-25", "083---358___948_____25", "08335894825", "05244211706"],
            &["345.675.677-78", "123.567.234-67", "567.456.234-90", "345.678.3428723-76", "111.111.111-11"],
        );
    }

    #[test]
    fn companies_have_a_cnpj_of_digits_or_letters() {
        assert_check(
            cnpj,
            &["00.623.904/0001-73", "27.218.806/0001-07", "12.ABC.345/01DE-35", "q9yikb8saspb24", "8T35BO8RN3GE93"],
            &["00.623.904/0001-71", "00.623.904/0131001-53", "00000000000000", "12.ABC.345/01DE-36"],
        );
    }

    #[test]
    fn bills_have_a_line() {
        assert_check(
            boleto,
            &[
                "00197.43962 57984.737775 97860.382361 7 16070000029921",
                "00196430898156874910506079503741611140000052923",
            ],
            &["00197.43962 57984.737775 97860.382361 8 16070000029921"],
        );
        assert_check(
            convenio,
            &[
                "83609385754-5 94889379044-4 19390415647-1 82965338458-8",
                "83899992306-2 87432789921-7 63980797641-9 87939427763-0",
            ],
            &["83609385754-5 94889379044-4 19390415647-1 82965338458-7"],
        );
    }
}
