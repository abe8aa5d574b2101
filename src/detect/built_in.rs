//! The pattern files that the binary carries, so that it works without a folder beside it.

/// Name and text of each shipped pattern file.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("patterns/ar.toml", include_str!("../../patterns/ar.toml")),
    ("patterns/br.toml", include_str!("../../patterns/br.toml")),
    ("patterns/card.toml", include_str!("../../patterns/card.toml")),
    ("patterns/cl.toml", include_str!("../../patterns/cl.toml")),
    ("patterns/co.toml", include_str!("../../patterns/co.toml")),
    ("patterns/email.toml", include_str!("../../patterns/email.toml")),
    ("patterns/es.toml", include_str!("../../patterns/es.toml")),
    ("patterns/fr.toml", include_str!("../../patterns/fr.toml")),
    ("patterns/iban.toml", include_str!("../../patterns/iban.toml")),
    ("patterns/it.toml", include_str!("../../patterns/it.toml")),
    ("patterns/lookalikes.toml", include_str!("../../patterns/lookalikes.toml")),
    ("patterns/mx.toml", include_str!("../../patterns/mx.toml")),
    ("patterns/pe.toml", include_str!("../../patterns/pe.toml")),
    ("patterns/phone.toml", include_str!("../../patterns/phone.toml")),
    ("patterns/pt.toml", include_str!("../../patterns/pt.toml")),
    ("patterns/secret.toml", include_str!("../../patterns/secret.toml")),
    ("patterns/ssn.toml", include_str!("../../patterns/ssn.toml")),
];
