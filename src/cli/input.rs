//! A file that a command looks at; `-` is standard input.

use std::io::Read;
use std::path::Path;

/// What a file is called in what is printed.
pub(super) fn name(file: &Path) -> String {
    if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() }
}

/// The bytes of a file, or of standard input.
pub(super) fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
