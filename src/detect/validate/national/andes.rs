//! Chile, Colombia and Peru: their tax numbers.

use super::{decimal, first, is_day, missing, number, weighted};

/// Chile's RUT, seven or eight digits and one mod 11, K for ten.
pub(in super::super) fn rut(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [3, 2, 7, 6, 5, 4, 3, 2];
    let good = |rut: &[u8]| {
        let (digits, check) = rut.split_at(rut.len() - 1);
        let expected = match missing(weighted(digits, &WEIGHTS[8 - digits.len()..]), 11) {
            10 => LETTER_K,
            digit => digit,
        };
        decimal(digits) && number(digits) >= 100_000 && expected == u32::from(check[0])
    };
    first::<9>(text, |rut| good(rut)).or_else(|| first::<8>(text, |rut| good(rut)))
}

const LETTER_K: u32 = 20;

/// A RUT whose digits, unless points part them, are no date with something behind it.
pub(in super::super) fn rut_undated(text: &str) -> Option<usize> {
    let dated = first::<9>(text, |rut| {
        decimal(&rut[..8]) && matches!(number(&rut[..2]), 19 | 20) && is_day(number(&rut[4..6]), number(&rut[6..8]))
    });
    rut(text).filter(|_| dated.is_none() || text.contains('.'))
}

/// Colombia's NIT, seven to ten digits and one mod 11 over weights that are primes.
pub(in super::super) fn nit(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 10] = [43, 41, 37, 29, 23, 19, 17, 13, 7, 3];
    let good = |nit: &[u8]| {
        let (digits, check) = nit.split_at(nit.len() - 1);
        let rest = weighted(digits, &WEIGHTS[10 - digits.len()..]) % 11;
        let expected = if rest > 1 { 11 - rest } else { rest };
        decimal(nit) && number(digits) > 0 && expected == u32::from(check[0])
    };
    let long = || first::<11>(text, |nit| good(nit)).or_else(|| first::<10>(text, |nit| good(nit)));
    long().or_else(|| first::<9>(text, |nit| good(nit))).or_else(|| first::<8>(text, |nit| good(nit)))
}

/// Peru's RUC: a kind, a number and a digit mod 11.
pub(in super::super) fn ruc(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    first::<11>(text, |ruc| {
        let check = (11 - weighted(ruc, &WEIGHTS) % 11) % 10;
        decimal(ruc) && matches!(number(&ruc[..2]), 10 | 15..=17 | 20) && check == u32::from(ruc[10])
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn chileans_have_a_rut() {
        assert_check(
            rut,
            &["8451604-K", "12.416.838-4", "7.357.084-0", "24876037-0", "51000261k", "439554991"],
            &["8451604-1", "12.416.838-K", "00000000-0", "5.100.026"],
        );
        assert_check(rut_undated, &["20.240.115-5", "24876037-0"], &["20240115-5"]);
    }

    #[test]
    fn colombians_have_a_nit() {
        assert_check(
            nit,
            &["915.289.965-2", "9158586058", "1.047.535.426-2", "74461537-1"],
            &["915.289.965-3", "000.000.000-0", "123456"],
        );
    }

    #[test]
    fn peruvians_have_a_ruc() {
        assert_check(
            ruc,
            &["20480771568", "20748900285", "10705893794", "20635259508"],
            &["20480771569", "30480771568", "00000000000"],
        );
    }
}
