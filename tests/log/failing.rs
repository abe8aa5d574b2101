//! While the log cannot be written nothing is forwarded; once it can be again, the proxy goes on by itself and tells of the gap.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::support::{self, Installation, Proxy, tell};
use super::trace;

/// What keeps a log from being written, for as long as it is not dropped.
enum Trouble {
    Full { process: Pid, before: Rlimit },
    Held { _by: Connection },
    Moved { from: PathBuf, to: PathBuf },
    Overwritten { path: PathBuf, bytes: Vec<u8> },
}

type Begin = fn(&Path, Pid) -> Trouble;

impl Trouble {
    /// No file takes another byte.
    fn full(_: &Path, process: Pid) -> Self {
        let before = prlimit(Some(process), Resource::Fsize, Rlimit { current: Some(0), maximum: None }).unwrap();
        Self::Full { process, before }
    }

    /// Another program holds the file.
    fn held(path: &Path, _: Pid) -> Self {
        let by = Connection::open(path).unwrap();
        by.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self::Held { _by: by }
    }

    /// Somebody moved the file away.
    fn moved(path: &Path, _: Pid) -> Self {
        let to = path.with_extension("away");
        std::fs::rename(path, &to).unwrap();
        Self::Moved { from: path.into(), to }
    }

    /// The file's bytes became others.
    fn overwritten(path: &Path, _: Pid) -> Self {
        let bytes = std::fs::read(path).unwrap();
        overwrite(path, &vec![b'x'; bytes.len()]);
        Self::Overwritten { path: path.into(), bytes }
    }
}

/// Writes into the file that is there.
fn overwrite(path: &Path, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all(bytes).unwrap();
}

impl Drop for Trouble {
    fn drop(&mut self) {
        match self {
            Self::Full { process, before } => {
                prlimit(Some(*process), Resource::Fsize, *before).unwrap();
            }
            Self::Held { .. } => {}
            Self::Moved { from, to } => std::fs::rename(to, from).unwrap(),
            Self::Overwritten { path, bytes } => overwrite(path, bytes),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_the_traffic_until_it_can_be() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    assert_eq!(proxy.ask("before", "ann", &[]).await.0, 200);
    let (segment, keys) = (here.segment(), here.path("audit/keys.db"));
    let wal = PathBuf::from(format!("{}-wal", segment.display()));
    let (mut seen, mut refused) = (1, Vec::new());
    let troubles: [(&str, &PathBuf, Begin); 7] = [
        ("disk full", &segment, Trouble::full),
        ("keys overwritten", &keys, Trouble::overwritten),
        ("segment held", &segment, Trouble::held),
        ("keys held", &keys, Trouble::held),
        ("segment moved", &segment, Trouble::moved),
        ("write-ahead log moved", &wal, Trouble::moved),
        ("keys moved", &keys, Trouble::moved),
    ];
    for (name, path, trouble) in troubles {
        let trouble = trouble(path, proxy.process());
        let refusals = join_all((0..4).map(|_| async {
            let begun = Instant::now();
            // Of a customer who is new each time, so that keys are needed.
            let (status, body) = proxy.ask("meanwhile", name, &[]).await;
            assert_eq!(status, 503, "{name}: {body}");
            begun.elapsed()
        }));
        let longest = refusals.await.into_iter().max().unwrap();
        tell(&format!("{name}: refused after {:.0} ms at most", longest.as_secs_f64() * 1e3));
        // That it is a second is held where the writer's patience stands; here others may have the processor.
        assert!(longest < Duration::from_secs(10), "{name}: {longest:?}");
        assert_eq!(here.provider.count(), seen, "{name}: nothing is forwarded");
        drop(trouble);
        // Nobody touches the proxy.
        let recovered = tokio::time::timeout(Duration::from_secs(20), async {
            let mut refused = 4;
            while proxy.ask("after", "ann", &[]).await.0 != 200 {
                refused += 1;
            }
            refused
        });
        refused.push(recovered.await.unwrap_or_else(|_| panic!("{name}: it goes on")));
        seen += 1;
        assert_eq!(here.provider.count(), seen);
    }
    assert_eq!(proxy.stop(), 0);
    let news = here.fine(&["audit", "tail", "-n", "100"]);
    let gaps: Vec<&str> = news.lines().filter(|line| line.contains("  recovered  ")).collect();
    assert_eq!(gaps.len(), refused.len(), "every gap is told: {news}");
    for (gap, refused) in gaps.iter().zip(refused) {
        assert!(gap.contains(&format!("\"refused\":{refused},")), "and how many requests fell into it: {gap}");
    }
    assert!(here.fine(&["audit", "verify"]).contains("the chain holds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_lasts_until_the_end_is_told_at_the_next_start() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    assert_eq!(proxy.ask("before", "ann", &[]).await.0, 200);
    let held = Trouble::held(&here.segment(), proxy.process());
    for _ in 0..2 {
        assert_eq!(proxy.ask("meanwhile", "ann", &[]).await.0, 503);
    }
    proxy.stop();
    drop(held);
    assert_eq!(here.serve().stop(), 0);
    let news = here.fine(&["audit", "tail", "-n", "100"]);
    let gaps: Vec<&str> = news.lines().filter(|line| line.contains("  recovered  ")).collect();
    assert!(gaps.len() == 1 && gaps[0].contains("\"refused\":2,"), "{news}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_system_refuses_stops_the_traffic_until_one_succeeds() {
    for (error, told) in [("ENOSPC", "free space on its volume"), ("EROFS", "check its volume")] {
        let here = Installation::new("").await;
        here.serve().kill();
        let wal = PathBuf::from(format!("{}-wal", here.segment().canonicalize().unwrap().display()));
        let Some(command) = trace::failing(&wal, error) else {
            return tell(
                "skipped: `strace` is not here, or may not trace; a full and a read-only disk are tried with it",
            );
        };
        let mut proxy = support::start(command, here.folder.path());
        let process = proxy.traced();
        assert_eq!(proxy.ask("hello", "ann", &[]).await.0, 200, "{error}");
        proxy.give_line();
        until(&proxy, 503).await;
        let seen = here.provider.count();
        assert_eq!(proxy.ask("meanwhile", "ann", &[]).await.0, 503, "{error}");
        assert_eq!(here.provider.count(), seen, "{error}: nothing is forwarded");
        until_said(&proxy, told).await;
        proxy.end_tracer();
        until(&proxy, 200).await;
        proxy.kill_untraced(process);
        assert!(here.fine(&["audit", "tail", "-n", "100"]).contains("  recovered  "), "{error}: the gap is told");
        assert!(here.fine(&["audit", "verify"]).contains("the chain holds"));
    }
}

/// Asks until the proxy answers like this.
async fn until(proxy: &Proxy, expected: u16) {
    let asked = async { while proxy.ask("hello", "ann", &[]).await.0 != expected {} };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .unwrap_or_else(|_| panic!("{expected}: {}", proxy.said()));
}

/// Waits until the proxy's own log says this: it is read while it is written.
async fn until_said(proxy: &Proxy, told: &str) {
    let said = async {
        while !proxy.said().contains(told) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), said).await.unwrap_or_else(|_| panic!("{told}: {}", proxy.said()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_log_is_not_gone_on_with() {
    const PAGE: usize = 4096;
    for (name, from) in [("all of it", 0), ("all but its first page", PAGE)] {
        let here = Installation::new("").await;
        let proxy = here.serve();
        proxy.ask("hello", "ann", &[]).await;
        assert_eq!(proxy.stop(), 0);
        let mut bytes = std::fs::read(here.segment()).unwrap();
        bytes[from..].fill(b'x');
        overwrite(&here.segment(), &bytes);
        let ran = here.run(&["serve"]);
        let file = here.segment().file_name().unwrap().to_string_lossy().into_owned();
        assert!(ran.code == 2 && ran.talk.contains(&file), "{name}: {ran:?}");
        assert!(ran.talk.contains("restore it from a backup"), "{name}: {ran:?}");
        let ran = here.run(&["audit", "verify"]);
        assert!(ran.code != 0 && format!("{ran:?}").contains(&file), "{name}: {ran:?}");
    }
}
