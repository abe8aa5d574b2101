//! The log as its keeper meets it: the real binary, a real proxy before a provider, and every `blotter audit` command.

mod backup;
mod canaries;
mod disk;
mod docs;
mod failing;
mod power;
mod questions;
mod support;
mod trace;
