//! The house stands as `lib.rs` draws it: who may use whom, and which names belong to which room.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and their floors. A room uses rooms on lower floors and itself.
const FLOORS: &[(&str, u8)] = &[
    ("alarm", 0),
    ("wire", 0),
    ("crypto", 0),
    ("detect", 0),
    ("metrics", 0),
    ("role", 0),
    ("eval", 1),
    ("provider", 1),
    ("policy", 1),
    ("redact", 2),
    ("audit", 2),
    ("caller", 2),
    ("route", 2),
    ("config", 3),
    ("inquiry", 4),
    ("proxy", 4),
    ("admin", 5),
    ("fake", 5),
    ("cli", 6),
];

/// A name, and the rooms that may say it.
const NAMES: &[(&str, &[&str])] = &[
    ("aws_lc_rs", &["crypto"]),
    ("brotli", &["proxy"]),
    ("eprintln!", &["cli"]),
    ("flate2", &["proxy"]),
    ("hyper::", &["admin", "fake", "proxy"]),
    ("println!", &["cli"]),
    ("prometheus_client", &["metrics"]),
    ("rusqlite", &["audit"]),
    ("rustix", &["cli"]),
    ("std::env", &["cli", "config"]),
    ("std::fs", &["audit", "cli", "config", "proxy"]),
    ("std::net", &["admin", "alarm", "caller", "cli", "config", "fake", "proxy", "route"]),
    ("std::thread", &["audit"]),
    ("std::time", &["admin", "audit", "cli", "fake", "proxy"]),
    ("x509_parser", &["config"]),
    ("Timestamp::now", &["admin", "audit", "cli", "proxy"]),
    ("tokio", &["admin", "audit", "cli", "fake", "proxy"]),
    ("tracing", &["admin", "audit", "cli", "proxy"]),
    ("wide::", &["detect"]),
    ("zstd::", &["audit", "proxy"]),
];

/// Every source file of a room, without its tests.
fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = files(&src.join(room));
    paths.extend(Some(src.join(format!("{room}.rs"))).filter(|path| path.exists()));
    let is_test =
        |path: &PathBuf| path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
    paths.retain(|path| !is_test(path));
    assert!(!paths.is_empty(), "{room} is there");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (path, code.join("\n"))
    };
    paths.into_iter().map(read).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_arrow_points_down() {
    for (room, floor) in FLOORS {
        for (path, code) in sources(room) {
            assert!(!code.contains("crate::{"), "{}: a `use` for each room, so that its arrow shows", path.display());
            for used in code.split("crate::").skip(1) {
                let name: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if let Some((_, below)) = FLOORS.iter().find(|(room, _)| *room == name) {
                    assert!(name == *room || below < floor, "{}: `{room}` may not use `{name}`", path.display());
                }
            }
        }
    }
}

#[test]
fn every_room_is_on_a_floor() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rooms = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for room in rooms {
        assert!(FLOORS.iter().any(|(known, _)| *known == room), "`{room}` has no floor");
    }
}

#[test]
fn names_stay_in_their_rooms() {
    for (room, _) in FLOORS {
        for (path, code) in sources(room) {
            for (name, rooms) in NAMES {
                assert!(
                    rooms.contains(room) || !code.contains(name),
                    "{}: `{room}` may not name `{name}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn no_path_leads_an_original_into_the_log() {
    for (path, code) in sources("audit") {
        for name in ["redact", "detect", "Vault"] {
            let named = code.contains(&format!("crate::{name}")) || code.contains(&format!("{name}::"));
            assert!(!named, "{}: `audit` may not name `{name}`", path.display());
        }
    }
}

#[test]
fn a_request_touches_the_disk_in_one_place() {
    for (path, code) in sources("proxy") {
        assert!(path.ends_with("spool.rs") || !code.contains("std::fs"), "{}: only `spool` has files", path.display());
    }
}

#[test]
fn the_proxy_never_asks_which_provider_it_is() {
    for (path, code) in sources("proxy") {
        for name in ["openai", "anthropic", "gemini", "choices", "content_block"] {
            assert!(!code.to_lowercase().contains(name), "{}: `proxy` may not name `{name}`", path.display());
        }
    }
}
