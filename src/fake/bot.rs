//! A bot that asks: as much of an OpenAI client as the demo needs.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::wire::frame::{Framing, Payload, Splitter};

/// A bot behind a proxy at one address.
pub struct Bot {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

/// A streamed answer to a chat.
pub struct Chat {
    response: Response<Incoming>,
    splitter: Splitter,
}

/// Why the bot got no answer.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// It could not be reached.
    #[error("the proxy cannot be reached: {0}")]
    Connect(#[from] hyper_util::client::legacy::Error),
    /// The request could not be made.
    #[error("the request cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    BrokenOff(#[from] hyper::Error),
    /// The proxy or the provider refused.
    #[error("the answer's status is {0}")]
    Status(u16),
}

impl Bot {
    /// A bot whose base URL is at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), address }
    }

    /// Sends a chat for the customer `subject`.
    pub async fn ask(&self, chat: &Value, subject: &str) -> Result<Chat, BotError> {
        let request = Request::post(format!("http://{}/v1/chat/completions", self.address))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, "Bearer fake-key-of-the-demo")
            .header("x-blotter-subject", subject)
            .body(Full::from(chat.to_string()))?;
        let response = self.client.request(request).await?;
        match response.status() {
            status if status.is_success() => Ok(Chat { response, splitter: Splitter::new(Framing::Events) }),
            status => Err(BotError::Status(status.as_u16())),
        }
    }
}

impl Chat {
    /// The id under which the log has the exchange.
    pub fn exchange(&self) -> &str {
        self.response.headers().get("x-blotter-exchange").and_then(|id| id.to_str().ok()).unwrap_or_default()
    }

    /// The next piece of the answer's text; `None` at its end.
    pub async fn next_text(&mut self) -> Result<Option<String>, BotError> {
        loop {
            while let Some(frame) = self.splitter.next_frame() {
                let payload = Payload::find(Framing::Events, &frame);
                let chunk: Value =
                    payload.and_then(|payload| serde_json::from_slice(&payload.text).ok()).unwrap_or_default();
                if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
                    return Ok(Some(text.to_owned()));
                }
            }
            match self.response.frame().await.transpose()? {
                None => return Ok(None),
                Some(frame) => self.splitter.push(frame.data_ref().map_or(&[][..], |data| data)),
            }
        }
    }
}
