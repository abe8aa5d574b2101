//! Runs the program under `strace`, and reads what it did to its files and what it said over sockets.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::disk::Did;

const CALLS: &str = "trace=openat,pwrite64,write,writev,sendto,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat";

/// The program under a tracer that writes to `trace`; `None` where there is no tracer, or it may not trace.
pub fn traced(trace: &Path) -> Option<Command> {
    let mut command = tracer()?;
    command.args(["-y", "-xx", "-s", "1000000", "--signal=none", "-e", CALLS, "-o"]);
    command.arg(trace).arg(env!("CARGO_BIN_EXE_blotter"));
    Some(command)
}

/// The program, for which all writes to `file` fail with this error once its input has a line, until the tracer ends; `None` as
/// above.
///
/// The shell becomes the tracer: a process may trace those that it began.
pub fn failing(file: &Path, error: &str) -> Option<Command> {
    const BEGIN: &str = r#""$PROGRAM" "$@" & read -r line && exec strace -f -qq -o /dev/null -e trace=pwrite64 \
        -e "inject=pwrite64:error=$ERROR" -P "$FILE" -p $!; kill -9 $!"#;
    tracer()?;
    let mut command = Command::new("sh");
    command.env("PROGRAM", env!("CARGO_BIN_EXE_blotter")).env("ERROR", error).env("FILE", file);
    command.args(["-c", BEGIN, "sh"]).stdin(Stdio::piped());
    Some(command)
}

fn tracer() -> Option<Command> {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]);
    Some(command)
}

/// What the traced program did below `root`, and what it said, in order.
pub fn read(trace: &Path, root: &Path) -> Vec<Did> {
    let text = std::fs::read_to_string(trace).unwrap();
    let mut reader = Reader { root, done: Vec::new(), begun: HashMap::new(), known: HashSet::new() };
    for line in text.lines() {
        reader.line(line);
    }
    reader.done
}

struct Reader<'t> {
    root: &'t Path,
    done: Vec<Did>,
    /// By thread: the call that has not returned yet.
    begun: HashMap<&'t str, &'t str>,
    /// The files that are there.
    known: HashSet<PathBuf>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &'t str) {
        let Some((thread, call)) = line.split_once(' ').map(|(thread, call)| (thread, call.trim_start())) else {
            return;
        };
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            // What is being said may be heard before the call returns.
            if !self.say(begun) {
                self.begun.insert(thread, begun);
            }
        } else if let Some((_, rest)) = call.strip_prefix("<... ").and_then(|resumed| resumed.split_once(" resumed>")) {
            if let Some(begun) = self.begun.remove(thread) {
                self.call(&format!("{begun}{rest}"));
            }
        } else if !self.say(call) {
            self.call(call);
        }
    }

    /// Whether the call speaks over a socket.
    fn say(&mut self, call: &str) -> bool {
        let arguments = ["write(", "writev(", "sendto("].iter().find_map(|name| call.strip_prefix(name));
        let Some(arguments) =
            arguments.filter(|arguments| annotated(arguments).is_some_and(|path| path.starts_with("socket:")))
        else {
            return false;
        };
        self.done.push(Did::Said(strings(arguments).concat()));
        true
    }

    /// A call that has returned.
    fn call(&mut self, call: &str) {
        let Some((name, rest)) = call.split_once('(') else { return };
        let Some((arguments, returned)) = rest.rsplit_once(" = ") else { return };
        if returned.starts_with('-') {
            return;
        }
        let strings = || strings(arguments).into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let paths: Vec<PathBuf> = strings().map(|path| self.root.join(path)).collect();
        let file = annotated(arguments).map(PathBuf::from).unwrap_or_default();
        match name {
            "openat" => {
                let Some(path) = annotated(returned).map(PathBuf::from).filter(|path| self.is_below(path)) else {
                    return;
                };
                if arguments.contains("O_CREAT") && self.known.insert(path.clone()) {
                    self.done.push(Did::Created(path));
                } else if arguments.contains("O_TRUNC") && self.known.contains(&path) {
                    self.done.push(Did::Truncated(path, 0));
                }
            }
            "mkdir" | "mkdirat" if self.is_below(&paths[0]) => self.done.push(Did::MadeFolder(paths[0].clone())),
            "unlink" | "unlinkat" if self.known.remove(&paths[0]) => self.done.push(Did::Removed(paths[0].clone())),
            "rename" | "renameat" | "renameat2" if self.known.remove(&paths[0]) => {
                self.known.insert(paths[1].clone());
                self.done.push(Did::Renamed(paths[0].clone(), paths[1].clone()));
            }
            "fsync" | "fdatasync" if self.is_below(&file) || file == self.root => self.done.push(Did::Synced(file)),
            "ftruncate" if self.known.contains(&file) => {
                self.done.push(Did::Truncated(file, last_number(arguments)));
            }
            "pwrite64" if self.known.contains(&file) => {
                self.wrote(file, Some(last_number(arguments)), arguments, returned);
            }
            "write" if self.known.contains(&file) => self.wrote(file, None, arguments, returned),
            _ => {}
        }
    }

    fn wrote(&mut self, file: PathBuf, at: Option<usize>, arguments: &str, returned: &str) {
        let mut bytes = strings(arguments).concat();
        bytes.truncate(returned.split_whitespace().next().unwrap().parse().unwrap());
        self.done.push(Did::Wrote(file, at, bytes));
    }

    fn is_below(&self, path: &Path) -> bool {
        path.starts_with(self.root) && path != self.root
    }
}

/// The path that the tracer writes behind the first file descriptor, as in `3</a/file>`.
fn annotated(text: &str) -> Option<String> {
    let begun =
        text.trim_start().trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').strip_prefix('<')?;
    Some(String::from_utf8_lossy(&unescaped(begun.split('>').next()?)).into_owned())
}

/// All strings among the arguments of a call.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unescaped).collect()
}

/// `\x41\x42`, or plain text.
fn unescaped(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

/// The last argument.
fn last_number(arguments: &str) -> usize {
    arguments.trim_end().trim_end_matches(')').rsplit(", ").next().unwrap().parse().unwrap()
}
