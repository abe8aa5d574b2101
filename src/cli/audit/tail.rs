//! `blotter audit tail`: what is new in the log, as it comes.

use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::super::{ConfigFile, Outcome, print};
use super::list;
use crate::audit::{self, News, Reader, Settings};

/// How often it looks.
const PAUSE: Duration = Duration::from_millis(300);
/// How many are read at a time.
const PAGE: usize = 1000;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Begin with so many of the newest entries
    #[arg(short = 'n', long, default_value_t = 20)]
    lines: u32,
    /// Go on as entries come, until interrupted
    #[arg(short, long)]
    follow: bool,
    /// As JSON lines
    #[arg(long)]
    json: bool,
}

/// Prints the newest of the log, and goes on if asked to.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let Settings { folder, .. } = config.setup()?.audit;
    let reader = Reader::open(&folder)?;
    let newest = audit::last_entry(&folder)?;
    // An exchange has two entries, of which one is shown.
    let (news, last) = reader.news(newest.saturating_sub(4 * i64::from(options.lines)), usize::MAX)?;
    show(&news[news.len().saturating_sub(options.lines as usize)..], options.json)?;
    match options.follow {
        true => super::super::runtime()?.block_on(follow(&reader, last, options.json)),
        false => Ok(Outcome::Fine),
    }
}

/// Shows what comes after the entry `last`, until the process or its reader ends.
async fn follow(reader: &Reader, mut last: i64, json: bool) -> anyhow::Result<Outcome> {
    loop {
        tokio::time::sleep(PAUSE).await;
        let (news, read) = reader.news(last, PAGE)?;
        show(&news, json)?;
        last = read;
    }
}

fn show(news: &[News], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for one in news {
        match one {
            _ if json => writeln!(out, "{}", serde_json::to_string(one)?)?,
            News::Ended(summary) => {
                let cells = list::row(summary);
                let [exchange, at, rest @ ..] = &cells[..] else { continue };
                let line = format!("{at}  exchange  {exchange}  {}", rest.join("  "));
                writeln!(out, "{}", print::visible(&line))?;
            }
            News::Happened(happening) => {
                let line = format!("{:.0}  {}  {}", happening.at, happening.name, shortened(&happening.detail));
                writeln!(out, "{}", print::visible(&line))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

/// The beginning of what may be the list of all patterns.
fn shortened(detail: &str) -> String {
    const LONGEST: usize = 160;
    match detail.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &detail[..end]),
        None => detail.to_owned(),
    }
}
