//! South-East Asia: identity numbers of Indonesia, Malaysia, Singapore and Thailand, business numbers of Singapore and tax
//! numbers of the Philippines.

use super::{
    calendar::{is_day, pair},
    first, weighted,
};

/// An Indonesian population number: province, date of birth with 40 added to a woman's day.
pub(in super::super) fn indonesia(text: &str) -> Option<usize> {
    let province = |code: u32| matches!(code, 11..=19 | 21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97);
    first::<16>(text, |id| {
        let day = pair(id, 6);
        province(pair(id, 0)) && is_day(pair(id, 8), if day > 40 { day - 40 } else { day })
    })
}

/// A Malaysian identity card's number: date and place of birth.
pub(in super::super) fn malaysia(text: &str) -> Option<usize> {
    let nowhere = |place: u32| matches!(place, 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97);
    first::<12>(text, |id| is_day(pair(id, 2), pair(id, 4)) && !nowhere(pair(id, 6)))
}

/// A Philippine taxpayer's number, its branch included where it is given: mod 11 in the ninth place.
pub(in super::super) fn philippines(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 8] = [9, 8, 7, 6, 5, 4, 3, 2];
    let good = |tin: &[u8]| weighted(&tin[..8], &WEIGHTS) % 11 == u32::from(tin[8]) && tin[..8] != [0; 8];
    let with_branch = first::<14>(text, |tin| good(tin)).or_else(|| first::<12>(text, |tin| good(tin)));
    with_branch.or_else(|| first::<9>(text, |tin| good(tin)))
}

/// The number of a Singaporean (S, T) or a foreigner there (F, G, M): a letter by mod 11.
pub(in super::super) fn singapore(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 7] = [2, 7, 6, 5, 4, 3, 2];
    first::<9>(text, |id| {
        let sum = weighted(&id[1..], &WEIGHTS);
        let (letters, sum) = match letter(id[0]) {
            b'S' => (b"JZIHGFEDCBA", sum),
            b'T' => (b"JZIHGFEDCBA", sum + 4),
            b'F' => (b"XWUTRQPNMLK", sum),
            b'G' => (b"XWUTRQPNMLK", sum + 4),
            b'M' => (b"XWUTRQPNJLK", sum + 3),
            _ => return false,
        };
        letters[sum as usize % 11] == letter(id[8])
    })
}

/// A unique entity number: of a business, of a company with its year, or of another entity with its kind.
pub(in super::super) fn singapore_entity(text: &str) -> Option<usize> {
    let is = |letters: &[u8], sum: u32, check: u8| letters[sum as usize % 11] == letter(check);
    let business = |id: &[u8; 9]| is(b"XMKECAWLJDB", weighted(id, &[10, 4, 9, 3, 8, 2, 7, 1]), id[8]);
    let company = |id: &[u8; 10]| is(b"ZKCMDNERGWH", weighted(id, &[10, 8, 6, 4, 9, 7, 5, 3, 1]), id[9]);
    let other = |id: &[u8; 10]| {
        let places = id.map(|value| ENTITY.iter().position(|letter_| *letter_ == letter(value)).unwrap_or(0) as u8);
        // 6 is -5 mod 11.
        is(ENTITY, weighted(&places, &[4, 3, 5, 3, 10, 2, 2, 5, 7]) + 6, id[9])
    };
    let with_year = |id: &[u8; 10]| matches!(pair(id, 0), 18..=20) && company(id);
    let ten = |id: &[u8; 10]| if id[0] < 10 { with_year(id) } else { other(id) };
    first::<10>(text, ten).or_else(|| first::<9>(text, business))
}

const ENTITY: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";

/// The capital or digit that stands for `value` in base 36.
fn letter(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

/// A Thai identity number: mod 11.
pub(in super::super) fn thailand(text: &str) -> Option<usize> {
    const WEIGHTS: [u8; 12] = [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    first::<13>(text, |id| matches!(id[0], 1..=8) && (11 - weighted(id, &WEIGHTS) % 11) % 10 == u32::from(id[12]))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_check, *};

    #[test]
    fn indonesian_and_malaysian_numbers_hold_a_birth() {
        assert_check(
            indonesia,
            &["3171011708450001", "3171015708450001", "3171012902001234"],
            &["9971011708450001", "3171013002001234", "31710117084500"],
        );
        assert_check(malaysia, &["770305-02-1234", "770305021234"], &["771305-02-1234", "770305-17-1234"]);
    }

    #[test]
    fn philippine_taxpayers_pass_mod_11() {
        assert_check(
            philippines,
            &["000-123-456-000", "000123456", "000123456000", "000-123-456-00000"],
            &["000-123-457-000", "123456789", "600-000-000", "000-000-000"],
        );
    }

    #[test]
    fn singaporean_numbers_end_in_their_letter() {
        assert_check(
            singapore,
            &["S2740116C", "T1680536F", "F5221211K", "G8169811U", "g3970684p", "M9612050P", "M2200054X", "M4332674T"],
            &["I6859080I", "M9612050Q", "A1234567A", "g3970683p", "111111111"],
        );
        assert_check(
            singapore_entity,
            &["53125226D", "201434292D", "T16RF0037C", "S57TU0392K", "R16RF0037F", "00192200M", "S16FC0121D"],
            &["53125226A", "201434292E", "T16RF0037D", "53125226"],
        );
    }

    #[test]
    fn thai_numbers_pass_mod_11() {
        assert_check(
            thailand,
            &["1234567890121", "3100600445635", "1-2345-45678-78-1", "5678901234560"],
            &["1-2345-45678-78-9", "0234567890124", "1111111111111", "1234567890123"],
        );
    }
}
