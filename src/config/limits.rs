//! Bounds on sizes and times, with defaults that fit a bot.

use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::redact::{AnswerLimits, Bounds};

/// The `[limits]` of `proxy.toml`. Sizes are bytes, times are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest request body, and the most of a form or file that is read whole or waits in memory.
    pub request_bytes: usize,
    /// The longest form or file.
    pub upload_bytes: usize,
    /// Bytes of all forms and files that wait on the disk.
    pub upload_disk_bytes: usize,
    /// How much of a form's or file's text the log keeps.
    pub logged_upload_bytes: usize,
    /// Exchanges under way at a time.
    pub exchanges: usize,
    /// Bytes of all requests that were read and not answered yet.
    pub flight_bytes: usize,
    /// The same of one caller.
    pub caller_flight_bytes: usize,
    /// Exchanges under way of one address whose callers have no keys of ours.
    pub address_exchanges: usize,
    /// How many times its length a compressed body may hold, beyond the first MiB.
    pub expansion: usize,
    /// Objects and arrays inside each other.
    pub nesting: usize,
    /// Strings, numbers, keys, lists and objects of a request.
    pub strings: usize,
    /// Findings in a request.
    pub findings: usize,
    /// The longest whole answer and the longest frame.
    pub answer_bytes: usize,
    /// Frames that may wait for one placeholder.
    pub held_bytes: usize,
    /// How much of an answer's text the log keeps.
    pub logged_answer_bytes: usize,
    /// Within which a request has to arrive.
    pub request_seconds: u64,
    /// Within which the upstream has to accept a connection.
    pub connect_seconds: u64,
    /// Within which the upstream has to send something.
    pub idle_seconds: u64,
    /// How long the values of conversations that providers keep are remembered; 0: they are not.
    pub vault_seconds: u64,
    /// How much of them is remembered.
    pub vault_bytes: usize,
    /// Within which an exchange has to be over.
    pub exchange_seconds: u64,
    /// Within which a caller has to take something of its answer.
    pub caller_seconds: u64,
    /// Within which a request's head has to arrive, TLS included, on a kept connection too.
    pub header_seconds: u64,
    /// The longest head of a request.
    pub header_bytes: usize,
    /// The most headers of a request.
    pub headers: usize,
    /// Connections of callers at a time; further ones wait.
    pub connections: usize,
    /// Exchanges at a time on one HTTP/2 connection.
    pub streams: u32,
    /// How long exchanges may take to end once the proxy stops.
    pub drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 32 << 20,
            upload_bytes: 600 << 20,
            upload_disk_bytes: 4 << 30,
            logged_upload_bytes: 1 << 20,
            exchanges: 1024,
            flight_bytes: 256 << 20,
            caller_flight_bytes: 128 << 20,
            address_exchanges: 512,
            expansion: 200,
            nesting: 100,
            strings: 2_000_000,
            findings: 100_000,
            answer_bytes: 32 << 20,
            held_bytes: 256 << 10,
            logged_answer_bytes: 1 << 20,
            request_seconds: 60,
            connect_seconds: 10,
            idle_seconds: 600,
            vault_seconds: 0,
            vault_bytes: 64 << 20,
            exchange_seconds: 3600,
            caller_seconds: 60,
            header_seconds: 30,
            header_bytes: 64 << 10,
            headers: 100,
            connections: 10_000,
            streams: 128,
            drain_seconds: 30,
        }
    }
}

impl Limits {
    /// The limits that nothing can be kept within, or that the program itself could not keep, and what they may be.
    pub fn out_of_range(&self) -> impl Iterator<Item = (&'static str, RangeInclusive<u64>)> + use<> {
        const SIZES: RangeInclusive<u64> = 1..=1 << 31;
        const SECONDS: RangeInclusive<u64> = 1..=7 * 24 * 3600;
        let limits = [
            ("request_bytes", self.request_bytes as u64, SIZES),
            ("upload_bytes", self.upload_bytes as u64, 1..=1 << 40),
            ("upload_disk_bytes", self.upload_disk_bytes as u64, 0..=1 << 50),
            ("logged_upload_bytes", self.logged_upload_bytes as u64, SIZES),
            ("exchanges", self.exchanges as u64, 1..=1_000_000),
            // Less than one request could never be read.
            ("flight_bytes", self.flight_bytes as u64, self.request_bytes as u64..=1 << 40),
            ("caller_flight_bytes", self.caller_flight_bytes as u64, self.request_bytes as u64..=1 << 40),
            ("address_exchanges", self.address_exchanges as u64, 1..=1_000_000),
            ("expansion", self.expansion as u64, 1..=1 << 20),
            // Reading goes down into containers, on a stack that is not endless.
            ("nesting", self.nesting as u64, 1..=256),
            ("strings", self.strings as u64, 1..=1 << 31),
            ("findings", self.findings as u64, 1..=1 << 31),
            ("answer_bytes", self.answer_bytes as u64, SIZES),
            ("held_bytes", self.held_bytes as u64, SIZES),
            ("logged_answer_bytes", self.logged_answer_bytes as u64, SIZES),
            ("request_seconds", self.request_seconds, SECONDS),
            ("connect_seconds", self.connect_seconds, SECONDS),
            ("idle_seconds", self.idle_seconds, SECONDS),
            ("vault_seconds", self.vault_seconds, 0..=*SECONDS.end()),
            ("vault_bytes", self.vault_bytes as u64, SIZES),
            ("exchange_seconds", self.exchange_seconds, SECONDS),
            ("caller_seconds", self.caller_seconds, SECONDS),
            ("header_seconds", self.header_seconds, SECONDS),
            // The HTTP library reads heads into no less.
            ("header_bytes", self.header_bytes as u64, 8192..=1 << 20),
            ("headers", self.headers as u64, 1..=1000),
            ("connections", self.connections as u64, 1..=1 << 20),
            ("streams", self.streams.into(), 1..=10_000),
            ("drain_seconds", self.drain_seconds, SECONDS),
        ];
        limits.into_iter().filter(|(_, value, range)| !range.contains(value)).map(|(name, _, range)| (name, range))
    }

    /// The bounds of one request.
    pub fn bounds(&self) -> Bounds {
        Bounds { nesting: self.nesting, strings: self.strings, findings: self.findings }
    }

    /// The bounds of one answer.
    pub fn answer(&self) -> AnswerLimits {
        AnswerLimits {
            frame_bytes: self.answer_bytes,
            held_bytes: self.held_bytes,
            nesting: self.nesting,
            logged_bytes: self.logged_answer_bytes,
        }
    }
}
