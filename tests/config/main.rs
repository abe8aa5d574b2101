//! Every file in `bad` is a configuration that is refused. Its last lines, from `# expect:` on, are the problems that are told,
//! or how they begin. Adding a case needs no Rust.

use std::fs;
use std::path::Path;

use blotter::config::{self, User};
use blotter::detect::Source;

#[test]
fn every_bad_configuration_is_told_what_is_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
    paths.sort();
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let expected = text.split_once("# expect:\n").unwrap_or_else(|| panic!("{} expects nothing", path.display())).1;
        let expected: Vec<&str> = expected.lines().map(|line| line.trim_start_matches("# ")).collect();
        let Err(problems) = config::load(Some(path), User::Proxy) else { panic!("{} is refused", path.display()) };
        // Each begins with its line in this file, or with another file beside it.
        let (file, beside) = (format!("{}:", path.display()), format!("{}/", folder.display()));
        let bare = |problem: &str| problem.replace(&file, "").replace(&beside, "");
        let mut told: Vec<String> = problems.iter().map(|problem| bare(&problem.to_string())).collect();
        told.sort();
        let is_told = told.len() == expected.len()
            && told.iter().zip(&expected).all(|(told, expected)| told.starts_with(expected));
        assert!(is_told, "{}:\n{}", path.display(), told.join("\n"));
    }
    assert!(paths.len() >= 5, "the cases are found");
}

/// What is installed by `deploy` says what the program reads.
#[test]
fn the_configurations_of_deploy_are_good_ones() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let read = |name: &str| fs::read_to_string(deploy.join(name)).unwrap();
    let manifest = read("kubernetes.yaml");
    let block = manifest.split_once("proxy.toml: |\n").unwrap().1.split_once("---").unwrap().0;
    let lines: Vec<&str> = block.lines().map(|line| line.trim_start_matches(' ')).collect();
    for (name, text) in [("container.toml", read("container.toml")), ("kubernetes.yaml", lines.join("\n"))] {
        let source = Source { name: name.to_owned(), text };
        let folder = tempfile::tempdir().unwrap();
        let setup =
            config::from_source(source, folder.path(), User::Proxy).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!((setup.listen.port(), setup.admin.unwrap().listen.port()), (8787, 8788), "{name}");
    }
}

/// Every setting of the commented `proxy.toml` is at work in a test, by its name.
#[test]
fn every_setting_is_in_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));

    let mut tests = fs::read_to_string(root.join("src/config/tests.rs")).unwrap();
    for folder in ["tests/proxy", "tests/log", "tests/exchanges"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            tests.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
        }
    }
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let settings = config::DEFAULT.lines().filter_map(|line| {
        let (name, _) = line.trim_start_matches("# ").split_once(" = ")?;
        Some(name).filter(is_name)
    });
    let settings: Vec<&str> = settings.collect();
    assert!(settings.len() > 50, "{settings:?}");
    let untested: Vec<&&str> = settings.iter().filter(|name| !tests.contains(&format!("{name} = "))).collect();
    assert!(untested.is_empty(), "{untested:?}");
}
