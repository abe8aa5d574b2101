//! While the log cannot be written nothing is forwarded; once it can be again, the proxy goes on by itself and tells of the gap.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::support::{Installation, tell};

/// What keeps a log from being written, for as long as it is not dropped.
enum Trouble {
    Held { _by: Connection },
    Moved { from: PathBuf, to: PathBuf },
}

type Begin = fn(&Path) -> Trouble;

impl Trouble {
    /// Another program holds the file.
    fn held(path: &Path) -> Self {
        let by = Connection::open(path).unwrap();
        by.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self::Held { _by: by }
    }

    /// Somebody moved the file away.
    fn moved(path: &Path) -> Self {
        let to = path.with_extension("away");
        std::fs::rename(path, &to).unwrap();
        Self::Moved { from: path.into(), to }
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        if let Self::Moved { from, to } = self {
            std::fs::rename(to, from).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_the_traffic_until_it_can_be() {
    let here = Installation::new("").await;
    let proxy = here.serve();
    assert_eq!(proxy.ask("before", "ann", &[]).await.0, 200);
    let files = std::fs::read_dir(here.path("audit")).unwrap().map(|file| file.unwrap().path());
    let segment = files
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "db") && !path.ends_with("keys.db"));
    let (segment, keys) = (segment.unwrap(), here.path("audit/keys.db"));
    let wal = PathBuf::from(format!("{}-wal", segment.display()));
    let mut seen = 1;
    let troubles: [(&str, &PathBuf, Begin); 4] = [
        ("segment held", &segment, Trouble::held),
        ("segment moved", &segment, Trouble::moved),
        ("write-ahead log moved", &wal, Trouble::moved),
        ("keys moved", &keys, Trouble::moved),
    ];
    for (name, path, trouble) in troubles {
        let trouble = trouble(path);
        let begun = Instant::now();
        let (status, body) = proxy.ask("meanwhile", "bob", &[]).await;
        assert_eq!(status, 503, "{name}: {body}");
        tell(&format!("{name}: refused after {:.0} ms", begun.elapsed().as_secs_f64() * 1e3));
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
