//! The story of an exchange, from a caller's request to the last byte of its answer.

mod reading;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use jiff::Timestamp;
use uuid::Uuid;

use super::body::Body;
use super::conversations::Part;
use super::declared::declared;
use super::door::Visitor;
use super::ending::{Ending, count, count_for_caller, micros, total};
use super::identity::Identity;
use super::outgoing::Outgoing;
use super::places::{Flight, Place};
use super::refused::Refused;
use super::reload::Live;
use super::request::{self, Clean, Payload, Received};
use super::spans::{Span, Traced};
use super::upstream::Purpose;
use super::websocket::{Connection, Handshake, Session};
use super::{Gateway, framing, headers, relay, resumable, upstream, websocket};
use crate::audit::{Closed, Coverage, Opened, Timings};
use crate::config::Ruleset;
use crate::metrics::{Commit, Way};
use crate::provider::Dialect;
use crate::redact::{Facts, Media, Vault};
use crate::route::{Declaration, Route};

/// Answers one request. Every error ends here, is logged once and answered once.
pub(super) async fn handle(gateway: Arc<Gateway>, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let mut exchange = Exchange::begin(gateway, peer, &request);
    let id = exchange.opened.exchange;
    if let Some(trace) = headers::trace(request.headers()) {
        tracing::info!(exchange = %id, traceparent = trace, "traced");
    }
    let (http1, last) = (request.version() < Version::HTTP_2, framing::is_last(&request));
    let mut response = match exchange.run(request).await {
        Ok(response) => response,
        Err(refused) => exchange.refuse(refused).await,
    };
    let id = HeaderValue::from_str(&id.to_string()).expect("an id is plain text");
    response.headers_mut().insert(headers::EXCHANGE, id);
    if http1 && (last || response.status() == StatusCode::BAD_REQUEST) {
        framing::end_connection(&mut response);
    }
    response
}

struct Exchange {
    gateway: Arc<Gateway>,
    live: Arc<Live>,
    ruleset: Arc<Ruleset>,
    dialect: &'static Dialect,
    peer: IpAddr,
    visitor: Visitor,
    place: Option<Place>,
    /// The bytes of the request, until they are sent on.
    flight: Option<Flight>,
    started: Instant,
    /// The opening entry as far as it is known.
    opened: Opened,
    timings: Timings,
    /// There if the provider keeps conversations and their values are kept here.
    part: Option<Part>,
    /// There if somebody collects its trace.
    traced: Option<Traced>,
    /// There once the opening entry is in the log.
    ending: Option<Ending>,
}

impl Exchange {
    fn begin(gateway: Arc<Gateway>, peer: IpAddr, request: &Request<Incoming>) -> Self {
        let live = gateway.live.load_full();
        let ruleset = Arc::clone(&live.ruleset);
        let dialect = Dialect::of(request.uri().path());
        let visitor = gateway.door.look(&ruleset, request.headers(), Timestamp::now());
        let opened = Opened {
            exchange: Uuid::now_v7(),
            at: Timestamp::now(),
            caller: visitor.name().map_or_else(|| gateway.identities.caller(request.headers()), str::to_owned),
            subject: gateway.identities.told(Identity::Subject, request.headers()),
            conversation: gateway.identities.told(Identity::Conversation, request.headers()),
            purpose: None,
            consent: None,
            route: String::new(),
            provider: dialect.name.to_owned(),
            method: method_for_log(request.method()),
            path: String::new(),
            model: None,
            streaming: false,
            ruleset: ruleset.version.clone(),
            findings: Vec::new(),
            coverage: Coverage::default(),
            request: Vec::new(),
        };
        let traced = Traced::new(&gateway.spans, &ruleset, opened.exchange, request.headers());
        let (started, timings) = (Instant::now(), Timings::default());
        Self {
            gateway,
            live,
            ruleset,
            dialect,
            peer,
            visitor,
            place: None,
            flight: None,
            started,
            opened,
            timings,
            part: None,
            traced,
            ending: None,
        }
    }

    async fn run(&mut self, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
        let ruleset = Arc::clone(&self.ruleset);
        framing::check(request.version(), request.uri(), request.headers())?;
        self.visitor.enter(self.opened.at, self.peer)?;
        let (route, target) = find_route(&ruleset, &request)?;
        self.opened.route.clone_from(&route.name);
        self.visitor.go_on(&route.name)?;
        self.gateway.watch_source(&ruleset, &self.visitor, self.peer, request.headers());
        self.ruleset = ruleset.narrowed(&route.name, &self.opened.caller);
        self.declare(request.headers(), route)?;
        let (who, share) = self.visitor.share(&ruleset, self.peer);
        let place = self.gateway.places.take(ruleset.limits.exchanges, &who, share, self.started)?;
        self.flight = Some(self.gateway.places.flight(ruleset.limits.flight_bytes, &place, share));
        self.place = Some(place);
        if websocket::is_asked(&request) {
            return Box::pin(self.connect(request, target, route)).await;
        }
        let here = resumable::own_address(&self.ruleset, route, &request);
        let (received, body) = self.receive(request, target, route).await?;
        let (clean, vault) = self.clean(received, body).await?;
        self.open(&clean).await?;
        if let Some(part) = &self.part {
            part.keep(&self.gateway, &vault);
        }
        let request = clean.into_request(route)?;
        self.gateway.metrics.bytes(Way::ToProvider, request.body().length());
        let mut response = self.send(Purpose::Calls, request, route).await?;
        resumable::lead_through(response.headers_mut(), here.as_deref(), route)?;
        self.timings.first_byte_us = Some(self.elapsed_us());
        self.flight = None;
        self.relay(route, vault, response).await
    }

    /// Hands the answer on.
    async fn relay(
        &mut self,
        route: &Route,
        vault: Vault,
        response: Response<Incoming>,
    ) -> Result<Response<Body>, Refused> {
        relay::answer(relay::Answer {
            gateway: Arc::clone(&self.gateway),
            ruleset: Arc::clone(&self.ruleset),
            dialect: self.dialect,
            streaming: self.opened.streaming,
            answers: route.answers,
            vault,
            part: self.part.take(),
            ending: self.ending(),
            response,
        })
        .await
    }

    /// Takes up what the request declares, without what the log may not have.
    fn declare(&mut self, headers: &HeaderMap, route: &Route) -> Result<(), Refused> {
        let for_log = |text: &str| self.gateway.redactor(&self.ruleset).begin().text_for_log(text);
        self.opened.purpose = declared(Declaration::Purpose, headers, route)?.map(for_log).transpose()?;
        self.opened.consent = declared(Declaration::Consent, headers, route)?.map(for_log).transpose()?;
        Ok(())
    }

    /// Opens a WebSocket on both sides. Its messages are exchanges of their own, this one is the connection.
    async fn connect(
        &mut self,
        mut request: Request<Incoming>,
        target: String,
        route: &Route,
    ) -> Result<Response<Body>, Refused> {
        let upgrade = hyper::upgrade::on(&mut request);
        let (head, _) = request.into_parts();
        request::check_own_headers(&head.headers)?;
        request::check_signature(&head.headers, &target, route)?;
        let mut headers = head.headers;
        if self.visitor.name().is_some() {
            headers::remove_all_credentials(&mut headers);
        }
        let handshake = Handshake::read(&mut headers)?;
        let exempt = route.exempt.clone();
        let received = Received { method: head.method, target, headers, media: Media::Json, exempt };
        let (mut clean, vault) = self.clean(received, Payload::Whole(Bytes::new())).await?;
        handshake.scan(self.gateway.redactor(&self.ruleset))?;
        clean.facts.streaming = true;
        let conversation = self.gateway.identities.token(Identity::Conversation, &self.opened.exchange.to_string());
        self.opened.conversation.get_or_insert(conversation);
        self.open(&clean).await?;
        let request = handshake.request(clean.into_request(route)?, route);
        let response = self.send(Purpose::Socket, request, route).await?;
        self.timings.first_byte_us = Some(self.elapsed_us());
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return self.relay(route, vault, response).await;
        }
        let accepted = handshake.accept(&response)?;
        let session = Session::new(Connection {
            gateway: Arc::clone(&self.gateway),
            live: Arc::clone(&self.live),
            ruleset: Arc::clone(&self.ruleset),
            dialect: self.dialect,
            answers: route.answers,
            exempt: route.exempt.clone(),
            opened: self.opened.clone(),
            vault,
            part: self.part.take(),
            visitor: self.visitor.clone(),
            peer: self.peer,
            ending: self.ending(),
        });
        self.gateway.answers.spawn(session.run(upgrade, hyper::upgrade::on(response)));
        Ok(accepted)
    }

    /// Sends the request on and waits for the head of its answer.
    async fn send(
        &self,
        purpose: Purpose,
        request: Request<Outgoing>,
        route: &Route,
    ) -> Result<Response<Incoming>, Refused> {
        let limits = &self.ruleset.limits;
        let left = Duration::from_secs(limits.exchange_seconds).saturating_sub(self.started.elapsed());
        upstream::send(&self.live.client, purpose, request, route, limits, left).await
    }

    /// The end of the exchange, which was opened.
    fn ending(&mut self) -> Ending {
        let mut ending = self.ending.take().expect("the exchange was opened before");
        ending.timings = self.timings;
        ending.place = self.place.take();
        ending
    }

    /// Writes the opening entry and waits until it is on the disk.
    async fn open(&mut self, clean: &Clean) -> Result<(), Refused> {
        let begun = Instant::now();
        let Facts { model, subject, streaming } = &clean.facts;
        let subject = subject.as_ref().map(|subject| self.gateway.identities.token(Identity::Subject, subject));
        self.opened.subject = self.opened.subject.take().or(subject);
        self.opened.model.clone_from(model);
        self.opened.streaming = *streaming;
        self.opened.path.clone_from(&clean.path);
        let opened = Opened { request: clean.logged.to_vec(), ..self.opened.clone() };
        // A caller may leave while the entry is on its way to the disk: then this ends the exchange.
        let mut ending = Ending::new(&self.gateway, &self.opened, self.started, self.timings);
        ending.span = self.span();
        self.ending = Some(ending);
        if let Err(error) = self.gateway.log.opened(opened).await {
            self.gateway.metrics.log_failed();
            tracing::error!(%error, "the log cannot be written: nothing is forwarded");
            if let Some(ending) = self.ending.take() {
                ending.forget();
            }
            return Err(Refused::log(&error));
        }
        self.timings.commit_us = micros(begun);
        self.gateway.watch_exchange(&self.ruleset, &self.opened.caller, total(&self.opened.findings));
        self.gateway.metrics.committed(Commit::Opened, begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Logs and answers an exchange that did not get its answer.
    async fn refuse(mut self, refused: Refused) -> Response<Body> {
        tracing::info!(exchange = %self.opened.exchange, code = refused.code, "refused");
        self.gateway.watch_refusal(&self.ruleset, &self.visitor, refused.code, self.peer, &self.opened.route);
        let mut closed = Closed::new(self.opened.exchange, Timestamp::now(), refused.outcome);
        closed.reason = Some(refused.code.to_owned());
        closed.status = Some(refused.status.as_u16());
        match self.ending.take() {
            Some(ending) => ending.close(closed).await,
            None => {
                closed.timings = Timings { total_us: self.elapsed_us(), ..self.timings };
                self.count_refused(&closed);
                if refused.can_be_logged()
                    && let Err(error) = self.gateway.log.refused(self.opened, closed).await
                {
                    self.gateway.metrics.log_failed();
                    tracing::error!(%error, "a refusal could not be logged");
                }
            }
        }
        refused.response(self.dialect)
    }

    fn count_refused(&self, closed: &Closed) {
        let (found, caller) = (total(&self.opened.findings), &self.opened.caller);
        count(&self.gateway.metrics, &self.opened.route, closed);
        count_for_caller(&self.gateway.metrics, caller, found, closed);
        if let Some(span) = self.span() {
            span.end(closed, &self.gateway.metrics);
        }
        if !matches!(self.visitor, Visitor::Stranger(_)) {
            self.gateway.watch_exchange(&self.ruleset, caller, found);
        }
    }

    fn span(&self) -> Option<Span> {
        self.traced.as_ref().map(|traced| traced.span(&self.opened))
    }

    fn elapsed_us(&self) -> u64 {
        micros(self.started)
    }
}

fn find_route<'r>(ruleset: &'r Ruleset, request: &Request<Incoming>) -> Result<(&'r Route, String), Refused> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let Some((route, rest)) = ruleset.routes.find(target) else {
        let names: Vec<String> = ruleset.routes.iter().map(|route| format!("`/{}`", route.name)).collect();
        let message = format!("No route serves this path: begin it with {}.", names.join(" or "));
        return Err(Refused::request(StatusCode::NOT_FOUND, "route/unknown", message));
    };
    Ok((route, rest.to_owned()))
}

/// The method by its name, if it is one that is forwarded: an invented one may say anything.
fn method_for_log(method: &Method) -> String {
    if request::is_forwarded(method) { method.to_string() } else { "(other)".to_owned() }
}
