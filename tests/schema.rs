//! The JSON Schema of pattern files says what the loader says: the same keys, the same words, and every shipped file is valid.

use std::collections::BTreeSet;

use blotter::detect::{BUILT_IN, Detector, Settings, Source, schema};
use regex::Regex;
use serde_json::{Map, Value};

/// What the schema knows before the loader does.
const COMING: &[&str] = &["fold_case", "formats", "service", "words_file"];

fn parsed() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

/// The keys or words that the loader names when it meets `?` in `text`.
fn known_to_the_loader(text: &str) -> BTreeSet<String> {
    let source = Source { name: "x.toml".into(), text: text.into() };
    let problems = Detector::compile(&[source], &Settings::default()).err().unwrap_or_default();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let list = told.iter().find_map(|told| told.split_once("`?`")?.1.split(": see ").next());
    let list = list.unwrap_or_else(|| panic!("{text:?} is not refused: {told:?}"));
    list.split('`').skip(1).step_by(2).map(|name| name.trim_matches(['[', ']']).replace("cues.NAME", "cues")).collect()
}

fn check_keys(text: &str, path: &str) {
    let schema = parsed();
    let keys = schema.pointer(path).and_then(Value::as_object).unwrap_or_else(|| panic!("the schema has no {path}"));
    check(known_to_the_loader(text), keys.keys().cloned().collect(), path);
}

fn check_words(text: &str, path: &str) {
    let schema = parsed();
    let words = schema.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("the schema has no {path}"));
    check(known_to_the_loader(text), words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(), path);
}

fn check(loader: BTreeSet<String>, mut schema: BTreeSet<String>, path: &str) {
    schema.retain(|name| loader.contains(name) || !COMING.contains(&name.as_str()));
    assert_eq!(schema, loader, "{path}");
}

#[test]
fn schema_and_loader_know_the_same() {
    const PATTERN: &str = "[[pattern]]\nname = 'a'\nentity = 'A'\nregex = 'a'\nsource = 'x'\n";
    check_keys("'?' = 1", "/properties");
    check_keys("[[pattern]]\n'?' = 1", "/$defs/pattern/properties");
    check_keys("[[lookalike]]\n'?' = 1", "/$defs/lookalike/properties");
    check_keys(&format!("{PATTERN}distance = {{ '?' = 1 }}"), "/$defs/pattern/properties/distance/properties");
    check_keys(&format!("{PATTERN}examples = {{ '?' = 1 }}"), "/$defs/examples/properties");
    if known_to_the_loader("'?' = 1").contains("service") {
        const SERVICE: &str = "[[service]]\nname = 'a'\nurl = 'http://a'\nentities = ['A']\nsource = 'x'\n";
        check_keys("[[service]]\n'?' = 1", "/$defs/service/properties");
        check_words(&format!("{SERVICE}on_failure = '?'"), "/$defs/service/properties/on_failure/enum");
    }
    check_words(&format!("{PATTERN}strength = '?'"), "/$defs/pattern/properties/strength/enum");
    check_words(&format!("{PATTERN}validator = '?'"), "/$defs/validator/enum");
}

#[test]
fn every_shipped_pattern_file_is_valid() {
    let schema = parsed();
    for (name, text) in BUILT_IN {
        let file: toml::Table = text.parse().unwrap();
        let file = serde_json::to_value(file).unwrap();
        assert_eq!(wrong(&schema, &schema, &file), None, "{name}");
    }
}

#[test]
fn what_the_loader_refuses_is_not_valid() {
    let schema = parsed();
    let valid = "[[pattern]]\nname = 'a'\nentity = 'A'\nregex = ['a']\ncues = 'c'\nstrength = 'weak'\nsource = 'x'\nexamples.match = ['<<a>>']\n";
    for (from, to) in [
        ("name = 'a'\n", ""),
        ("name", "nom"),
        ("'A'", "'a'"),
        ("regex = ['a']\n", ""),
        ("['a']", "[1]"),
        ("cues = 'c'\n", ""),
        ("'c'", "{ en = 'c' }"),
        ("'weak'", "'sure'"),
        ("'<<a>>'", "'a'"),
        ("[[pattern]]", "[[patterns]]"),
        ("[[pattern]]", "[pattern]"),
        ("strength", "distance = { before = -1 }\nstrength"),
        ("strength", "country = 'Brazil'\nstrength"),
        ("strength", "validator = 'luna'\nstrength"),
    ] {
        let text = valid.replacen(from, to, 1);
        let file = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        assert!(wrong(&schema, &schema, &file).is_some(), "{text}");
    }
    let file = serde_json::to_value(valid.parse::<toml::Table>().unwrap()).unwrap();
    assert_eq!(wrong(&schema, &schema, &file), None);
}

/// The first keyword of `rule`, a part of `schema`, that `value` breaks. Knows the keywords that the schema uses, no others.
fn wrong(schema: &Value, rule: &Value, value: &Value) -> Option<String> {
    if let Value::Bool(allowed) = rule {
        return (!allowed).then(|| format!("{value} is not allowed"));
    }
    let rule = rule.as_object().expect("a rule is an object");
    let valid = |rule: &Value, value: &Value| wrong(schema, rule, value).is_none();
    let broken = |keyword: &str, limit: &Value| -> Option<String> {
        let fits = match (keyword, value) {
            ("$schema" | "$defs" | "title" | "description" | "default", _) | ("then", _) => true,
            ("type", _) => is_of_type(value, limit.as_str()?),
            ("enum", _) => limit.as_array()?.contains(value),
            ("const", _) => value == limit,
            ("anyOf", _) => limit.as_array()?.iter().any(|rule| valid(rule, value)),
            ("if", _) => !valid(limit, value) || valid(&rule["then"], value),
            ("$ref", _) => {
                let path = limit.as_str().and_then(|path| path.strip_prefix('#')).expect("a reference stays inside");
                return wrong(schema, schema.pointer(path).expect("a reference leads somewhere"), value);
            }
            ("pattern", Value::String(text)) => Regex::new(limit.as_str()?).unwrap().is_match(text),
            ("minLength", Value::String(text)) => text.chars().count() as u64 >= limit.as_u64()?,
            ("minimum", Value::Number(number)) => number.as_f64()? >= limit.as_f64()?,
            ("maximum", Value::Number(number)) => number.as_f64()? <= limit.as_f64()?,
            ("minItems", Value::Array(items)) => items.len() as u64 >= limit.as_u64()?,
            ("items", Value::Array(items)) => return items.iter().find_map(|item| wrong(schema, limit, item)),
            ("required", Value::Object(members)) => {
                limit.as_array()?.iter().all(|name| members.contains_key(name.as_str().unwrap_or_default()))
            }
            ("properties" | "additionalProperties", Value::Object(members)) => {
                return members.iter().find_map(|(name, value)| wrong(schema, member(rule, keyword, name)?, value));
            }
            ("pattern" | "minLength" | "minimum" | "maximum", _) => true,
            ("minItems" | "items" | "required" | "properties" | "additionalProperties", _) => true,
            _ => panic!("this check does not know `{keyword}`"),
        };
        (!fits).then(|| format!("{keyword} {limit}: {value}"))
    };
    rule.iter().find_map(|(keyword, limit)| broken(keyword, limit))
}

/// The rule that `keyword` has for the member `name`.
fn member<'r>(rule: &'r Map<String, Value>, keyword: &str, name: &str) -> Option<&'r Value> {
    let named = rule.get("properties").and_then(|properties| properties.get(name));
    match keyword {
        "properties" => named,
        _ if named.is_none() => rule.get(keyword),
        _ => None,
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("this check does not know the type `{other}`"),
    }
}
