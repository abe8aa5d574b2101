//! Blotter: a PII-redacting streaming reverse proxy for AI model calls.

pub mod audit;
pub mod crypto;
pub mod detect;
pub mod provider;
pub mod wire;
