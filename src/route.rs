//! Where a request goes: path → route → upstream, and whose credential it carries.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::policy::{Answers, Exemption};

/// All routes of a ruleset.
#[derive(Debug)]
pub struct Routes {
    by_name: BTreeMap<String, Route>,
    /// The route that serves paths without a route's name.
    default: Option<String>,
}

/// A named way to one provider.
#[derive(Debug)]
pub struct Route {
    /// The first segment of its paths.
    pub name: String,
    /// Where it leads.
    pub upstream: Upstream,
    /// Where it leads while no connection to that can be made, in this order.
    pub others: Vec<Upstream>,
    /// What is sent instead of the caller's own key.
    pub credential: Option<Credential>,
    /// What of its requests leaves unread.
    pub exempt: Vec<Exemption>,
    /// What is done with values in its answers that the caller did not send.
    pub answers: Answers,
    /// What its requests have to declare.
    pub require: Vec<Declaration>,
}

/// What a caller declares about a request, by an id of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Declaration {
    /// That the customer agreed, in `x-blotter-consent`.
    Consent,
    /// What it is for, in `x-blotter-purpose`.
    Purpose,
}

/// The origin of a provider's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and, where it is not the usual one, port.
    pub authority: String,
}

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// A provider key that the proxy keeps.
#[derive(Debug)]
pub struct Credential {
    /// The header that carries it, in lower case.
    pub header: String,
    /// The header's whole value.
    pub value: Secret,
}

/// A text that is never printed and is wiped when dropped.
pub struct Secret(Zeroizing<String>);

/// Why a text names no upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnUpstream {
    /// The host or the port cannot be one.
    #[error("its host or port cannot be one")]
    Host,
    /// There is no host.
    #[error("it has no host")]
    NoHost,
    /// Something follows the host.
    #[error("it has a path, a query or a user in it, but an upstream is scheme and host alone")]
    NotAnOrigin,
    /// Not a scheme that is spoken here.
    #[error("it does not begin with `https://` or `http://`")]
    Scheme,
}

impl Routes {
    /// Routes by their names; paths without a route's name go to `default`, if one is given.
    pub fn new(routes: Vec<Route>, default: Option<String>) -> Self {
        let by_name = routes.into_iter().map(|route| (route.name.clone(), route)).collect();
        Self { by_name, default }
    }

    /// The route for a raw path and query, and what is left of them for the upstream.
    pub fn find<'p>(&self, path_and_query: &'p str) -> Option<(&Route, &'p str)> {
        let inner = path_and_query.strip_prefix('/')?;
        let end = inner.find(['/', '?']).unwrap_or(inner.len());
        match self.by_name.get(&inner[..end]) {
            Some(route) => Some((route, &inner[end..])),
            None => Some((self.default()?, path_and_query)),
        }
    }

    /// All routes by name.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.by_name.values()
    }

    /// The route that serves paths without a route's name.
    pub fn default(&self) -> Option<&Route> {
        self.by_name.get(self.default.as_ref()?)
    }
}

impl Upstream {
    /// Reads `https://host[:port]`.
    pub fn parse(text: &str) -> Result<Self, NotAnUpstream> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            _ => return Err(NotAnUpstream::Scheme),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        match authority {
            "" => Err(NotAnUpstream::NoHost),
            authority if authority.contains(['/', '?', '#', '@', '\\', ' ']) => Err(NotAnUpstream::NotAnOrigin),
            authority if !is_host_and_port(authority) => Err(NotAnUpstream::Host),
            authority => Ok(Self { scheme, authority: authority.to_owned() }),
        }
    }

    /// Whether it is on this machine.
    pub fn is_here(&self) -> bool {
        let port = self.authority.rfind(':').filter(|colon| !self.authority[*colon..].contains(']'));
        let host = &self.authority[..port.unwrap_or(self.authority.len())];
        is_this_machine(host)
    }
}

/// Whether a host is this machine.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `name`, `1.2.3.4` or `[::1]`, with a port or without.
fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.rfind(':').filter(|colon| !authority[*colon..].contains(']')) {
        Some(colon) => (&authority[..colon], &authority[colon + 1..]),
        None => (authority, "443"),
    };
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    let is_host = in_brackets.map_or_else(|| is_name(host), |host| host.parse::<std::net::Ipv6Addr>().is_ok());
    is_host && port.parse::<u16>().is_ok()
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl Secret {
    /// Takes `text` in.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Gives the text to those who must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let route = |name: &str| Route {
            name: name.to_owned(),
            upstream: Upstream::parse("https://api.example").unwrap(),
            others: Vec::new(),
            credential: None,
            exempt: Vec::new(),
            answers: Answers::default(),
            require: Vec::new(),
        };
        Routes::new(vec![route("openai"), route("anthropic")], Some("anthropic".to_owned()))
    }

    #[test]
    fn the_first_segment_names_the_route_and_the_rest_goes_verbatim() {
        let routes = routes();
        let check = |path: &str, name: &str, rest: &str| {
            let (route, left) = routes.find(path).unwrap();
            assert_eq!((route.name.as_str(), left), (name, rest), "{path}");
        };
        check("/openai/v1/chat/completions?a=%2F&b", "openai", "/v1/chat/completions?a=%2F&b");
        check("/openai", "openai", "");
        check("/openai?x", "openai", "?x");
        check("/openai//v1", "openai", "//v1");
        check("/v1/messages", "anthropic", "/v1/messages");
        check("/openai2/v1", "anthropic", "/openai2/v1");
        check("/", "anthropic", "/");
        assert!(Routes::new(Vec::new(), None).find("/v1").is_none());
    }

    #[test]
    fn an_upstream_is_an_origin() {
        let check = |text: &str, expected: Result<&str, NotAnUpstream>| {
            assert_eq!(
                Upstream::parse(text).map(|upstream| upstream.to_string()),
                expected.map(str::to_owned),
                "{text}"
            );
        };
        check("https://api.openai.com", Ok("https://api.openai.com"));
        check("http://127.0.0.1:11434/", Ok("http://127.0.0.1:11434"));
        check("http://[::1]:80", Ok("http://[::1]:80"));
        check("api.openai.com", Err(NotAnUpstream::Scheme));
        check("https://api.openai.com/v1", Err(NotAnUpstream::NotAnOrigin));
        check("https://me@x.org", Err(NotAnUpstream::NotAnOrigin));
        check("https:///", Err(NotAnUpstream::NoHost));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("sk-1".to_owned())), "•••");
    }
}
