//! E-mail addresses, beyond what a regex says.

use std::borrow::Cow;

/// An address whose labels and local part have their lengths and no stray dots (RFC 5321 4.5.3.1, RFC 1035 2.3.4).
pub(super) fn check(text: &str) -> Option<usize> {
    let (local, domain) = text.rsplit_once('@')?;
    let dotted = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    let label = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let good = local.len() <= 64 && dotted(local) && domain.contains('.') && domain.split('.').all(label);
    good.then_some(text.len())
}

/// The address in small letters, without the spaces that some write between all letters.
pub(super) fn canonical(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.split_whitespace().collect::<String>().to_lowercase())
}
