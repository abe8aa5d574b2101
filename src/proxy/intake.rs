//! Takes in a form or a file as it comes. It is redacted piece by piece and waits in a spool: nothing of it leaves before all of
//! it was looked at and the log has its entry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::Gateway;
use super::outgoing::Outgoing;
use super::places::Flight;
use super::refused::Refused;
use super::request::{self, Clean, Cleaned, Received};
use super::scan::scan;
use super::spool::Spool;
use crate::config::{Limits, Ruleset};
use crate::policy::Exemption;
use crate::provider::Dialect;
use crate::redact::{Media, Paused, Redaction, Room, Upload, Uploaded, Vault};

/// One upload on its way in.
pub(super) struct Intake {
    gateway: Arc<Gateway>,
    ruleset: Arc<Ruleset>,
    dialect: &'static Dialect,
    exempt: Vec<Exemption>,
    paused: Paused,
    spool: Spool,
    /// None before the first byte: a body without any is neither form nor file.
    upload: Option<Upload>,
    media: Media,
    request: Clean,
    /// How many bytes came.
    length: usize,
    /// How long the work on them took.
    took: Duration,
}

/// What became of an upload.
pub(super) struct Taken {
    pub cleaned: Cleaned,
    /// How many bytes came.
    pub length: usize,
    /// How long the work on them took.
    pub took: Duration,
}

/// How much is redacted at a time.
const BATCH: usize = 256 << 10;

/// How long a content is read whole, and about how much of a longer one at a time.
const PIECE: usize = 512 << 10;

/// How much of an upload's values is kept to be put back into its answer.
const VALUES: usize = 8 << 20;

impl Intake {
    /// Scans the head of a request; `vault` holds what its conversation said before.
    pub(super) fn begin(
        gateway: Arc<Gateway>,
        ruleset: Arc<Ruleset>,
        dialect: &'static Dialect,
        received: Received,
        vault: Vault,
    ) -> Result<Self, Box<Taken>> {
        let exempt = received.exempt.clone();
        let mut redaction = gateway.redactor(&ruleset).go_on(vault, None).within(VALUES);
        let head = request::clean_head(&mut redaction, dialect, received);
        let paused = redaction.pause();
        let (request, media) = match head {
            Ok(head) => head,
            Err(refused) => {
                let cleaned = Cleaned::of(Err(refused), paused);
                return Err(Box::new(Taken { cleaned, length: 0, took: Duration::ZERO }));
            }
        };
        let disk_room = gateway.places.disk(ruleset.limits.upload_disk_bytes);
        let spool = Spool::new(Arc::clone(&ruleset.upload_folder), ruleset.limits.request_bytes, disk_room);
        let (upload, length, took) = (None, 0, Duration::ZERO);
        Ok(Self { gateway, ruleset, dialect, exempt, paused, spool, upload, media, request, length, took })
    }

    /// Takes in all of `body`.
    pub(super) async fn run(mut self, body: Incoming, flight: &mut Flight) -> Result<Taken, Refused> {
        let mut source = Source::new(body, self.ruleset.limits);
        loop {
            let batch = source.next().await.and_then(|batch| {
                flight.set(self.weight() + batch.bytes.len())?;
                Ok(batch)
            });
            let (taken, is_last);
            match batch {
                Ok(batch) => {
                    is_last = batch.is_last;
                    (self, taken) = scan(batch.bytes.len(), move || self.take(&batch.bytes)).await?;
                }
                Err(refused) => (taken, is_last) = (Err(refused), true),
            }
            if is_last || taken.is_err() {
                return scan(self.weight(), move || self.end(taken)).await;
            }
        }
    }

    /// How many bytes of memory it takes.
    fn weight(&self) -> usize {
        self.spool.weight() + self.paused.weight() + self.upload.as_ref().map_or(0, Upload::weight)
    }

    fn take(mut self, bytes: &[u8]) -> (Self, Result<(), Refused>) {
        let begun = Instant::now();
        self.length += bytes.len();
        let gateway = Arc::clone(&self.gateway);
        let ruleset = Arc::clone(&self.ruleset);
        let exempt = std::mem::take(&mut self.exempt);
        let mut redaction = gateway.redactor(&ruleset).resume(std::mem::take(&mut self.paused)).exempting(&exempt);
        let taken = if bytes.is_empty() { Ok(()) } else { self.redact(&mut redaction, bytes) };
        self.paused = redaction.pause();
        self.exempt = exempt;
        self.took += begun.elapsed();
        (self, taken)
    }

    fn redact(&mut self, redaction: &mut Redaction, bytes: &[u8]) -> Result<(), Refused> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(Upload::begin(&self.media, room(&self.ruleset.limits))?),
        };
        let sent = upload.push(redaction, self.dialect, bytes)?;
        Ok(self.spool.write(sent)?)
    }

    fn end(mut self, taken: Result<(), Refused>) -> Taken {
        let begun = Instant::now();
        let mut redaction = self.gateway.redactor(&self.ruleset).resume(self.paused).exempting(&self.exempt);
        let request = taken.and_then(|()| {
            let Some(upload) = self.upload else { return Ok(self.request) };
            let Uploaded { sent, late, logged, unlogged, facts } = upload.end(&mut redaction, self.dialect)?;
            self.spool.write(sent)?;
            self.spool.change(late);
            Ok(Clean { unlogged, ..self.request.with(Outgoing::of(self.spool), logged, facts) })
        });
        let cleaned = Cleaned::of(request, redaction.pause());
        Taken { cleaned, length: self.length, took: self.took + begun.elapsed() }
    }
}

fn room(limits: &Limits) -> Room {
    Room { piece: PIECE, whole: limits.request_bytes.max(PIECE), logged: limits.logged_upload_bytes }
}

/// A body that is read batch by batch, within the limits on its size and time.
struct Source {
    body: Incoming,
    limits: Limits,
    /// How much came.
    length: usize,
    /// How long it may take to come, from now on.
    left: Duration,
}

struct Batch {
    bytes: Vec<u8>,
    is_last: bool,
}

impl Source {
    fn new(body: Incoming, limits: Limits) -> Self {
        Self { body, limits, length: 0, left: Duration::from_secs(limits.request_seconds) }
    }

    /// The next batch. What is longer than other requests may be has more time, by as many times as it is.
    async fn next(&mut self) -> Result<Batch, Refused> {
        let limits = self.limits;
        let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if self.length.saturating_add(announced) > limits.upload_bytes {
            return Err(request::too_large(limits.upload_bytes, "upload_bytes"));
        }
        let (begun, before) = (Instant::now(), self.length / limits.request_bytes);
        let batch = tokio::time::timeout(self.left, self.collect()).await;
        let batch = batch.map_err(|_| request::too_slow(&limits))?;
        let longer = self.length / limits.request_bytes - before;
        self.left = self.left.saturating_sub(begun.elapsed())
            + Duration::from_secs(limits.request_seconds.saturating_mul(longer as u64));
        batch
    }

    async fn collect(&mut self) -> Result<Batch, Refused> {
        let mut bytes = Vec::new();
        while bytes.len() < BATCH {
            let Some(frame) = self.body.frame().await else { return Ok(Batch { bytes, is_last: true }) };
            // Trailers are not forwarded.
            let Ok(data) = frame.map_err(|_| request::broken_off())?.into_data() else { continue };
            self.length += data.len();
            if self.length > self.limits.upload_bytes {
                return Err(request::too_large(self.limits.upload_bytes, "upload_bytes"));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Batch { bytes, is_last: false })
    }
}
