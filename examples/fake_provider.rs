//! The built-in fake provider as a program of its own, for tests that are not written in Rust.
//!
//! The first line on stdout is its address; then each request that it receives is a line of JSON: `target`, `headers` (a
//! list of pairs) and `body` as text. It ends when its reader goes away.

use std::io::{self, Write};
use std::time::Duration;

use blotter::fake::{Manner, Provider, Seen};
use clap::Parser;
use serde_json::{Value, json};

#[derive(Parser)]
struct Options {
    /// Characters per streamed piece of text
    #[arg(long, default_value_t = 5)]
    cut: usize,
    /// Milliseconds before each streamed piece
    #[arg(long, default_value_t = 0)]
    pause: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Options { cut, pause } = Options::parse();
    let provider = Provider::start(Manner { cut, pause: Duration::from_millis(pause), keep: true }).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", provider.address())?;
    let mut told = 0;
    loop {
        for seen in &provider.seen()[told..] {
            writeln!(out, "{}", line(seen))?;
            told += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn line(seen: &Seen) -> Value {
    let headers: Vec<(&str, String)> =
        seen.headers.iter().map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect();
    json!({"target": seen.target, "headers": headers, "body": text(&seen.body)})
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
