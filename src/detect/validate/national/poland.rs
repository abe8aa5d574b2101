//! Poland: persons (PESEL), taxpayers (NIP), firms (REGON), identity cards.

use super::{
    calendar::{is_day, pair},
    first, missing, weighted,
};

/// A person's number: day of birth, the month 20 more since 2000, a serial number, a digit mod 10.
pub(in super::super) fn pesel(text: &str) -> Option<usize> {
    first::<11>(text, |pesel| {
        let month = pair(pesel, 2);
        let born = month < 40 && is_day(month % 20, pair(pesel, 4));
        born && missing(weighted(pesel, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]), 10) == u32::from(pesel[10])
    })
}

/// A taxpayer's number, `PL` before it or not.
pub(in super::super) fn nip(text: &str) -> Option<usize> {
    let passes =
        |nip: &[u8]| weighted(nip, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(nip[9]) && nip[..9] != [0; 9];
    first::<12>(text, |nip| nip[..2] == [25, 21] && passes(&nip[2..])).or_else(|| first::<10>(text, |nip| passes(nip)))
}

/// A firm's number, or that of a part of a firm, which begins with the firm's.
pub(in super::super) fn regon(text: &str) -> Option<usize> {
    let firm = |regon: &[u8]| {
        weighted(regon, &[8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10 == u32::from(regon[8]) && regon[..8] != [0; 8]
    };
    let part =
        |regon: &[u8]| weighted(regon, &[2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11 % 10 == u32::from(regon[13]);
    first::<14>(text, |regon| firm(regon) && part(regon)).or_else(|| first::<9>(text, |regon| firm(regon)))
}

/// An identity card: three letters, a check digit, five digits.
pub(in super::super) fn identity_card(text: &str) -> Option<usize> {
    first::<9>(text, |card| weighted(card, &[7, 3, 1, 9, 7, 3, 1, 7, 3]).is_multiple_of(10))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn persons_have_a_pesel() {
        assert_check(
            pesel,
            &["44051401458", "02070803628", "721002-18135", "73021 623549", "11111111116"],
            &["44051401459", "11110021111", "99999999999", "00000000001", "20463348319"],
        );
    }

    #[test]
    fn firms_have_a_nip_and_a_regon() {
        assert_check(
            nip,
            &["8333290827", "392-862-19-31", "392-86-21-931", "PL3928621931", "0602702648"],
            &["3928621933", "060-280-27-47", "833329082", "0000000000"],
        );
        assert_check(
            regon,
            &["447-287-892", "447 287 998", "361204898", "12345678512347"],
            &["463 348 330", "000000000"],
        );
    }

    #[test]
    fn cards_have_their_check_digit_behind_the_letters() {
        assert_check(identity_card, &["ABA300000", "PXG358101", "PXK-658104", "PXM 458106"], &["ABA400000"]);
    }
}
