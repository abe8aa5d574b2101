//! HTTP/2 as RFC 9113 asks for it: a table of what a client may not do, each by its section, and of what it may.

use std::time::Duration;

use blotter::fake::{Manner, Provider};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Caller, Proxy};

/// What the server does about what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// It ends the connection.
    Connection,
    /// It ends the stream, or says in an answer that the request is none; or it ends the connection.
    Stream,
    /// It goes on, and answers a ping.
    Nothing,
}

use Ends::{Connection, Nothing, Stream};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

/// Flags: the end of a stream (and "this is an answer" of settings and pings), the end of its head, padding.
const END: u8 = 1;
const HEAD: u8 = 4;
const PADDED: u8 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A head in HPACK: literals that are not remembered, all shorter than 127 bytes.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.extend([0, name.len() as u8]);
        block.extend(name.bytes());
        block.push(value.len() as u8);
        block.extend(value.bytes());
    }
    block
}

const METHOD: (&str, &str) = (":method", "POST");
const SCHEME: (&str, &str) = (":scheme", "http");
const PATH: (&str, &str) = (":path", "/v1/chat/completions");
const HOST: (&str, &str) = (":authority", "x");
const JSON: (&str, &str) = ("content-type", "application/json");

fn head() -> Vec<u8> {
    fields(&[METHOD, SCHEME, PATH, HOST, JSON])
}

/// A request's head with further fields.
fn with(more: &[(&str, &str)]) -> Vec<u8> {
    [head(), fields(more)].concat()
}

/// A whole request of these fields, without a body.
fn request(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, HEAD | END, 1, block)
}

/// A request whose body is still to come.
fn begun(stream: u32) -> Vec<u8> {
    frame(HEADERS, HEAD, stream, &head())
}

fn settings(id: u16, value: u32) -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

fn then(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

/// By the sections of RFC 9113.
fn cases() -> Vec<(&'static str, Vec<u8>, Ends)> {
    let ping = |flags, stream| frame(PING, flags, stream, &[7; 8]);
    let closed = || then(&[begun(1), frame(RESET, 0, 1, &[0, 0, 0, 8])]);
    let most = 0x7fff_ffff_u32.to_be_bytes();
    vec![
        ("4.1 a frame of an unknown kind", frame(0x16, 0, 0, b"????????"), Nothing),
        ("4.1 flags that nobody knows", ping(0xf6, 0), Nothing),
        ("4.1 the reserved bit", ping(0, 1 << 31), Nothing),
        ("4.2 data that is too long", then(&[begun(1), frame(DATA, END, 1, &[b' '; 16385])]), Stream),
        ("4.2 a head that is too long", frame(HEADERS, HEAD | END, 1, &[0; 16385]), Connection),
        ("4.2 settings that are too long", frame(SETTINGS, 0, 0, &[0; 16386]), Connection),
        ("4.3 a head that cannot be decoded", request(&[0x80]), Connection),
        ("4.3 a table that is too large", request(&[0x3f, 0xe1, 0xff, 0xff, 0x7f]), Connection),
        (
            "4.3 a head with a priority inside",
            then(&[frame(HEADERS, 0, 1, &head()), frame(PRIORITY, 0, 1, &[0; 5])]),
            Connection,
        ),
        ("4.3 a head with another's inside", then(&[frame(HEADERS, 0, 1, &head()), begun(3)]), Connection),
        ("5.1 data before a stream", frame(DATA, END, 1, b"{}"), Connection),
        ("5.1 a reset before a stream", frame(RESET, 0, 1, &[0, 0, 0, 8]), Connection),
        ("5.1 a window before a stream", frame(WINDOW, 0, 1, &[0, 0, 0, 9]), Connection),
        ("5.1 a continuation before a stream", frame(CONTINUATION, HEAD, 1, &head()), Connection),
        ("5.1 a priority before a stream", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9]), Nothing),
        ("5.1 data after the end", then(&[request(&head()), frame(DATA, END, 1, b"{}")]), Stream),
        ("5.1 a head after the end", then(&[request(&head()), request(&head())]), Stream),
        (
            "5.1 a continuation after the end",
            then(&[request(&head()), frame(CONTINUATION, HEAD, 1, &head())]),
            Connection,
        ),
        ("5.1 data after a reset", then(&[closed(), frame(DATA, END, 1, b"{}")]), Stream),
        ("5.1 a window after a reset", then(&[closed(), frame(WINDOW, 0, 1, &[0, 0, 0, 9])]), Nothing),
        ("5.1.1 an even stream", frame(HEADERS, HEAD | END, 2, &head()), Connection),
        ("5.1.1 a stream before another", then(&[begun(5), begun(3)]), Connection),
        ("5.1.2 more streams than there may be", then(&[begun(1), begun(3), begun(5)]), Stream),
        (
            "5.5 an unknown frame inside a head",
            then(&[frame(HEADERS, 0, 1, &head()), frame(0x16, 0, 0, &[])]),
            Connection,
        ),
        ("6.1 data of no stream", frame(DATA, END, 0, b"{}"), Connection),
        ("6.1 more padding than data", then(&[begun(1), frame(DATA, END | PADDED, 1, &[9, b' '])]), Connection),
        ("6.2 a head of no stream", frame(HEADERS, HEAD | END, 0, &head()), Connection),
        ("6.2 more padding than head", frame(HEADERS, HEAD | END | PADDED, 1, &[200, 0x83]), Connection),
        ("6.3 a priority of no stream", frame(PRIORITY, 0, 0, &[0; 5]), Connection),
        ("6.3 a priority of four bytes", then(&[begun(1), frame(PRIORITY, 0, 1, &[0; 4])]), Stream),
        ("6.4 a reset of no stream", frame(RESET, 0, 0, &[0, 0, 0, 8]), Connection),
        ("6.4 a reset of three bytes", then(&[begun(1), frame(RESET, 0, 1, &[0; 3])]), Connection),
        ("6.5 an answer to settings that says something", frame(SETTINGS, END, 0, &[0; 6]), Connection),
        ("6.5 settings of a stream", frame(SETTINGS, 0, 1, &[]), Connection),
        ("6.5 settings of three bytes", frame(SETTINGS, 0, 0, &[0; 3]), Connection),
        ("6.5.2 push neither on nor off", settings(2, 2), Connection),
        ("6.5.2 a window that is too large", settings(4, 1 << 31), Connection),
        ("6.5.2 frames that are too short", settings(5, 16383), Connection),
        ("6.5.2 frames that are too long", settings(5, 1 << 24), Connection),
        ("6.5.2 a setting that nobody knows", settings(0xff, 1), Nothing),
        ("6.6 a promise by a client", frame(PUSH, HEAD, 1, &[0, 0, 0, 2]), Connection),
        ("6.7 an answer to no ping", ping(END, 0), Nothing),
        ("6.7 a ping of a stream", ping(0, 1), Connection),
        ("6.7 a ping of six bytes", frame(PING, 0, 0, &[0; 6]), Connection),
        ("6.8 a farewell of a stream", frame(GOAWAY, 0, 1, &[0; 8]), Connection),
        ("6.9 a window that grows by nothing", frame(WINDOW, 0, 0, &[0; 4]), Connection),
        ("6.9 a stream's window that grows by nothing", then(&[begun(1), frame(WINDOW, 0, 1, &[0; 4])]), Stream),
        ("6.9 a window of three bytes", frame(WINDOW, 0, 0, &[0; 3]), Connection),
        ("6.9.1 a window over its bound", then(&[frame(WINDOW, 0, 0, &most), frame(WINDOW, 0, 0, &most)]), Connection),
        (
            "6.9.1 a stream's window over its bound",
            then(&[begun(1), frame(WINDOW, 0, 1, &most), frame(WINDOW, 0, 1, &most)]),
            Stream,
        ),
        (
            "6.10 a head in three pieces",
            {
                let head = head();
                let continued = |flags, part: &[u8]| frame(CONTINUATION, flags, 1, part);
                then(&[frame(HEADERS, 0, 1, &head[..9]), continued(0, &head[9..20]), continued(HEAD, &head[20..])])
            },
            Nothing,
        ),
        ("6.10 a continuation of a whole head", then(&[begun(1), frame(CONTINUATION, HEAD, 1, &head())]), Connection),
        (
            "6.10 a continuation of no stream",
            then(&[frame(HEADERS, 0, 1, &head()), frame(CONTINUATION, HEAD, 0, &[])]),
            Connection,
        ),
        ("8.1 a second head that ends nothing", then(&[begun(1), begun(1)]), Stream),
        ("8.2.1 a name in capitals", request(&with(&[("X-Odd", "1")])), Stream),
        ("8.2.1 a line end in a value", request(&with(&[("x-odd", "a\r\nb: c")])), Stream),
        ("8.2.1 a blank in a name", request(&with(&[("x odd", "1")])), Stream),
        ("8.2.2 a connection's own field", request(&with(&[("connection", "keep-alive")])), Stream),
        ("8.2.2 a transfer coding", request(&with(&[("transfer-encoding", "chunked")])), Stream),
        ("8.2.2 te beyond trailers", request(&with(&[("te", "gzip")])), Stream),
        ("8.3 an unknown pseudo field", request(&with(&[(":odd", "1")])), Stream),
        ("8.3 an answer's pseudo field", request(&with(&[(":status", "200")])), Stream),
        ("8.3 a pseudo field after others", request(&fields(&[METHOD, SCHEME, PATH, JSON, HOST])), Stream),
        // The section calls it malformed. The library passes over it, and trailers go nowhere from here.
        ("8.3 a pseudo field in trailers", then(&[begun(1), request(&fields(&[METHOD]))]), Nothing),
        ("8.3.1 no method", request(&fields(&[SCHEME, PATH, HOST])), Stream),
        ("8.3.1 no scheme", request(&fields(&[METHOD, PATH, HOST])), Stream),
        ("8.3.1 no path", request(&fields(&[METHOD, SCHEME, HOST])), Stream),
        ("8.3.1 an empty path", request(&fields(&[METHOD, SCHEME, (":path", ""), HOST])), Stream),
        ("8.3.1 two methods", request(&fields(&[METHOD, METHOD, SCHEME, PATH, HOST])), Stream),
        ("8.3.1 two schemes", request(&fields(&[METHOD, SCHEME, SCHEME, PATH, HOST])), Stream),
        ("8.3.1 two paths", request(&fields(&[METHOD, SCHEME, PATH, PATH, HOST])), Stream),
        (
            "8.1.1 a body shorter than announced",
            {
                let head = with(&[("content-length", "9")]);
                then(&[frame(HEADERS, HEAD, 1, &head), frame(DATA, END, 1, b"{}")])
            },
            Stream,
        ),
        (
            "8.1.1 a body longer than announced",
            {
                let head = with(&[("content-length", "1")]);
                then(&[frame(HEADERS, HEAD, 1, &head), frame(DATA, END, 1, b"{}")])
            },
            Stream,
        ),
        (
            "8.1.1 a body in two frames longer than announced",
            {
                let head = with(&[("content-length", "1")]);
                then(&[frame(HEADERS, HEAD, 1, &head), frame(DATA, 0, 1, b"{"), frame(DATA, END, 1, b"}")])
            },
            Stream,
        ),
    ]
}

/// Sends `bytes` on a connection of its own and tells how the server takes it; `patience` is for what comes after a ping's answer.
async fn sent(proxy: &Proxy, bytes: &[u8], patience: Duration) -> Ends {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat();
    let probe = frame(PING, 0, 0, b"are you?");
    let all = [&preface[..], bytes, &probe].concat();
    // The server may close before it has read everything.
    let _ = stream.write_all(&all).await;
    let mut pinged = false;
    loop {
        let mut start = [0; 9];
        let patience = if pinged { patience } else { Duration::from_secs(20) };
        let read = match tokio::time::timeout(patience, stream.read_exact(&mut start)).await {
            Err(_) if pinged => return Nothing,
            read => read.expect("the server does something"),
        };
        let mut payload = vec![0; u32::from_be_bytes([0, start[0], start[1], start[2]]) as usize];
        if read.is_err() || stream.read_exact(&mut payload).await.is_err() {
            return Connection;
        }
        match start[3] {
            GOAWAY if payload[4..8] != [0; 4] => return Connection,
            RESET => return Stream,
            // 0x88 is status 200.
            HEADERS if payload.first() != Some(&0x88) => return Stream,
            PING if start[4] & END != 0 && payload == b"are you?" => pinged = true,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_may_not_do_ends_its_stream_or_its_connection() {
    let provider = Provider::start(Manner::default()).await.unwrap();
    let proxy = Proxy::start(provider.address(), "[limits]\nstreams = 2\n").await;
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases() {
        // Nothing is all that comes quickly; an end is waited for.
        let patience = Duration::from_millis(if expected == Nothing { 200 } else { 20_000 });
        let ends = sent(&proxy, &bytes, patience).await;
        // A server may always end the connection for an error of a stream (section 5.4.1).
        if ends != expected && (expected, ends) != (Stream, Connection) {
            wrong.push(format!("{name}: {ends:?}, not {expected:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let answer = Caller::new().send(proxy.address, "POST", PATH.1, &[], r#"{"messages":[]}"#.into()).await;
    assert_eq!(answer.status, 200, "others are served");
    proxy.stop().await;
}
