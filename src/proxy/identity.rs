//! Who calls, about whom, in which conversation: as tokens, since the log holds no name.

use hyper::header::HeaderMap;

use super::headers;
use crate::crypto::{MacKey, MasterKey, Purpose, hex};

/// Turns what names a caller, a customer or a conversation into a token for the log.
///
/// The log holds no original value, and a customer's id is often a phone number. Equal ids give equal tokens, so the log can
/// be asked for an id by whoever has the key.
#[derive(Clone)]
pub struct Identities(MacKey);

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Who calls: told by the credential.
    Caller,
    /// The conversation.
    Conversation,
    /// The customer.
    Subject,
}

/// The caller who shows no credential.
pub(super) const ANONYMOUS: &str = "anonymous";

impl Identities {
    /// Tokens under this installation's key.
    pub fn new(key: &MasterKey) -> Self {
        Self(key.derive(Purpose::Identity))
    }

    /// The token for `id`.
    pub fn token(&self, identity: Identity, id: &str) -> String {
        let prefix = identity.prefix();
        format!("{prefix}{}", hex(&self.0.mac(&[prefix.as_bytes(), normalised(id).as_bytes()])[..8]))
    }

    /// The token for the credential that a caller shows.
    pub(super) fn caller(&self, headers: &HeaderMap) -> String {
        let Some(credential) = headers::credential(headers) else { return ANONYMOUS.to_owned() };
        self.token(Identity::Caller, credential.strip_prefix("Bearer ").unwrap_or(&credential))
    }

    /// The token for the customer or the conversation that a request's headers name.
    pub(super) fn told(&self, identity: Identity, headers: &HeaderMap) -> Option<String> {
        let name = match identity {
            Identity::Conversation => headers::CONVERSATION,
            _ => headers::SUBJECT,
        };
        let value = headers.get(name)?;
        Some(self.token(identity, &String::from_utf8_lossy(value.as_bytes())))
    }

    /// What a program that shows a key is known by: what it calls itself may be anything.
    pub(super) fn agent(&self, name: &[u8]) -> u64 {
        let hash = self.0.mac(&[b"agent", name]);
        hash[..8].iter().fold(0, |token, byte| token << 8 | u64::from(*byte))
    }

    /// What a question to the log means by `asked`: a token as the log shows it, or an id.
    pub fn asked(&self, identity: Identity, asked: &str) -> String {
        let is_token = |rest: &str| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        match asked.strip_prefix(identity.prefix()) {
            Some(rest) if is_token(rest) => asked.to_owned(),
            _ => self.token(identity, asked),
        }
    }
}

impl Identity {
    fn prefix(self) -> &'static str {
        match self {
            Self::Caller => "key_",
            Self::Conversation => "con_",
            Self::Subject => "sub_",
        }
    }
}

/// An id as it is known by: a phone number with its plus is what WhatsApp calls the same person, digits alone.
fn normalised(id: &str) -> String {
    let id = id.trim();
    let number = id.strip_prefix('+').filter(|rest| rest.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c)));
    number.map_or_else(|| id.to_owned(), |number| number.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_one_customer_however_it_is_spelled() {
        assert_eq!(normalised(" +1 (415) 555-2671 "), "14155552671");
        assert_eq!(normalised("14155552671"), "14155552671");
        for other in ["12-34567", "customer-7", "+a", "AbC"] {
            assert_eq!(normalised(other), other);
        }
    }
}
