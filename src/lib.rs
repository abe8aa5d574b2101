//! Blotter: a PII-redacting streaming reverse proxy for AI model calls.
//!
//! A bot points its SDK's base URL at Blotter. Blotter takes social security numbers, card numbers, phone numbers and the like
//! out of the prompt before it leaves, forwards the rest to the provider, streams the answer back with the caller's own values
//! in place, and keeps an append-only log of every exchange.
//!
//! # The house
//!
//! A `use` leads to a lower floor or stays in its own room.
//!
//! | floor | room | |
//! |---|---|---|
//! | 0 | [`wire`] | bytes, no meaning: JSON's places, a stream's frames, base64 |
//! | 0 | [`crypto`] | the only door to the crypto library |
//! | 0 | [`metrics`] | every counter and histogram by name |
//! | 0 | [`alarm`] | what looks like misuse, by what callers do |
//! | 0 | [`detect`] | text in, findings out: pattern files, validators, cues |
//! | 0 | [`role`] | whose words a text is |
//! | 1 | [`provider`] | what each API looks like, as tables |
//! | 1 | [`policy`] | entity, role, route and caller → action |
//! | 1 | [`eval`] | labelled text → how well a detector does |
//! | 2 | [`redact`] | strings → findings → actions → edits → bytes, and the way back |
//! | 2 | [`audit`] | entries, chain, one writer thread, questions |
//! | 2 | [`caller`] | who asks: keys, what each may do, until when |
//! | 2 | [`route`] | path → upstream |
//! | 3 | [`config`] | files → a ruleset, all problems at once |
//! | 4 | [`inquiry`] | what people ask of the log and the patterns: reviews, reports |
//! | 4 | [`proxy`] | the live path |
//! | 5 | [`admin`] | its own listener: health, metrics, the pages |
//! | 5 | [`fake`] | a provider that answers by echo: demo, test double, bench upstream |
//! | 6 | [`cli`] | one file per command; the only code that prints |
//!
//! # What never is
//!
//! - `wire`, `detect`, `eval`, `provider`, `policy`, `redact`, `caller` and `alarm` name no runtime, file system, environment, clock or logging.
//! - Only `crypto` names the crypto library, only `audit` SQLite, only `proxy`, `admin` and `fake` HTTP; only `cli` prints.
//! - Of `proxy`, only `spool` has files: long uploads, sealed, until they leave.
//! - `proxy` never asks which provider it is: the tables answer.
//! - `audit` never names `redact`, and a finding has no field for the value: no path leads an original into the log.
//!
//! `tests/floors.rs` holds these.
//!
//! # The story of a request
//!
//! `proxy/exchange.rs` tells it: let the caller in, find the route, take a place, read the request within its limits (a form or a
//! file as it comes), ask the recogniser services that the pattern files name, redact it, append the opening entry and wait until
//! it is on the disk, forward, restore the answer frame by frame, append the closing entry.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod admin;
pub mod alarm;
pub mod audit;
pub mod caller;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod detect;
pub mod eval;
pub mod fake;
pub mod inquiry;
pub mod metrics;
pub mod policy;
pub mod provider;
pub mod proxy;
pub mod redact;
pub mod role;
pub mod route;
pub mod wire;
