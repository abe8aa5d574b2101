//! Reads the pattern files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::detect::{BUILT_IN, Problem, Source};

/// The pattern files and word files of `folder` by name, or the pattern files inside the program; with what could not be read.
pub(super) fn sources(folder: Option<&Path>) -> (Vec<Source>, Vec<Problem>) {
    let Some(folder) = folder else {
        let built_in = |(name, text): &(&str, &str)| Source { name: (*name).to_owned(), text: (*text).to_owned() };
        return (BUILT_IN.iter().map(built_in).collect(), Vec::new());
    };
    let unreadable = |error| unread(folder, &error, "name a folder of pattern files as `patterns`");
    let paths = match files(folder) {
        Ok(paths) => paths,
        Err(error) => return (Vec::new(), vec![unreadable(error)]),
    };
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match read(&path) {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    if !sources.iter().any(|source: &Source| source.name.ends_with(".toml")) && problems.is_empty() {
        let name = folder.display().to_string();
        let remedy = "put `*.toml` pattern files there, or take `patterns` out to use those inside the program";
        problems.push(Problem { file: name, line: 1, what: "no pattern file".to_owned(), remedy: remedy.to_owned() });
    }
    (sources, problems)
}

/// The files of a folder that are read, sorted.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let is_read = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml" || extension == "txt");
    paths.retain(is_read);
    paths.sort();
    Ok(paths)
}

/// Reads one file.
pub(super) fn read(path: &Path) -> Result<Source, Problem> {
    let text = fs::read_to_string(path)
        .map_err(|error| unread(path, &error, "name one that is there, and that this user may read"))?;
    Ok(Source { name: path.display().to_string(), text })
}

fn unread(path: &Path, error: &std::io::Error, remedy: &str) -> Problem {
    let what = format!("cannot be read: {error}");
    Problem { file: path.display().to_string(), line: 1, what, remedy: remedy.to_owned() }
}
