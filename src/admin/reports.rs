//! The report of a week or a month, for the page and as Markdown.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::Asked;
use super::answer::{Answer, Failure, json as json_answer, typed};
use super::desk::Desk;
use crate::inquiry::{Filed, Period, report};

/// The report, and which days it is about.
pub(super) async fn page(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let (period, filed) = write(desk, asked).await?;
    json_answer(&json!({ "first": period.first.to_string(), "report": filed }))
}

/// The report as a file.
pub(super) async fn markdown(desk: &Arc<Desk>, asked: &Asked) -> Result<Answer, Failure> {
    let (period, filed) = write(desk, asked).await?;
    let mut answer = typed(StatusCode::OK, filed.paper.markdown(), "text/markdown; charset=utf-8");
    let name = format!("attachment; filename=\"blotter-{}.md\"", period.first);
    answer.headers_mut().extend(HeaderValue::try_from(name).map(|value| (CONTENT_DISPOSITION, value)));
    Ok(answer)
}

async fn write(desk: &Arc<Desk>, asked: &Asked) -> Result<(Period, Filed), Failure> {
    let now = Timestamp::now();
    let (week, month) = (asked.query.read::<Date>("week")?, asked.query.read::<Date>("month")?);
    let period = match (week, month, asked.query.text("last")) {
        (_, Some(day), _) => Period::month(day),
        (Some(day), ..) => Period::week(day),
        (.., Some("month")) => Period::last_month(now),
        _ => Period::last_week(now),
    };
    let period = period.map_err(|error| Failure::asked(error.to_string()))?;
    let (keys, particulars) = (desk.gateway.keys(), asked.particulars());
    let filed = desk.work(move |archive| Ok(report(archive, &keys, period, particulars, now)?)).await?;
    Ok((period, filed))
}
