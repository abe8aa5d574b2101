//! `blotter check`: is the configuration good?

use std::io::Write;

use clap::Args;

use super::{ConfigFile, Outcome};
use crate::config::User;
use crate::detect;

#[derive(Args)]
pub(super) struct Options {
    /// Print the JSON Schema of pattern files, for editors, and check nothing
    #[arg(long)]
    schema: bool,
}

/// Reports all problems at once, a line each.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    if options.schema {
        write!(out, "{}", detect::schema())?;
        return Ok(Outcome::Fine);
    }
    match config.load(User::Proxy) {
        Ok(setup) => {
            let patterns = setup.ruleset.detector.patterns().len();
            let routes = setup.ruleset.routes.iter().count();
            let [config, files @ ..] = &setup.sources[..] else { return Ok(Outcome::Fine) };
            writeln!(
                out,
                "{}: {routes} routes; {patterns} patterns from {} files; all examples hold",
                config.name,
                files.len()
            )?;
            for service in setup.ruleset.detector.services() {
                writeln!(out, "service {}", super::describe(service))?;
            }
            Ok(Outcome::Fine)
        }
        Err(problems) => {
            for problem in problems {
                writeln!(out, "{problem}")?;
            }
            Ok(Outcome::Found)
        }
    }
}
