//! Questions get the answers that were written.

use super::super::filter::Question;
use super::*;

/// Four exchanges: 1 fine, 2 failed by another caller, 3 of a conversation over a month's end, 4 still open in December.
fn varied_log() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut journal = journal(folder.path());
    let (late, december) = (at("2026-11-30T23:59:59Z"), at("2026-12-01T00:00:01Z"));
    let second = Opened { caller: "other".into(), route: "claude".into(), findings: vec![tally("CARD")], ..opened(2) };
    let failed = Closed { status: Some(502), outcome: Outcome::UpstreamFailed, findings: vec![], ..closed(2) };
    let third = Opened { at: late, conversation: Some("talk".into()), subject: None, findings: vec![], ..opened(3) };
    let across = Closed { at: december, status: Some(404), findings: vec![tally("IBAN")], ..closed(3) };
    let fourth = Opened { at: december, ..opened(4) };
    commit(&mut journal, &[opening(1), closing(1)]).unwrap();
    commit(&mut journal, &[Entry::opened(second), Entry::closed(failed)]).unwrap();
    commit(&mut journal, &[Entry::opened(third)]).unwrap();
    commit(&mut journal, &[Entry::closed(across), Entry::opened(fourth)]).unwrap();
    folder
}

fn check(filter: Filter, expected: &[u16]) {
    let folder = varied_log();
    let found = reader(folder.path()).list(&filter).unwrap();
    let found: Vec<Uuid> = found.into_iter().map(|summary| summary.exchange).collect();
    assert_eq!(found, expected.iter().map(|number| id(*number)).collect::<Vec<_>>(), "{filter:?}");
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn filters_let_through_what_they_say() {
    let any = Filter::default;
    check(any(), &[4, 3, 2, 1]);
    check(Filter { limit: 2, ..any() }, &[4, 3]);
    check(Filter { limit: 0, ..any() }, &[]);
    check(Filter { before: Some(6), ..any() }, &[2, 1]);
    check(Filter { since: Some(at("2026-11-30T00:00:00Z")), ..any() }, &[4, 3]);
    check(Filter { until: Some(at("2026-11-30T00:00:00Z")), ..any() }, &[2, 1]);
    check(Filter { caller: some("other"), ..any() }, &[2]);
    check(Filter { subject: some("subject-1"), ..any() }, &[4, 2, 1]);
    check(Filter { conversations: Some(vec!["talk".into()]), ..any() }, &[3]);
    check(Filter { route: some("openai"), limit: 2, ..any() }, &[4, 3]);
    check(Filter { entity: some("CARD"), ..any() }, &[2]);
    check(Filter { entity: some("SSN"), ..any() }, &[1]);
    check(Filter { entity: some("IBAN"), ..any() }, &[3]);
    check(Filter { pattern: some("toy"), ..any() }, &[4, 3, 2, 1]);
    check(Filter { pattern: some("other"), ..any() }, &[]);
    check(Filter { model: some("toy"), limit: 1, ..any() }, &[4]);
    check(Filter { model: some("other"), ..any() }, &[]);
    check(Filter { entity: some("PHONE"), caller: some("bot"), ..any() }, &[4, 1]);
    check(Filter { status: "4xx".parse().ok(), ..any() }, &[3]);
    check(Filter { status: "502".parse().ok(), ..any() }, &[2]);
    check(Filter { status: "200".parse().ok(), ..any() }, &[1]);
    check(Filter { outcome: Some(Outcome::Complete), ..any() }, &[3, 1]);
    check(Filter { outcome: Some(Outcome::UpstreamFailed), status: "5xx".parse().ok(), ..any() }, &[2]);
    check(Filter { entity: some("IBAN"), status: "404".parse().ok(), model: some("toy"), ..any() }, &[3]);
    check(Filter { entity: some("IBAN"), caller: some("other"), ..any() }, &[]);
    check(Filter { pattern: some("toy"), since: Some(at("2026-11-30T00:00:00Z")), before: Some(8), ..any() }, &[3]);
}

#[test]
fn sums_reach_into_the_next_file() {
    let folder = varied_log();
    let sums = |by| {
        let stats = reader(folder.path()).stats(by, Span::default()).unwrap().into_iter();
        stats.map(|stat| (stat.key, stat.exchanges, stat.found, stat.failed, stat.input)).collect::<Vec<_>>()
    };
    let key = String::from;
    assert_eq!(
        sums(By::Outcome),
        [(key("complete"), 2, 2, 1, 18), (key("open"), 1, 2, 0, 0), (key("upstream-failed"), 1, 1, 1, 9)]
    );
    assert_eq!(
        sums(By::Day),
        [(key("2026-11-22"), 2, 3, 1, 18), (key("2026-11-30"), 1, 0, 1, 9), (key("2026-12-01"), 1, 2, 0, 0)]
    );
    assert_eq!(sums(By::Caller), [(key("bot"), 3, 4, 1, 18), (key("other"), 1, 1, 1, 9)]);
    let entities = ["CARD", "EMAIL", "IBAN", "PHONE", "SSN"].into_iter().zip([1, 2, 1, 2, 1]);
    assert_eq!(sums(By::Entity), entities.map(|(entity, count)| (key(entity), count, count, 0, 0)).collect::<Vec<_>>());
    let november = Span { until: Some(at("2026-12-01T00:00:00Z")), since: None };
    assert_eq!(reader(folder.path()).stats(By::Route, november).unwrap().len(), 2);
    assert_eq!(reader(folder.path()).covered(november).unwrap().exemptions["logo"], 3);
    assert_eq!(reader(folder.path()).callers().unwrap().len(), 2);
    assert_eq!(
        reader(folder.path()).reasons(Span::default()).unwrap(),
        [(key("status 404"), 1), (key("upstream-failed"), 1)]
    );
}

#[test]
fn news_come_in_the_order_in_which_they_were_written() {
    let folder = varied_log();
    let (news, last) = reader(folder.path()).news(0, 100).unwrap();
    let ended = news.iter().map(|one| match one {
        News::Ended(summary) => summary.exchange,
        News::Happened(happening) => panic!("{happening:?}"),
    });
    assert_eq!(ended.collect::<Vec<_>>(), [id(1), id(2), id(3)]);
    assert_eq!(reader(folder.path()).news(last, 100).unwrap(), (vec![], last));
    assert_eq!(reader(folder.path()).news(0, 2).unwrap().0.len(), 2);
}

#[test]
fn statuses_are_one_or_a_hundred() {
    for wrong in ["", "xx", "4x", "0xx", "6xx", "99", "abc", "65535xx"] {
        assert!(wrong.parse::<Statuses>().is_err(), "{wrong}");
    }
}

#[test]
fn a_record_holds_what_was_written() {
    let folder = small_log();
    let record = reader(folder.path()).show(&id(1).to_string()).unwrap().unwrap();
    let opened = Opened { subject: Some(token(folder.path(), "subject-1")), ..opened(1) };
    assert_eq!(record, Record { seq: 2, opened, closed: Some(closed(1)), texts: Texts::Readable });
}

#[test]
fn a_record_reaches_into_the_next_month() {
    let folder = varied_log();
    let record = reader(folder.path()).show(&id(3).to_string()).unwrap().unwrap();
    assert_eq!(record.closed.unwrap().answer, closed(3).answer);
}

#[test]
fn an_id_may_be_cut_to_what_is_unique() {
    let folder = varied_log();
    let reader = Reader::open(folder.path()).unwrap();
    let shown = |id: &str| reader.show(id).map(|record| record.map(|record| record.opened.exchange));
    assert_eq!(shown("01010002").unwrap(), Some(id(2)));
    assert_eq!(shown("01010002-0101-01").unwrap(), Some(id(2)));
    assert_eq!(shown("01010009").unwrap(), None);
    for bad in ["0101000", "0101000x", "", &"0".repeat(33)] {
        assert!(matches!(shown(bad), Err(AuditError::BadId { .. })), "{bad}");
    }
}

#[test]
fn an_ambiguous_id_says_so() {
    let folder = TempDir::new().unwrap();
    let mut twin = *id(1).as_bytes();
    twin[15] = 2;
    let twin = Opened { exchange: Uuid::from_bytes(twin), ..opened(1) };
    commit(&mut journal(folder.path()), &[opening(1), Entry::opened(twin)]).unwrap();
    let error = Reader::open(folder.path()).unwrap().show("01010001").unwrap_err();
    assert!(matches!(error, AuditError::Ambiguous { .. }), "{error}");
}

#[test]
fn a_folder_without_a_log_says_so() {
    let folder = TempDir::new().unwrap();
    assert!(Reader::open(folder.path()).is_err());
    assert!(Reader::open(&folder.path().join("none")).is_err());
}

#[test]
fn the_view_shows_an_exchange_to_sqlite_users() {
    let folder = small_log();
    let row: (String, String, String) = database(&folder)
        .query_row("SELECT id, at, outcome FROM exchange ORDER BY opened_seq LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(row, (id(1).simple().to_string(), "2026-11-22T12:00:00.000Z".into(), "complete".into()));
}

#[test]
fn further_views_show_findings_days_and_events() {
    let folder = small_log();
    let connection = database(&folder);
    let count = |view: &str| -> i64 { connection.query_row(view, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM found WHERE side = 'request' AND exchange <> ''"), 4);
    assert_eq!(count("SELECT sum(count) FROM found WHERE side = 'answer' AND entity = 'SSN'"), 2);
    assert_eq!(count("SELECT exchanges FROM day WHERE day = '2026-11-22' AND outcome = 'complete'"), 2);
    assert_eq!(count("SELECT count(*) FROM happening WHERE name = 'started'"), 1);
}

#[test]
fn filters_use_their_indexes() {
    let folder = small_log();
    let connection = database(&folder);
    let plan = |filter: &Filter| {
        let question = Question::of(filter, &[], 0).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", question.sql(9))).unwrap();
        let steps = statement.query_map(rusqlite::params_from_iter(question.values), |row| row.get("detail"));
        steps.unwrap().collect::<Result<Vec<String>, _>>().unwrap().join("; ")
    };
    let any = Filter::default;
    for (filter, index) in [
        (any(), "SCAN opened;"),
        (Filter { model: some("x"), ..any() }, "opened_model"),
        (Filter { route: some("x"), ..any() }, "opened_route"),
        (Filter { caller: some("x"), ..any() }, "opened_caller"),
        (Filter { subject: some("x"), ..any() }, "opened_subject"),
        (Filter { conversations: Some(vec!["x".into()]), ..any() }, "opened_conversation"),
        (Filter { entity: some("x"), ..any() }, "finding_entity"),
        (Filter { status: "4xx".parse().ok(), ..any() }, "closed_failed"),
        (Filter { status: "504".parse().ok(), ..any() }, "closed_failed"),
        (Filter { outcome: Some(Outcome::TimedOut), ..any() }, "closed_otherwise"),
    ] {
        let plan = plan(&filter);
        assert!(plan.contains(index), "{filter:?}: {plan}");
        assert_eq!(plan.contains("SCAN opened;"), index == "SCAN opened;", "{filter:?}: {plan}");
    }
}

#[test]
fn hours_are_summed_up_to_a_time_and_no_longer_than_is_wanted() {
    let folder = varied_log();
    let span = Span { since: Some(november()), until: Some(at("2026-12-01T00:00:00Z")) };
    let hours = |go_on: bool| reader(folder.path()).hourly(span, || go_on).unwrap();
    let hour = |text: &str| at(text).as_second() / 3600;
    let told: Vec<_> = hours(true).into_iter().map(|one| (one.caller, one.hour, one.exchanges, one.found)).collect();
    let expected = [
        ("bot".into(), hour("2026-11-22T12:00:00Z"), 1, 2),
        ("bot".into(), hour("2026-11-30T23:00:00Z"), 1, 0),
        ("other".into(), hour("2026-11-22T12:00:00Z"), 1, 1),
    ];
    assert_eq!(told, expected);
    assert_eq!(hours(false), []);
}
