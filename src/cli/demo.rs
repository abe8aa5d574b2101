//! `blotter demo`: the whole product in one minute, with no file, account or key.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Outcome, audit, print};
use crate::audit::{Keys, Log, Reader, Settings, Writer};
use crate::config::{self, Setup, User};
use crate::crypto::{KeyRing, MasterKey, hex, random};
use crate::detect::Source;
use crate::fake::{Bot, Manner, Provider};
use crate::proxy::{self, Gateway};

#[derive(Args)]
pub(super) struct Options {
    /// Leave it running, to be talked to with curl
    #[arg(long)]
    keep: bool,
}

const SYSTEM: &str = "You are the assistant of a small shop. Repeat what the customer tells you and promise to help.";

const CUSTOMER: &str = "Hi, my order 20261122-0042 never came! I'm Ann Fox, my number is +1 415 555 2671 and my e-mail is \
    ann.fox@example.org. You charged my card 4242 4242 4242 4242 on 11/03/2026. For the refund you asked for my SSN: 536-90-4399.";

/// The width of the two texts side by side.
const COLUMN: usize = 56;

/// Starts a provider and a proxy, has a bot ask for a customer, and shows each side of it.
pub(super) fn run(options: &Options) -> anyhow::Result<Outcome> {
    let _ = super::start_logging("blotter=warn");
    super::runtime()?.block_on(demo(options))
}

async fn demo(options: &Options) -> anyhow::Result<Outcome> {
    let provider = Provider::start(Manner { cut: 4, pause: Duration::from_millis(12), keep: true }).await?;
    let folder = temporary_folder()?;
    let proxy = Proxy::start(&provider, &folder.0).await?;
    eprintln!(
        "blotter demo: a proxy on http://{}, a built-in provider behind it, a log in {}",
        proxy.address,
        folder.0.display()
    );

    let exchange = converse(&proxy, &provider).await?;
    show_record(&folder.0, &proxy.sealing, &exchange)?;
    if options.keep {
        keep(proxy.address).await?;
    }
    proxy.stop().await?;
    Ok(Outcome::Fine)
}

/// Sends the customer's chat and shows what each side saw of it.
async fn converse(proxy: &Proxy, provider: &Provider) -> anyhow::Result<String> {
    let chat = json!({
        "model": "fake", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": CUSTOMER}],
    });
    let mut answer = Bot::new(proxy.address).ask(&chat, "customer-7").await?;
    let exchange = answer.exchange().to_owned();
    side_by_side("WHAT THE CUSTOMER WROTE", CUSTOMER, "WHAT THE MODEL RECEIVED", &received(provider))?;

    let mut out = io::stdout().lock();
    writeln!(out, "\nWHAT THE BOT GOT BACK, as it streamed (a bar between pieces)")?;
    while let Some(piece) = answer.next_text().await? {
        write!(out, "{}|", print::visible(&piece))?;
        out.flush()?;
    }
    writeln!(out)?;
    Ok(exchange)
}

/// The last message that the provider has seen.
fn received(provider: &Provider) -> String {
    let seen = provider.seen();
    let body: Value = seen.last().and_then(|seen| serde_json::from_slice(&seen.body).ok()).unwrap_or_default();
    body["messages"][1]["content"].as_str().unwrap_or_default().to_owned()
}

fn side_by_side(left_title: &str, left: &str, right_title: &str, right: &str) -> io::Result<()> {
    let (left, right) = (print::wrap(left, COLUMN), print::wrap(right, COLUMN));
    let mut out = io::stdout().lock();
    writeln!(out, "\n{left_title:<COLUMN$}   {right_title}")?;
    for row in 0..left.len().max(right.len()) {
        let cell = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
        writeln!(out, "{:<COLUMN$} | {}", cell(&left), cell(&right))?;
    }
    Ok(())
}

fn show_record(folder: &Path, sealing: &KeyRing, exchange: &str) -> anyhow::Result<()> {
    let record = Reader::open(folder)?.unlock(sealing)?.show(exchange)?.context("the log has no such exchange")?;
    let mut out = io::stdout().lock();
    writeln!(out, "\nTHE LOG'S RECORD OF IT")?;
    write!(out, "{}", audit::describe(&record))?;
    Ok(())
}

/// Stays until it is interrupted.
async fn keep(address: SocketAddr) -> anyhow::Result<()> {
    eprintln!("\nStill running. Try:\n");
    eprintln!("  curl -N http://{address}/v1/chat/completions -H 'content-type: application/json' \\");
    eprintln!(
        r#"    -d '{{"model":"fake","stream":true,"messages":[{{"role":"user","content":"call me: +1 415 555 2671"}}]}}'"#
    );
    eprintln!(
        "\nor give an SDK the base URL http://{address}/openai/v1 (OpenAI), http://{address}/anthropic (Anthropic)."
    );
    eprintln!("Ctrl-C ends it and removes its log.");
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

/// A proxy in front of the built-in provider.
struct Proxy {
    address: SocketAddr,
    /// Opens the log's texts.
    sealing: KeyRing,
    stop: tokio::sync::oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
    writer: Writer,
}

impl Proxy {
    async fn start(provider: &Provider, folder: &Path) -> anyhow::Result<Self> {
        let Setup { ruleset, .. } = config::from_source(configuration(provider.address()), folder, User::Proxy)
            .map_err(|problems| anyhow::anyhow!("the demo's configuration is wrong: {problems:?}"))?;
        let key = MasterKey::generate();
        let sealing = KeyRing::generate();
        let (log, writer) = Log::open(&Settings::of(folder), &Keys::new(&key, sealing.clone()))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let gateway = Arc::new(Gateway::new(ruleset, log, &key)?);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let running = tokio::spawn(async move { proxy::serve(listener, gateway, stopped).await });
        Ok(Self { address, sealing, stop, running, writer })
    }

    async fn stop(self) -> anyhow::Result<()> {
        // A proxy that has ended already needs no telling.
        let _ = self.stop.send(());
        self.running.await?;
        tokio::task::spawn_blocking(move || self.writer.close()).await??;
        Ok(())
    }
}

/// Both routes lead to the built-in provider.
fn configuration(provider: SocketAddr) -> Source {
    let route = |name: &str| format!("[[route]]\nname = \"{name}\"\nupstream = \"http://{provider}\"\n");
    let text = format!("default_route = \"openai\"\n{}{}", route("openai"), route("anthropic"));
    Source { name: "proxy.toml (of the demo)".to_owned(), text }
}

/// A folder that goes away with the demo.
struct TemporaryFolder(PathBuf);

fn temporary_folder() -> io::Result<TemporaryFolder> {
    let folder = std::env::temp_dir().join(format!("blotter-demo-{}", hex(&random::<6>())));
    std::fs::create_dir(&folder)?;
    Ok(TemporaryFolder(folder))
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("blotter: {} is left behind: {error}", self.0.display());
        }
    }
}
