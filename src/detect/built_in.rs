//! The pattern files that the binary carries, so that it works without a folder beside it.

/// Name and text of each shipped pattern file.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("patterns/card.toml", include_str!("../../patterns/card.toml")),
    ("patterns/email.toml", include_str!("../../patterns/email.toml")),
    ("patterns/iban.toml", include_str!("../../patterns/iban.toml")),
    ("patterns/lookalikes.toml", include_str!("../../patterns/lookalikes.toml")),
    ("patterns/phone.toml", include_str!("../../patterns/phone.toml")),
    ("patterns/secret.toml", include_str!("../../patterns/secret.toml")),
    ("patterns/ssn.toml", include_str!("../../patterns/ssn.toml")),
];
