//! `blotter top`: how the proxy does, in the terminal, again every two seconds. It reads the log, beside a proxy or without one.

mod lights;

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::print::{self, NOTHING};
use super::{ConfigFile, Outcome};
use crate::config::User;
use crate::inquiry::{Archive, Overview, Range, Watch};
use lights::{Light, lights};

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(2);
/// How many rows of a list are shown.
const ROWS: usize = 8;
/// The longest bar.
const BAR: usize = 24;

#[derive(Args)]
pub(super) struct Options {
    /// How far back: `hour`, `day` or `week`
    #[arg(long, default_value = "hour")]
    range: Range,
    /// Show it once, and end
    #[arg(long)]
    once: bool,
}

/// Shows it until it is interrupted.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let setup = config.setup(User::Command)?;
    let archive = Archive::of(&setup.log)?;
    super::runtime()?.block_on(async {
        let mut watch = Watch::default();
        loop {
            let now = Timestamp::now();
            watch.catch_up(&archive, &archive.reader()?, now)?;
            let (lights, open) = (lights(&setup, &archive, &watch, now).await?, archive.reader()?.open_now()?);
            let page = page(&lights, &watch.pulse.over(options.range, now), open, now);
            let mut out = std::io::stdout().lock();
            if options.once {
                write!(out, "{page}")?;
                return Ok(Outcome::Fine);
            }
            // To the top, and nothing below what is written.
            write!(out, "\x1b[H\x1b[J{page}")?;
            out.flush()?;
            drop(out);
            tokio::time::sleep(PAUSE).await;
        }
    })
}

fn page(lights: &[Light], overview: &Overview, open: u64, now: Timestamp) -> String {
    let sum = |of: fn(&crate::inquiry::Column) -> u64| overview.columns.iter().map(of).sum::<u64>();
    let most = overview.columns.iter().map(|column| column.exchanges).max().unwrap_or(0);
    let mut page = format!(
        "blotter  {now:.0}\n\n{} exchanges, {} refused, {} failed, {open} in flight\n{}  at most {most} in {} min\n",
        sum(|column| column.exchanges),
        sum(|column| column.refused),
        sum(|column| column.failed),
        overview.columns.iter().map(|column| spark(column.exchanges, most)).collect::<String>(),
        overview.step / 60
    );
    // A string takes all that is written to it.
    let _ = writeln!(page, "\nLIGHTS");
    for (is_fine, name, says) in lights {
        let _ = writeln!(page, "{:<2} {name:<11} {says}", if *is_fine { "ok" } else { "!!" });
    }
    let _ = writeln!(page, "\n{:<12} {:>10} {:>10}", "TOOK", "p50", "p99");
    for pace in &overview.paces {
        let _ = writeln!(page, "{:<12} {:>10} {:>10}", pace.phase, span(pace.p50), span(pace.p99));
    }
    for (title, counts) in [
        ("FOUND", &overview.found),
        ("REFUSED", &overview.refusals),
        ("FAILED", &overview.troubles),
        ("EXEMPTIONS", &overview.exemptions),
    ] {
        let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let most = counts.first().map_or(0, |(_, count)| **count);
        let _ = writeln!(page, "\n{title}");
        for (name, count) in counts.iter().take(ROWS) {
            let _ = writeln!(page, "{:<28} {count:>10}  {}", print::visible(name), print::bar(**count, most, BAR));
        }
        if counts.is_empty() {
            let _ = writeln!(page, "{NOTHING}");
        }
    }
    page
}

/// One column as a character.
fn spark(count: u64, most: u64) -> char {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    match count {
        0 => ' ',
        _ => HEIGHTS[((count * 8).div_ceil(most.max(1)) as usize).clamp(1, 8) - 1],
    }
}

/// Microseconds in a unit that can be read.
fn span(micros: Option<u64>) -> String {
    match micros {
        None => NOTHING.to_owned(),
        Some(micros @ 0..1_000) => format!("{micros} us"),
        Some(micros @ 1_000..1_000_000) => format!("{:.1} ms", micros as f64 / 1e3),
        Some(micros) => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nothing_shows() {
        let sparks: String = [0, 1, 500, 1000].into_iter().map(|count| spark(count, 1000)).collect();
        assert_eq!(sparks, " ▁▄█");
        assert_eq!([Some(7), Some(1500), Some(2_000_000), None].map(span), ["7 us", "1.5 ms", "2.0 s", "-"]);
    }
}
