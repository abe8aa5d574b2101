//! Brazil: the tax numbers of persons (CPF) and companies (CNPJ).

use super::{super::digits::all_equal, first, missing, weighted};

/// A person's taxpayer number: two digits mod 11.
pub(in super::super) fn cpf(text: &str) -> Option<usize> {
    first::<11>(text, |cpf| {
        let check = |values: &[u8], weights: &[u8]| missing(weighted(values, weights), 11) % 10;
        !all_equal(cpf) && check(cpf, &WEIGHTS[1..]) == u32::from(cpf[9]) && check(cpf, &WEIGHTS) == u32::from(cpf[10])
    })
}

const WEIGHTS: [u8; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];

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
}
