//! Logging in and out, and who is logged in.

use std::time::Instant;

use hyper::StatusCode;
use hyper::header::{HeaderValue, SET_COOKIE};
use serde::Deserialize;
use serde_json::json;

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer, plain};
use super::desk::Desk;
use super::guard::{SESSION, Visit, prove};
use super::session::LONGEST;
use crate::audit::EventKind;
use crate::caller::Viewer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    key: String,
}

/// Who is logged in, or whether anybody could.
pub(super) fn me(desk: &Desk, viewer: Option<&Viewer>) -> Result<Answer, Failure> {
    json_answer(&json!({
        "name": viewer.map(|viewer| &viewer.name),
        "role": viewer.map(|viewer| viewer.role),
        "keys": desk.gateway.keys().have_viewers(),
        "program": env!("CARGO_PKG_VERSION"),
    }))
}

/// Begins a session for whoever shows a key.
pub(super) async fn log_in(desk: &Desk, visit: &Visit, asked: &Asked) -> Result<Answer, Failure> {
    let Login { key } = asked.form()?;
    let viewer = prove(desk, visit.peer, key.trim()).await?;
    let detail = json!({ "by": viewer.name, "role": viewer.role, "address": visit.peer.to_string() });
    desk.note(EventKind::LoggedIn, &detail).await?;
    visit.session().into_iter().for_each(|old| desk.sessions.end(old));
    let token = desk.sessions.begin(viewer.clone(), Instant::now());
    let mut answer = me(desk, Some(&viewer))?;
    answer.headers_mut().insert(SET_COOKIE, cookie(&token, LONGEST.as_secs())?);
    Ok(answer)
}

/// Ends the session.
pub(super) fn log_out(desk: &Desk, visit: &Visit) -> Result<Answer, Failure> {
    visit.session().into_iter().for_each(|token| desk.sessions.end(token));
    let mut answer = plain(StatusCode::OK, "logged out\n".to_owned());
    answer.headers_mut().insert(SET_COOKIE, cookie("", 0)?);
    Ok(answer)
}

fn cookie(token: &str, seconds: u64) -> Result<HeaderValue, Failure> {
    let cookie = format!("{SESSION}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}");
    HeaderValue::try_from(cookie).map_err(|error| Failure::internal(&error))
}
