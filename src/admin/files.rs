//! The files of the pages, as they are inside the program: no build step, and nothing that a browser would fetch from elsewhere.

use hyper::StatusCode;

use super::answer::{Answer, typed};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// One page serves them all: its script shows what the address says.
const SHELL: &str = include_str!("page/index.html");

/// Path, content type and text.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, SHELL),
    ("/events", HTML, SHELL),
    ("/exchange", HTML, SHELL),
    ("/exchanges", HTML, SHELL),
    ("/report", HTML, SHELL),
    ("/reviews", HTML, SHELL),
    ("/workbench", HTML, SHELL),
    ("/page/api.js", SCRIPT, include_str!("page/api.js")),
    ("/page/app.js", SCRIPT, include_str!("page/app.js")),
    ("/page/chart.js", SCRIPT, include_str!("page/chart.js")),
    ("/page/comparison.js", SCRIPT, include_str!("page/comparison.js")),
    ("/page/diff.js", SCRIPT, include_str!("page/diff.js")),
    ("/page/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/page/editor.js", SCRIPT, include_str!("page/editor.js")),
    ("/page/events.js", SCRIPT, include_str!("page/events.js")),
    ("/page/exchange.js", SCRIPT, include_str!("page/exchange.js")),
    ("/page/exchanges.js", SCRIPT, include_str!("page/exchanges.js")),
    ("/page/explained.js", SCRIPT, include_str!("page/explained.js")),
    ("/page/icon.svg", PICTURE, include_str!("page/icon.svg")),
    ("/page/login.js", SCRIPT, include_str!("page/login.js")),
    ("/page/overview.js", SCRIPT, include_str!("page/overview.js")),
    ("/page/report.js", SCRIPT, include_str!("page/report.js")),
    ("/page/reviews.js", SCRIPT, include_str!("page/reviews.js")),
    ("/page/style.css", STYLE, include_str!("page/style.css")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
    ("/page/workbench.js", SCRIPT, include_str!("page/workbench.js")),
];

/// The file at a path.
pub(super) fn at(path: &str) -> Option<Answer> {
    let (_, kind, text) = FILES.iter().find(|(known, ..)| *known == path)?;
    Some(typed(StatusCode::OK, *text, kind))
}
