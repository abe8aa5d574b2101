//! What `docs/log.md` shows is what the program prints: every command of the page is run, in its order.
//!
//! Numbers, times, ids and keys differ from run to run, and so does how far apart columns are; words and their order may not.
//! An id in a command is the one that stood in the same place of an output before. `BLOTTER_BLESS=1` writes the page anew.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::support::Installation;

const PAGE: &str = "docs/log.md";
/// The patterns of the page's installation, from those that Blotter comes with.
const PATTERNS: [&str; 5] = ["card.toml", "date_of_birth.toml", "lookalikes.toml", "phone.toml", "ssn.toml"];
/// What the page adds to them on the way.
const CLUB: &str = "[[pattern]]\nname = \"club\"\nentity = \"CLUB\"\nregex = 'CLUB-\\d{6}'\nstrength = \"certain\"\n\
    source = \"our own\"\nexamples.match = [\"<<CLUB-004200>>\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_the_log_is_true() {
    let here = asked().await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = fs::read_to_string(&page).unwrap();
    let mut ids = HashMap::new();
    let mut written = String::new();
    for piece in pieces(&text) {
        match piece {
            Piece::Prose(line) => written.push_str(&format!("{line}\n")),
            Piece::Command { command, output } if command.starts_with("sqlite3 ") && !is_here("sqlite3") => {
                written.push_str(&format!("$ {command}\n{output}"));
            }
            Piece::Command { command, output } => {
                let printed = run(&here, &command, &ids);
                if std::env::var_os("BLOTTER_BLESS").is_none() {
                    assert_eq!(masked(&printed), masked(&output), "`{command}` prints now:\n{printed}");
                    ids.extend(found(&output).zip(found(&printed)));
                }
                written.push_str(&format!("$ {}\n{printed}", blessed(&command, &ids)));
                if std::env::var_os("BLOTTER_BLESS").is_some() {
                    ids.extend(found(&output).zip(found(&printed)));
                }
            }
        }
    }
    if std::env::var_os("BLOTTER_BLESS").is_some() {
        fs::write(page, written).unwrap();
    }
}

/// Two customers, a refused body, a system prompt and a tool; then the proxy is stopped.
async fn asked() -> Installation {
    let here = Installation::new("checkpoint_copy = \"kept\"").await;
    fs::remove_file(here.path("patterns/loyalty.toml")).unwrap();
    for name in PATTERNS {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns").join(name);
        fs::copy(from, here.path("patterns").join(name)).unwrap();
    }
    fs::write(here.path("club.toml"), CLUB).unwrap();
    let toml = fs::read_to_string(here.path("proxy.toml")).unwrap();
    fs::write(here.path("proxy.toml"), toml.replace("\"a\"", "\"openai\"")).unwrap();
    fs::create_dir(here.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_blotter"), here.path("bin/blotter")).unwrap();
    let proxy = here.serve();
    let system = json!({ "role": "system", "content": "You are the assistant of a small shop." });
    for (customer, talk, message) in [
        ("customer-7", "talk-1", "My SSN is 536-90-4399. Is it valid?"),
        ("customer-7", "talk-1", "Call me at +1 415 555 2671."),
        ("customer-8", "talk-2", "I am CLUB-123456, call my mother: +1 415 555 2671"),
    ] {
        let chat = json!({ "model": "gpt-5.4", "messages": [system, { "role": "user", "content": message }],
            "tools": [{ "type": "function", "function": { "name": "refund", "description": "Pays back." } }] });
        let headers = [("x-blotter-subject", customer), ("x-blotter-conversation", talk)];
        assert_eq!(proxy.post("/v1/chat/completions", chat.to_string(), &headers).await.0, 200);
    }
    assert_eq!(proxy.post("/v1/chat/completions", r#"{"a":1,"a":2}"#.into(), &[]).await.0, 400);
    assert_eq!(proxy.stop(), 0);
    here
}

enum Piece {
    Command { command: String, output: String },
    Prose(String),
}

fn pieces(text: &str) -> Vec<Piece> {
    let (mut pieces, mut in_console) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            in_console = line == "```console";
        }
        match (line.strip_prefix("$ ").filter(|_| in_console), pieces.last_mut()) {
            (Some(command), _) => pieces.push(Piece::Command { command: command.to_owned(), output: String::new() }),
            (None, Some(Piece::Command { output, .. })) if in_console => output.push_str(&format!("{line}\n")),
            _ => pieces.push(Piece::Prose(line.to_owned())),
        }
    }
    pieces
}

/// Whether a program that is not ours can be run.
fn is_here(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// What a command prints on both ways, as in a terminal.
fn run(here: &Installation, command: &str, ids: &HashMap<String, String>) -> String {
    let path = format!("{}:{}", here.path("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.current_dir(here.folder.path()).env("PATH", path).stdin(Stdio::null());
    let output = shell.args(["-c", &format!("{{ {}; }} 2>&1", blessed(command, ids))]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let root: PathBuf = here.folder.path().canonicalize().unwrap();
    printed.replace(&format!("{}/", root.display()), "")
}

/// A command with the ids of this run.
fn blessed(command: &str, ids: &HashMap<String, String>) -> String {
    let id = |written: &str| {
        let known = ids.iter().find(|(then, _)| then.starts_with(written) || *then == written);
        known.map_or(written.to_owned(), |(_, now)| now[..written.len()].to_owned())
    };
    VARIABLE.replace_all(command, |found: &regex::Captures<'_>| id(&found[0])).into_owned()
}

/// Exchanges, whole or their beginning, and tokens.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}){2}-[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}|(sub|con|key)_[0-9a-f]{16}",
    )
    .unwrap()
});

fn found(output: &str) -> impl Iterator<Item = String> {
    VARIABLE.find_iter(output).map(|found| found.as_str().to_owned()).collect::<Vec<_>>().into_iter()
}

/// An output without what differs from run to run.
fn masked(output: &str) -> String {
    static MASKS: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
        [
            (r"[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}){2}-[0-9a-f]{12}", "ID"),
            (r"[A-Za-z0-9+/]{60,}={0,2}", "SIGNATURE"),
            (r"\b(sub_|con_|key_|)[0-9a-f]{12,}\b", "${1}HASH"),
            (r"(SSN|PHONE|CLUB)_[0-9A-Z]{4}", "${1}_CODE"),
            (r"[0-9]+", "0"),
            (r"[█ ]+|-{3,}", " "),
        ]
        .map(|(mask, with)| (Regex::new(mask).unwrap(), with))
    });
    let masked = MASKS.iter().fold(output.to_owned(), |text, (mask, with)| mask.replace_all(&text, *with).into_owned());
    masked.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
