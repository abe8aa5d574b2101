use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::alarm::Rules;
use crate::policy::Exemption;

fn read(text: &str) -> Result<Setup, Vec<String>> {
    let source = Source { name: "proxy.toml".to_owned(), text: text.to_owned() };
    from_source(source, Path::new("/folder"), User::Proxy)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn check(text: &str, expected: &[&str]) {
    let Err(mut problems) = read(text) else { panic!("it is refused: {text}") };
    problems.sort();
    let beginnings: Vec<&str> = problems
        .iter()
        .zip(expected)
        .map(|(problem, expected)| &problem[..expected.len().min(problem.len())])
        .collect();
    assert_eq!(beginnings, expected);
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

const ROUTE: &str = "[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n";

#[test]
fn the_default_file_says_the_defaults() {
    let setup = read(DEFAULT).map_err(|problems| problems.join("\n")).unwrap();
    let bare = read(ROUTE).map_err(|problems| problems.join("\n")).unwrap();
    assert_eq!(setup.ruleset.limits, Limits::default());
    assert_eq!(setup.ruleset.alarms.rules, Rules::default());
    assert_eq!((setup.listen, &setup.log.settings, &setup.log.key), (bare.listen, &bare.log.settings, &bare.log.key));
    assert_eq!(setup.log.settings.folder, Path::new("/folder/audit"));
    assert_eq!(setup.log.audit_key, bare.log.audit_key);
    assert_eq!(setup.ruleset.routes.default().unwrap().name, "openai");
}

#[test]
fn a_route_says_what_leaves_unread() {
    let setup = read(&format!("{ROUTE}exempt = [\"token-ids\"]\n"));
    let setup = setup.map_err(|problems| problems.join("\n")).unwrap();
    assert_eq!(setup.ruleset.routes.find("/a/v1").unwrap().0.exempt, [Exemption::TokenIds]);
    check(
        &format!("{ROUTE}exempt = [\"all\"]\n"),
        &["proxy.toml:4: unknown variant `all`, expected one of `audio`, `documents`, `images`, `token-ids`"],
    );
}

#[test]
fn a_ruleset_is_named_by_what_its_files_say() {
    let version = |text: &str| read(text).map_err(|problems| problems.join("\n")).unwrap().ruleset.version;
    assert_eq!(version(ROUTE), version(ROUTE));
    assert_ne!(version(ROUTE), version(&format!("{ROUTE}# a word\n")));
}

#[test]
fn all_problems_are_told_at_once() {
    check(
        &format!(
            "listen = \"nowhere\"\ncolour = 1\nphone_regions = [\"UK\"]\n[limits]\nnesting = -1\n[entities.ssn]\naction = \"redact\"\n\
            [entities.CARD]\naction = \"eat\"\n{ROUTE}{ROUTE}[[route]]\nname = \"a/b\"\nupstream = \"a.example\"\n"
        ),
        &[
            "proxy.toml:11: the route `a` stands twice: give each route a name of its own"
                .replace(":11:", ":14:")
                .as_str(),
            "proxy.toml:17: `a/b` cannot be a segment of a path: begin with a letter or a digit, then also",
            "proxy.toml:18: `a.example` is no upstream: it does not begin with `https://` or `http://`: write as in",
            "proxy.toml:1: ",
            "proxy.toml:2: `colour` is no setting of this file: use one of `listen`",
            "proxy.toml:3: ",
            "proxy.toml:5: ",
            "proxy.toml:6: `ssn` is no entity: an entity is upper-case letters",
            "proxy.toml:9: unknown variant `eat`, expected one of `alert`, `allow`, `block`, `mask`, `redact`",
        ],
    );
}

#[test]
fn one_mistake_is_told_with_its_line_and_remedy() {
    check(
        &format!("{ROUTE}[entities.SNN]\naction = \"block\"\n"),
        &["proxy.toml:4: no pattern finds `SNN`: perhaps one of `SSN`"],
    );
    for (limits, name) in
        [("nesting = 100000", "nesting"), ("idle_seconds = 0", "idle_seconds"), ("answer_bytes = 0", "answer_bytes")]
    {
        check(
            &format!("{ROUTE}[limits]\n{limits}\n"),
            &[&format!("proxy.toml:4: `{name}` is out of range: give a number from 1 to ")],
        );
    }
    for upstream in ["https://x:99999", "https://[::1", "https://x%00", "https://x:"] {
        let text = format!("[[route]]\nname = \"a\"\nupstream = \"{upstream}\"\n");
        check(&text, &[&format!("proxy.toml:3: `{upstream}` is no upstream: ")]);
    }
    check("", &["proxy.toml:1: no route leads anywhere: add a `[[route]]` with `name` and `upstream`"]);
    check(
        &format!("default_route = \"b\"\n{ROUTE}"),
        &["proxy.toml:1: the default route `b` is not among the routes: name a"],
    );
    check(&format!("[key]\n{ROUTE}"), &["proxy.toml:1: `[key]` does not name one place: give either `file`, `env` or"]);
    check(&format!("patterns = \"none\"\n{ROUTE}"), &["/folder/none:1: cannot be read: "]);
    let lent = |credential: &str| format!("{ROUTE}credential = {credential}\n");
    check(&lent("{}"), &["proxy.toml:4: the credential does not name one place"]);
    check(
        &lent("{ env = \"BLOTTER_NOT_SET\" }"),
        &["proxy.toml:4: the environment variable `BLOTTER_NOT_SET` is empty or not set"],
    );
    check(
        &lent("{ env = \"PATH\", header = \"host\" }"),
        &["proxy.toml:4: `host` is no header that can carry a credential"],
    );
    check(&lent("{ file = \"none\" }"), &["proxy.toml:4: the key file /folder/none cannot be read"]);
    check(&format!("{ROUTE}colour = 1\n"), &["proxy.toml:4: unknown field `colour`"]);
    check(&format!("listen = \n{ROUTE}"), &["proxy.toml:1: string values must be quoted"]);
}

#[test]
fn what_others_can_reach_is_guarded_or_said_to_be() {
    check(
        &format!("listen = \"0.0.0.0:1\"\n{ROUTE}"),
        &["proxy.toml:1: others can reach 0.0.0.0:1, and there is nothing that guards it: no `[tls]`, no `[callers]`"],
    );
    assert!(read(&format!("listen = \"0.0.0.0:1\"\nlisten_unguarded = true\n{ROUTE}")).is_ok());
    check(
        &format!("{ROUTE}[admin]\nlisten = \"[::]:1\"\n"),
        &["proxy.toml:5: the admin listener on [::]:1 could be reached by others"],
    );
    let setup = read(&format!("{ROUTE}[admin]\nlisten = \"[::]:1\"\nunguarded = true\n"));
    assert_eq!(setup.ok().and_then(|setup| setup.admin).unwrap().listen.port(), 1);
    check(
        &format!("upstream_proxy = \"https://x\"\n{ROUTE}"),
        &["proxy.toml:1: `https://x` is no HTTP proxy: write as"],
    );
}

#[test]
fn a_route_leads_somewhere() {
    let route = |leads: &str| format!("[[route]]\nname = \"a\"\n{leads}\n");
    let setup = read(&route("upstreams = [\"https://a.example\", \"https://b.example\"]"));
    let setup = setup.map_err(|problems| problems.join("\n")).unwrap();
    let led = setup.ruleset.routes.find("/a/v1").unwrap().0;
    assert_eq!((led.upstream.authority.as_str(), led.others[0].authority.as_str()), ("a.example", "b.example"));
    for leads in ["", "upstreams = []", "upstream = \"https://a\"\nupstreams = [\"https://b\"]"] {
        check(&route(leads), &["proxy.toml:2: the route `a` does not say where it leads: give either `upstream`"]);
    }
    check(&route("upstreams = [\"https://a\", \"b\"]"), &["proxy.toml:3: `b` is no upstream: "]);
}

#[test]
fn a_service_has_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let check = |url: &str, expected: &str| {
        let service =
            format!("[[service]]\nname = \"names\"\nurl = '{url}'\nentities = [\"PERSON\"]\nsource = \"x\"\n");
        std::fs::write(folder.path().join("a.toml"), service).unwrap();
        let text = format!("patterns = '{}'\n{ROUTE}[entities.PERSON]\naction = \"alert\"\n", folder.path().display());
        let told = read(&text).err().map_or(String::new(), |problems| problems.join("\n"));
        let file = folder.path().join("a.toml");
        let expected = if expected.is_empty() { String::new() } else { format!("{}:3: {expected}", file.display()) };
        assert!(told.starts_with(&expected) && told.is_empty() == expected.is_empty(), "{told}");
    };
    check("http://127.0.0.1:5002/analyze", "");
    check("https://names.example/a?b=c", "");
    check("http://names.example", "`http://names.example` is no address of the service `names`: it has no path");
    check("names.example/analyze", "`names.example/analyze` is no address of the service `names`: it does not begin");
    check("http:///analyze", "`http:///analyze` is no address of the service `names`: it has no host");
    check("http://x/a b", "`http://x/a b` is no address of the service `names`: its path");
}

#[test]
fn a_key_is_made_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blotter.key");
    let place = KeyPlace::File(path.clone());
    assert!(matches!(place.read(), Err(KeyError::Missing { .. })), "reading makes no key");
    let made = place.read_or_make().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(*place.read_or_make().unwrap().to_hex(), *made.to_hex());

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(place.read(), Err(KeyError::Exposed { .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "no key").unwrap();
    assert!(matches!(place.read_or_make(), Err(KeyError::Malformed { .. })));
    assert!(matches!(KeyPlace::Env("BLOTTER_NOT_SET".to_owned()).read(), Err(KeyError::Env { .. })));
}
