//! Requests that readers could take for more than one, for another host or for another path: each is refused, or arrives as
//! exactly one. The upstream here is strict, and what it counts is what the log counts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blotter::audit::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::Proxy;

/// A whole request that hides in another. Its length is 75, 4b in hexadecimal: no JSON number.
const HIDDEN: &str = "POST /openai/hidden HTTP/1.1\r\nHost: a\r\nX: abc\r\nContent-Length: 7\r\n\r\n{\"b\":2}";

/// What becomes of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Exactly one request arrives, and the caller gets its answer.
    Arrives,
    /// One request arrives or none; what is hidden never does.
    Either,
    /// None arrives.
    Refused,
}
use Fate::{Arrives, Either, Refused};

type Shape = (String, Vec<u8>, Fate);

/// An upstream that takes one well-formed request after another and notes every other thing. Gives what it saw by the mark in the path.
async fn strict() -> (SocketAddr, Arc<Mutex<BTreeMap<String, usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<BTreeMap<String, usize>>>::default());
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(requests(stream, Arc::clone(&noted)));
        }
    });
    (address, seen)
}

async fn requests(mut stream: TcpStream, seen: Arc<Mutex<BTreeMap<String, usize>>>) {
    let note = |mark: String| *seen.lock().unwrap().entry(mark).or_default() += 1;
    let mut bytes = Vec::new();
    loop {
        while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap_or_default().to_lowercase();
            let lines: Vec<&str> = head.split("\r\n").collect();
            let count = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
            let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let plain = !head.replace("\r\n", "").contains(['\r', '\n', '\0']);
            if !plain || count("host:") != 1 || count("content-length:") > 1 || count("transfer-encoding") > 0 {
                note(format!("odd: {head:?}"));
                return;
            }
            let whole = end + length.unwrap_or(0);
            if bytes.len() < whole {
                break;
            }
            note(lines[0].split(' ').nth(1).unwrap_or_default().to_owned());
            bytes.drain(..whole);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&more[..read]),
            _ if bytes.is_empty() => return,
            _ => return note(format!("left over: {:?}", String::from_utf8_lossy(&bytes))),
        }
    }
}

/// A request whose head has these lines, with these bytes behind it.
fn post(target: &str, lines: &str, rest: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\n{lines}\r\n{rest}").into_bytes()
}

/// Ways to say, or nearly to say, that the body comes in chunks.
const CHUNKED: [&str; 46] = [
    "Transfer-Encoding: chunked",
    "transfer-encoding:chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding:  chunked  ",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: cHuNkEd",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "\tTransfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\r\n\tchunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunkedx",
    "Transfer-Encoding: chunk ed",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: 'chunked'",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \u{b}chunked",
    "Transfer-Encoding: chunked\u{b}",
    "Transfer-Encoding: \u{c}chunked",
    "Transfer-Encoding: chunked\0",
    "Transfer-Encoding: \0chunked",
    "Transfer-Encoding\0: chunked",
    "Transfer-Encoding: chu\u{85}nked",
    "Transfer-Encoding: \u{a0}chunked",
    "Transfer_Encoding: chunked",
    "Transfer Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
    "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
    "TE: chunked",
];

/// Both lengths, so that whoever believes the other one sees the hidden request.
fn two_lengths() -> Vec<Shape> {
    let ends_early = format!("7\r\n{{\"a\":1}}\r\n0\r\n\r\n{HIDDEN}");
    let hides = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    let size = hides.find('\n').unwrap() + 1;
    let shape = |name: String, headers: String, rest: &str| {
        (name.clone(), post(&format!("/openai/v1/MARK?{}", 0), &format!("Host: a\r\n{headers}\r\n"), rest), Either)
    };
    let shapes = CHUNKED.iter().flat_map(|chunked| {
        let (all, first) = (ends_early.len(), size);
        [
            shape(format!("CL.TE {chunked:?}"), format!("Content-Length: {all}\r\n{chunked}"), &ends_early),
            shape(format!("TE.CL {chunked:?}"), format!("{chunked}\r\nContent-Length: {first}"), &hides),
        ]
    });
    shapes.collect()
}

/// Lengths that are no lengths, or two.
fn lengths() -> Vec<Shape> {
    let bad = [
        "Content-Length: +7",
        "Content-Length: -7",
        "Content-Length: 0x7",
        "Content-Length: 7, 7",
        "Content-Length: 7,8",
        "Content-Length: 7 8",
        "Content-Length: 7;",
        "Content-Length: 7.0",
        "Content-Length: 7e0",
        "Content-Length: \"7\"",
        "Content-Length: seven",
        "Content-Length:",
        "Content-Length: 99999999999999999999",
        "Content-Length: 18446744073709551623",
        "Content-Length: 7\r\nContent-Length: 8",
        "Content-Length: 8\r\nContent-Length: 7",
        "Content-Length : 7",
        "Content-Length\0: 7",
        " Content-Length: 7",
        "Content-Length: \u{ff17}",
        "Content-Length: 7\0",
        "Content-Length:\r\n 7",
        "Content_Length: 7",
    ];
    let fine =
        ["Content-Length: 7", "content-length:7", "Content-Length:\t7 ", "Content-Length: 007", "CONTENT-LENGTH: 7"];
    let shape = |line: &&str, fate| {
        let bytes = post("/openai/v1/MARK", &format!("Host: a\r\n{line}\r\n"), "{\"a\":1}");
        (format!("length {line:?}"), bytes, fate)
    };
    let twice = (
        "the same length twice".to_owned(),
        post("/openai/v1/MARK", "Host: a\r\nContent-Length: 7\r\nContent-Length: 7\r\n", "{\"a\":1}"),
        Either,
    );
    bad.iter()
        .map(|line| shape(line, Refused))
        .chain(fine.iter().map(|line| shape(line, Arrives)))
        .chain([twice])
        .collect()
}

/// Chunks that are none.
fn chunks() -> Vec<Shape> {
    let bad = [
        "0x7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "+7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "-7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7g\r\n{\"a\":1}\r\n0\r\n\r\n",
        "\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7\n{\"a\":1}\n0\n\n",
        "7\r{\"a\":1}\r0\r\r",
        "7\r\n{\"a\":1}0\r\n\r\n",
        "7\r\n{\"a\":1}\n0\r\n\r\n",
        "7\r\n{\"a\":1}XX0\r\n\r\n",
        "6\r\n{\"a\":1}\r\n0\r\n\r\n",
        "8\r\n{\"a\":1}\r\n0\r\n\r\n",
        "10000000000000007\r\n{\"a\":1}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7\0\r\n{\"a\":1}\r\n0\r\n\r\n",
        "\u{ff17}\r\n{\"a\":1}\r\n0\r\n\r\n",
        "seven\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7\r\n{\"a\":1}\r\n",
        "7\r\n{\"a\":",
        "7;\n\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7;a=\"\nb\"\r\n{\"a\":1}\r\n0\r\n\r\n",
    ];
    let odd = [
        "07\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7 \r\n{\"a\":1}\r\n0\r\n\r\n",
        " 7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7;name=value\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7;\r\n{\"a\":1}\r\n0\r\n\r\n",
        "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
        "7\r\n{\"a\":1}\r\n00\r\n\r\n",
        "7\r\n{\"a\":1}\r\n0\r\nX-Trailer: a\r\n\r\n",
        "7\r\n{\"a\":1}\r\n0\r\nContent-Length: 9\r\nHost: b\r\nAuthorization: x\r\n\r\n",
        "7\r\n{\"a\":1}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "7\r\n{\"a\":1}\r\n0\r\n X: folded\r\n\r\n",
    ];
    let shape = |rest: &str, fate| {
        let behind = if rest.ends_with("\r\n\r\n") { HIDDEN } else { "" };
        let bytes = post("/openai/v1/MARK", "Host: a\r\nTransfer-Encoding: chunked\r\n", &format!("{rest}{behind}"));
        (format!("chunks {rest:?}"), bytes, fate)
    };
    bad.iter().map(|rest| shape(rest, Refused)).chain(odd.iter().map(|rest| shape(rest, Either))).collect()
}

/// Hosts: none, two, none that could be one.
fn hosts() -> Vec<Shape> {
    let shape = |lines: &str, fate| {
        let bytes = post("/openai/v1/MARK", &format!("{lines}Content-Length: 7\r\n"), "{\"a\":1}");
        (format!("host {lines:?}"), bytes, fate)
    };
    let refused = [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host:\r\n",
        "Host: a, b\r\n",
        "Host: a b\r\n",
        "Host: a@b\r\n",
        "Host: a/b\r\n",
        "Host: a?b\r\n",
        "Host: a#b\r\n",
        "Host: http://a\r\n",
        "Host: a\\b\r\n",
        "Host: a\0b\r\n",
        "Host: a\r\n b\r\n",
        " Host: a\r\n",
        "Host : a\r\n",
        "Host: \"a\"\r\n",
        "Host: a%00b\r\n",
        "Host: <a>\r\n",
        "Host: é\r\n",
        "Host: a\r\nhost: b\r\n",
    ];
    let fine = ["Host: a\r\n", "HOST: a:80\r\n", "Host: [::1]:8787\r\n", "Host:a\r\n", "Host: 127.0.0.1\r\n"];
    refused.iter().map(|lines| shape(lines, Refused)).chain(fine.iter().map(|lines| shape(lines, Arrives))).collect()
}

/// Targets and request lines.
fn targets() -> Vec<Shape> {
    let line = |line: &str, fate| {
        let bytes = format!("{line}\r\nHost: a\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}").into_bytes();
        (format!("line {line:?}"), bytes, fate)
    };
    let refused = [
        "POST http://a/openai/v1/MARK HTTP/1.1",
        "POST https://b/openai/v1/MARK HTTP/1.1",
        "POST //b/openai/v1/MARK\\ HTTP/1.1",
        "POST /openai/../v1/MARK HTTP/1.1",
        "POST /openai/v1/../../anthropic/MARK HTTP/1.1",
        "POST /openai/v1/./MARK HTTP/1.1",
        "POST /openai/%2e%2e/MARK HTTP/1.1",
        "POST /openai/%2E%2e/MARK HTTP/1.1",
        "POST /openai/.%2e/MARK HTTP/1.1",
        "POST /openai/..;x/MARK HTTP/1.1",
        "POST /openai/..%2fMARK HTTP/1.1",
        "POST /openai/v1%2f..%2fMARK HTTP/1.1",
        "POST /openai/..%5cMARK HTTP/1.1",
        "POST /openai/v1\\MARK HTTP/1.1",
        "POST /openai/v1/MARK%00 HTTP/1.1",
        "POST /openai/v1/MARK%0d%0aX:y HTTP/1.1",
        "POST /openai/v1/MARK%0a HTTP/1.1",
        "POST /openai/v1/MARK% HTTP/1.1",
        "POST /openai/v1/MARK\0 HTTP/1.1",
        "POST /openai/v1/MA\tRK HTTP/1.1",
        "POST /openai/v1/MARK X HTTP/1.1",
        "POST openai/v1/MARK HTTP/1.1",
        "POST * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT b:443 HTTP/1.1",
        "CONNECT /openai/v1/MARK HTTP/1.1",
        "TRACE /openai/v1/MARK HTTP/1.1",
        "PURGE /openai/v1/MARK HTTP/1.1",
        "post /openai/v1/MARK HTTP/1.1",
        "PO ST /openai/v1/MARK HTTP/1.1",
        "POST\0 /openai/v1/MARK HTTP/1.1",
        "POST /openai/v1/MARK HTTP/1.2",
        "POST /openai/v1/MARK HTTP/2.0",
        "POST /openai/v1/MARK HTTP/0.9",
        "POST /openai/v1/MARK http/1.1",
        "POST /openai/v1/MARK HTTP/1.1 ",
        "POST /openai/v1/MARK",
        "POST  /openai/v1/MARK  HTTP/1.1",
        "\0POST /openai/v1/MARK HTTP/1.1",
        " POST /openai/v1/MARK HTTP/1.1",
    ];
    let either = [
        "POST /openai//v1/MARK HTTP/1.1",
        "POST /openai/v1%2fMARK HTTP/1.1",
        "POST /openai/v1/MARK? HTTP/1.1",
        "POST /openai/v1/MARK?a=%2f.. HTTP/1.1",
        "POST /openai/v1/MARK#part HTTP/1.1",
        "POST /openai/v1/MARK;a=b HTTP/1.1",
        "\r\nPOST /openai/v1/MARK HTTP/1.1",
        "\nPOST /openai/v1/MARK HTTP/1.1",
        "POST /openai/v1/MARK HTTP/1.0",
        "POST /openai/v1/MARK\u{e9} HTTP/1.1",
    ];
    refused.iter().map(|text| line(text, Refused)).chain(either.iter().map(|text| line(text, Either))).collect()
}

/// Other headers: injected, for upgrades, for expectations.
fn headers() -> Vec<Shape> {
    let shape = |lines: &str, fate| {
        let bytes = post("/openai/v1/MARK", &format!("Host: a\r\nContent-Length: 7\r\n{lines}\r\n"), "{\"a\":1}");
        (format!("header {lines:?}"), bytes, fate)
    };
    let refused = [
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Upgrade: TLS/1.0\r\nConnection: Upgrade",
        "Upgrade: h2c",
        "X: a\0b",
        "X: a\rb",
        "X",
        ": a",
        "X y: a",
        "X\u{e9}: a",
        "X(: a",
        "X: a\r\n folded",
        "Connection : close",
        "Host_: a\r\nHost: b",
    ];
    let either = [
        "X: a\nY: b",
        "X: \u{e9}",
        "X:",
        "Connection: close",
        "Connection: content-length",
        "Connection: host, authorization",
        "Keep-Alive: timeout=5\r\nConnection: keep-alive",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
        "Trailer: Authorization",
        "X-Forwarded-Host: b\r\nX-Original-URL: /hidden\r\nX-Rewrite-URL: /hidden",
        "X-HTTP-Method-Override: DELETE",
        "Expect: 100-continue",
        "Expect: 100-Continue, x",
        "Expect: nonsense",
        "Content-Type: application/json\r\nContent-Type: application/json",
        "Authorization: a\r\nAuthorization: b",
    ];
    refused.iter().map(|lines| shape(lines, Refused)).chain(either.iter().map(|lines| shape(lines, Either))).collect()
}

type Fields = Vec<(&'static str, String)>;

/// Fields of HTTP/2 requests that the HTTP/1.1 behind the proxy would read otherwise.
fn http2() -> Vec<(String, Fields, Fate)> {
    let base = || -> Fields {
        let pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/openai/v1/MARK")];
        pseudo.map(|(name, value)| (name, value.to_owned())).into()
    };
    let more = |name: &'static str, value: &str, fate| {
        let mut fields = base();
        fields.push((name, value.to_owned()));
        (format!("http2 {name}: {value:?}"), fields, fate)
    };
    let instead = |name: &'static str, value: &str, fate| {
        let mut fields = base();
        fields.iter_mut().filter(|(known, _)| *known == name).for_each(|field| field.1 = value.to_owned());
        (format!("http2 instead {name}: {value:?}"), fields, fate)
    };
    let without = |name: &'static str, fate| {
        let mut fields = base();
        fields.retain(|(known, _)| *known != name);
        (format!("http2 without {name}"), fields, fate)
    };
    let mut last = base();
    last.rotate_left(1);
    last.insert(0, ("x", "a".to_owned()));
    vec![
        ("http2".to_owned(), base(), Arrives),
        more("host", "a", Arrives),
        more("host", "b", Refused),
        more("te", "trailers", Either),
        more("te", "gzip", Refused),
        more("connection", "close", Refused),
        more("keep-alive", "timeout=5", Refused),
        more("proxy-connection", "close", Refused),
        more("transfer-encoding", "chunked", Refused),
        more("transfer_encoding", "chunked", Refused),
        more("upgrade", "h2c", Refused),
        more("content-length", "7", Arrives),
        more("content-length", "3", Refused),
        more("content-length", "99", Refused),
        more("content-length", "+7", Refused),
        more("content-length", "7, 7", Refused),
        more("X-Upper", "a", Refused),
        more("x y", "a", Refused),
        more("x:y", "a", Refused),
        more("x\r\ny", "a", Refused),
        more("", "a", Refused),
        more("x", "a\r\nhost: b", Refused),
        more("x", "a\nb", Refused),
        more("x", "a\0b", Refused),
        more("x", &format!("a\r\n\r\n{HIDDEN}"), Refused),
        more(":path", "/openai/v1/MARK", Refused),
        more(":authority", "b", Refused),
        more(":method", "GET", Refused),
        more(":status", "200", Refused),
        more(":unknown", "a", Refused),
        instead(":path", "/openai/v1/MARK HTTP/1.1\r\nx: y", Refused),
        instead(":path", "/openai/v1/MARK\tb", Refused),
        instead(":path", "/openai/../MARK", Refused),
        instead(":path", "/openai/%2e%2e/MARK", Refused),
        instead(":path", "openai/MARK", Refused),
        instead(":path", "http://b/openai/v1/MARK", Refused),
        instead(":path", "*", Refused),
        instead(":path", "", Refused),
        instead(":authority", "a b", Refused),
        instead(":authority", "a\r\nx: y", Refused),
        instead(":authority", "user@b", Either),
        instead(":method", "CONNECT", Refused),
        instead(":method", "PO ST", Refused),
        instead(":method", "POST / HTTP/1.1\r\nx: y", Refused),
        instead(":scheme", "http\r\nx: y", Refused),
        without(":path", Refused),
        without(":method", Refused),
        without(":scheme", Refused),
        ("http2 a field before the pseudo fields".to_owned(), last, Refused),
    ]
}

/// An HTTP/2 connection with one request of these fields and a body of seven bytes; no field is compressed.
fn encode(fields: &Fields, mark: &str) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        // A field with a name of its own, not for the table.
        block.push(0);
        for text in [*name, &value.replace("MARK", mark)] {
            // Lengths from 127 on go on in a second byte.
            match text.len() {
                length if length < 127 => block.push(length as u8),
                length => block.extend([127, (length - 127) as u8]),
            }
            block.extend(text.as_bytes());
        }
    }
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = (payload.len() as u32).to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let body = frame(0, 1, 1, b"{\"a\":1}");
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[]), frame(1, 4, 1, &block), body].concat()
}

/// Whether frames that came back hold the head of an answer with status 200.
fn is_served(mut frames: &[u8]) -> bool {
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = frames {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        // 200 is the eighth entry of the static table.
        if *kind == 1 && rest.first() == Some(&0x88) {
            return true;
        }
        frames = rest.get(length..).unwrap_or_default();
    }
    false
}

/// Sends a shape and reads what comes back until the proxy closes.
async fn send(proxy: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    // The proxy may close before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await.expect("the proxy closes");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_is_refused_or_arrives_as_exactly_one() {
    let shapes: Vec<Shape> = [two_lengths(), lengths(), chunks(), hosts(), targets(), headers()].concat();
    let http2 = http2();
    assert!(shapes.len() >= 190, "{} shapes", shapes.len());
    let (upstream, seen) = strict().await;
    let proxy = Proxy::start(upstream, "[limits]\nheader_seconds = 1\nrequest_seconds = 1\n").await;
    let mark = |number: usize| format!("shape-{number}-");
    let plain = shapes.iter().enumerate().map(|(number, (_, bytes, _))| {
        let at = bytes.windows(4).position(|four| four == b"MARK");
        at.map_or(bytes.clone(), |at| [&bytes[..at], mark(number).as_bytes(), &bytes[at + 4..]].concat())
    });
    let fields = http2.iter().enumerate().map(|(number, (_, fields, _))| encode(fields, &mark(shapes.len() + number)));
    let mut sent = JoinSet::new();
    for (number, bytes) in plain.chain(fields).enumerate() {
        let address = proxy.address;
        sent.spawn(async move { (number, send(address, &bytes).await) });
    }
    let answers: BTreeMap<usize, Vec<u8>> = sent.join_all().await.into_iter().collect();
    let records = proxy.stop().await;
    let seen = seen.lock().unwrap().clone();

    let mut wrong = Vec::new();
    let fates =
        shapes.iter().map(|(name, _, fate)| (name, fate)).chain(http2.iter().map(|(name, _, fate)| (name, fate)));
    for (number, (name, fate)) in fates.enumerate() {
        let mark = mark(number);
        let arrived: usize = seen.iter().filter(|(target, _)| target.contains(&mark)).map(|(_, count)| count).sum();
        let answer = &answers[&number];
        let served = answer.starts_with(b"HTTP/1.1 200 ") || answer.starts_with(b"HTTP/1.0 200 ") || is_served(answer);
        let fine = match fate {
            Arrives => arrived == 1 && served,
            Either => arrived <= 1,
            Refused => arrived == 0 && !served,
        };
        if !fine {
            wrong.push(format!(
                "{name}: {fate:?}, but {arrived} arrived: {}",
                String::from_utf8_lossy(&answer[..answer.len().min(60)])
            ));
        }
    }
    let strange = seen.keys().filter(|target| !target.starts_with('/') || target.contains("hidden"));
    wrong.extend(strange.map(|target| format!("the upstream saw {target}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let forwarded =
        records.iter().filter(|record| record.closed.as_ref().unwrap().outcome == Outcome::Complete).count();
    let counted: usize = seen.values().sum();
    assert_eq!(counted, forwarded, "the upstream's count is the log's");
    assert!(counted >= 30, "{counted} arrived");
    println!(
        "{} shapes, {counted} arrived, {} refused after their head was read",
        shapes.len() + http2.len(),
        records.len() - forwarded
    );
}
