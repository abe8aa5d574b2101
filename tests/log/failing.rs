//! While the log cannot be written nothing is forwarded; once it can be again, the proxy goes on by itself and tells of the gap.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::support::{Installation, tell};

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
    let proxy = here.serve_despite_limits();
    assert_eq!(proxy.ask("before", "ann", &[]).await.0, 200);
    let files = std::fs::read_dir(here.path("audit")).unwrap().map(|file| file.unwrap().path());
    let segment = files
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "db") && !path.ends_with("keys.db"));
    let (segment, keys) = (segment.unwrap(), here.path("audit/keys.db"));
    let wal = PathBuf::from(format!("{}-wal", segment.display()));
    let mut seen = 1;
    let troubles: [(&str, &PathBuf, Begin); 6] = [
        ("disk full", &segment, Trouble::full),
        ("keys overwritten", &keys, Trouble::overwritten),
        ("segment held", &segment, Trouble::held),
        ("segment moved", &segment, Trouble::moved),
        ("write-ahead log moved", &wal, Trouble::moved),
        ("keys moved", &keys, Trouble::moved),
    ];
    for (name, path, trouble) in troubles {
        let trouble = trouble(path, proxy.process());
        let refusals = join_all((0..4).map(|_| async {
            let begun = Instant::now();
            let (status, body) = proxy.ask("meanwhile", "bob", &[]).await;
            assert_eq!(status, 503, "{name}: {body}");
            begun.elapsed()
        }));
        let longest = refusals.await.into_iter().max().unwrap();
        tell(&format!("{name}: refused after {:.0} ms at most", longest.as_secs_f64() * 1e3));
        assert!(longest < Duration::from_secs(1), "{name}: {longest:?}");
        assert_eq!(here.provider.count(), seen, "{name}: nothing is forwarded");
        drop(trouble);
        // Nobody touches the proxy.
        let recovered = tokio::time::timeout(Duration::from_secs(20), async {
            while proxy.ask("after", "ann", &[]).await.0 != 200 {}
        });
        recovered.await.unwrap_or_else(|_| panic!("{name}: it goes on"));
        seen += 1;
        assert_eq!(here.provider.count(), seen);
    }
    assert_eq!(proxy.stop(), 0);
    let news = here.fine(&["audit", "tail", "-n", "100"]);
    assert!(news.matches("  recovered  ").count() >= 3, "every gap is told: {news}");
    assert!(here.fine(&["audit", "verify"]).contains("the chain holds"));
}
