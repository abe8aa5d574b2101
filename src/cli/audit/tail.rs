//! `blotter audit tail`: what is new in the log, as it comes.

use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::super::print::{NOTHING, Table};
use super::super::{ConfigFile, Outcome, print};
use super::list;
use super::output::{Output, print_json};
use crate::audit::{self, Happening, News, Reader, Settings};

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
    #[command(flatten)]
    output: Output,
}

/// Prints the newest of the log, and goes on if asked to.
pub(super) fn run(config: &ConfigFile, options: &Options) -> anyhow::Result<Outcome> {
    let Settings { folder, .. } = config.log()?.settings;
    let reader = Reader::open(&folder)?;
    let newest = audit::last_entry(&folder)?;
    // An exchange has two entries, of which one is shown.
    let (news, last) = reader.news(newest.saturating_sub(4 * i64::from(options.lines)), usize::MAX)?;
    if options.output.csv {
        table(&[]).print_csv()?;
    }
    show(&news[news.len().saturating_sub(options.lines as usize)..], options.output)?;
    match options.follow {
        true => super::super::runtime()?.block_on(follow(&reader, last, options.output)),
        false => Ok(Outcome::Fine),
    }
}

/// Shows what comes after the entry `last`, until the process or its reader ends.
async fn follow(reader: &Reader, mut last: i64, output: Output) -> anyhow::Result<Outcome> {
    loop {
        tokio::time::sleep(PAUSE).await;
        let (news, read) = reader.news(last, PAGE)?;
        show(&news, output)?;
        last = read;
    }
}

fn show(news: &[News], output: Output) -> anyhow::Result<()> {
    match output {
        Output { json: true, .. } => print_json(news)?,
        Output { csv: true, .. } => table(news).go_on_with_csv()?,
        _ => {
            let mut out = std::io::stdout().lock();
            news.iter().try_for_each(|one| writeln!(out, "{}", print::visible(&line(one))))?;
        }
    }
    Ok(std::io::stdout().flush()?)
}

/// Exchanges as `list` has them, and events.
fn table(news: &[News]) -> Table {
    let mut table = Table::new(&[&list::HEADING[..], &["EVENT", "DETAIL"]].concat());
    let nothing = || NOTHING.to_owned();
    for one in news {
        table.row(match one {
            News::Ended(summary) => [list::row(summary), vec![nothing(), nothing()]].concat(),
            News::Happened(Happening { at, name, detail, .. }) => {
                let mut row = vec![nothing(); list::HEADING.len()];
                row[1] = format!("{at:.0}");
                [row, vec![name.clone(), detail.clone()]].concat()
            }
        });
    }
    table
}

/// What a person reads of it.
fn line(news: &News) -> String {
    match news {
        News::Ended(summary) => {
            let cells = list::row(summary);
            format!("{}  exchange  {}  {}", cells[1], cells[0], cells[2..].join("  "))
        }
        News::Happened(happening) => {
            format!("{:.0}  {}  {}", happening.at, happening.name, shortened(&happening.detail))
        }
    }
}

/// The beginning of what may be the list of all patterns.
pub(super) fn shortened(detail: &str) -> String {
    const LONGEST: usize = 160;
    match detail.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &detail[..end]),
        None => detail.to_owned(),
    }
}
