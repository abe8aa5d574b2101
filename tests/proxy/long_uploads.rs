//! Forms and files that are taken in as they come: cut anywhere, longer than other requests may be, broken off, with nowhere to
//! wait.

use std::net::SocketAddr;
use std::path::Path;

use blotter::audit::Outcome;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=xyz");

fn form(content: &str) -> String {
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"ann@x.org.jsonl\"";
    let length = content.len();
    format!("--xyz\r\n{head}\r\nContent-Length: {length}\r\n\r\n{content}\r\n--xyz--\r\n")
}

/// Lines of a batch, so many.
fn batch(lines: usize) -> String {
    let words = "and say that all is well. ".repeat(10);
    let line = |number: usize| {
        let input = format!("mail ann{number}@x.org {words}");
        format!("{{\"custom_id\":\"{number}\",\"url\":\"/v1/responses\",\"body\":{{\"input\":\"{input}\"}}}}\n")
    };
    (0..lines).map(line).collect()
}

async fn start(folder: &Path, limits: &str) -> (Upstream, Proxy) {
    let upstream = Upstream::start(|_| Script::json("{}")).await;
    let settings = format!("upload_folder = {:?}\n[limits]\n{limits}\n", folder.display().to_string());
    let proxy = Proxy::start(upstream.address, &settings).await;
    (upstream, proxy)
}

async fn send(proxy: &Proxy, path: &str, kind: (&str, &str), body: String) -> Answer {
    let headers = [(kind.0.to_owned(), kind.1.to_owned())];
    Caller::new().send(proxy.address, "POST", path, &headers, Bytes::from(body)).await
}

fn told(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Sends a form in these pieces, each a chunk of its own, and reads what comes back.
async fn send_pieces(proxy: SocketAddr, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head = format!("POST /v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}: {}\r\n", FORM.0, FORM.1);
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_may_be_cut_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, proxy) = start(folder.path(), "").await;
    let body = form("{\"messages\":[{\"role\":\"user\",\"content\":\"my ssn is 536-90-4399\"}]}\n");
    let cuts = (0..=body.len()).map(|cut| {
        let (body, address) = (body.clone(), proxy.address);
        async move {
            let (one, other) = body.as_bytes().split_at(cut);
            let answer = send_pieces(address, &[one, other]).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{cut}: {answer}");
        }
    });
    cuts.collect::<tokio::task::JoinSet<_>>().join_all().await;
    let received = upstream.received();
    assert_eq!(received.len(), body.len() + 1);
    let first = String::from_utf8_lossy(&received[0].body);
    assert!(first.contains("my ssn is [SSN_") && first.contains("filename=\"[EMAIL_"), "{first}");
    for received in &received {
        assert_eq!(received.body, first.as_bytes());
        assert_eq!(received.headers["content-length"], first.len().to_string());
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_longer_than_other_requests_waits_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, proxy) = start(folder.path(), "request_bytes = 100000\nlogged_upload_bytes = 1000").await;
    let content = batch(4000);
    let answer = send(&proxy, "/v1/files", FORM, form(&content)).await;
    assert_eq!(answer.status, 200, "{}", told(&answer));
    let received = upstream.received().remove(0);
    let body = String::from_utf8_lossy(&received.body);
    assert_eq!((body.matches("\"mail [EMAIL_").count(), body.contains("@x.org")), (4000, false));
    assert_eq!(received.headers["content-length"], body.len().to_string());
    let (head, sent) = body.split_once("\r\n\r\n").unwrap();
    let sent = sent.strip_suffix("\r\n--xyz--\r\n").unwrap();
    assert!(head.ends_with(&format!("\r\nContent-Length: {}", sent.len())), "{head}");
    assert!(sent.lines().eq(content.lines().zip(sent.lines()).map(|(came, left)| {
        assert_eq!(came.split("mail ").next(), left.split("mail ").next());
        left
    })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
    let record = proxy.stop().await.remove(0);
    let found: u64 = record.opened.findings.iter().map(|tally| tally.count).sum();
    assert_eq!(found, 4001);
    let logged = String::from_utf8_lossy(&record.opened.request);
    let unkept = record.opened.coverage.counts["log/unkept"];
    assert!(unkept > 1_000_000 && logged.ends_with(&format!("({unkept} bytes more, not kept)")), "{logged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nowhere_to_wait_is_not_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    for (limits, folder, code) in [
        ("", &*gone, "upload/unkept"),
        ("upload_disk_bytes = 1000000\n", folder.path(), "proxy/crowded"),
        ("upload_bytes = 1000000\n", folder.path(), "raise `upload_bytes`"),
        ("flight_bytes = 300000\ncaller_flight_bytes = 300000\n", folder.path(), "caller/crowded"),
    ] {
        let (upstream, proxy) = start(folder, &format!("request_bytes = 100000\n{limits}")).await;
        let _ = std::fs::remove_dir(&gone);
        let answer = send(&proxy, "/v1/files", FORM, form(&batch(4000))).await;
        assert!(answer.status != 200 && told(&answer).contains(code), "{code}: {}", told(&answer));
        assert_eq!(upstream.received().len(), 0);
        let record = proxy.stop().await.remove(0);
        assert_eq!(record.closed.as_ref().unwrap().outcome, Outcome::Refused);
        std::fs::create_dir_all(&gone).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_to_its_end_is_not_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, proxy) = start(folder.path(), "request_bytes = 100000").await;
    let body = form(&batch(4000));
    let unended = body.strip_suffix("--xyz--\r\n").unwrap().to_owned();
    let answer = send(&proxy, "/v1/files", FORM, unended).await;
    assert!(answer.status == 400 && told(&answer).contains("ends before its last boundary"), "{}", told(&answer));
    let document = format!("[{}1]", "\"a\",\n".repeat(300_000));
    let answer = send(&proxy, "/v1/files", FORM, form(&document)).await;
    assert!(answer.status == 413 && told(&answer).contains("raise `request_bytes`"), "{}", told(&answer));

    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let head = format!("POST /v1/files HTTP/1.1\r\nhost: x\r\n{}: {}\r\n", FORM.0, FORM.1);
    stream.write_all(format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..body.len() - 100]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap_or_default();

    let records = proxy.stop().await;
    let reason = |number: usize| records[number].closed.as_ref().unwrap().reason.clone().unwrap();
    assert_eq!([0, 1, 2].map(reason), ["request/broken-off", "request/too-large", "request/multipart"]);
    assert_eq!(upstream.received().len(), 0);
    assert!(records[0].opened.findings.iter().map(|tally| tally.count).sum::<u64>() > 2000, "what was seen is logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_alone_is_taken_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, proxy) = start(folder.path(), "request_bytes = 100000").await;
    let row = format!("Ann,536904399,{}536904398\n", "all is well ".repeat(20));
    let rows = "name,ssn,order\n".to_owned() + &row.repeat(6000);
    let answer = send(&proxy, "/v1/ingest", ("content-type", "text/csv"), rows).await;
    assert_eq!(answer.status, 200, "{}", told(&answer));
    let received = upstream.received().remove(0);
    let body = String::from_utf8_lossy(&received.body);
    assert_eq!((body.matches("Ann,[SSN_").count(), body.matches(" 536904398\n").count()), (6000, 6000));
    let empty = send(&proxy, "/v1/ingest", ("content-type", "text/csv"), String::new()).await;
    assert_eq!(empty.status, 200, "{}", told(&empty));
    proxy.stop().await;
}
