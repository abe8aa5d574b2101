//! The way of a request's body in: read within its limits and cleaned, whole or as it comes.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body as _, Incoming};

use super::super::scan::{recognise, scan};
use super::Exchange;
use crate::audit::Tally;
use crate::metrics::{Side, Way};
use crate::proxy::conversations::Part;
use crate::proxy::coverage::{self, Sight};
use crate::proxy::encoding::{Encoding, Undecodable};
use crate::proxy::ending::{micros, tallies};
use crate::proxy::intake::Intake;
use crate::proxy::refused::Refused;
use crate::proxy::request::{self, Clean, Cleaned, Payload, Received};
use crate::proxy::resumable::{self, Step};
use crate::proxy::{headers, upload};
use crate::redact::{Account, Media, Vault};
use crate::route::Route;

impl Exchange {
    /// Checks the request's head and reads its body, within its limits, but for a form or a file, which is taken in as it comes.
    pub(super) async fn receive(
        &mut self,
        request: Request<Incoming>,
        target: String,
        route: &Route,
    ) -> Result<(Received, Payload), Refused> {
        let (mut head, body) = request.into_parts();
        if self.visitor.name().is_some() {
            headers::remove_all_credentials(&mut head.headers);
        }
        request::check_head(&head.method, &head.headers, &self.ruleset.limits)?;
        request::check_own_headers(&head.headers)?;
        request::check_signature(&head.headers, &target, route)?;
        let step = upload::check(&target, &head.headers)?;
        if step == Step::Begin {
            resumable::remove_lengths(&mut head.headers);
        }
        let encoding = Encoding::of(&head.headers).map_err(Undecodable::of_request)?;
        let media = match step.media() {
            _ if body.is_end_stream() => Ok(Media::Json),
            Some(media) => Ok(media),
            None => upload::media(&head.headers),
        };
        let (method, headers, exempt) = (head.method, head.headers, route.exempt.clone());
        let received = |media| Received { method, target, headers, media, exempt };
        // What a compressed body may hold is known by its length, and recogniser services are asked about a body once.
        let is_whole = encoding != Encoding::Identity || !self.live.recognisers.is_empty();
        match media {
            Ok(media @ (Media::File(_) | Media::Multipart { .. })) if !is_whole => {
                Ok((received(media), Payload::Coming(body)))
            }
            media => {
                let body = self.read(body, encoding).await?;
                let media = if body.is_empty() { Media::Json } else { media? };
                Ok((received(media), Payload::Whole(body)))
            }
        }
    }

    /// Reads a body to its end, and decodes it.
    async fn read(&mut self, body: Incoming, encoding: Encoding) -> Result<Bytes, Refused> {
        let limits = self.ruleset.limits;
        let flight = self.flight.as_mut().expect("it was begun with the exchange's place");
        let mut body = request::read(body, &limits, flight).await?;
        if encoding != Encoding::Identity {
            body = scan(body.len(), move || encoding.decode(body, limits.expansion, limits.request_bytes)).await??;
            flight.grow(body.len())?;
        }
        Ok(body)
    }

    /// Scans and redacts all that leaves.
    pub(super) async fn clean(&mut self, received: Received, body: Payload) -> Result<(Clean, Vault), Refused> {
        let (Cleaned { request, vault, account }, exemptions) = match body {
            Payload::Coming(body) => (self.take_in(received, body).await?, Vec::new()),
            Payload::Whole(body) => self.clean_whole(received, body).await?,
        };
        self.opened.findings = tallies(&self.ruleset, &account);
        for Tally { entity, action, count, .. } in &self.opened.findings {
            self.gateway.metrics.found(Side::Request, entity, action, *count);
        }
        self.opened.coverage = coverage::of_request(&account, exemptions);
        self.look_at_shape(&account);
        let request = request?;
        if request.unlogged > 0 {
            self.opened.coverage.counts.insert("log/unkept".to_owned(), request.unlogged as u64);
        }
        Ok((request, vault))
    }

    /// The same for a body that is all there; and which services let it pass unasked.
    async fn clean_whole(&mut self, received: Received, body: Bytes) -> Result<(Cleaned, Vec<String>), Refused> {
        let begun = Instant::now();
        let answered = recognise(&self.gateway, &self.live, self.dialect, &body, &received.media).await?;
        let (recognised, exemptions) = answered.map(|answered| (answered.recognised, answered.exemptions)).unzip();
        let (gateway, ruleset, dialect) = (Arc::clone(&self.gateway), Arc::clone(&self.ruleset), self.dialect);
        let length = body.len();
        let mut part = Part::of(&gateway, &self.opened.route, &self.opened.caller, dialect, &received.target);
        self.gateway.metrics.bytes(Way::FromCaller, length);
        let clean = move || {
            let vault = part.as_mut().map(|part| part.read(&gateway, dialect, &body, ruleset.limits.bounds()));
            let redaction = gateway.redactor(&ruleset).go_on(vault.unwrap_or_default(), recognised.as_ref());
            (request::clean(redaction, dialect, received, body), part)
        };
        let (cleaned, part) = scan(length, clean).await?;
        self.part = part;
        self.timings.redact_us = micros(begun);
        Ok((cleaned, exemptions.unwrap_or_default()))
    }

    /// The same for a form or a file.
    async fn take_in(&mut self, received: Received, body: Incoming) -> Result<Cleaned, Refused> {
        let (gateway, ruleset, dialect) = (Arc::clone(&self.gateway), Arc::clone(&self.ruleset), self.dialect);
        self.part = Part::of(&gateway, &self.opened.route, &self.opened.caller, dialect, &received.target);
        let part = self.part.as_mut();
        let vault = part.map(|part| part.read(&gateway, dialect, &[], ruleset.limits.bounds())).unwrap_or_default();
        let flight = self.flight.as_mut().expect("it was begun with the exchange's place");
        let taken = match Intake::begin(gateway, ruleset, dialect, received, vault) {
            Ok(intake) => intake.run(body, flight).await?,
            Err(taken) => *taken,
        };
        self.gateway.metrics.bytes(Way::FromCaller, taken.length);
        self.timings.redact_us = taken.took.as_micros() as u64;
        Ok(taken.cleaned)
    }

    /// Tells of a body unlike those that the route has seen.
    fn look_at_shape(&mut self, account: &Account) {
        let (route, exchange) = (&self.opened.route, self.opened.exchange);
        match self.gateway.shapes.see(route, self.dialect.name, &account.paths) {
            Sight::Known => return,
            Sight::Learned(shape) => {
                tracing::debug!(route, dialect = self.dialect.name, %exchange, "a body of the shape {shape:016x}, for the first time");
            }
            Sight::New(shape) => {
                tracing::warn!(route, dialect = self.dialect.name, %exchange, "a body of a new shape, {shape:016x}: see what it holds");
            }
        }
        self.opened.coverage.counts.insert("shape/new".to_owned(), 1);
    }
}
