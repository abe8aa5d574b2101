//! A value with most of it hidden, for good.

/// What may stay to be seen between letters and digits: it says how a value is written, not what it is.
const SEPARATORS: [char; 10] = [' ', '-', '.', '/', '(', ')', '+', ':', '@', '_'];

/// `written` with all hidden but its last `keep` letters and digits, and no more than half of them.
pub(super) fn mask(written: &str, keep: usize) -> String {
    let telling = written.chars().filter(|c| c.is_alphanumeric()).count();
    let mut hidden = telling - keep.min(telling / 2);
    let seen = |c: char| match c {
        c if c.is_alphanumeric() && hidden > 0 => {
            hidden -= 1;
            '*'
        }
        c if c.is_alphanumeric() || (telling > 0 && SEPARATORS.contains(&c)) => c,
        _ => '*',
    };
    written.chars().map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_value_stay_to_be_seen() {
        let check = |written, keep, expected| assert_eq!(mask(written, keep), expected);
        check("4242 4242 4242 4242", 4, "**** **** **** 4242");
        check("536-90-4399", 0, "***-**-****");
        check("1234", 4, "**34");
        check("ann@x.org", 4, "***@*.org");
        check("hunter!#2é", 2, "********2é");
        check("!-!", 4, "***");
    }
}
