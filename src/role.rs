//! Whose words a text is.

use serde::Deserialize;

/// Whose words a text in a conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The model's, the tools' arguments that it wrote included.
    Assistant,
    /// Those of whoever made the bot, the descriptions of tools included.
    System,
    /// What a tool gave.
    Tool,
    /// The customer's, and all that nobody is known to have said.
    #[default]
    User,
}

/// What APIs call them.
const NAMES: [(&str, Role); 9] = [
    ("assistant", Role::Assistant),
    ("chatbot", Role::Assistant),
    ("developer", Role::System),
    ("function", Role::Tool),
    ("human", Role::User),
    ("model", Role::Assistant),
    ("system", Role::System),
    ("tool", Role::Tool),
    ("user", Role::User),
];

impl Role {
    /// The role that an API calls so; the customer's for a name that no API has.
    pub fn named(name: &str) -> Self {
        NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map_or(Self::User, |(_, role)| *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_role_is_the_customers() {
        assert_eq!(Role::named("CHATBOT"), Role::Assistant);
        assert_eq!(Role::named("Developer"), Role::System);
        assert_eq!(Role::named("king"), Role::User);
    }
}
