//! WebSockets: what is said over them is redacted, restored and logged message by message.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blotter::audit::{Outcome, Record};
use futures_util::{SinkExt, StreamExt};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::callers::House;
use crate::support::{Proxy, records, sealing};

const REALTIME: &str = "/openai/v1/realtime?model=gpt-realtime";
const LIVE: &str = "/openai/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
const SSN: &str = "536-90-4399";

/// What a provider does about a message.
enum Act {
    Cut,
    Say(Message),
}

/// A provider that does what `script` makes of each message.
struct Provider {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Message>>>,
    handshakes: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Provider {
    async fn start(script: impl Fn(&Message) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, handshakes) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (kept, shaken, script) = (Arc::clone(&heard), Arc::clone(&handshakes), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, shaken, script) = (Arc::clone(&kept), Arc::clone(&shaken), Arc::clone(&script));
                tokio::spawn(async move {
                    #[expect(clippy::result_large_err, reason = "the library's own signature")]
                    let shake = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                        shaken.lock().unwrap().push(request.headers().clone());
                        if let Some(offered) = request.headers().get("sec-websocket-protocol") {
                            let first = offered.to_str().unwrap().split(", ").next().unwrap().parse().unwrap();
                            response.headers_mut().insert("sec-websocket-protocol", first);
                        }
                        match request.headers().contains_key("x-unwanted") {
                            true => Err(refusal()),
                            false => Ok(response),
                        }
                    };
                    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, shake).await else { return };
                    while let Some(Ok(message)) = socket.next().await {
                        for act in script(&message) {
                            match act {
                                Act::Cut => return,
                                Act::Say(said) => drop(socket.send(said).await),
                            }
                        }
                        kept.lock().unwrap().push(message);
                    }
                });
            }
        });
        Self { address, heard, handshakes }
    }

    /// A provider that says each message again.
    async fn echo() -> Self {
        Self::start(|message| if message.is_close() { Vec::new() } else { vec![Act::Say(message.clone())] }).await
    }

    fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until a connection was closed, and gives how.
    async fn closed(&self) -> Option<CloseFrame> {
        loop {
            if let Some(Message::Close(frame)) = self.heard().last() {
                return frame.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn refusal() -> ErrorResponse {
    let body = r#"{"error":{"message":"no"}}"#.to_owned();
    let mut refusal = ErrorResponse::new(Some(body.clone()));
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    refusal.headers_mut().insert("content-length", body.len().into());
    refusal.headers_mut().insert("content-type", "application/json".parse().unwrap());
    refusal
}

struct Bot(WebSocketStream<TcpStream>);

impl Bot {
    async fn open(proxy: &Proxy, target: &str, headers: &[(&'static str, &str)]) -> Result<(Self, HeaderMap), Error> {
        Self::open_at(proxy.address, target, headers).await
    }

    async fn open_at(
        proxy: SocketAddr,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Self, HeaderMap), Error> {
        let mut request = format!("ws://{proxy}{target}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(proxy).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        Ok((Self(socket), response.headers().clone()))
    }

    async fn connect(proxy: &Proxy, target: &str) -> Self {
        Self::open(proxy, target, &[]).await.unwrap().0
    }

    async fn say(&mut self, event: Value) {
        self.0.send(Message::text(event.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        self.0.next().await.unwrap().unwrap()
    }

    async fn event(&mut self) -> Value {
        serde_json::from_slice(&self.hear().await.into_data()).unwrap()
    }

    /// The code and reason that the connection is closed with.
    async fn closed(&mut self) -> (u16, String) {
        match self.hear().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    async fn leave(mut self) {
        self.0.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).await.unwrap();
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

fn user_says(text: &str) -> Value {
    let content = json!([{"type": "input_text", "text": text}]);
    json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
}

fn say(event: Value) -> Act {
    Act::Say(Message::text(event.to_string()))
}

/// What the provider's model says of what the caller said last, one character a time, and then whole.
fn speak(heard: &[Message]) -> Vec<Act> {
    let last: Value = serde_json::from_slice(&heard.last().unwrap().clone().into_data()).unwrap();
    let text = last["item"]["content"][0]["text"].as_str().unwrap().to_owned();
    let at = json!({"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0});
    let with = |mut event: Value| {
        event.as_object_mut().unwrap().extend(at.as_object().unwrap().clone());
        event
    };
    let delta = |c: char| say(with(json!({"type": "response.output_text.delta", "delta": c.to_string()})));
    let mut acts: Vec<Act> = text.chars().map(delta).collect();
    acts.push(say(with(json!({"type": "response.output_text.done", "text": text}))));
    let content = json!([{"type": "output_text", "text": text}]);
    let usage = json!({"input_tokens": 7, "output_tokens": 9});
    let output = json!([{"id": "item_1", "type": "message", "role": "assistant", "content": content}]);
    acts.push(say(json!({"type": "response.done", "response": {"output": output, "usage": usage}})));
    acts
}

async fn realtime() -> Provider {
    let said = Arc::<Mutex<Vec<Message>>>::default();
    Provider::start(move |message| {
        let mut said = said.lock().unwrap();
        said.push(message.clone());
        let event: Value = serde_json::from_slice(&message.clone().into_data()).unwrap_or_default();
        match event["type"].as_str() {
            Some("response.create") => speak(&said[..said.len() - 1]),
            Some("conversation.item.create") => {
                vec![say(json!({"type": "conversation.item.added", "item": event["item"]}))]
            }
            _ => Vec::new(),
        }
    })
    .await
}

fn texts(records: &[Record]) -> String {
    format!("{records:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_redacted_and_restored_however_it_is_cut() {
    let provider = realtime().await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    let text = format!("my ssn is {SSN}, thanks");
    bot.say(user_says(&text)).await;
    assert_eq!(bot.event().await["item"]["content"][0]["text"], text);
    bot.say(json!({"type": "response.create"})).await;
    let mut said = String::new();
    loop {
        let event = bot.event().await;
        match event["type"].as_str().unwrap() {
            "response.output_text.delta" => said += event["delta"].as_str().unwrap(),
            "response.output_text.done" => assert_eq!(event["text"], text),
            "response.done" => {
                assert_eq!(event["response"]["output"][0]["content"][0]["text"], text);
                break;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(said, text);
    bot.leave().await;
    let heard = provider.heard();
    assert!(!format!("{heard:?}").contains("4399"));
    assert!(heard[0].to_text().unwrap().contains("my ssn is [SSN_"));
    assert!(matches!(heard.last(), Some(Message::Close(Some(frame))) if frame.reason == "bye"));

    let records = proxy.stop().await;
    assert!(!texts(&records).contains("4399"));
    let [create, item, connection] = &records[..] else { panic!("{}", records.len()) };
    assert_eq!([&create.opened.method, &item.opened.method], ["MESSAGE", "MESSAGE"]);
    assert_eq!((connection.opened.method.as_str(), connection.opened.path.as_str()), ("GET", "/v1/realtime"));
    assert_eq!(connection.opened.model.as_deref(), Some("gpt-realtime"));
    assert!(connection.opened.conversation.is_some());
    assert!(records.iter().all(|record| record.opened.conversation == connection.opened.conversation));
    assert_eq!(item.opened.findings[0].entity, "SSN");
    let closed = create.closed.as_ref().unwrap();
    assert_eq!((closed.outcome, closed.usage.input, closed.status), (Outcome::Complete, Some(7), Some(101)));
    assert!(String::from_utf8_lossy(&closed.answer).contains("[SSN_"));
    assert_eq!(connection.closed.as_ref().unwrap().outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_for_its_route_and_tools_hold_for_every_message() {
    const CARD: &str = "4242 4242 4242 4242";
    let provider = Provider::start(|message| {
        let text = String::from_utf8_lossy(&message.clone().into_data()).into_owned();
        let Some(start) = text.find("[CARD_") else { return Vec::new() };
        let placeholder = text[start..].split_inclusive(']').next().unwrap();
        let call = |(at, tool): (usize, &str)| {
            let id = format!("item_{tool}");
            let item = json!({"id": id, "type": "function_call", "name": tool, "arguments": ""});
            let arguments = json!({"card": placeholder}).to_string();
            let (one, other) = arguments.split_at(14);
            let delta = |piece: &str| {
                let kind = "response.function_call_arguments.delta";
                say(json!({"type": kind, "item_id": id, "output_index": at, "delta": piece}))
            };
            let added = json!({"type": "response.output_item.added", "output_index": at, "item": item});
            [say(added), delta(one), delta(other)]
        };
        let mut acts: Vec<Act> = ["pay", "mail"].into_iter().enumerate().flat_map(call).collect();
        acts.push(say(json!({"type": "response.done", "response": {}})));
        acts
    })
    .await;
    let rule = |route: &str, action: &str| {
        format!("[[rule]]\nentities = [\"EMAIL\"]\nroutes = [\"{route}\"]\naction = \"{action}\"\n")
    };
    let other = "[[route]]\nname = \"other\"\nupstream = \"http://127.0.0.1:9\"\n";
    let tools = "[entities.CARD]\ntools = [\"pay\"]\n";
    let config = format!("{tools}{}{}{other}", rule("openai", "allow"), rule("other", "block"));
    let proxy = Proxy::start(provider.address, &config).await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says(&format!("mail ann@x.org the card {CARD}"))).await;
    let mut arguments = [String::new(), String::new()];
    loop {
        let event = bot.event().await;
        match event["type"].as_str().unwrap() {
            "response.done" => break,
            "response.output_item.added" => {}
            _ => arguments[event["output_index"].as_u64().unwrap() as usize] += event["delta"].as_str().unwrap(),
        }
    }
    bot.leave().await;
    assert!(provider.heard()[0].to_text().unwrap().contains("mail ann@x.org the card [CARD_"));
    let [pay, mail] = arguments;
    assert_eq!(pay, json!({"card": CARD}).to_string());
    assert!(mail.starts_with(r#"{"card":"[CARD_"#), "{mail}");
    let records = proxy.stop().await;
    let actions: Vec<&str> = records[0].opened.findings.iter().map(|tally| tally.action.as_str()).collect();
    assert_eq!(actions, ["redact", "allow"]);
    assert!(!texts(&records).contains("ann@x.org"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_in_the_log_before_the_provider_hears_it() {
    let folder = Arc::<Mutex<std::path::PathBuf>>::default();
    let looked = Arc::clone(&folder);
    let provider = Provider::start(move |message| {
        if message.is_close() {
            return Vec::new();
        }
        let records = records(&looked.lock().unwrap(), &sealing());
        let logged = records.iter().any(|record| record.opened.request == *message.clone().into_data());
        vec![say(json!({"logged": logged}))]
    })
    .await;
    let proxy = Proxy::start(provider.address, "").await;
    *folder.lock().unwrap() = proxy.folder.path().join("audit");
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    for number in 0..3 {
        bot.say(user_says(&format!("hello {number}"))).await;
        assert_eq!(bot.event().await["logged"], true);
    }
    bot.leave().await;
    assert_eq!(proxy.stop().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_refused_unless_it_is_exempt() {
    let provider = Provider::echo().await;
    let append = json!({"type": "input_audio_buffer.append", "audio": "QUJD".repeat(50)});

    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(append.clone()).await;
    assert_eq!(bot.event().await["error"]["code"], "request/unread");
    assert_eq!(bot.closed().await, (1003, "request/unread".to_owned()));
    assert_eq!(proxy.stop().await[0].closed.as_ref().unwrap().reason.as_deref(), Some("request/unread"));

    let route =
        format!("[[route]]\nname = \"voice\"\nupstream = \"http://{}\"\nexempt = [\"audio\"]\n", provider.address);
    let proxy = Proxy::start(provider.address, &route).await;
    let mut bot = Bot::connect(&proxy, "/voice/v1/realtime").await;
    for _ in 0..3 {
        bot.say(append.clone()).await;
        assert_eq!(bot.event().await, append);
    }
    bot.leave().await;
    let records = proxy.stop().await;
    assert_eq!(records.len(), 2, "the first tells of the exemption");
    assert_eq!(records[0].opened.coverage.exemptions, ["audio"]);
    assert!(String::from_utf8_lossy(&records[0].opened.request).contains("(audio)"));
    assert!(!texts(&records).contains("QUJDQUJD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_bytes_are_read_as_json() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, LIVE).await;
    let turns = json!({"client_content": {"turns": [{"role": "user", "parts": [{"text": format!("ssn {SSN}")}]}]}});
    let said = Message::binary(turns.to_string());
    bot.0.send(said.clone()).await.unwrap();
    assert_eq!(bot.hear().await, said);
    assert!(!format!("{:?}", provider.heard()).contains("4399"));

    let picture = json!({"realtimeInput": {"video": {"mimeType": "image/jpeg", "data": "QUJD"}}});
    bot.say(picture).await;
    assert_eq!(bot.closed().await, (1003, "request/unread".to_owned()), "without an event of its own");
    let records = proxy.stop().await;
    assert_eq!(records.last().unwrap().opened.provider, "gemini/live");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_turns_are_lanes_that_end_with_the_turn() {
    let provider = Provider::start(|message| {
        let text = String::from_utf8_lossy(&message.clone().into_data()).into_owned();
        let Some((_, rest)) = text.split_once("ssn ") else { return Vec::new() };
        let placeholder = rest.split('"').next().unwrap();
        let (one, other) = placeholder.split_at(4);
        let part = |text: &str| json!({"serverContent": {"modelTurn": {"parts": [{"text": text}]}}});
        let spoken = |text: &str| json!({"serverContent": {"outputTranscription": {"text": text}}});
        let events = [
            part(one),
            spoken(one),
            part(other),
            spoken(other),
            part("see ["),
            json!({"serverContent": {"turnComplete": true}}),
        ];
        events.into_iter().map(|event| Act::Say(Message::binary(event.to_string()))).collect()
    })
    .await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, LIVE).await;
    bot.say(json!({"realtimeInput": {"text": format!("ssn {SSN}")}})).await;
    let (mut written, mut spoken) = (String::new(), String::new());
    loop {
        let event = bot.event().await;
        let content = &event["serverContent"];
        written += content["modelTurn"]["parts"][0]["text"].as_str().unwrap_or_default();
        spoken += content["outputTranscription"]["text"].as_str().unwrap_or_default();
        if content["turnComplete"] == true {
            break;
        }
    }
    assert_eq!((written, spoken), (format!("{SSN}see ["), SSN.to_owned()));
    bot.leave().await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_responses_do_not_mix() {
    let provider = Provider::start(|message| {
        let text = String::from_utf8_lossy(&message.clone().into_data()).into_owned();
        let Some((_, rest)) = text.split_once("ssn ") else { return Vec::new() };
        let (one, other) = rest.split('"').next().unwrap().split_at(6);
        let delta = |item: &str, text: &str| {
            let at = json!({"item_id": item, "output_index": 0, "content_index": 0});
            json!({"type": "response.output_text.delta", "delta": text, "item_id": at["item_id"], "output_index": 0, "content_index": 0})
        };
        [delta("a", one), delta("b", "no "), delta("a", other), delta("b", one), delta("a", "!"), delta("b", other)]
            .into_iter()
            .map(say)
            .collect()
    })
    .await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says(&format!("ssn {SSN}"))).await;
    let mut said = [String::new(), String::new()];
    for _ in 0..6 {
        let event = bot.event().await;
        said[usize::from(event["item_id"] == "b")] += event["delta"].as_str().unwrap();
    }
    assert_eq!(said, [format!("{SSN}!"), format!("no {SSN}")]);
    bot.leave().await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_no_message_ends_the_connection() {
    let provider = Provider::start(|message| match message.to_text().unwrap_or_default() {
        text if text.contains("long") => vec![say(json!({"text": "x".repeat(2000)}))],
        text if text.contains("bytes") => vec![Act::Say(Message::binary(vec![0xff, 0, 1]))],
        _ => Vec::new(),
    })
    .await;
    let cases: [(Message, u16, &str); 6] = [
        (Message::text("x".repeat(3000)), 1009, "request/too-large"),
        (Message::binary(vec![0xff, 0, 1]), 1003, "json/not-utf8"),
        (Message::text("{"), 1007, "json/syntax"),
        (Message::text(r#"{"a":1,"a":2}"#), 1007, "json/duplicate-key"),
        (Message::text(r#"{"say":"long"}"#), 1011, "answer/too-long"),
        (Message::text(r#"{"say":"bytes"}"#), 1011, "answer/unread"),
    ];
    let proxy = Proxy::start(provider.address, "[limits]\nrequest_bytes = 2500\nanswer_bytes = 1500\n").await;
    for (message, code, reason) in cases {
        let mut bot = Bot::connect(&proxy, REALTIME).await;
        bot.0.send(message).await.unwrap();
        let event = bot.event().await;
        assert_eq!((&event["type"], &event["error"]["code"]), (&json!("error"), &json!(reason)));
        assert_eq!(bot.closed().await, (code, reason.to_owned()));
        drop(bot);
    }
    let records = proxy.stop().await;
    assert!(records.iter().all(|record| record.closed.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_fragments_is_one_message() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    let event = user_says(&format!("ssn {SSN}")).to_string();
    let (one, other) = event.split_at(event.find("90").unwrap());
    let part = |text: &str, data, last| Message::Frame(Frame::message(text.to_owned(), OpCode::Data(data), last));
    bot.0.send(part(one, Data::Text, false)).await.unwrap();
    bot.0.send(Message::Ping("are you there".into())).await.unwrap();
    bot.0.send(part(other, Data::Continue, true)).await.unwrap();
    let mut heard = [bot.hear().await, bot.hear().await];
    heard.sort_by_key(Message::is_pong);
    assert_eq!(heard[0].to_text().unwrap(), event);
    assert_eq!(heard[1], Message::Pong("are you there".into()));
    assert!(provider.heard()[0].to_text().unwrap().contains("ssn [SSN_"));
    assert!(!provider.heard().iter().any(Message::is_ping));
    bot.leave().await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_is_cut_off_cuts_the_other() {
    let provider = Provider::start(|message| {
        let text = message.to_text().unwrap_or_default();
        if text.contains("cut") {
            vec![say(json!({"text": "half"})), Act::Cut]
        } else {
            vec![say(json!({"text": "on"}))]
        }
    })
    .await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says("cut")).await;
    assert_eq!(bot.event().await["text"], "half");
    assert!(matches!(bot.0.next().await, Some(Err(_)) | None), "broken off, not closed");

    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says("go")).await;
    assert_eq!(bot.event().await["text"], "on");
    drop(bot);
    assert_eq!(provider.closed().await.unwrap().code, CloseCode::Away);
    let records = proxy.stop().await;
    let outcomes: Vec<Outcome> = records.iter().map(|record| record.closed.as_ref().unwrap().outcome).collect();
    let (gone, failed) = (Outcome::CallerGone, Outcome::UpstreamFailed);
    assert_eq!(outcomes, [gone, gone, failed, failed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn close_codes_pass_and_a_reason_that_holds_a_value_does_not() {
    let frame = |code: u16, reason: &str| CloseFrame { code: code.into(), reason: reason.into() };
    let theirs = frame(4001, "session expired");
    let provider = Provider::start(move |message| {
        if message.is_text() { vec![Act::Say(Message::Close(Some(theirs.clone())))] } else { Vec::new() }
    })
    .await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says("hello")).await;
    assert_eq!(bot.closed().await, (4001, "session expired".to_owned()));

    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.0.close(Some(frame(3007, &format!("ssn {SSN}")))).await.unwrap();
    while let Some(Ok(_)) = bot.0.next().await {}
    let records = proxy.stop().await;
    assert_eq!(provider.heard().last(), Some(&Message::Close(Some(frame(3007, "")))));
    assert_eq!(records[0].closed.as_ref().unwrap().reason.as_deref(), Some("close/3007"));
    assert!(!texts(&records).contains("4399"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_subprotocol_goes_to_the_provider_and_nowhere_else() {
    let provider = Provider::echo().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-lent").unwrap();
    let route = format!(
        "[[route]]\nname = \"lent\"\nupstream = \"http://{}\"\ncredential = {{ file = \"{}\" }}\n",
        provider.address,
        file.display()
    );
    let proxy = Proxy::start(provider.address, &route).await;
    let key = "openai-insecure-api-key.sk-proj-Zq3vT9xW7yB2nM5kL8pR4sD6fG1hJ0cA";
    let offered = format!("realtime, {key}");
    let headers = [("sec-websocket-protocol", offered.as_str()), ("sec-websocket-extensions", "permessage-deflate")];
    let (bot, told) = Bot::open(&proxy, REALTIME, &headers).await.unwrap();
    assert_eq!(told["sec-websocket-protocol"], "realtime");
    assert!(!told.contains_key("sec-websocket-extensions"));
    bot.leave().await;
    let (bot, _) = Bot::open(&proxy, "/lent/v1/realtime", &headers).await.unwrap();
    bot.leave().await;
    let value = format!("realtime, ssn-{SSN}");
    let refused = Bot::open(&proxy, REALTIME, &[("sec-websocket-protocol", value.as_str())]).await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == StatusCode::BAD_REQUEST));

    let handshakes = provider.handshakes.lock().unwrap().clone();
    assert_eq!(handshakes[0]["sec-websocket-protocol"], offered);
    assert!(!handshakes[0].contains_key("sec-websocket-extensions"));
    assert_eq!(handshakes[1]["sec-websocket-protocol"], "realtime");
    assert_eq!(handshakes[1]["authorization"], "Bearer sk-lent");
    assert_eq!(handshakes.len(), 2);
    let records = proxy.stop().await;
    assert!(!texts(&records).contains("sk-proj") && !texts(&records).contains("4399"));
    assert!(records[0].opened.caller.starts_with("key_") || records[0].opened.caller == "anonymous");
    assert!(records[2].opened.caller.starts_with("key_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_wants_no_websocket_says_so() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "").await;
    let refused = Bot::open(&proxy, REALTIME, &[("x-unwanted", "yes")]).await;
    let Err(Error::Http(answer)) = refused else { panic!("it was accepted") };
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let records = proxy.stop().await;
    assert_eq!(records[0].closed.as_ref().unwrap().outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_value_is_told_and_the_connection_goes_on() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "[entities.SSN]\naction = \"block\"\n").await;
    let mut bot = Bot::connect(&proxy, "/openai/v1/responses").await;
    let create = |text: &str| json!({"type": "response.create", "model": "m", "input": text});
    bot.say(create(&format!("ssn {SSN}"))).await;
    let event = bot.event().await;
    assert_eq!((event["status"].as_u64(), &event["error"]["code"]), (Some(403), &json!("policy/blocked")));
    bot.say(create("hello")).await;
    assert_eq!(bot.event().await, create("hello"));
    bot.leave().await;
    assert!(!format!("{:?}", provider.heard()).contains("4399"));
    let records = proxy.stop().await;
    let outcomes: Vec<Outcome> = records.iter().map(|record| record.closed.as_ref().unwrap().outcome).collect();
    assert_eq!(outcomes, [Outcome::Complete, Outcome::Refused, Outcome::Complete]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_route_redacts_what_the_caller_did_not_send() {
    let provider = Provider::start(|message| {
        if message.is_close() {
            return Vec::new();
        }
        let event = json!({"type": "response.output_text.delta", "item_id": "i", "delta": "ssn 219-09-9999 and "});
        let done = json!({"type": "response.output_text.done", "item_id": "i", "text": "ssn 219-09-9999 and "});
        vec![say(event), say(done)]
    })
    .await;
    let route = format!("[[route]]\nname = \"g\"\nupstream = \"http://{}\"\nanswers = \"redact\"\n", provider.address);
    let proxy = Proxy::start(provider.address, &route).await;
    let mut bot = Bot::connect(&proxy, "/g/v1/realtime").await;
    bot.say(user_says("hello")).await;
    for field in ["delta", "text"] {
        assert!(bot.event().await[field].as_str().unwrap().starts_with("ssn [SSN_"));
    }
    bot.leave().await;
    assert!(!texts(&proxy.stop().await).contains("9999"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_stops_says_goodbye() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says("hello")).await;
    bot.event().await;
    let heard = tokio::spawn(async move { bot.closed().await });
    let records = proxy.stop().await;
    assert_eq!(heard.await.unwrap().0, 1001);
    assert!(records.iter().all(|record| record.closed.as_ref().unwrap().outcome == Outcome::Interrupted));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_conversations_pass_unharmed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire/fixtures/realtime");
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("skipped: there are no recordings beside the project");
        return;
    };
    let provider = Provider::echo().await;
    let route = format!(
        "[[route]]\nname = \"r\"\nupstream = \"http://{}\"\nexempt = [\"audio\", \"images\"]\n",
        provider.address
    );
    let proxy = Proxy::start(provider.address, &route).await;
    for file in files {
        let path = file.unwrap().path();
        let is_live = path.to_string_lossy().contains("google");
        let target = if is_live { LIVE.replace("/openai/", "/r/") } else { "/r/v1/realtime".to_owned() };
        let mut bot = Bot::connect(&proxy, &target).await;
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let said = Message::text(row["data"].to_string());
            bot.0.send(said.clone()).await.unwrap();
            assert_eq!(bot.hear().await, said, "{}", path.display());
        }
        bot.leave().await;
    }
    proxy.stop().await;
}

/// A proxy that asks for keys, in front of a provider that says each message again.
async fn keyed() -> (Provider, House) {
    let (provider, house) = (Provider::echo().await, House::build("").await);
    house.configure(&house.upstream.address.to_string(), &provider.address.to_string());
    (provider, house)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_a_connection_that_is_open() {
    let (provider, house) = keyed().await;
    let (key, other) = (house.run(&["key", "new", "bot"]), house.run(&["key", "new", "other"]));
    let proxy = house.serve();
    let mut bot = Bot::open_at(proxy.address, REALTIME, &[("api-key", &key)]).await.unwrap().0;
    let mut stays = Bot::open_at(proxy.address, REALTIME, &[("api-key", &other)]).await.unwrap().0;
    bot.say(user_says("hi")).await;
    bot.event().await;
    house.run(&["key", "revoke", "bot"]);
    let told = bot.event().await;
    assert_eq!(told["error"]["code"], "caller/revoked", "{told}");
    assert_eq!(bot.closed().await, (1008, "caller/revoked".to_owned()));
    provider.closed().await;
    stays.say(user_says("still here")).await;
    stays.event().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_count_towards_a_callers_rate() {
    let (provider, house) = keyed().await;
    let key = house.run(&["key", "new", "bot", "--rate", "3/min"]);
    let proxy = house.serve();
    let mut bot = Bot::open_at(proxy.address, REALTIME, &[("api-key", &key)]).await.unwrap().0;
    for _ in 0..2 {
        bot.say(user_says("hi")).await;
        assert_eq!(bot.event().await["type"], "conversation.item.create");
    }
    bot.say(user_says("too fast")).await;
    let told = bot.event().await;
    assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("caller/rate")), "{told}");
    assert_eq!(provider.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_the_bounds_of_a_body() {
    let provider = Provider::echo().await;
    for (limit, text, reason) in [
        ("findings = 2", "ann@x.org, bob@y.org, eve@z.org", "request/too-many-findings"),
        ("strings = 20", "[1,2,3,4,5,6,7,8,9,10,11,12]", "json/too-many-strings"),
    ] {
        let proxy = Proxy::start(provider.address, &format!("[limits]\n{limit}\n")).await;
        let mut bot = Bot::connect(&proxy, REALTIME).await;
        bot.say(user_says("ann@x.org")).await;
        assert!(bot.hear().await.is_text());
        bot.say(user_says(text)).await;
        while !bot.hear().await.is_close() {}
        let records = proxy.stop().await;
        assert!(records.iter().any(|record| record.closed.as_ref().unwrap().reason.as_deref() == Some(reason)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_count_like_requests_and_a_refused_one_tells_what_was_found_in_it() {
    let provider = Provider::echo().await;
    let proxy = Proxy::start(provider.address, "[entities.SSN]\naction = \"block\"\n").await;
    let mut bot = Bot::connect(&proxy, REALTIME).await;
    bot.say(user_says("ann@x.org")).await;
    assert!(bot.hear().await.is_text());
    bot.say(user_says(&format!("ssn {SSN}, bob@y.org"))).await;
    assert_eq!(bot.event().await["type"], "error");
    let metrics = proxy.gateway.metrics().text();
    let count = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {metrics}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(count(r#"blotter_findings_total{entity="EMAIL",action="redact",side="request"}"#), 1.0);
    assert_eq!(count(r#"blotter_findings_total{entity="SSN",action="block",side="request"}"#), 1.0);
    assert_eq!(count(r#"blotter_refusals_total{reason="policy/blocked"}"#), 1.0);
    assert_eq!(count(r#"blotter_log_commit_seconds_count{entry="opened"}"#), 2.0);
    for way in ["from-caller", "from-provider", "to-caller", "to-provider"] {
        assert!(count(&format!("blotter_bodies_bytes_total{{way=\"{way}\"}}")) > 100.0, "{way}");
    }
    drop(bot);
    let records = proxy.stop().await;
    let is_refused = |record: &&Record| record.closed.as_ref().unwrap().reason.as_deref() == Some("policy/blocked");
    let refused = records.iter().find(is_refused).unwrap();
    assert_eq!(refused.opened.findings[0].entity, "SSN");
    assert!(refused.opened.coverage.strings > 0);
}
