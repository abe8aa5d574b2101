//! Alarms go to the webhook: signed as [Standard Webhooks](https://www.standardwebhooks.com) says, and sent again a few times.
//!
//! A message holds names and numbers alone. Where too many are on their way a further one is dropped, which is counted.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::Gateway;
use super::outgoing::Outgoing;
use super::upstream::{Client, Purpose, cause};
use crate::alarm::Alarm;
use crate::config::Webhook;
use crate::crypto::{base64, hmac_sha256};

/// How many messages are on their way at a time.
pub(super) const MESSAGES: usize = 32;
/// How long the receiver has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before each further try.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// What a try came to.
enum Sent {
    Delivered,
    /// It may go better.
    Failed(String),
    /// It will not go better.
    Refused(StatusCode),
}

impl Gateway {
    /// Sends an alarm to `webhook`, which nobody waits for but the end of the process.
    pub(super) fn deliver(self: &Arc<Self>, client: &Client, webhook: &Webhook, alarm: &Alarm, at: Timestamp) {
        let Ok(place) = Arc::clone(&self.messages).try_acquire_owned() else {
            self.metrics.webhook("dropped");
            tracing::warn!("too many alarms are on their way to the webhook: one is dropped, the log has it");
            return;
        };
        let (gateway, client, origin) = (Arc::clone(self), client.clone(), webhook.origin.to_string());
        let request = message(webhook, alarm, at);
        self.answers.spawn(async move {
            let _place = place;
            let result = gateway.try_to_send(&client, request, &origin).await;
            gateway.metrics.webhook(result);
        });
    }

    /// Sends it until it is taken, refused, or tried often enough.
    async fn try_to_send(&self, client: &Client, request: Request<Outgoing>, origin: &str) -> &'static str {
        let mut pauses = PAUSES.into_iter();
        loop {
            match send(client, request.clone()).await {
                Sent::Delivered => return "delivered",
                Sent::Refused(status) => {
                    tracing::error!(origin, status = status.as_u16(), "the webhook does not take an alarm");
                    return "failed";
                }
                Sent::Failed(why) => match pauses.next() {
                    Some(pause) if !self.is_draining() => {
                        tracing::warn!(origin, why, "the webhook did not take an alarm, which is sent again");
                        tokio::select! {
                            () = tokio::time::sleep(pause) => {}
                            () = self.draining.cancelled() => {}
                        }
                    }
                    _ => {
                        tracing::error!(origin, why, "the webhook did not take an alarm, which is given up");
                        return "failed";
                    }
                },
            }
        }
    }
}

async fn send(client: &Client, request: Request<Outgoing>) -> Sent {
    match tokio::time::timeout(PATIENCE, client.to(Purpose::Calls).request(request)).await {
        Ok(Ok(response)) => match response.status() {
            status if status.is_success() => Sent::Delivered,
            status if status.is_server_error() => Sent::Failed(format!("status {}", status.as_u16())),
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => {
                Sent::Failed(format!("status {}", status.as_u16()))
            }
            status => Sent::Refused(status),
        },
        Ok(Err(error)) => Sent::Failed(cause(&error)),
        Err(_) => Sent::Failed(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

/// The message: its members are those of the log's entry, and `text` is what chat programs show.
fn message(webhook: &Webhook, alarm: &Alarm, at: Timestamp) -> Request<Outgoing> {
    let body = json!({
        "type": "alarm",
        "timestamp": at.to_string(),
        "data": alarm,
        "text": format!("Blotter: {alarm}"),
    });
    let (id, seconds, body) = (format!("msg_{}", Uuid::now_v7().simple()), at.as_second(), body.to_string());
    let signed = hmac_sha256(&webhook.key, format!("{id}.{seconds}.{body}").as_bytes());
    let request = Request::post(webhook.url.reveal())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", format!("v1,{}", base64(&signed)));
    request.body(Outgoing::from(body)).expect("the address was checked at the start")
}
