//! The command line: one file per command, and the only code that prints.
//!
//! Results go to stdout, talk to stderr. Exit codes: 0 fine, 1 found something, 2 could not.

mod audit;
mod check;
mod demo;
mod eval;
mod input;
mod introduce;
mod key;
mod preview;
mod print;
mod process;
mod scan;
mod serve;
mod systemd;
mod top;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, Parser, Subcommand};

use crate::config::{self, LogPlace, Setup, User};
use crate::detect::{OnFailure, Problem, Service};

/// A PII-redacting streaming reverse proxy for AI model calls.
///
/// Takes social security numbers, card numbers, phone numbers and the like out of prompts, streams the answers back with the
/// caller's own values restored, and logs every exchange. Without a command it serves.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Where the configuration is.
#[derive(Args)]
struct ConfigFile {
    /// The configuration file [default: proxy.toml here, else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Ask the audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Check proxy.toml and every pattern file, and run every pattern's examples
    Check(check::Options),
    /// Show it all at work: a built-in provider, a customer's chat, no account
    Demo(demo::Options),
    /// Measure how well the patterns find what is labelled, or what other patterns would change
    #[command(after_help = eval::HELP)]
    Eval(eval::Options),
    /// Make, list, rotate and revoke the keys of callers, and of readers of the admin listener
    #[command(subcommand)]
    Key(key::Command),
    /// Find what would be redacted in text, JSON or JSON lines
    Scan(scan::Options),
    /// Run the proxy
    Serve,
    /// Show how the proxy does: exchanges, findings, refusals and times, again every two seconds
    Top(top::Options),
}

/// How a command ended when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing to report.
    Fine,
    /// Something was found.
    Found,
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        withhold_panics();
        let config = self.config;
        let ended = match self.command.unwrap_or(Command::Serve) {
            Command::Audit(command) => audit::run(&config, command),
            Command::Check(options) => check::run(&config, &options),
            Command::Demo(options) => demo::run(&options),
            Command::Eval(options) => eval::run(&config, &options),
            Command::Key(command) => key::run(&config, command),
            Command::Scan(options) => scan::run(&config, &options),
            Command::Serve => serve::run(&config),
            Command::Top(options) => top::run(&config, &options),
        };
        match ended {
            Ok(Outcome::Fine) => ExitCode::SUCCESS,
            Ok(Outcome::Found) => ExitCode::from(1),
            // The reader of our output has seen enough.
            Err(error) if print::is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("blotter: {error:#}");
                ExitCode::from(2)
            }
        }
    }
}

/// Has a panic tell its place and no more: its message may quote the text that was at hand.
pub fn withhold_panics() {
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => {
            eprintln!("blotter: a bug at {place}: please report it; the message is withheld, it may hold a value")
        }
        None => eprintln!("blotter: a bug: please report it"),
    }));
}

impl ConfigFile {
    /// The file that is read: the one given, else `proxy.toml` if it is here.
    fn path(&self) -> Option<&Path> {
        let here = Path::new("proxy.toml");
        self.config.as_deref().or_else(|| here.exists().then_some(here))
    }

    fn load(&self, user: User) -> Result<Setup, Vec<Problem>> {
        config::load(self.path(), user)
    }

    /// The setup, or all problems in one error.
    fn setup(&self, user: User) -> anyhow::Result<Setup> {
        self.load(user).map_err(unusable)
    }

    /// Where the log is: all that is read of the configuration, so that nothing else need be right or there.
    fn log(&self) -> anyhow::Result<LogPlace> {
        config::load_log(self.path()).map_err(unusable)
    }
}

fn unusable(problems: Vec<Problem>) -> anyhow::Error {
    anyhow!("the configuration cannot be used:{}", list(&problems))
}

/// Problems below a heading, a line each.
fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// A recogniser service in a line: `names (PERSON, LOCATION) at http://…; without it requests are refused`.
fn describe(service: &Service) -> String {
    let Service { name, entities, url, .. } = service;
    let entities: Vec<&str> = entities.iter().map(|(entity, _)| entity.as_str()).collect();
    let failing = match service.on_failure {
        OnFailure::Pass => "without it requests pass",
        OnFailure::Refuse => "without it requests are refused",
    };
    format!("{name} ({}) at {}; {failing}", entities.join(", "), url.get_ref())
}

/// A runtime for the commands that use sockets.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")
}

/// How the program talks on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// A JSON object on each line, for collectors of logs.
    Json,
    /// Lines for people.
    Text,
}

impl Talk {
    /// Says one thing that is not a warning or an error.
    fn say(self, text: &str) {
        match self {
            Self::Json => tracing::info!("{text}"),
            Self::Text => eprintln!("blotter: {text}"),
        }
    }
}

/// Sends the program's own log to stderr: `BLOTTER_LOG` chooses what of it, `BLOTTER_LOG_FORMAT` `text` or `json`.
fn start_logging(default: &str) -> Talk {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BLOTTER_LOG").unwrap_or_else(|_| default.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let format = std::env::var("BLOTTER_LOG_FORMAT").unwrap_or_default();
    if format == "json" {
        log.json().flatten_event(true).init();
        return Talk::Json;
    }
    log.init();
    if !matches!(format.as_str(), "" | "text") {
        tracing::warn!("`BLOTTER_LOG_FORMAT` is neither `text` nor `json`: text is written");
    }
    Talk::Text
}
