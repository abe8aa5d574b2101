//! Words without the marks above and through their letters, as people type them in haste: `telefono`, `doğum` as `dogum`.

/// How many letters a word has at least whose plain form says the same: `né` does, `ne` does not.
const LEAST: usize = 5;

/// Latin letters with marks, by the plain letters that people type instead.
const PLAIN: &[(&str, &str)] = &[
    ("a", "áàâãäåāăąạảấầẩẫậắằẳẵặ"),
    ("c", "çćč"),
    ("d", "ďđ"),
    ("e", "éèêëēėęěẹẻẽếềểễệ"),
    ("g", "ğ"),
    ("i", "íìîïīįıịỉĩ"),
    ("k", "ķ"),
    ("l", "łĺľļ"),
    ("n", "ñńňņ"),
    ("o", "óòôõöøőơọỏốồổỗộớờởỡợ"),
    ("r", "řŕ"),
    ("s", "śšşș"),
    ("ss", "ß"),
    ("t", "ťţț"),
    ("u", "úùûüūůűųưụủũứừửữự"),
    ("y", "ýÿỳỵỷỹ"),
    ("z", "źżž"),
    ("ae", "æ"),
];

/// Letters that German and Nordic keyboards lack abroad are spelled with two.
const SPELLED: &[(&str, &str)] = &[("ae", "äæ"), ("oe", "öø"), ("ue", "ü"), ("aa", "å"), ("ss", "ß")];

/// The ways to type `word`, in small letters, without its marks.
pub(super) fn unmarked(word: &str) -> impl Iterator<Item = String> {
    let long = word.chars().filter(|c| c.is_alphabetic()).count() >= LEAST;
    let typed = [PLAIN, SPELLED].into_iter().map(|letters| word.chars().map(|c| typed(c, letters)).collect::<String>());
    let typed: Vec<String> = typed.filter(|typed| long && typed != word && typed.is_ascii()).collect();
    typed.into_iter()
}

/// What is typed for `letter`.
fn typed(letter: char, letters: &[(&str, &str)]) -> String {
    let plain = letters.iter().find(|(_, marked)| marked.contains(letter));
    plain.map_or_else(|| letter.to_string(), |(plain, _)| (*plain).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_typed_without_marks() {
        for (word, expected) in [
            ("teléfono", &["telefono"][..]),
            ("prüfnummer", &["prufnummer", "pruefnummer"]),
            ("kredi kartı", &["kredi karti"]),
            ("ngày sinh", &["ngay sinh"]),
            ("né", &[]),
            ("phone", &[]),
            ("дата", &[]),
        ] {
            assert_eq!(unmarked(word).collect::<Vec<_>>(), expected, "{word}");
        }
    }
}
