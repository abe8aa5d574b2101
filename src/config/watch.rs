//! Whether the files behind a setup changed, and what they say now.
//!
//! A look compares stamps first, then contents: a file that was only touched changes nothing. Files that a setup which could not be
//! used names are watched too, so that the missing one is seen when it comes.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::change::{Change, Outline};
use super::{Named, Setup, User, patterns};
use crate::crypto::{self, Hash};
use crate::detect::Problem;

/// The files behind a setup.
pub struct Watch {
    config: PathBuf,
    /// Where callers reach the proxy until it is started again.
    listen: SocketAddr,
    named: Vec<Named>,
    stamps: Vec<Stamp>,
    contents: Contents,
    outline: Outline,
    /// The files changed at the last look, and may have changed again within the same tick of the file system's clock.
    fresh: bool,
}

/// What a look found.
pub enum Look {
    /// The files say something else.
    Changed(Box<Setup>, Change),
    /// The files say what they said.
    Same,
    /// The files say what cannot be used; which of them changed.
    Unusable(Vec<Problem>, Vec<String>),
}

type Contents = BTreeMap<PathBuf, Hash>;

/// By what a file is known without reading it: its place, its inode, its size and its two times in nanoseconds.
type Stamp = (PathBuf, Option<[i128; 4]>);

impl Watch {
    /// Watches what `setup` was read from, `config` first.
    pub fn new(config: &Path, setup: &Setup) -> Self {
        let named = with_config(config, setup.named.clone());
        let (stamps, contents) = (stamps(&named), contents(&named));
        Self {
            config: config.into(),
            listen: setup.listen,
            named,
            stamps,
            contents,
            outline: Outline::of(setup),
            fresh: true,
        }
    }

    /// Looks whether the files changed. Blocks while it reads them.
    pub fn look(&mut self) -> Look {
        let stamps = stamps(&self.named);
        if stamps == self.stamps && !self.fresh {
            return Look::Same;
        }
        self.fresh = stamps != self.stamps;
        self.stamps = stamps;
        let contents = contents(&self.named);
        if contents == self.contents {
            return Look::Same;
        }
        let changed = self.changed(&contents);
        self.contents = contents;
        self.fresh = true;
        self.load(changed)
    }

    fn load(&mut self, changed: BTreeMap<String, Option<Hash>>) -> Look {
        let read = patterns::read(&self.config).map_err(|problem| vec![problem]);
        let folder = self.config.parent().unwrap_or(Path::new(""));
        let (named, loaded) = match read {
            Ok(source) => super::build(source, folder, User::Proxy),
            Err(problems) => (Vec::new(), Err(problems)),
        };
        match loaded.and_then(|setup| self.guarded(setup)) {
            Ok(setup) => {
                self.watch(with_config(&self.config, named));
                let outline = Outline::of(&setup);
                let change = Change::between(&self.outline, &outline, changed);
                self.outline = outline;
                Look::Changed(Box::new(setup), change)
            }
            Err(problems) => {
                // The old rules run on, and their files matter as well.
                let mut all = self.named.clone();
                all.extend(named.into_iter().filter(|named| !self.named.contains(named)));
                self.watch(all);
                Look::Unusable(problems, changed.into_keys().collect())
            }
        }
    }

    /// A setup, unless it would take the guards from an address that stays open to others until the next start.
    fn guarded(&self, setup: Setup) -> Result<Setup, Vec<Problem>> {
        if !setup.is_open || self.listen.ip().is_loopback() {
            return Ok(setup);
        }
        Err(vec![Problem {
            file: self.config.display().to_string(),
            line: 1,
            what: format!(
                "others reach the proxy at {} until it is started again, and nothing would guard it",
                self.listen
            ),
            remedy: "leave `[tls]` and `[callers]` as they are, or start it again to take another `listen`".to_owned(),
        }])
    }

    fn watch(&mut self, named: Vec<Named>) {
        if named != self.named {
            self.named = named;
            self.stamps = stamps(&self.named);
            self.contents = contents(&self.named);
        }
    }

    /// The files that came, went or say something else; of what holds no secret, its hash.
    fn changed(&self, now: &Contents) -> BTreeMap<String, Option<Hash>> {
        let places = self.contents.keys().chain(now.keys());
        let differs = |path: &&PathBuf| self.contents.get(*path) != now.get(*path);
        let told = |path: &PathBuf| now.get(path).copied().filter(|_| !self.is_secret(path));
        places.filter(differs).map(|path| (path.display().to_string(), told(path))).collect()
    }

    fn is_secret(&self, path: &Path) -> bool {
        self.named.iter().any(|named| matches!(named, Named::Secret(secret) if secret == path))
    }
}

fn with_config(config: &Path, named: Vec<Named>) -> Vec<Named> {
    [Named::File(config.into())].into_iter().chain(named).collect()
}

/// The files that are named, those of a folder included.
fn files(named: &[Named]) -> Vec<PathBuf> {
    let files = named.iter().flat_map(|named| match named {
        Named::File(path) | Named::Secret(path) => vec![path.clone()],
        Named::Folder(path) => patterns::files(path).unwrap_or_default(),
    });
    files.collect()
}

fn stamps(named: &[Named]) -> Vec<Stamp> {
    let stamp = |path: PathBuf| {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let known = fs::metadata(&path).ok().map(|known| {
            let changed = nanos(known.ctime(), known.ctime_nsec());
            let written = nanos(known.mtime(), known.mtime_nsec());
            [known.ino().into(), known.size().into(), written, changed]
        });
        (path, known)
    };
    files(named).into_iter().map(stamp).collect()
}

fn contents(named: &[Named]) -> Contents {
    let read = |path: PathBuf| fs::read(&path).ok().map(|bytes| (path, crypto::sha256(&bytes)));
    files(named).into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "patterns = \"patterns\"\n[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n";
    const PATTERN: &str = "[[pattern]]\nname = \"loyalty\"\nentity = \"LOYALTY\"\nregex = 'LC-\\d{8}'\nstrength = \"certain\"\n\
        source = \"x\"\n[pattern.examples]\nmatch = [\"<<LC-00420042>>\"]\nignore = [\"LC-42\"]\n";

    #[test]
    fn a_look_sees_contents_and_tells_what_changed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).unwrap();
        fs::create_dir(at("patterns")).unwrap();
        write("proxy.toml", CONFIG);
        write("patterns/a.toml", PATTERN);
        let setup =
            super::super::load(Some(&at("proxy.toml")), User::Proxy).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut watch = Watch::new(&at("proxy.toml"), &setup);
        let mut look = || match watch.look() {
            Look::Changed(_, change) => format!("{change}"),
            Look::Same => "same".to_owned(),
            Look::Unusable(problems, _) => format!("unusable: {}", problems[0]),
        };
        let check = |told: String, parts: &[&str]| {
            assert!(parts.iter().all(|part| told.contains(part)), "{told}: {parts:?}");
        };
        check(look(), &["same"]);
        write("patterns/a.toml", PATTERN);
        check(look(), &["same"]);
        write("patterns/b.toml", &PATTERN.replace("loyalty", "other").replace("LC-", "LD-"));
        check(look(), &["came: other", "b.toml"]);
        write("patterns/b.toml", "[[pattern");
        check(look(), &["unusable: ", "b.toml:1: "]);
        check(look(), &["same"]);
        fs::remove_file(at("patterns/b.toml")).unwrap();
        check(look(), &["went: other"]);
        write("patterns/a.toml", &PATTERN.replace("d{8}", "d{8}\\b"));
        check(look(), &["changed: loyalty"]);
        write("proxy.toml", &format!("listen = \"127.0.0.1:1\"\n{CONFIG}credential = {{ file = \"a.key\" }}\n"));
        check(look(), &["unusable: ", "a.key cannot be read"]);
        write("a.key", "sk-1");
        let told = look();
        check(told.clone(), &["a.key", "needs a restart: `listen`"]);
        assert!(!told.contains(&crypto::hex(&crypto::sha256(b"sk-1"))[..12]), "{told}");
    }

    #[test]
    fn what_others_reach_keeps_its_guards_until_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proxy.toml");
        let write = |head: &str| {
            fs::write(&path, format!("{head}\n[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n"))
        };
        write("listen = \"0.0.0.0:1\"\nlisten_unguarded = true").unwrap();
        let setup = super::super::load(Some(&path), User::Proxy).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut watch = Watch::new(&path, &setup);
        write("listen = \"127.0.0.1:1\"").unwrap();
        let Look::Unusable(problems, _) = watch.look() else { panic!("it would be open to all") };
        assert!(problems[0].to_string().contains("others reach the proxy at 0.0.0.0:1"), "{}", problems[0]);
        write("listen = \"127.0.0.1:1\"\nlisten_unguarded = true").unwrap();
        assert!(matches!(watch.look(), Look::Changed(..)));
    }
}
