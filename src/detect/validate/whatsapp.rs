//! WhatsApp's own identifiers.

/// A business-scoped user id: a country before the point. `NO` and `ID` are words before numbers too, so there the number has
/// to be longer than a card's or an account's.
pub(super) fn user_id(text: &str) -> Option<usize> {
    let (country, rest) = text.split_once('.')?;
    let is_word = matches!(country, "NO" | "ID") && rest.len() < 20;
    (super::is_country(country) && !is_word).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_names_a_country() {
        assert!(user_id("US.13491208655302741918").is_some());
        assert!(user_id("US.ENT.11815799212886844830").is_some());
        assert!(user_id("XX.13491208655302741918").is_none());
        assert!(user_id("NO.4111111111111111").is_none());
    }
}
