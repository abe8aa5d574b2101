//! Blotter: a PII-redacting streaming reverse proxy for AI model calls.

pub mod audit;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod detect;
pub mod fake;
pub mod policy;
pub mod provider;
pub mod proxy;
pub mod redact;
pub mod route;
pub mod wire;
