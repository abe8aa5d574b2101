//! The power goes at any moment: the disk is rebuilt as it may be then, and the log is opened again.
//!
//! This is the test that tells `synchronous=FULL` from `NORMAL`: a killed process loses nothing that it has written, a machine
//! without power loses all that was not synced. `BLOTTER_POWER_CUTS` says how many moments are tried.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use blotter::audit::{self, Filter, Keys, Log, Outcome, Reader, Scope, Settings, Verifier};
use blotter::crypto::{KeyRing, MasterKey};
use tempfile::TempDir;

use super::disk::{self, Dice, Did, Unsynced};
use super::support::{self, Installation, tell};
use super::trace;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_on_the_disk_whenever_the_power_goes() {
    let cuts: usize = std::env::var("BLOTTER_POWER_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(20);
    let here = Installation::new("checkpoint_seconds = 1").await;
    let outside = tempfile::tempdir().unwrap();
    let traced_to = outside.path().join("trace");
    let Some(command) = trace::traced(&traced_to) else {
        return tell("skipped: `strace` is not here, or may not trace; the power-cut test needs it");
    };
    let root = here.folder.path().canonicalize().unwrap();
    let proxy = support::start(command, &root);
    let until = Duration::from_secs(if cuts > 100 { 10 } else { 4 });
    // Load for a time, as bots make it: each asks again once it has the whole answer.
    let load = load(&proxy, until).await;
    proxy.kill_traced();
    let done = trace::read(&traced_to, &root);
    let base: Vec<(PathBuf, Vec<u8>)> =
        ["proxy.toml"].map(|name| (root.join(name), std::fs::read(root.join(name)).unwrap())).into();
    let mut dice = Dice(7);
    let first = done.iter().position(|did| matches!(did, Did::Said(_))).unwrap();
    let cuts: Vec<usize> = (0..cuts).map(|_| dice.below(done.len() - first / 2) + first / 2).collect();
    let began = Instant::now();
    let acknowledged = cut_everywhere(&root, &done, cuts.clone(), &base);
    tell(&format!(
        "{load} exchanges, {} calls traced, {} cuts, each twice, in {:.0} s: {acknowledged} acknowledged entries, none missing",
        done.len(),
        cuts.len(),
        began.elapsed().as_secs_f64()
    ));
    assert!(acknowledged > 0);
}

/// Checks what is left after each of `cuts`, on all cores; tells how many entries were acknowledged before them.
fn cut_everywhere(root: &Path, done: &[Did], mut cuts: Vec<usize>, base: &[(PathBuf, Vec<u8>)]) -> usize {
    cuts.sort_unstable();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let of_core = |core: usize| {
        let (mut said, mut heard, mut acknowledged) = (BTreeMap::new(), 0, 0);
        for cut in cuts.iter().skip(core).step_by(cores) {
            hear(&done[heard..*cut], &mut said);
            heard = *cut;
            acknowledged += said.len();
            for unsynced in [Unsynced::Lost, Unsynced::Mixed(*cut as u64)] {
                let files = disk::after_cut(root, &done[..*cut], unsynced);
                let when = format!("cut {cut} of {}, {unsynced:?}", done.len());
                check(root, files.into_iter().chain(base.to_vec()), &said, &when);
            }
        }
        acknowledged
    };
    std::thread::scope(|scope| {
        let cores: Vec<_> = (0..cores).map(|core| scope.spawn(move || of_core(core))).collect();
        cores.into_iter().map(|core| core.join().unwrap()).sum()
    })
}

/// Asks until the time is over; tells how often.
async fn load(proxy: &support::Proxy, until: Duration) -> u64 {
    let begun = Instant::now();
    let ask = async |caller: usize| {
        let mut number = 0_u64;
        while begun.elapsed() < until {
            // Customers, conversations and bytes that nothing compresses: keys are made and the write-ahead log fills.
            let noise: String = (0..100).map(|_| uuid::Uuid::now_v7().simple().to_string()).collect();
            let (subject, talk) = (format!("{}", number / 3), format!("{caller}-{}", number / 5));
            let headers = [("x-blotter-conversation", talk.as_str())];
            proxy.ask(&format!("mark {caller}-{number} {noise}"), &subject, &headers).await;
            number += 1;
        }
        number
    };
    let (a, b, c, d) = tokio::join!(ask(0), ask(1), ask(2), ask(3));
    a + b + c + d
}

/// Adds what callers and the provider hear: each exchange, and whether its caller has asked again since.
fn hear(done: &[Did], said: &mut BTreeMap<String, bool>) {
    for bytes in done.iter().filter_map(|did| if let Did::Said(bytes) = did { Some(bytes) } else { None }) {
        let text = String::from_utf8_lossy(bytes);
        for mark in text.match_indices("mark ").filter_map(|(at, _)| mark(&text[at..])) {
            let (caller, number) = mark.split_once('-').unwrap();
            if let Some(before) = number.parse::<u64>().unwrap().checked_sub(1) {
                said.insert(format!("{caller}-{before}"), true);
            }
            said.entry(mark).or_insert(false);
        }
    }
}

fn mark(text: &str) -> Option<String> {
    let mark = text.strip_prefix("mark ")?.split(' ').next()?;
    mark.contains('-').then(|| mark.to_owned())
}

/// A folder whose syncs cost nothing, where there is one.
fn memory_disk() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Opens the log that is left, and looks for what was said.
fn check(root: &Path, files: impl Iterator<Item = (PathBuf, Vec<u8>)>, said: &BTreeMap<String, bool>, when: &str) {
    let after = memory_disk();
    let mut logged = false;
    for (path, bytes) in files.filter(|(path, _)| !path.to_string_lossy().ends_with("-shm")) {
        let to = after.path().join(path.strip_prefix(root).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        logged |= path.extension().is_some_and(|extension| extension == "db") && !path.ends_with("keys.db");
        std::fs::write(to, bytes).unwrap();
    }
    if !logged {
        return assert!(said.is_empty(), "{when}: there is no log, but {said:?}");
    }
    let key = |name: &str| {
        std::fs::read_to_string(after.path().join(name)).unwrap_or_else(|_| panic!("{when}: {name} is lost"))
    };
    let master = MasterKey::from_hex(&key("blotter.key")).unwrap();
    let ring = KeyRing::parse(&key("audit.key")).unwrap();
    let keys = Keys::new(&master, ring.clone());
    let settings = Settings::of(&after.path().join("audit"));
    let verifier = Verifier::new(&settings.checkpoints.origin, keys.signing.public());
    let checkpoints = audit::checkpoints_in(&settings.folder);
    let checkpoints =
        if checkpoints.exists() { audit::read_checkpoints(&checkpoints, &verifier).unwrap().0 } else { Vec::new() };
    let (_, writer) = Log::open(&settings, &keys).unwrap_or_else(|error| panic!("{when}: {error}"));
    writer.close().unwrap();
    let report =
        audit::verify_within(&settings.folder, &keys.chain, &Scope { checkpoints, ..Scope::default() }).unwrap();
    assert_eq!(report.problems, [], "{when}");
    let reader = Reader::open(&settings.folder).unwrap().unlock(&ring).unwrap();
    let records = reader.records(&Filter { limit: usize::MAX, ..Filter::default() }).unwrap();
    let found: BTreeMap<String, Outcome> = records
        .iter()
        .filter_map(|record| {
            let text = String::from_utf8_lossy(&record.opened.request).into_owned();
            let mark = text.find("mark ").and_then(|at| mark(&text[at..]));
            assert!(mark.is_some(), "{when}: a text is lost: {:?}", record.texts);
            Some((mark?, record.closed.as_ref()?.outcome))
        })
        .collect();
    for (mark, ended) in said {
        let outcome = found.get(mark).unwrap_or_else(|| panic!("{when}: {mark} is not in the log"));
        assert!(!ended || *outcome == Outcome::Complete, "{when}: {mark} was answered, and is {outcome}");
    }
}
