//! Who asks, and whether that page is for them: the one place that decides.
//!
//! A reader is known by the session that a login began, or by a key in `Authorization: Bearer`. A session may change something only
//! from the pages of this listener: other sites' pages carry another origin, and their requests no cookie.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::answer::Failure;
use super::desk::Desk;
use crate::audit::EventKind;
use crate::caller::{Role, Viewer};

/// The cookie's name.
pub(super) const SESSION: &str = "blotter_session";

/// Whom a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Probes, and whoever logs in.
    Anyone,
    /// Who collects metrics: an operator, or anybody while nobody has a key for reading.
    Collector,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

/// What a request says of who sent it.
pub(super) struct Visit {
    pub peer: IpAddr,
    session: Option<String>,
    bearer: Option<String>,
    is_own: bool,
    changes: bool,
}

impl Visit {
    pub(super) fn of(peer: IpAddr, method: &Method, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let session = cookies.filter(|(name, _)| *name == SESSION).map(|(_, value)| value.to_owned()).next();
        let is_own = text(ORIGIN).zip(text(HOST)).is_some_and(|(origin, host)| {
            ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host))
        });
        Self { peer, session, bearer, is_own, changes: method == Method::POST }
    }

    /// The token of the session, if there is one.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }
}

/// Lets in whom the page is for; tells who that is, if it is known.
pub(super) async fn admit(desk: &Desk, reader: Reader, visit: &Visit) -> Result<Option<Viewer>, Failure> {
    if visit.changes && visit.bearer.is_none() && !visit.is_own {
        return Err(Failure::new(StatusCode::FORBIDDEN, "this has to be sent by a page of this listener"));
    }
    let roles = match reader {
        Reader::Anyone => return Ok(by_session(desk, visit)),
        Reader::Collector if !desk.gateway.keys().have_viewers() => return Ok(None),
        Reader::Collector => &[Role::Operator],
        Reader::Roles(roles) => roles,
    };
    let viewer = match &visit.bearer {
        Some(credential) => Some(prove(desk, visit.peer, credential).await?),
        None => by_session(desk, visit),
    };
    match viewer {
        None => {
            Err(Failure::new(StatusCode::UNAUTHORIZED, "log in first, or show a key: Authorization: Bearer blotter_…"))
        }
        Some(viewer) if roles.contains(&viewer.role) => Ok(Some(viewer)),
        Some(viewer) => {
            let message = format!("this is not for the role `{}`", viewer.role);
            Err(Failure::new(StatusCode::FORBIDDEN, message))
        }
    }
}

/// Whether a viewer who came like this would still be let in; the session is not used by it.
pub(super) fn stays(desk: &Desk, viewer: &Viewer, visit: &Visit) -> bool {
    let is_open = |token| desk.sessions.is_open(token, Instant::now());
    still(desk, viewer, visit.peer) && (visit.bearer.is_some() || visit.session().is_some_and(is_open))
}

/// Whether the key of a viewer is still worth what it was.
fn still(desk: &Desk, viewer: &Viewer, peer: IpAddr) -> bool {
    desk.gateway.keys().still_admit(viewer, Timestamp::now(), peer)
}

/// Whose session it is, while the key behind it is worth something.
fn by_session(desk: &Desk, visit: &Visit) -> Option<Viewer> {
    let token = visit.session()?;
    let viewer = desk.sessions.of(token, Instant::now())?;
    let holds = still(desk, &viewer, visit.peer);
    if !holds {
        desk.sessions.end(token);
    }
    holds.then_some(viewer)
}

/// Whose key it is. One that is none is an entry in the log, and whoever shows too many of them has to wait.
pub(super) async fn prove(desk: &Desk, peer: IpAddr, credential: &str) -> Result<Viewer, Failure> {
    let now = Instant::now();
    if let Some(wait) = desk.attempts.wait(peer, now) {
        return Err(too_many(wait));
    }
    if let Some(viewer) = desk.gateway.viewer(credential, peer) {
        return Ok(viewer);
    }
    if let Some(wait) = desk.attempts.failed(peer, now) {
        return Err(too_many(wait));
    }
    desk.note(EventKind::LoginRefused, &json!({ "address": peer.to_string() })).await?;
    let message = "this is no key for reading here: make one with `blotter key new NAME --role auditor`";
    Err(Failure::new(StatusCode::UNAUTHORIZED, message))
}

fn too_many(wait: Duration) -> Failure {
    let message = format!("too many wrong keys: try again in {} seconds", wait.as_secs() + 1);
    Failure::new(StatusCode::TOO_MANY_REQUESTS, message)
}
