//! The `[admin]` section: where operators and probes reach the proxy.

use std::net::SocketAddr;

use serde::Deserialize;
use toml::Spanned;

use super::sections::Sections;

/// The admin listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens.
    pub listen: SocketAddr,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AdminSection {
    listen: Option<Spanned<SocketAddr>>,
    unguarded: bool,
}

/// Takes the section; `None` where nothing shall listen.
pub(super) fn read(sections: &mut Sections) -> Option<Admin> {
    let AdminSection { listen, unguarded } = sections.take("admin").unwrap_or_default();
    let listen = listen?;
    if !listen.get_ref().ip().is_loopback() && !unguarded {
        let what = format!("the admin listener on {} could be reached by others", listen.get_ref());
        let remedy = "listen on 127.0.0.1 or [::1], or say `unguarded = true` where the network keeps others away";
        sections.problem(listen.span(), what, remedy.to_owned());
    }
    Some(Admin { listen: listen.into_inner() })
}
