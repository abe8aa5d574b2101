//! Files through the proxy: as parts, alone in a body, exempt, and in ways that nothing can be read of.

use blotter::audit::Outcome;
use bytes::Bytes;

use crate::support::{Answer, Caller, Proxy, Script, Upstream};

const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// An upstream that tells the names of what it got.
async fn upstream() -> Upstream {
    Upstream::start(|received| {
        let found = regex::Regex::new(r"\[[A-Z]+_\w+\]").unwrap();
        let body = String::from_utf8_lossy(&received.body);
        let name = found.find(&body).map_or("", |found| found.as_str());
        Script {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            chunks: vec![format!(r#"{{"id":"file-1","filename":"{name}.txt"}}"#).into()],
            breaks_off: false,
        }
    })
    .await
}

fn form(boundary: &str, file: &str, content: &[u8]) -> Bytes {
    let purpose =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\n");
    let head = format!("Content-Disposition: form-data; name=\"file\"; {file}\r\n\r\n");
    [purpose.as_bytes(), head.as_bytes(), content, format!("\r\n--{boundary}--\r\n").as_bytes()].concat().into()
}

async fn send(proxy: &Proxy, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Caller::new().send(proxy.address, "POST", path, &headers, body.into()).await
}

fn told(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_redacted_and_its_names_come_back() {
    let upstream = upstream().await;
    let proxy = Proxy::start(upstream.address, "").await;
    let kind = ("content-type", "multipart/form-data; boundary=xyz");
    let line = r#"{"custom_id":"1","url":"/v1/responses","body":{"input":"my ssn is 536-90-4399"}}"#;
    let lines = format!("{line}\n").repeat(60_000);
    let answer =
        send(&proxy, "/v1/files", &[kind], form("xyz", "filename=\"ann@x.org.jsonl\"", lines.as_bytes())).await;
    assert_eq!(told(&answer), r#"{"id":"file-1","filename":"ann@x.org.txt"}"#);
    let received = upstream.received().remove(0);
    assert_eq!(received.headers["content-type"], kind.1);
    let body = String::from_utf8_lossy(&received.body);
    assert!(body.starts_with("--xyz\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--xyz\r\n"));
    assert!(body.contains("filename=\"[EMAIL_") && body.ends_with("\"}}\n\r\n--xyz--\r\n"));
    assert_eq!(body.matches("\"my ssn is [SSN_").count(), 60_000);
    assert_eq!(received.headers["content-length"], received.body.len().to_string());
    let record = proxy.stop().await.remove(0);
    assert!(!String::from_utf8_lossy(&record.opened.request).contains("536-90"));
    assert_eq!(record.opened.coverage.exemptions, [""; 0]);
}

/// A batch file has more findings than a request may have; what is read at once has not.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_may_have_more_findings_than_a_request() {
    let upstream = upstream().await;
    let proxy = Proxy::start(upstream.address, "[limits]\nfindings = 20000\n").await;
    let line = r#"{"custom_id":"1","url":"/v1/responses","body":{"input":"ann@x.org"}}"#;
    let lines = format!("{line}\n").repeat(40_000);
    let kind = ("content-type", "multipart/form-data; boundary=xyz");
    let answer = send(&proxy, "/v1/files", &[kind], form("xyz", "filename=\"a.jsonl\"", lines.as_bytes())).await;
    assert_eq!(answer.status, 200, "{}", told(&answer));
    let request = format!(r#"{{"input":[{}"ann@x.org"]}}"#, r#""ann@x.org","#.repeat(20_000));
    let answer = send(&proxy, "/v1/responses", &[], request).await;
    assert_eq!(answer.status, 413, "{}", told(&answer));
    assert!(told(&answer).contains("request/too-many-findings"));
    assert_eq!(upstream.received().len(), 1);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_refused_unless_the_route_exempts_it() {
    let upstream = upstream().await;
    let route =
        format!("[[route]]\nname = \"eyes\"\nupstream = \"http://{}\"\nexempt = [\"images\"]\n", upstream.address);
    let proxy = Proxy::start(upstream.address, &route).await;
    let kind = ("content-type", "multipart/form-data; boundary=xyz");
    let photo = || form("xyz", "filename=\"a.png\"", PHOTO);
    let answer = send(&proxy, "/v1/images/edits", &[kind], photo()).await;
    assert_eq!(answer.status, 415);
    assert!(told(&answer).contains("exempt = [\\\"images\\\"]"), "{}", told(&answer));
    let answer = send(&proxy, "/eyes/v1/images/edits", &[kind], photo()).await;
    assert_eq!(answer.status, 200);
    let alone = send(&proxy, "/eyes/v1/classify", &[("content-type", "image/png")], PHOTO).await;
    assert_eq!(alone.status, 200);
    let sound = form("xyz", "filename=\"a.mp3\"", b"ID3\x04\0\0");
    assert_eq!(send(&proxy, "/eyes/v1/audio/transcriptions", &[kind], sound).await.status, 415);
    let received = upstream.received();
    assert_eq!((received.len(), &received[0].body, &*received[1].body), (2, &photo(), PHOTO));
    let records = proxy.stop().await;
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.closed.as_ref().unwrap().outcome, record.opened.coverage.exemptions.join(" ")))
        .collect();
    let (refused, passed) = ((Outcome::Refused, String::new()), (Outcome::Complete, "images".to_owned()));
    assert_eq!(told, [refused.clone(), passed.clone(), passed, refused]);
    assert!(String::from_utf8_lossy(&records[1].opened.request).contains("16 bytes of images, not read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn talk_past_the_proxy_is_refused_unless_the_route_exempts_it() {
    let upstream = upstream().await;
    let route =
        format!("[[route]]\nname = \"ears\"\nupstream = \"http://{}\"\nexempt = [\"audio\"]\n", upstream.address);
    let proxy = Proxy::start(upstream.address, &route).await;
    let kind = ("content-type", "multipart/form-data; boundary=xyz");
    let part = |name: &str, kind: &str, text: &str| {
        format!("--xyz\r\ncontent-disposition: form-data; name={name}\r\ncontent-type: {kind}\r\n\r\n{text}\r\n")
    };
    let call = part("sdp", "application/sdp", "v=0\r\nc=IN IP4 198.51.100.20\r\nm=audio 9\r\n")
        + &part("session", "application/json", r#"{"instructions":"my ssn is 536-90-4399","voice":"536-90-4399"}"#)
        + "--xyz--";
    let answer = send(&proxy, "/v1/realtime/calls", &[kind], call.clone()).await;
    assert_eq!(answer.status, 415);
    assert!(told(&answer).contains("exempt = [\\\"audio\\\"]"), "{}", told(&answer));
    assert_eq!(send(&proxy, "/ears/v1/realtime/calls", &[kind], call).await.status, 200);
    let received = upstream.received();
    let sent = String::from_utf8_lossy(&received[0].body);
    assert!(received.len() == 1 && sent.contains("198.51.100.20"), "{sent}");
    assert_eq!(sent.match_indices("536-90-4399").count(), 1, "{sent}");
    let records = proxy.stop().await;
    let mut exempt: Vec<_> = records.iter().map(|record| record.opened.coverage.exemptions.join(" ")).collect();
    exempt.sort();
    assert_eq!(exempt, ["", "audio"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boundary_with_a_value_in_it_does_not_leave() {
    let upstream = upstream().await;
    let proxy = Proxy::start(upstream.address, "").await;
    let boundary = "ssn-536-90-4399";
    let kind = format!("multipart/form-data; boundary={boundary}");
    let answer =
        send(&proxy, "/v1/files", &[("content-type", &kind)], form(boundary, "filename=\"a\"", b"hello")).await;
    assert_eq!(answer.status, 200);
    let received = upstream.received().remove(0);
    let kind = received.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.starts_with("blotter-parts-"), "{kind}");
    assert_eq!(received.body, form(boundary, "filename=\"a\"", b"hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_alone_in_a_body_is_redacted() {
    let upstream = upstream().await;
    let proxy = Proxy::start(upstream.address, "").await;
    let answer = send(&proxy, "/v1/ingest", &[("content-type", "text/csv")], "name,mail\nAnn,ann@x.org\n").await;
    assert_eq!(told(&answer), r#"{"id":"file-1","filename":"ann@x.org.txt"}"#);
    let received = upstream.received().remove(0);
    assert!(received.body.starts_with(b"name,mail\nAnn,[EMAIL_"));
    assert_eq!(received.headers["content-type"], "text/csv");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_pass_in_pieces_or_past_the_proxy_is_refused() {
    let upstream = upstream().await;
    let proxy = Proxy::start(upstream.address, "").await;
    let kind = ("content-type", "multipart/form-data; boundary=xyz");
    let related = ("content-type", "multipart/related; boundary=xyz");
    let body = || form("xyz", "filename=\"a.txt\"", b"hello");
    for (path, headers, code) in [
        ("/v1/uploads/u/parts", &[kind][..], "request/upload-in-pieces"),
        ("/upload/v1beta/files?uploadType=resumable", &[], "request/upload-in-pieces"),
        ("/upload/v1beta/files", &[("x-goog-upload-protocol", "resumable")], "request/upload-in-pieces"),
        ("/upload/v1beta/files", &[("x-goog-upload-command", "upload")], "request/upload-in-pieces"),
        ("/v1/files", &[("content-type", "multipart/form-data; boundary=other")], "request/multipart"),
        ("/v1/files", &[("content-type", "multipart/form-data")], "request/content-type"),
        ("/v1/files", &[("content-type", "application/x-www-form-urlencoded")], "request/content-type"),
        ("/v1/files", &[kind], ""),
        ("/upload/v1beta/files", &[related, ("x-goog-upload-protocol", "multipart")], ""),
    ] {
        let answer = send(&proxy, path, headers, body()).await;
        assert_eq!(answer.status == 200, code.is_empty(), "{path} {headers:?}: {}", told(&answer));
        assert!(told(&answer).contains(code), "{path} {headers:?}: {}", told(&answer));
    }
    assert_eq!(upstream.received().len(), 2);
}

/// An upstream that tells the address of an upload at `origin`, or at itself, and takes the file there.
async fn resumable(origin: Option<&'static str>) -> Upstream {
    Upstream::start(move |received| {
        let host = received.headers["host"].to_str().unwrap();
        let origin = origin.map_or_else(|| format!("http://{host}"), str::to_owned);
        let address = format!("{origin}/upload/v1beta/files?upload_id=AHmgx&upload_protocol=resumable");
        let mut script = Script::json("{}");
        if received.headers["x-goog-upload-command"] == "start" {
            script.headers.push(("x-goog-upload-url".into(), address));
        }
        script
    })
    .await
}

const START: [(&str, &str); 3] = [
    ("x-goog-upload-protocol", "resumable"),
    ("x-goog-upload-command", "start"),
    ("x-goog-upload-header-content-length", "9"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_brought_to_an_address_that_leads_through_the_proxy() {
    let upstream = resumable(None).await;
    let route =
        format!("[[route]]\nname = \"eyes\"\nupstream = \"http://{}\"\nexempt = [\"images\"]\n", upstream.address);
    let proxy = Proxy::start(upstream.address, &route).await;
    let begun = send(&proxy, "/eyes/upload/v1beta/files", &START, r#"{"file":{"displayName":"ann@x.org"}}"#).await;
    let address = begun.headers["x-goog-upload-url"].to_str().unwrap();
    let path = address.strip_prefix(&format!("http://{}", proxy.address)).unwrap();
    assert_eq!(path, "/eyes/upload/v1beta/files?upload_id=AHmgx&upload_protocol=resumable");
    let bring = |command, offset| [("x-goog-upload-command", command), ("x-goog-upload-offset", offset)];
    for (headers, content, code) in [
        (bring("upload, finalize", "0"), &b"ann@x.org"[..], 200),
        (bring("upload, finalize", "0"), PHOTO, 200),
        (bring("upload", "0"), PHOTO, 200),
        (bring("upload", "0"), b"ann@x.org", 501),
        (bring("upload, finalize", "8"), b"ann@x.org", 501),
    ] {
        let answer = send(&proxy, path, &headers, content).await;
        assert_eq!(answer.status, code, "{headers:?}: {}", told(&answer));
    }
    let received = upstream.received();
    assert!(received[0].headers.get("x-goog-upload-header-content-length").is_none());
    assert!(String::from_utf8_lossy(&received[0].body).contains("[EMAIL_"));
    assert!(received[1].body.starts_with(b"[EMAIL_"));
    assert_eq!(received[1].headers["content-length"], received[1].body.len().to_string());
    assert_eq!((received.len(), &*received[2].body, &*received[3].body), (4, PHOTO, PHOTO));
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_elsewhere_is_not_told() {
    let upstream = resumable(Some("https://elsewhere.example")).await;
    let proxy = Proxy::start(upstream.address, "").await;
    let answer = send(&proxy, "/upload/v1beta/files", &START, "{}").await;
    assert!(answer.status == 502 && answer.headers.get("x-goog-upload-url").is_none());
    assert!(told(&answer).contains("upstream/upload-address"), "{}", told(&answer));
    let record = proxy.stop().await.remove(0);
    assert_eq!(record.closed.unwrap().outcome, Outcome::UpstreamFailed);
}
