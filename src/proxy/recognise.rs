//! Asks the recogniser services of the pattern files about the texts of a request: Presidio Analyzer's `/analyze` API.
//!
//! A call is made once, a service gets so many at a time, and all that an exchange asks has to be answered in the service's time.
//! What was said of a text is remembered under its keyed hash, never the text. A service that does not answer, or answers
//! what cannot be right, fails the request unless its file says `on_failure = "pass"`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::memory::Memory;
use super::outgoing::Outgoing;
use super::refused::Refused;
use super::upstream::{Client, Purpose, cause};
use crate::crypto::Hash;
use crate::detect::{Finding, OnFailure, Service};
use crate::redact::{Recognised, Texts};

/// The recogniser services of a ruleset.
pub(super) struct Recognisers {
    all: Vec<Arc<Recogniser>>,
}

/// What services said about a request.
pub(super) struct Answered {
    pub recognised: Recognised,
    /// The services that did not answer and whose file lets the request pass, as the log names them.
    pub exemptions: Vec<String>,
}

struct Recogniser {
    service: Service,
    client: Client,
    places: Semaphore,
    memory: Mutex<Memory<Hash, Arc<[Finding]>>>,
}

type Text = (Hash, Arc<Zeroizing<String>>);

/// How many texts a service's answers are remembered for.
const REMEMBERED: usize = 1 << 16;

/// The longest answer of a service.
const LONGEST_ANSWER: usize = 8 << 20;

/// Why a service did not help. Says nothing of the text.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("did not answer as Presidio Analyzer does: {0}")]
    Answer(String),
    #[error("did not answer within {0} ms")]
    Slow(u64),
    #[error("cannot be reached ({0})")]
    Unreachable(String),
}

impl Recognisers {
    /// The services, asked through `client`.
    pub(super) fn new(services: &[Service], client: &Client) -> Self {
        let recogniser = |service: &Service| {
            Arc::new(Recogniser {
                service: service.clone(),
                client: client.clone(),
                places: Semaphore::new(service.concurrency),
                memory: Mutex::new(Memory::new(REMEMBERED)),
            })
        };
        Self { all: services.iter().map(recogniser).collect() }
    }

    /// Whether there is nobody to ask.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Asks every service about `texts`, all at once.
    pub(super) async fn ask(&self, texts: &Texts) -> Result<Answered, Refused> {
        let mut answered = Answered { recognised: Recognised::about(texts), exemptions: Vec::new() };
        let texts: Arc<[Text]> = texts.iter().map(|(hash, text)| (*hash, Arc::new(text.clone()))).collect();
        let mut asked = JoinSet::new();
        for recogniser in &self.all {
            asked.spawn(Arc::clone(recogniser).ask(Arc::clone(&texts)));
        }
        // In the order of the files, so that a request is always redacted the same way.
        let mut said = asked.join_all().await;
        said.sort_by_key(|(recogniser, ..)| self.all.iter().position(|known| Arc::ptr_eq(known, recogniser)));
        for (recogniser, findings, failure) in said {
            findings.iter().for_each(|(text, findings)| answered.recognised.add(text, findings));
            let Some(failure) = failure else { continue };
            let service = &recogniser.service;
            tracing::warn!(service = service.name, %failure, "a recogniser service failed");
            match service.on_failure {
                OnFailure::Pass => answered.exemptions.push(format!("service/{}", service.name)),
                OnFailure::Refuse => return Err(failure.refused(service)),
            }
        }
        Ok(answered)
    }
}

impl Recogniser {
    /// What the service says about each text, and what went wrong first.
    async fn ask(self: Arc<Self>, texts: Arc<[Text]>) -> (Arc<Self>, Vec<(Hash, Arc<[Finding]>)>, Option<Failure>) {
        let (mut said, mut unknown) = (Vec::new(), Vec::new());
        for text in texts.iter() {
            match self.remembered(&text.0) {
                Some(findings) => said.push((text.0, findings)),
                None => unknown.push(text.clone()),
            }
        }
        let time = self.service.timeout_ms;
        let asking = self.ask_about(unknown, &mut said);
        let failure = match tokio::time::timeout(Duration::from_millis(time), asking).await {
            Ok(failure) => failure,
            Err(_) => Some(Failure::Slow(time)),
        };
        (self, said, failure)
    }

    /// Makes the calls, and adds to `said` as they are answered; where a failure refuses the request, it ends them.
    async fn ask_about(self: &Arc<Self>, texts: Vec<Text>, said: &mut Vec<(Hash, Arc<[Finding]>)>) -> Option<Failure> {
        let mut texts = texts.into_iter();
        let mut calls = JoinSet::new();
        let mut failed = None;
        loop {
            while calls.len() < self.service.concurrency {
                let Some((hash, text)) = texts.next() else { break };
                let asked = Arc::clone(self);
                calls.spawn(async move { (hash, asked.call(&text).await) });
            }
            match calls.join_next().await {
                None => return failed,
                Some(Ok((hash, Ok(findings)))) => {
                    let findings = Arc::from(findings);
                    self.remember(hash, &findings);
                    said.push((hash, findings));
                }
                Some(Ok((_, Err(failure)))) => failed = failed.or(Some(failure)),
                Some(Err(_)) => failed = failed.or(Some(Failure::Answer("its answer could not be read".to_owned()))),
            }
            if failed.is_some() && self.service.on_failure == OnFailure::Refuse {
                return failed;
            }
        }
    }

    async fn call(&self, text: &str) -> Result<Vec<Finding>, Failure> {
        let _place = self.places.acquire().await.map_err(|_| Failure::Unreachable("it is closed".to_owned()))?;
        let Service { entities, language, score, url, .. } = &self.service;
        let entities: Vec<&str> = entities.iter().map(|(entity, _)| entity.as_str()).collect();
        let question = json!({"text": text, "language": language, "entities": entities, "score_threshold": score});
        let request = Request::post(url.get_ref()).header(CONTENT_TYPE, "application/json");
        let request = request.body(Outgoing::from(question.to_string()));
        let request = request.map_err(|_| Failure::Unreachable("its URL cannot be used".to_owned()))?;
        let response = self
            .client
            .to(Purpose::Calls)
            .request(request)
            .await
            .map_err(|error| Failure::Unreachable(cause(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(Failure::Answer(format!("status {}", response.status().as_u16())));
        }
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|_| Failure::Answer("its answer broke off or is too long".to_owned()))?.to_bytes();
        self.read(&body, text)
    }

    /// The findings in an answer, their places checked.
    fn read(&self, answer: &[u8], text: &str) -> Result<Vec<Finding>, Failure> {
        let said: Vec<Said> = serde_json::from_slice(answer)
            .map_err(|_| Failure::Answer("no list of `entity_type`, `start`, `end` and `score`".to_owned()))?;
        let places = Places::new(text);
        let mut findings = Vec::new();
        for Said { entity_type, start, end, score } in said {
            let span = places.bytes(start).zip(places.bytes(end)).filter(|(start, end)| start < end);
            let (start, end) = span.ok_or_else(|| Failure::Answer("a place outside the text".to_owned()))?;
            let taken = self.service.entities.iter().find(|(entity, _)| entity.as_str() == entity_type);
            let Some((entity, pattern)) = taken.filter(|_| score >= self.service.score) else { continue };
            findings.push(Finding { entity: entity.clone(), span: start..end, pattern: *pattern });
        }
        Ok(findings)
    }

    fn remembered(&self, text: &Hash) -> Option<Arc<[Finding]>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).get(text)
    }

    fn remember(&self, text: Hash, findings: &Arc<[Finding]>) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).keep(text, Arc::clone(findings));
    }
}

/// One finding of an answer; its places count Unicode code points.
#[derive(Deserialize)]
struct Said {
    entity_type: String,
    start: usize,
    end: usize,
    score: f64,
}

/// Where in a text its characters begin.
struct Places {
    /// For a text that is not ASCII: each character's first byte, and the end.
    starts: Option<Vec<usize>>,
    length: usize,
}

impl Places {
    fn new(text: &str) -> Self {
        let starts = || text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { starts: (!text.is_ascii()).then(starts), length: text.len() }
    }

    fn bytes(&self, character: usize) -> Option<usize> {
        match &self.starts {
            Some(starts) => starts.get(character).copied(),
            None => (character <= self.length).then_some(character),
        }
    }
}

impl Failure {
    fn refused(&self, service: &Service) -> Refused {
        let code = match self {
            Self::Answer(_) => "service/answer",
            Self::Slow(_) => "service/timeout",
            Self::Unreachable(_) => "service/unreachable",
        };
        let Service { name, file, .. } = service;
        let message = format!(
            "The recogniser service `{name}` {self}, so the request was not forwarded: try again, and have whoever runs \
            Blotter look at the service, or at its `timeout` and `on_failure` in {file}."
        );
        Refused::request(StatusCode::SERVICE_UNAVAILABLE, code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let check = |text: &str, character: usize, byte: Option<usize>| {
            assert_eq!(Places::new(text).bytes(character), byte, "{text}: {character}");
        };
        check("Ann", 0, Some(0));
        check("Ann", 3, Some(3));
        check("Ann", 4, None);
        check("😀 Ann é", 2, Some(5));
        check("😀 Ann é", 6, Some(9));
        check("😀 Ann é", 7, Some(11));
        check("😀 Ann é", 8, None);
    }
}
