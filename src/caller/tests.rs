use super::*;
use crate::crypto::{MasterKey, Purpose};
use crate::detect::Source;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn mac() -> MacKey {
    MasterKey::from_hex(&"07".repeat(32)).unwrap().derive(Purpose::Caller)
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn key(name: &str, secret: &str, expires: Option<Timestamp>) -> Key {
    let grant = Grant::default();
    Key { name: name.to_owned(), hash: hash(&mac(), secret), made: at(0), expires, revoked: None, grant }
}

fn source(text: &str) -> Source {
    Source { name: "callers.toml".to_owned(), text: text.to_owned() }
}

#[test]
fn a_key_is_found_by_what_its_caller_shows_and_by_nothing_else() {
    let (one, other) = (fresh(), fresh());
    let mut callers = Callers::default();
    callers.add(key("bot", &one, None)).unwrap();
    assert_eq!(callers.find(&mac(), &one).unwrap().name, "bot");
    for stranger in [other.as_str(), "", "bot", &one[..43], &one.to_uppercase()] {
        assert!(callers.find(&mac(), stranger).is_none(), "{stranger}");
    }
    assert!(!callers.to_text().contains(one.as_str()));
}

#[test]
fn a_key_is_worth_something_within_its_bounds() {
    let inside = "10.1.2.3".parse().unwrap();
    let check = |key: &Key, day: i64, address: IpAddr, route: &str, expected: Result<(), Denied>| {
        assert_eq!(key.admits(at(day), address).and_then(|()| key.opens(route)), expected);
    };
    let grant =
        Grant { routes: vec!["openai".to_owned()], networks: vec!["10.0.0.0/8".parse().unwrap()], ..Grant::default() };
    let bound = Key { grant, ..key("bot", "x", Some(at(100))) };
    check(&bound, 99, inside, "openai", Ok(()));
    check(&bound, 99, "::ffff:10.1.2.3".parse().unwrap(), "openai", Ok(()));
    check(&bound, 100, inside, "openai", Err(Denied::Expired));
    check(&bound, 1, inside, "anthropic", Err(Denied::Route));
    check(&bound, 1, "11.0.0.1".parse().unwrap(), "openai", Err(Denied::Network));
    check(&Key { revoked: Some(at(1)), ..bound.clone() }, 1, inside, "openai", Err(Denied::Revoked));
    let reader = Grant { role: Some(Role::Auditor), ..Grant::default() };
    check(&Key { grant: reader, ..bound.clone() }, 1, inside, "openai", Err(Denied::Role));
    check(&key("bot", "x", None), 1, inside, "any", Ok(()));
    assert_eq!(bound.standing(at(85)), Standing::Active);
    assert_eq!(bound.standing(at(86)), Standing::Expiring(at(100)));
}

#[test]
fn a_rotated_caller_has_two_keys_until_the_old_one_ends() {
    let mut callers = Callers::default();
    callers.add(key("bot", "old", Some(at(90)))).unwrap();
    let before = callers.clone();
    let fresh = callers.rotate("bot", hash(&mac(), "new"), at(80), at(80) + DAY * 7).unwrap();
    assert_eq!(fresh.expires, Some(at(170)), "for as long as the old one");
    assert_eq!(callers.keys()[0].expires, Some(at(87)));
    assert_eq!(callers.changes_since(&before), BTreeMap::from([("bot", Change::Rotated)]));
    assert_eq!(callers.expiring(at(80)).count(), 0, "the old one was rotated already");
    assert_eq!(callers.expiring(at(160)).count(), 1, "the new one ends");
    assert_eq!(callers.revoke("bot", at(81)), Ok(2));
    assert_eq!(callers.changes_since(&before), BTreeMap::from([("bot", Change::Revoked)]));
    assert_eq!(callers.revoke("bot", at(81)), Err(CannotChange::AllRevoked("bot".to_owned())));
    let refused = callers.rotate("bot", hash(&mac(), "newer"), at(81), at(82)).map(|_| ());
    assert_eq!(refused, Err(CannotChange::AllRevoked("bot".to_owned())), "who was revoked gets no key by rotation");
    assert_eq!(callers.revoke("cat", at(81)), Err(CannotChange::Unknown("cat".to_owned())));
    assert_eq!(callers.add(key("bot", "x", None)), Err(CannotChange::Taken("bot".to_owned())));
    assert_eq!(Callers::default().changes_since(&before), BTreeMap::from([("bot", Change::Removed)]));
    assert_eq!(before.changes_since(&Callers::default()), BTreeMap::from([("bot", Change::Made)]));
}

#[test]
fn callers_survive_their_spelling() {
    let mut callers = Callers::default();
    let grant = Grant {
        routes: vec!["openai".to_owned()],
        networks: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        rate: Some(Rate(60)),
        role: Some(Role::Operator),
    };
    callers.add(Key { grant, revoked: Some(at(3)), ..key("bot-1", "x", Some(at(9))) }).unwrap();
    callers.add(key("bot-2", "y", None)).unwrap();
    assert_eq!(Callers::parse(&source(&callers.to_text())), Ok(callers));
    assert_eq!(Callers::parse(&source("")), Ok(Callers::default()));
}

#[test]
fn what_is_wrong_in_the_file_is_told_with_its_line() {
    let row = |more: &str| {
        format!("[[key]]\nname = \"a\"\nhash = \"{}\"\nmade = \"2026-11-22T10:00:00Z\"\n{more}", "0".repeat(64))
    };
    let check = |text: &str, expected: &str| {
        let problems = Callers::parse(&source(text)).unwrap_err();
        assert!(problems[0].to_string().starts_with(expected), "{}", problems[0]);
    };
    check(&row("colour = 1\n"), "callers.toml:5: unknown field `colour`");
    check(&row("expires = \"soon\"\n"), "callers.toml:1: `soon` is no time");
    check(&row("networks = [\"here\"]\n"), "callers.toml:1: `here` is no network");
    check(&row("rate = \"60\"\n"), "callers.toml:1: `60` is no rate");
    check(&row("role = \"king\"\n"), "callers.toml:5: unknown variant `king`");
    check(&row("").replace("\"a\"", "\"key_1\""), "callers.toml:1: `key_1` cannot name a caller");
    check(&row("").replace("000", "x"), "callers.toml:1: `a` has no hash");
    check(&format!("{}{}", row(""), row("")), "callers.toml:5: a key of `a` stands twice");
}
