//! Argentina: the tax number (CUIT, CUIL) and the bank account (CBU, CVU).

use super::{decimal, first, missing, number, weighted};

/// A tax number: its kind, a digit mod 11.
pub(in super::super) fn cuit(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    first::<11>(text, |cuit| {
        let check = missing(weighted(cuit, &WEIGHTS), 11).min(9);
        let kind = number(&cuit[..2]);
        decimal(cuit) && matches!(kind, 20 | 23..=27 | 30 | 33 | 34 | 50 | 51 | 55) && check == u32::from(cuit[10])
    })
}

/// A bank account: two blocks with a digit mod 10 each. Banks are numbered up to 460, payment services 000.
pub(in super::super) fn cbu(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 13] = [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3];
    let good = |block: &[u8], weights: &[u8]| {
        let last = block.len() - 1;
        missing(weighted(block, weights), 10) == u32::from(block[last])
    };
    first::<22>(text, |cbu| {
        let (bank, account) = cbu.split_at(8);
        decimal(cbu)
            && number(&cbu[..3]) <= 460
            && number(account) > 0
            && good(bank, &WEIGHTS[2..9])
            && good(account, &WEIGHTS)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn taxpayers_have_a_cuit() {
        assert_check(
            cuit,
            &["20-83115292-4", "23-12938082-9", "27104312689", "23210346015", "30571630717", "30-57163071-7"],
            &["20-83115292-5", "28-83115292-4", "00000000000", "99999999999"],
        );
    }

    #[test]
    fn accounts_have_a_cbu() {
        assert_check(
            cbu,
            &["0110012920000091344977", "0247887847237915774583", "0000003100376521385435"],
            &["0110012920000091344978", "0000000000000000000000", "9400881850703290266080"],
        );
    }
}
