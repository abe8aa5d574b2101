//! What runs, said at the start.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::Talk;
use crate::config::Setup;
use crate::detect::Entity;

/// Says what runs, for the person who started it.
pub(super) fn introduce(setup: &Setup, listening: SocketAddr, admin: Option<SocketAddr>, talk: Talk) {
    let Setup { ruleset, sources, .. } = setup;
    if talk == Talk::Json {
        let admin = admin.map(|admin| admin.to_string());
        return tracing::info!(%listening, admin, config = sources[0].name, rules = ruleset.version, "started");
    }
    let scheme = if ruleset.tls.is_some() { "https" } else { "http" };
    eprintln!("blotter {} listens on {scheme}://{listening}", env!("CARGO_PKG_VERSION"));
    for route in ruleset.routes.iter() {
        let default = ruleset.routes.default().is_some_and(|default| default.name == route.name);
        let note = if default { "  (also serves paths without a route's name)" } else { "" };
        eprintln!("  route     /{:<12} -> {}{note}", route.name, route.upstream);
    }
    let patterns = ruleset.detector.patterns();
    let files: BTreeSet<&str> = patterns.iter().map(|pattern| pattern.file.as_str()).collect();
    let entities: BTreeSet<&Entity> = patterns.iter().map(|pattern| &pattern.entity).collect();
    eprintln!("  patterns  {} from {} files, for {} entities", patterns.len(), files.len(), entities.len());
    for service in ruleset.detector.services() {
        eprintln!("  service   {}", super::describe(service));
    }
    if let Some(file) = &ruleset.callers {
        eprintln!("  callers   {} keys in {}", file.callers().keys().len(), file.path().display());
    }
    eprintln!("  config    {}, version {}", sources[0].name, ruleset.version);
    if let Some(admin) = admin {
        eprintln!("  admin     http://{admin}/  (also /metrics, /ready, /health)");
    }
    if let Some(webhook) = &ruleset.alarms.webhook {
        eprintln!("  alarms    to {}", webhook.origin);
    }
    eprintln!("  log       {}", setup.log.settings.folder.display());
    eprintln!("  keys      {} (keep a copy: without it the log cannot be verified)", setup.log.key);
    eprintln!("            {} (keep a copy, apart from the log: without it no text can be read)", setup.log.audit_key);
    eprintln!("Point a bot at it:");
    for route in ruleset.routes.iter() {
        let (variable, path) =
            if route.name == "anthropic" { ("ANTHROPIC_BASE_URL", "") } else { ("OPENAI_BASE_URL", "/v1") };
        eprintln!("  {variable}={scheme}://{listening}/{}{path}", route.name);
    }
}
