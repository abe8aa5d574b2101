use super::*;

/// So many seconds after an hour's beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

const HOUR: i64 = 3600;
const RULES: Rules = Rules { factor: 5, exchanges: 100, refused_keys: 3, ignore: Vec::new() };

/// Eight hours of a caller, each with so many exchanges of one finding each.
fn eight_hours(exchanges: u64) -> Alarms {
    let mut alarms = Alarms::default();
    for hour in 0..8 {
        for _ in 0..exchanges {
            assert_eq!(alarms.exchange(&RULES, "bot", 1, at(hour * HOUR)), []);
        }
    }
    alarms
}

/// The alarms of an hour with so many exchanges, each with so many findings.
fn hour_of(alarms: &mut Alarms, hour: i64, exchanges: u64, found: u64) -> Vec<Kind> {
    let raised = (0..exchanges).flat_map(|_| alarms.exchange(&RULES, "bot", found, at(hour * HOUR)));
    raised.map(|alarm| alarm.kind()).collect()
}

#[test]
fn a_volume_far_above_its_median_is_told_once_an_hour() {
    let mut alarms = eight_hours(40);
    let raised: Vec<Alarm> = (0..400).flat_map(|_| alarms.exchange(&RULES, "bot", 1, at(8 * HOUR))).collect();
    assert_eq!(raised, [Alarm::Volume { caller: "bot".into(), exchanges: 201, usual: 40 }]);
    assert_eq!(hour_of(&mut alarms, 9, 400, 1), [Kind::Volume], "another hour, another alarm");
    assert_eq!(hour_of(&mut alarms, 10, 200, 1), [], "five times is not more than five times");
}

#[test]
fn a_volume_far_below_its_median_is_told_once_the_hour_is_over() {
    let now = 8 * 24;
    // A bot with 100 exchanges in each hour between 6 and 22 for eight days, but so many in the last of them.
    let after = |last: u64, hour: i64| {
        let (mut alarms, now) = (Alarms::default(), now + hour);
        for before in 1..=now {
            let at_night = !(6..22).contains(&((now - before) % 24));
            let exchanges = if before == 1 { last } else { 100 * u64::from(!at_night) };
            alarms.remember("bot", at(0).as_second() / HOUR + now - before, exchanges, 0, at(0));
        }
        assert_eq!(alarms.pass(&RULES, at((now - 2) * HOUR)), [], "the proxy was not here for all of this hour");
        assert_eq!(alarms.pass(&RULES, at((now - 1) * HOUR)), []);
        let raised = alarms.pass(&RULES, at(now * HOUR));
        assert_eq!(alarms.pass(&RULES, at(now * HOUR + 60)), [], "once");
        raised
    };
    let volume = |exchanges| [Alarm::Volume { caller: "bot".into(), exchanges, usual: 100 }];
    assert_eq!(after(19, 12), volume(19));
    assert_eq!(after(0, 12), volume(0));
    assert_eq!(after(20, 12), [], "a fifth is not less than a fifth");
    assert_eq!(after(0, 3), [], "at night there is never more");
}

#[test]
fn few_exchanges_say_nothing_nor_does_a_short_past() {
    assert_eq!(hour_of(&mut eight_hours(2), 8, 99, 1), []);
    let mut alarms = Alarms::default();
    for hour in 0..7 {
        assert_eq!(hour_of(&mut alarms, hour, 1, 1), []);
    }
    assert_eq!(hour_of(&mut alarms, 7, 500, 1), []);
}

#[test]
fn far_more_findings_and_far_fewer_are_told() {
    assert_eq!(hour_of(&mut eight_hours(100), 8, 100, 6), [Kind::EntityRate]);
    assert_eq!(hour_of(&mut eight_hours(100), 8, 100, 0), [Kind::EntityRate]);
    assert_eq!(hour_of(&mut eight_hours(100), 8, 100, 5), []);
    let mut alarms = Alarms::default();
    for hour in 0..8 {
        alarms.remember("bot", hour + at(0).as_second() / HOUR, 100, 0, at(0));
    }
    assert_eq!(hour_of(&mut alarms, 8, 300, 0), [], "nothing is usual, and nothing is there");
}

#[test]
fn a_week_counts_and_not_the_time_before() {
    let mut alarms = eight_hours(100);
    let day = 24;
    assert_eq!(hour_of(&mut alarms, 6 * day, 600, 1), [Kind::Volume]);
    let mut alarms = eight_hours(100);
    assert_eq!(hour_of(&mut alarms, 8 * day, 600, 1), [], "all of it is forgotten");
}

#[test]
fn what_the_log_remembers_counts_like_what_was_seen() {
    let mut alarms = Alarms::default();
    let this = at(0).as_second() / HOUR;
    assert_eq!(hour_of(&mut alarms, 0, 300, 1), [], "nothing is known yet");
    for before in 1..=8 {
        alarms.remember("bot", this - before, 40, 40, at(0));
    }
    assert_eq!(hour_of(&mut alarms, 0, 1, 1), [Kind::Volume]);
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    let mut alarms = eight_hours(40);
    assert_eq!(hour_of(&mut alarms, 8, 200, 1), []);
    assert_eq!(hour_of(&mut alarms, 7, 1, 1), [Kind::Volume]);
}

#[test]
fn a_source_is_new_when_its_caller_is_not() {
    let mut alarms = Alarms::default();
    let address = |last: u8| Source::Address([10, 0, 0, last].into());
    let day = 24 * HOUR;
    let mut check = |source, seconds, expected| assert_eq!(alarms.see("bot", source, at(seconds)), expected);
    check(address(1), 0, Sight::Learned);
    check(address(1), 1, Sight::Known);
    check(address(2), day - 1, Sight::Learned);
    check(address(3), day, Sight::New);
    check(address(3), day, Sight::Known);
    check(Source::Agent(1), day, Sight::New);
    check(address(1), 30 * day, Sight::Known);
    alarms.know("cat", Source::Agent(7), at(0));
    assert_eq!(alarms.see("cat", Source::Agent(7), at(2 * day)), Sight::Known);
    assert_eq!(alarms.see("cat", Source::Agent(8), at(2 * day)), Sight::New);
}

#[test]
fn a_flood_of_new_sources_is_told_in_part_and_bounded() {
    let mut alarms = Alarms::default();
    alarms.know("bot", Source::Agent(0), at(0));
    let day = 24 * HOUR;
    let told = |alarms: &mut Alarms, then: i64| {
        (1..1000).filter(|agent| alarms.see("bot", Source::Agent(*agent), at(then)) == Sight::New).count()
    };
    assert_eq!(told(&mut alarms, day), 10);
    assert_eq!(told(&mut alarms, day), 0);
    assert_eq!(told(&mut alarms, day + HOUR), 10, "those that were not told are still new");
    for hour in 2..100 {
        told(&mut alarms, day + hour * HOUR);
    }
    assert_eq!(alarms.see("bot", Source::Agent(0), at(100 * day)), Sight::New, "it was seen long ago");
    for number in 0..2 * CALLERS {
        alarms.exchange(&RULES, &format!("caller-{number}"), 0, at(100 * day));
    }
    assert_eq!(alarms.callers.len(), CALLERS);
}

#[test]
fn a_burst_of_refused_keys_is_told_with_its_address() {
    let mut alarms = Alarms::default();
    let mut refuse = |last: u8, seconds| alarms.refused(&RULES, [10, 0, 0, last].into(), at(seconds));
    assert_eq!(refuse(1, 0), None);
    assert_eq!(refuse(2, 1), None);
    assert_eq!(refuse(1, 61), None, "slower than that is no burst");
    let burst = Alarm::RefusedKeys { refused: 3, addresses: 2, address: [10, 0, 0, 1].into() };
    assert_eq!(refuse(1, 61), Some(burst));
    assert_eq!(refuse(1, 62), None, "told already");
    assert!(refuse(1, 700).is_none() && refuse(1, 700).is_none() && refuse(1, 700).is_some());
}

#[test]
fn a_misused_key_is_told_a_few_times_an_hour() {
    let mut alarms = Alarms::default();
    assert_eq!((0..50).filter(|_| alarms.is_told("bot", at(0))).count(), 10);
    assert!(alarms.is_told("bot", at(HOUR)));
}

#[test]
fn an_alarm_is_a_name_a_sentence_and_members() {
    let alarm = Alarm::RevokedKey { caller: "bot".into(), key: "ab12cd34".into(), address: [10, 0, 0, 1].into() };
    assert_eq!(alarm.to_string(), "the key ab12cd34 of `bot`, which was revoked, was shown from 10.0.0.1");
    let members = serde_json::to_value(&alarm).unwrap();
    assert_eq!(
        members,
        serde_json::json!({"alarm": alarm.kind().name(), "caller": "bot", "key": "ab12cd34", "address": "10.0.0.1"})
    );
}

#[test]
fn a_caller_who_is_new_is_learned_in_pieces() {
    let mut alarms = Alarms::default();
    let mut learned = |hour: i64| {
        let sights: Vec<Sight> =
            (0..1000).map(|agent| alarms.see("bot", Source::Agent(agent), at(hour * HOUR))).collect();
        [Sight::Learned, Sight::TooMany].map(|sight| sights.iter().filter(|seen| **seen == sight).count())
    };
    assert_eq!(learned(0), [LEARNED as usize, 1]);
    assert_eq!(learned(1), [LEARNED as usize, 1], "others in another hour");
}
