//! What the process asks of the operating system: no core dumps, a memory that others cannot read, room for connections.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps values out of core dumps and other processes' sight, and takes all file descriptors that the process may have. What the
/// operating system refuses is told and left.
pub(super) fn prepare() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let files = getrlimit(Resource::Nofile);
    let asked = [
        ("core dumps could not be turned off", setrlimit(Resource::Core, none)),
        ("memory could not be closed to debuggers", set_dumpable_behavior(DumpableBehavior::NotDumpable)),
        ("no more files may be opened", setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })),
    ];
    for (what, asked) in asked {
        if let Err(error) = asked {
            tracing::warn!(%error, "{what}");
        }
    }
}
