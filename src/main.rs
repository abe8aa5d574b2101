//! The `blotter` binary: parses arguments, runs one command, ends with its exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    blotter::cli::Cli::parse().run()
}
