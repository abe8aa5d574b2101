use super::*;

fn check(text: &str, folded: &str) {
    assert_eq!(Reading::meant(text).text(), folded);
}

/// The original text of the part of the folded text that reads `part`.
fn origin<'t>(text: &'t str, part: &str) -> &'t str {
    let folded = Reading::meant(text);
    let start = folded.text().find(part).unwrap();
    &text[folded.original(&(start..start + part.len()))]
}

#[test]
fn digits_dashes_and_spaces_of_every_script_become_ascii() {
    check("plain 12-3", "plain 12-3");
    check("é 电话 Телефон", "é 电话 Телефон");
    check("٤٦٠-२३", "460-23");
    check("４６５９　３８１３", "4659 3813");
    check("②⓪①", "201");
    check("𝟐𝟎𝟏", "201");
    check("1\u{a0}2\u{2009}3", "1 2 3");
    check("1–2−3‑4", "1-2-3-4");
    check("4\u{200b}0\u{ad}3", "403");
    check("5\u{fe0f}\u{20e3}5", "55");
    check("maria＠gmail.com", "maria@gmail.com");
}

#[test]
fn every_folded_part_leads_back_to_what_stood_there() {
    assert_eq!(origin("é：٤٦٠ ende", "460"), "٤٦٠");
    assert_eq!(origin("é 12 ① 7", "7"), "7");
    assert_eq!(origin("x 4\u{200b}0\u{200b}3\u{200b} y", "403"), "4\u{200b}0\u{200b}3");
    assert_eq!(origin("x 5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3} y", "55"), "5\u{fe0f}\u{20e3}5\u{fe0f}\u{20e3}");
    assert_eq!(origin("\u{202a}ann@x.org\u{202c}", "ann@x.org"), "ann@x.org");
}

#[test]
fn escapes_of_quoted_json_read_as_what_they_stand_for() {
    check(r"Card:\n4111\t\b\f\r.", "Card:\n4111\t\u{8}\u{c}\r.");
    check(r#"{\"a\":\"1\/2\"}"#, r#"{"a":"1/2"}"#);
    check(r"a\u0040x.org \u00e9\u0661\u200b2", "a@x.org é12");
    check(r"\ud83d\ude00 \ud83d5 \ud83d\u0035", "😀 \u{fffd}5 \u{fffd}5");
    check(r"\\n4 \\\\u00354 \\\\", "\n4 54 \\");
    check(r"\x34\x31 \\x40 \x0a \xe9", r"41 @ \x0a \xe9");
    check(r"C:\Users \u12 \uD83 \u+123 \x \", r"C:\Users \u12 \uD83 \u+123 \x \");
}

#[test]
fn escapes_lead_back_whole() {
    assert_eq!(origin(r"a \u0035\u0033\u0036-90 b", "536"), r"\u0035\u0033\u0036");
    assert_eq!(origin(r"x\nann\\u0040x.or\u0067\n", "ann@x.org"), r"ann\\u0040x.or\u0067");
    assert_eq!(origin(r"x jos\u00e9@x.org", "é@x"), r"\u00e9@x");
    assert_eq!(origin(r"x caf\u00e9 y", "café"), r"caf\u00e9");
    assert_eq!(origin(r"x 5\ufe0f\u20e3 y", "5"), r"5\ufe0f\u20e3");
    assert_eq!(origin(r"\ud83d\ude00 y", "😀"), r"\ud83d\ude00");
}

/// What `text` reads as in one way, where it is asked for.
fn check_way(way: Way, text: &str, expected: &str) {
    let asked = Way::others(&Reading::meant(text)).any(|asked| asked == way);
    let reading = asked.then(|| Reading::of(way, text, &[])).flatten();
    assert_eq!(reading.as_ref().map_or(text, |reading| reading.text()), expected);
}

/// The original text of the part of a reading that reads `part`.
fn origin_in<'t>(way: Way, text: &'t str, part: &str) -> &'t str {
    let reading = Reading::of(way, text, &[]).unwrap();
    let start = reading.text().find(part).unwrap();
    &text[reading.original(&(start..start + part.len()))]
}

#[test]
fn references_of_html_read_as_what_they_stand_for() {
    check("&#52;&#x31;&#X31;&nbsp;a&commat;x&period;org &amp; &lt;5", "411 a@x.org & <5");
    check("&#1633;&amp;#50; AT&T a&b; &#; &#x; &#+5; &", "12 AT&T a&b; &#; &#x; &#+5; &");
    assert_eq!(origin("x &#52;&#49; y", "41"), "&#52;&#49;");
}

#[test]
fn url_escapes_are_another_way() {
    let check = |text: &str, expected: &str| check_way(Way::Percent, text, expected);
    check("%2B34%20612", "+34 612");
    check("ann%40x.org", "ann@x.org");
    check("%D9%A4%25%2534 100%", "4%4 100%");
    check("4111+1111%201111 a+b", "4111 1111 1111 a+b");
    check("4111+1111 100%", "4111+1111 100%");
    check("%zz %D9 %", "%zz %D9 %");
    assert_eq!(origin_in(Way::Percent, "é ٤%2D٤ %D9%A4 x", "4-4"), "٤%2D٤");
}

#[test]
fn base64_reads_as_the_text_it_holds() {
    let check = |text: &str, expected: &str| check_way(Way::Base64, text, expected);
    check("x NTM2LTkwLTQzOTk= y", "x 536-90-4399 y");
    check("x NTM2LTkwLTQzOTk y", "x 536-90-4399 y");
    check("c3NuOiBOVE0yTFRrd0xUUXpPVGs9", "ssn: 536-90-4399");
    check("ordinary/words/in-a-path-of-some-length", "ordinary/words/in-a-path-of-some-length");
    check("[NTM2LTkwLTQzOTk]", "[NTM2LTkwLTQzOTk]");
    assert_eq!(origin_in(Way::Base64, "x NTM2LTkwLTQzOTk= y", "0-4"), "NTM2LTkwLTQzOTk=");
}

#[test]
fn numbers_in_words_read_as_digits() {
    let check = |text: &str, expected: &str| check_way(Way::Spoken, text, expected);
    check("ssn three four zero two two nine eight four five.", "ssn 340229845.");
    check("call plus one, double five oh triple two NINE six", "call +155022296");
    check("one two three four five six", "one two three four five six");
    check("one two one two one two one", "one two one two one two one");
    check("é cinco cinco um um dois três oito dois", "é 55112382");
    check("один два три четыре пять шесть семь ноль", "12345670");
    check("号码是一三八零零一三八零零零好", "号码是13800138000好");
    check("एक दो तीन चार पाँच छह सात आठ", "12345678");
    check("واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية", "12345678");
    assert_eq!(origin_in(Way::Spoken, "is double five one two three four five six ok", "551"), "double five one");
}

#[test]
fn numbers_in_words_are_seen_wherever_they_stand() {
    for (glued, number) in [("Zq8vT2mLC", "五三六九零四三"), (" ", "three four zero two two nine eight")] {
        for before in 0..30 {
            let text = format!("{}{glued}{number}", ".".repeat(before));
            assert!(Way::Spoken.is_asked(&Reading::meant(&text)), "{text}");
        }
    }
}

#[test]
fn addresses_in_words_read_as_such() {
    let check = |text: &str, expected: &str| check_way(Way::Spoken, text, expected);
    check("mail me at maria [at] gmail [dot] com thanks", "mail me at maria@gmail.com thanks");
    check("write me at maria.k [at] gmail [dot] com", "write me at maria.k@gmail.com");
    check("maria arroba gmail punto com", "maria@gmail.com");
    check("mail ann (at) x.org", "mail ann@x.org");
    check("my mail is ann dot lee at x dot co dot uk", "my mail is ann.lee@x.co.uk");
    check("ann at x dot org", "ann@x.org");
    check("ann at x dot org is my email", "ann@x.org is my email");
    check("ann@x dot org", "ann@x.org");
    check("look at google dot com for it", "look at google dot com for it");
    check("mail me at x dot org", "mail me at x dot org");
    check("so ann at gmail dot com it is", "so ann@gmail.com it is");
    check("mail: ann ät web punkt de", "mail: ann@web.de");
    check("анна: anna собака mail точка ru", "анна: anna@mail.ru");
    assert_eq!(
        origin_in(Way::Spoken, "é maria [at] gmail [dot] com!", "maria@gmail.com"),
        "maria [at] gmail [dot] com"
    );
}

#[test]
fn letters_among_digits_read_as_digits() {
    let check = |text: &str, expected: &str| check_way(Way::Disguised, text, expected);
    check("is l64-93-38l3 thanks", "is 164-93-3813 thanks");
    check("+l 2Ol-55l-l3O8", "+1 201-551-1308");
    check("539O l783 97ll 3599 I", "5390 1783 9711 3599 I");
    check("SO 1234567, B0123456 and 100l of 5 Oslo", "SO 1234567, B0123456 and 100l of 5 Oslo");
    check("x1234567l 1234567lx OOOll12", "x1234567l 1234567lx OOOll12");
}

#[test]
fn emphasis_and_tags_part_groups() {
    let check = |text: &str, expected: &str| check_way(Way::Disguised, text, expected);
    check("**4111** **1111** a `5`", "**4111 1111** a `5`");
    check("4111*1111", "4111 1111");
    check("<b>4111</b>-<i class='x'>1111</i>", "<b>4111</b>-<i class='x'>1111</i>");
    check("<b>4111</b> <i class='x'>1111</i>", "<b>4111 1111</i>");
    check("3 * 4 and 3 < 4", "3 * 4 and 3 < 4");
}

#[test]
fn lines_of_digits_behind_a_word_are_one_number() {
    let check = |text: &str, expected: &str| check_way(Way::Stacked, text, expected);
    check("ssn is 634\n30\n3728 thanks", "ssn is 634 30 3728 thanks");
    check("tel +34\n612\n77\n", "tel +34 612 77\n");
    check("634\n30\n3728", "634\n30\n3728");
    check("ssn\n634\n30\n3728", "ssn\n634\n30\n3728");
    check("ssn 634\n30 3728", "ssn 634\n30 3728");
}

#[test]
fn what_was_found_is_gone() {
    let text = "é ann@x.org, ٤";
    let reading = Reading::of(Way::Meant, text, std::slice::from_ref(&(3..12))).unwrap();
    assert_eq!(reading.text(), format!("é {GONE}, 4"));
    assert_eq!(&text[reading.original(&(reading.text().len() - 1..reading.text().len()))], "٤");
}
