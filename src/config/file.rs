//! The language of `proxy.toml`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::callers::{self, Asks, CallerFile};
use super::sections::Sections;
use super::{
    Admin, Alarms, Limits, LogPlace, Named, Outbound, Tls, User, admin, alarms, audit, check_url, key, policy, tls,
};
use crate::detect::{Entity, Problem, Source};
use crate::policy::{Answers, Exemption, Policy};
use crate::route::{Credential, Declaration, Route, Routes, Scheme, Secret, Upstream};

/// What a `proxy.toml` says, its paths and defaults in place.
pub(super) struct File {
    pub listen: SocketAddr,
    /// Whether nothing guards it that Blotter knows of, and nobody says otherwise.
    pub is_open: bool,
    pub admin: Option<Admin>,
    pub alarms: Alarms,
    pub patterns: Option<PathBuf>,
    pub phone_regions: Spanned<Vec<String>>,
    pub countries: Spanned<Vec<String>>,
    pub log: LogPlace,
    /// Keys of callers and readers.
    pub keys: CallerFile,
    /// Whether callers have to show one.
    pub asks: Asks,
    pub limits: Limits,
    pub upload_folder: PathBuf,
    pub tls: Option<Tls>,
    pub outbound: Outbound,
    pub otlp: Option<Arc<Secret>>,
    /// The files that it names.
    pub named: Vec<Named>,
    pub policy: Policy,
    /// The entities that have rules, and where they stand.
    pub ruled: Vec<Spanned<Entity>>,
    pub routes: Routes,
}

const KNOWN: &str = "`listen`, `listen_unguarded`, `upload_folder`, `upstream_proxy`, `default_route`, `patterns`, `phone_regions`, `countries`, `[admin]`, `[alarms]`, `[audit]`, `[callers]`, `[key]`, `[limits]`, `[telemetry]`, `[tls]`, `[upstream_tls]`, `[entities.NAME]`, `[[rule]]`, `[[route]]`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteSection {
    name: Spanned<String>,
    upstream: Option<Spanned<String>>,
    upstreams: Option<Spanned<Vec<Spanned<String>>>>,
    credential: Option<Spanned<CredentialSection>>,
    #[serde(default)]
    exempt: Vec<Exemption>,
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    require: Vec<Declaration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialSection {
    env: Option<String>,
    file: Option<PathBuf>,
    header: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TelemetrySection {
    otlp: Spanned<String>,
}

/// Reads a `proxy.toml` whose relative paths begin at `folder`. What is wrong is told, and its default stands in.
pub(super) fn read(source: &Source, folder: &Path, user: User) -> Result<(File, Vec<Problem>), Vec<Problem>> {
    let mut sections = Sections::read(source, user)?;
    let log = audit::read(&mut sections, folder);
    let (keys, asks) = callers::read(&mut sections, folder);
    let callers = Some(&keys).filter(|_| asks == Asks::Everybody);
    let mut named = Vec::new();
    let has_tls = sections.has("tls");
    let tls = tls::read(&mut sections, folder, &mut named);
    let outbound = outbound(&mut sections, folder, &mut named);
    let (listen, is_open) = listen(&mut sections, has_tls, callers.is_some());
    let routes = routes(&mut sections, folder, &mut named, callers.is_some());
    let (policy, ruled) = policy::read(&mut sections, &routes, callers);
    let patterns = sections.take("patterns").map(|patterns: PathBuf| folder.join(patterns));
    named.extend(patterns.clone().map(Named::Folder));
    let file = File {
        listen,
        is_open,
        admin: admin::read(&mut sections),
        alarms: alarms::read(&mut sections, folder, &mut named),
        patterns,
        phone_regions: sections.take("phone_regions").unwrap_or_else(|| Spanned::new(0..0, vec!["US".to_owned()])),
        countries: sections.take("countries").unwrap_or_else(|| Spanned::new(0..0, Vec::new())),
        log,
        limits: limits(&mut sections),
        upload_folder: upload_folder(&mut sections, folder),
        tls,
        outbound,
        otlp: otlp(&mut sections),
        named,
        policy,
        ruled,
        routes,
        keys,
        asks,
    };
    Ok((file, sections.refuse_the_rest(KNOWN)))
}

/// Where callers reach the proxy, and whether nothing guards it that Blotter knows of and nobody says otherwise. Beyond this machine,
/// what is on the wire and who may use it has to be guarded.
fn listen(sections: &mut Sections, has_tls: bool, has_callers: bool) -> (SocketAddr, bool) {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 8787));
    let listen: Spanned<SocketAddr> = sections.take("listen").unwrap_or_else(|| Spanned::new(0..0, default));
    let unguarded = sections.take("listen_unguarded").unwrap_or(false);
    let guards = [(has_tls, "`[tls]`"), (has_callers, "`[callers]`")];
    let missing: Vec<&str> = guards.iter().filter(|(is_there, _)| !is_there).map(|(_, guard)| *guard).collect();
    let is_open = !missing.is_empty() && !unguarded;
    if is_open && !listen.get_ref().ip().is_loopback() {
        let missing = missing.join(", no ");
        let what = format!("others can reach {}, and there is nothing that guards it: no {missing}", listen.get_ref());
        let remedy = "listen on 127.0.0.1 or [::1], or say `listen_unguarded = true` where something else guards it";
        sections.problem(listen.span(), what, remedy.to_owned());
    }
    (listen.into_inner(), is_open)
}

fn outbound(sections: &mut Sections, folder: &Path, named: &mut Vec<Named>) -> Outbound {
    let roots = tls::read_upstream(sections, folder, named);
    let proxy =
        sections.take::<Spanned<String>>("upstream_proxy").and_then(|text| match Upstream::parse(text.get_ref()) {
            Ok(proxy) if proxy.scheme == Scheme::Http => Some(proxy),
            _ => {
                let what = format!("`{}` is no HTTP proxy", text.get_ref());
                sections.problem(text.span(), what, "write as in `http://proxy.example:3128`".to_owned());
                None
            }
        });
    Outbound { roots, proxy }
}

/// Where long uploads wait.
fn upload_folder(sections: &mut Sections, folder: &Path) -> PathBuf {
    let Some(told) = sections.take::<Spanned<PathBuf>>("upload_folder") else { return std::env::temp_dir() };
    let path = folder.join(told.get_ref());
    if !path.is_dir() {
        let what = format!("`upload_folder` leads to no folder: {}", path.display());
        sections.unready(told.span(), what, "make the folder, for the proxy's user alone");
    }
    path
}

/// Where spans go.
fn otlp(sections: &mut Sections) -> Option<Arc<Secret>> {
    let TelemetrySection { otlp } = sections.take("telemetry")?;
    if let Err(why) = check_url(otlp.get_ref()) {
        let what = format!("spans cannot be sent there: {why}");
        sections.problem(otlp.span(), what, "write as in `http://127.0.0.1:4318/v1/traces`".to_owned());
        return None;
    }
    Some(Arc::new(Secret::new(otlp.into_inner())))
}

fn limits(sections: &mut Sections) -> Limits {
    let Some(limits) = sections.take::<Spanned<Limits>>("limits") else { return Limits::default() };
    let span = limits.span();
    let limits = limits.into_inner();
    for (name, range) in limits.out_of_range() {
        sections.out_of_range(span.clone(), name, &range);
    }
    limits
}

fn routes(sections: &mut Sections, folder: &Path, named: &mut Vec<Named>, keyed: bool) -> Routes {
    let mut routes: Vec<Route> = Vec::new();
    let told = sections.problems.len();
    for section in sections.take_list::<RouteSection>("route") {
        let span = section.name.span();
        if keyed && section.credential.is_none() {
            let what = format!(
                "the route `{}` has no credential, and the callers' keys are not the provider's",
                section.name.get_ref()
            );
            let remedy = "add `credential = { env = \"…\" }`, or take `[callers]` out".to_owned();
            sections.problem(span.clone(), what, remedy);
        }
        if let Some(known) = routes.iter().find(|route| route.name == *section.name.get_ref()) {
            let what = format!("the route `{}` stands twice", known.name);
            sections.problem(span, what, "give each route a name of its own".to_owned());
        } else {
            let secret = section.credential.as_ref().and_then(|credential| credential.get_ref().file.as_ref());
            named.extend(secret.map(|file| Named::Secret(folder.join(file))));
            routes.extend(route(sections, section, folder));
        }
    }
    let default = sections.take::<Spanned<String>>("default_route");
    let all_read = sections.problems.len() == told;
    let unknown = default.as_ref().filter(|name| !routes.iter().any(|route| route.name == *name.get_ref()));
    if let Some(name) = unknown.filter(|_| all_read) {
        let what = format!("the default route `{}` is not among the routes", name.get_ref());
        sections.problem(name.span(), what, "name a `[[route]]` of this file".to_owned());
    }
    if routes.is_empty() && all_read {
        let remedy = "add a `[[route]]` with `name` and `upstream`".to_owned();
        sections.problem(0..0, "no route leads anywhere".to_owned(), remedy);
    }
    Routes::new(routes, default.map(Spanned::into_inner))
}

fn route(sections: &mut Sections, section: RouteSection, folder: &Path) -> Option<Route> {
    let RouteSection { name, upstream, upstreams, credential, exempt, answers, require } = section;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !name.get_ref().starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.get_ref().bytes().all(allowed) {
        let what = format!("`{}` cannot be a segment of a path", name.get_ref());
        sections.problem(name.span(), what, "begin with a letter or a digit, then also `-`, `_` and `.`".to_owned());
    }
    let credential = credential.and_then(|credential| self::credential(sections, credential, folder));
    let written = match (upstream, upstreams.map(Spanned::into_inner)) {
        (Some(upstream), None) => vec![upstream],
        (None, Some(upstreams)) if !upstreams.is_empty() => upstreams,
        _ => {
            let what = format!("the route `{}` does not say where it leads", name.get_ref());
            let remedy = "give either `upstream`, or `upstreams` in the order in which they are tried";
            sections.problem(name.span(), what, remedy.to_owned());
            return None;
        }
    };
    let all = written.len();
    let mut upstreams = written.into_iter().filter_map(|written| self::upstream(sections, written)).collect::<Vec<_>>();
    if upstreams.len() < all {
        return None;
    }
    let upstream = upstreams.remove(0);
    Some(Route { name: name.into_inner(), upstream, others: upstreams, credential, exempt, answers, require })
}

fn upstream(sections: &mut Sections, written: Spanned<String>) -> Option<Upstream> {
    let wrong = |error| {
        let what = format!("`{}` is no upstream: {error}", written.get_ref());
        sections.problem(written.span(), what, "write as in `https://api.openai.com`".to_owned());
    };
    Upstream::parse(written.get_ref()).map_err(wrong).ok()
}

fn credential(sections: &mut Sections, section: Spanned<CredentialSection>, folder: &Path) -> Option<Credential> {
    let span = section.span();
    let CredentialSection { env, file, header } = section.into_inner();
    let value = match (env, file) {
        (Some(name), None) => key::from_env(&name),
        (None, Some(file)) => key::from_file(&folder.join(file)),
        _ => Err("the credential does not name one place: give either `env` or `file`".to_owned()),
    };
    let value = value.and_then(|value| {
        let sendable = |byte: u8| (0x21..0x7f).contains(&byte);
        if value.bytes().all(sendable) { Ok(value) } else { Err("the credential cannot stand in a header".to_owned()) }
    });
    const OTHERWISE_USED: [&str; 5] = ["connection", "content-length", "host", "transfer-encoding", "upgrade"];
    let sendable = |header: &String| {
        let word = header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !header.is_empty();
        word && !OTHERWISE_USED.contains(&header.to_ascii_lowercase().as_str())
    };
    let value = match &header {
        Some(header) if !sendable(header) => Err(format!("`{header}` is no header that can carry a credential")),
        _ => value,
    };
    let value = value.map_err(|what| sections.unready(span, what, "put the provider's key there")).ok()?;
    Some(match header.map(|header| header.to_ascii_lowercase()) {
        None => {
            Credential { header: "authorization".to_owned(), value: Secret::new(format!("Bearer {}", value.as_str())) }
        }
        Some(header) => Credential { header, value: Secret::new(value.to_string()) },
    })
}
