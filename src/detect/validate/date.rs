//! Calendar dates on which somebody may be born, in the orders and with the month names that people write.

/// A date that exists, in a year in which a person who lives may be born.
pub(super) fn check(text: &str) -> Option<usize> {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect();
    let dates = match (&numbers[..], month(text)) {
        (&[first, last], Some(month)) => vec![[last, month, first], [first, month, last]],
        (&[a, b, c], None) if a.len() == 4 => vec![[a, b, c]],
        (&[a, b, c], None) => vec![[c, b, a], [c, a, b], [a, b, c]],
        (&[one], None) if one.len() == 8 => vec![
            [&one[..4], &one[4..6], &one[6..]],
            [&one[4..], &one[2..4], &one[..2]],
            [&one[4..], &one[..2], &one[2..4]],
        ],
        _ => return None,
    };
    dates.into_iter().any(exists).then_some(text.len())
}

/// Whether `text` is such a date that spells its month, with a few words around it perhaps.
pub(in super::super) fn is_spelled_date(text: &str) -> bool {
    month(text).is_some() && check(text).is_some()
}

/// Whether `text` begins with a date in digits, its year written out: no number of another kind begins there.
pub(super) fn begins(text: &str) -> bool {
    let Some(separator) = text.bytes().find(|byte| !byte.is_ascii_digit()).filter(|byte| b"./-".contains(byte)) else {
        return false;
    };
    let mut parts = text.splitn(3, char::from(separator));
    let [Some(a), Some(b), Some(rest)] = [parts.next(), parts.next(), parts.next()] else { return false };
    let c = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
    let written = matches!((a.len(), b.len(), c.len()), (1 | 2, 1 | 2, 4) | (4, 1 | 2, 1 | 2));
    written && check(&text[..a.len() + b.len() + c.len() + 2]).is_some()
}

/// Whether year, month and day name a day. There is no clock here, so a birth may lie some years ahead; years are those of the
/// common calendar, of the Thai one (543 ahead) and of the Persian one (621 behind), or have two digits.
fn exists([year, month, day]: [&str; 3]) -> bool {
    let number = |text: &str| text.parse::<u16>().unwrap_or(u16::MAX);
    let (month, day) = (number(month), number(day));
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let lived = match year.len() {
        2 => true,
        4 => matches!(number(year), 1280..=1420 | 1900..=2040 | 2443..=2583),
        _ => false,
    };
    lived && (1..=days).contains(&day) && (month, day, is_leap(number(year))) != (2, 29, false)
}

/// Whether the year may have a 29th of February; a year of two digits or of another calendar may.
fn is_leap(year: u16) -> bool {
    !(1900..=2040).contains(&year) || year.is_multiple_of(4) && year != 1900
}

/// The number of the month that `text` names.
fn month(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let words =
        || lower.split(|c: char| c.is_ascii_digit() || " .,/'-".contains(c)).filter(|word| word.chars().count() > 2);
    let of_word = |word: &str| MONTHS.iter().find(|(_, names)| names.iter().any(|name| word.starts_with(name)));
    words().find_map(of_word).map(|(number, _)| *number)
}

/// How the names of the months begin, in the large languages (Unicode CLDR, calendar month names).
const MONTHS: &[(&str, &[&str])] = &[
    ("1", &["jan", "ene", "gen", "sty", "oca", "ian", "янв", "січ", "ينا", "जनव", "জানু", "มกร", "ιαν", "ינו", "ژان"]),
    (
        "2",
        &[
            "feb",
            "fev",
            "fév",
            "feve",
            "lut",
            "şub",
            "sub",
            "фев",
            "лют",
            "فبر",
            "फर",
            "फ़र",
            "ফেব",
            "กุม",
            "φεβ",
            "פבר",
            "فور",
        ],
    ),
    ("3", &["mar", "mär", "maa", "mac", "mrt", "már", "мар", "бер", "مار", "मार्च", "মার্চ", "มีน", "μαρ", "μάρ", "מרץ"]),
    (
        "4",
        &[
            "apr",
            "abr",
            "avr",
            "kwi",
            "nis",
            "ápr",
            "апр",
            "кві",
            "أبر",
            "ابر",
            "अप्र",
            "এপ্র",
            "เมษ",
            "απρ",
            "אפר",
            "آور",
        ],
    ),
    (
        "5",
        &[
            "may",
            "mai",
            "maj",
            "mag",
            "mei",
            "máj",
            "май",
            "мая",
            "тра",
            "ماي",
            "मई",
            "মে",
            "พฤษภ",
            "μάι",
            "μαΐ",
            "מאי",
            "مه",
        ],
    ),
    (
        "6",
        &[
            "jun",
            "juin",
            "giu",
            "cze",
            "haz",
            "jún",
            "июн",
            "чер",
            "يون",
            "जून",
            "জুন",
            "มิถ",
            "ιού",
            "ιουν",
            "יונ",
            "ژوئن",
        ],
    ),
    ("7", &["jul", "juil", "lug", "lip", "tem", "júl", "июл", "лип", "يول", "जुल", "জুল", "กรก", "ιουλ", "יול", "ژوئی"]),
    (
        "8",
        &[
            "aug",
            "ago",
            "aoû",
            "aou",
            "sie",
            "ağu",
            "agu",
            "авг",
            "сер",
            "أغس",
            "اغس",
            "अग",
            "আগ",
            "สิง",
            "αύγ",
            "αυγ",
            "אוג",
            "اوت",
        ],
    ),
    ("9", &["sep", "set", "wrz", "eyl", "sze", "сен", "вер", "سبت", "सित", "সেপ", "กัน", "σεπ", "ספט", "سپت"]),
    (
        "10",
        &[
            "oct",
            "okt",
            "out",
            "ott",
            "paź",
            "paz",
            "eki",
            "окт",
            "жов",
            "أكت",
            "اكت",
            "अक्",
            "অক্",
            "ตุล",
            "οκτ",
            "אוק",
            "اکت",
        ],
    ),
    ("11", &["nov", "lis", "kas", "noi", "ноя", "лис", "نوف", "नव", "নভ", "พฤศจ", "νοέ", "νοε", "נוב", "نوا"]),
    (
        "12",
        &[
            "dec",
            "dez",
            "dic",
            "déc",
            "des",
            "gru",
            "ara",
            "дек",
            "гру",
            "ديس",
            "दिस",
            "ডিস",
            "ธัน",
            "δεκ",
            "דצמ",
            "دسا",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_exist_in_any_order() {
        for (text, good) in [
            ("03/10/1979", true),
            ("12/31/1979", true),
            ("31.12.1979", true),
            ("1979-03-08", true),
            ("8.3.79", true),
            ("19790308", true),
            ("08031979", true),
            ("1979年3月8日", true),
            ("8 marca 1979", true),
            ("March 8th, 1979", true),
            ("8 de marzo de 1979", true),
            ("8-Mar-1979", true),
            ("1979. március 8", true),
            ("8 мая 1979", true),
            ("8 août 1979", true),
            ("29/02/2000", true),
            ("29/02/1999", false),
            ("31/04/1979", false),
            ("32/01/1979", false),
            ("13/13/1979", false),
            ("03/10/1879", false),
            ("8 monkeys 1979", false),
            ("99999999", false),
        ] {
            assert_eq!(check(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_number_may_begin_with_a_date() {
        for (text, good) in [
            ("03/10/1979", true),
            ("1979-03-08 0123456789", true),
            ("03/10/79", false),
            ("02.1280.0833", false),
            ("415-555-2671", false),
            ("01.23.60.87.25", false),
            ("0123456789", false),
        ] {
            assert_eq!(begins(text), good, "{text}");
        }
    }
}
