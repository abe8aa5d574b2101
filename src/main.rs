//! The `blotter` binary.

fn main() {}
