//! Talk: who says a line, and whether it may be the answer to a question.

use super::validate::is_spelled_date;

/// How long the time and name before what somebody says are.
const LONGEST_HEAD: usize = 64;

/// What an answer begins with before it says what was asked.
const ASSENTS: &str = "\
    yes yeah yep sure ok okay of course hi it's its it is that's here you go my the number si sí claro es el la mi sim é o meu oui \
    c'est le voici ja jo das ist die meine dat het mijn tak to mój да да Да так Так это Это це evet buyrun ya iya ini نعم هو כן זה \
    हाँ जी haan ji vâng dạ là";

/// What transcripts call the one who is asked: the lines of a form have names, too.
const CUSTOMERS: &str = "\
    customer cust client user caller guest patient visitor human a cliente usuario usuário utente klant kunde \
    kundin kund bürger klient klientka müşteri клиент Клиент клієнт Клієнт العميل לקוח 고객 客户 客戶 顾客 客 お客様 ग्राहक pelanggan khách kh \
    ลูกค้า mteja asiakas πελάτης Πελάτης zákazník ügyfél Ügyfél";

/// And the one who asks.
const DESK: &str = "\
    agent bot chatbot assistant support advisor adviser operator rep representative cs csr desk system q agente asesor asesora \
    atendente operadora conseiller conseillère mitarbeiter mitarbeiterin berater operatore medewerker konsultant konsultantka temsilci \
    оператор Оператор менеджер Менеджер الموظف נציג 상담원 客服 担当 オペレーター एजेंट เจ้าหน้าที่ nv";

/// How many words may stand before the digits of an answer, and behind them.
const WORDS_BEFORE: usize = 3;
const WORDS_BEHIND: usize = 4;

/// How many digits a word has at least that is a value for all its small letters: `12345678z`, but not `10am`.
const MANY: usize = 5;

/// What is said on a line of talk such as `[12/03/26, 14:02:11] Ann: 555`, and who is named as saying it.
pub(super) fn said(line: &str) -> (Option<&str>, &str) {
    let line = line.trim_start();
    let head = &line[..line.floor_char_boundary(LONGEST_HEAD)];
    // Most lines have no colon, and no sign of full width.
    if memchr::memchr2(b':', "：".as_bytes()[0], head.as_bytes()).is_none() {
        return (None, line);
    }
    let name = without_time(head);
    let from = head.len() - name.len();
    let parted = line[from..from + name.len()].find([':', '：']).filter(|end| is_name(&name[..*end]));
    let words = parted.map(|end| (&name[..end], line[from + end..].trim_start_matches([':', '：']).trim_start()));
    words.filter(|(_, words)| !words.is_empty()).map_or((None, line), |(name, words)| (Some(name), words))
}

/// What stands behind the yes that many an answer begins with: `sure, it's 4111`.
pub(super) fn without_assent(mut answer: &str) -> &str {
    loop {
        let word = answer.split(' ').next().unwrap_or_default();
        if word.is_empty() || !is_of(ASSENTS, word.trim_end_matches([',', '.', ':', '!'])) {
            return answer;
        }
        answer = answer[word.len()..].trim_start();
    }
}

/// Whether the one who says something is asked.
pub(super) fn is_customer(name: &str) -> bool {
    is_of(CUSTOMERS, name)
}

/// Whether the one who says something asks.
pub(super) fn is_desk(name: &str) -> bool {
    is_of(DESK, name)
}

/// Whether `answer` may be what was asked for, with a few words around it: `under 555, thanks`, but not `555 EUR`.
pub(super) fn is_answer(answer: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(first), Some(last)) = (answer.find(is_digit), answer.rfind(is_digit)) else { return false };
    let start = answer[..first].rfind(' ').map_or(0, |space| space + 1);
    let end = answer[last..].find(' ').map_or(answer.len(), |space| last + space);
    let (before, behind) = (answer[..start].split_whitespace(), answer[end..].split_whitespace());
    let is_unit = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    before.count() <= WORDS_BEFORE
        && behind.clone().count() <= WORDS_BEHIND
        && !behind.clone().any(is_unit)
        && is_bare(&answer[start..end])
}

/// Whether `answer` may be what was asked for and nothing else: digits, or a day.
pub(super) fn is_bare(answer: &str) -> bool {
    let is_word = |word: &str| word.chars().all(char::is_alphabetic);
    let is_number = || answer.split(' ').next().is_some_and(is_value) && !answer.split_whitespace().any(is_word);
    !answer.contains('[') && (is_number() || is_spelled_date(answer))
}

/// Whether a word may be a value, or the first part of one: a number, a password.
pub(super) fn is_value(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_small = || word.bytes().any(|byte| byte.is_ascii_lowercase());
    digits >= MANY || digits > 0 && (!is_small() || word.contains(['!', '#', '$', '&', '*']))
}

fn is_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known.eq_ignore_ascii_case(word.trim()))
}

/// Whether it may be what somebody is called; many scripts write vowels and tones as marks.
fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphabetic() || c == ' ' || !c.is_ascii() && !c.is_numeric())
}

/// What stands behind the time that a chat prints before a message: `[12/03/26, 14:02:11] Ann`, `2:02 PM - Ann`.
fn without_time(head: &str) -> &str {
    let of_time = |c: char| c.is_ascii_digit() || "[]()/.,:- ~".contains(c);
    let rest = head.trim_start_matches(of_time);
    let rest = ["AM", "PM", "am", "pm"].iter().find_map(|half| rest.strip_prefix(half)).unwrap_or(rest);
    let rest = rest.trim_start_matches(of_time);
    let is_time = |part: &[u8]| part[1] == b':' && [part[0], part[2]].iter().all(u8::is_ascii_digit);
    if head.as_bytes()[..head.len() - rest.len()].windows(3).any(is_time) { rest } else { head }
}
