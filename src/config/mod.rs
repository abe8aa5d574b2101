//! From files to a [`Ruleset`]: reads `proxy.toml`, the pattern files and the key, checks everything, reports all at once.
//!
//! The only room that reads files and the environment. Whoever holds a [`Setup`] need check nothing again.

mod admin;
mod alarms;
mod audit;
mod callers;
mod change;
mod file;
mod inventory;
mod key;
mod limits;
mod patterns;
mod place;
mod policy;
mod sections;
mod tls;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use crate::crypto;
use crate::detect::{Detector, Entity, Problem, Service, Settings, Source};
use crate::policy::Policy;
use crate::route::{Routes, Secret, Upstream};

use callers::Asks;
use file::File;
use sections::Sections;

pub use admin::Admin;
pub use alarms::{Alarms, Webhook};
pub use audit::LogPlace;
pub use callers::{CallerFile, CallerFileError};
pub use change::Change;
pub use key::{KeyError, KeyPlace};
pub use limits::Limits;
pub use sections::User;
pub use tls::Tls;
pub use watch::{Look, Watch};

/// The commented `proxy.toml` that the program carries: what is used when there is none.
pub const DEFAULT: &str = include_str!("../../proxy.toml");

/// All that can be reloaded. Immutable: an exchange sees one ruleset for its whole life.
#[derive(Clone)]
pub struct Ruleset {
    /// All patterns.
    pub detector: Arc<Detector>,
    /// What is done with findings.
    pub policy: Arc<Policy>,
    /// Where requests go.
    pub routes: Arc<Routes>,
    /// Bounds on sizes and times.
    pub limits: Limits,
    /// Where long uploads wait.
    pub upload_folder: Arc<Path>,
    /// Who may call; `None` lets anybody in.
    pub callers: Option<Arc<CallerFile>>,
    /// The keys of callers and of the admin listener's readers.
    pub keys: Arc<CallerFile>,
    /// The pattern files that the detector was compiled from, and with which settings.
    pub patterns: Arc<Patterns>,
    /// What looks like misuse, and who is told.
    pub alarms: Arc<Alarms>,
    /// How callers' connections are secured, if they are.
    pub tls: Option<Tls>,
    /// How upstreams are reached.
    pub outbound: Outbound,
    /// Where spans go, if they go anywhere. The address may hold a secret.
    pub otlp: Option<Arc<Secret>>,
    /// The beginning of the hash over every file that it was made from.
    pub version: String,
}

/// What a detector is compiled from.
pub struct Patterns {
    /// The pattern files and word files.
    pub sources: Vec<Source>,
    /// Regions and countries.
    pub settings: Settings,
}

/// How upstreams are reached.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// What their certificates are verified against, where it is not what the system trusts.
    pub roots: Option<Arc<rustls::RootCertStore>>,
    /// The HTTP proxy that connections to other machines go through.
    pub proxy: Option<Upstream>,
}

/// A file or folder that a setup was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Holds nothing secret.
    File(PathBuf),
    /// The folder of pattern files.
    Folder(PathBuf),
    /// Holds a key.
    Secret(PathBuf),
}

/// What a start needs.
pub struct Setup {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether nothing guards it that Blotter knows of, and nobody says otherwise: no TLS, or no keys of callers.
    pub(crate) is_open: bool,
    /// Where operators reach it, if they do.
    pub admin: Option<Admin>,
    /// The log.
    pub log: LogPlace,
    /// The rules.
    pub ruleset: Ruleset,
    /// The files that the rules were read from.
    pub sources: Vec<Source>,
    /// The files that it names.
    pub(crate) named: Vec<Named>,
}

/// Reads `proxy.toml` at `path`, or the default one, and all that it names.
pub fn load(path: Option<&Path>, user: User) -> Result<Setup, Vec<Problem>> {
    let (source, folder) = find(path)?;
    from_source(source, folder, user)
}

/// Reads of `proxy.toml` at `path`, or of the default one, where the log is: all that most questions to it need.
pub fn load_log(path: Option<&Path>) -> Result<LogPlace, Vec<Problem>> {
    let (source, folder) = find(path)?;
    let mut sections = Sections::read(&source, User::Command)?;
    let log = audit::read(&mut sections, folder);
    if sections.problems.is_empty() { Ok(log) } else { Err(sections.problems) }
}

/// The file, and where its relative paths begin.
fn find(path: Option<&Path>) -> Result<(Source, &Path), Vec<Problem>> {
    let source = match path {
        Some(path) => patterns::read(path).map_err(|problem| vec![problem])?,
        None => Source { name: "proxy.toml (built in)".to_owned(), text: DEFAULT.to_owned() },
    };
    Ok((source, path.and_then(Path::parent).unwrap_or(Path::new(""))))
}

/// Reads a `proxy.toml` whose relative paths begin at `folder`.
pub fn from_source(source: Source, folder: &Path, user: User) -> Result<Setup, Vec<Problem>> {
    build(source, folder, user).1
}

/// The same, and the files that it names, whether they could be used or not.
fn build(source: Source, folder: &Path, user: User) -> (Vec<Named>, Result<Setup, Vec<Problem>>) {
    match file::read(&source, folder, user) {
        Ok((file, problems)) => (file.named.clone(), from_file(source, file, problems)),
        Err(problems) => (Vec::new(), Err(problems)),
    }
}

fn from_file(source: Source, file: File, mut problems: Vec<Problem>) -> Result<Setup, Vec<Problem>> {
    let (sources, unread) = patterns::sources(file.patterns.as_deref());
    problems.extend(unread);
    let regions_at = file.phone_regions.span();
    let countries_at = file.countries.span();
    let settings = Settings { regions: file.phone_regions.into_inner(), countries: file.countries.into_inner() };
    let in_its_file = |problem: Problem| match problem.file.as_str() {
        "countries" => source.problem(countries_at.clone(), problem.what, problem.remedy),
        "regions" => source.problem(regions_at.clone(), problem.what, problem.remedy),
        _ => problem,
    };
    let detector = Detector::compile(&sources, &settings);
    let detector = detector.map_err(|found| problems.extend(found.into_iter().map(in_its_file)));
    if let Ok(detector) = &detector {
        let unknown = file.ruled.iter().filter(|ruled| !detector.entities().any(|entity| entity == ruled.get_ref()));
        problems.extend(unknown.map(|ruled| unruly(&source, ruled, detector)));
        problems.extend(detector.services().iter().filter_map(|service| unreachable(&sources, service)));
    }
    match detector {
        Ok(detector) if problems.is_empty() => {
            let patterns = Arc::new(Patterns { sources: sources.clone(), settings });
            let mut sources = sources;
            sources.insert(0, source);
            let version = version(&sources);
            let detector = Arc::new(detector);
            let File { listen, is_open, admin, log, named, keys, asks, .. } = file;
            let keys = Arc::new(keys);
            let ruleset = Ruleset {
                detector,
                policy: Arc::new(file.policy),
                routes: Arc::new(file.routes),
                limits: file.limits,
                upload_folder: file.upload_folder.into(),
                alarms: Arc::new(file.alarms),
                tls: file.tls,
                outbound: file.outbound,
                otlp: file.otlp,
                callers: Some(Arc::clone(&keys)).filter(|_| asks == Asks::Everybody),
                keys,
                patterns,
                version,
            };
            Ok(Setup { listen, is_open, admin, log, ruleset, sources, named })
        }
        _ => Err(problems),
    }
}

impl Ruleset {
    /// The ruleset for what a caller sends on a route.
    pub fn narrowed(self: &Arc<Self>, route: &str, caller: &str) -> Arc<Self> {
        match self.policy.narrowed(route, caller) {
            Some(policy) => Arc::new(Self { policy: Arc::new(policy), ..Self::clone(self) }),
            None => Arc::clone(self),
        }
    }
}

/// A rule for an entity that nothing finds would do nothing, perhaps for a slip of the pen.
fn unruly(source: &Source, ruled: &Spanned<Entity>, detector: &Detector) -> Problem {
    const ALIKE: usize = 3;
    let likeness = |entity: &&Entity| strsim::damerau_levenshtein(entity.as_str(), ruled.get_ref().as_str());
    let mut known: Vec<&Entity> = detector.entities().collect();
    known.sort_by_key(likeness);
    let alike: Vec<String> = known.iter().take(ALIKE).map(|entity| format!("`{entity}`")).collect();
    let what = format!("no pattern finds `{}`", ruled.get_ref());
    source.problem(
        ruled.span(),
        what,
        format!("perhaps one of {} is meant; else add a pattern for it", alike.join(", ")),
    )
}

/// A service whose address cannot be one.
fn unreachable(sources: &[Source], service: &Service) -> Option<Problem> {
    let source = sources.iter().find(|source| source.name == service.file)?;
    let url = service.url.get_ref();
    let why = check_url(url).err()?;
    let what = format!("`{url}` is no address of the service `{}`: {why}", service.name);
    Some(source.problem(service.url.span(), what, "write as in `http://127.0.0.1:5002/analyze`"))
}

/// Checks `https://host[:port]/path`, and gives what comes before the path.
fn check_url(url: &str) -> Result<Upstream, String> {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[host..].find('/').map(|path| host + path).ok_or("it has no path")?;
    let origin = Upstream::parse(&url[..path]).map_err(|error| error.to_string())?;
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    if url[path..].bytes().all(plain) { Ok(origin) } else { Err("its path has a character that no URL has".to_owned()) }
}

/// Names a ruleset by what its files say.
fn version(sources: &[Source]) -> String {
    let joined: Vec<u8> = sources.iter().flat_map(|source| crypto::sha256(source.text.as_bytes())).collect();
    crypto::hex(&crypto::sha256(&joined)[..6])
}

#[cfg(test)]
mod tests;
