//! How much is done at a time: each limit bites, says so, and lets go.

use std::net::SocketAddr;

use crate::support::{Answer, Caller, Proxy, Script, Upstream};
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/openai/v1/chat/completions";

async fn proxy(limits: &str) -> (Upstream, Proxy) {
    let upstream = Upstream::start(|_| Script::json("{}")).await;
    let proxy = Proxy::start(upstream.address, &format!("[limits]\n{limits}\n")).await;
    (upstream, proxy)
}

/// Sends a request whose body stops halfway, with `headers` as they stand on the wire, and waits until that much was read.
pub async fn half(proxy: SocketAddr, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let body = " ".repeat(500);
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\n{headers}expect: 100-continue\r\ncontent-length: 900\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 100");
    stream
}

pub async fn call(proxy: SocketAddr, headers: &[(String, String)], body: &str) -> Answer {
    Caller::new().send(proxy, "POST", PATH, headers, body.to_owned().into()).await
}

/// Calls until all goes well, which takes as long as the proxy needs to see that another has left.
pub async fn call_until_served(proxy: SocketAddr, headers: &[(String, String)], body: &str) {
    for _ in 0..500 {
        if call(proxy, headers, body).await.status == StatusCode::OK {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the other's place is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_are_bounded_overall() {
    let (_upstream, proxy) = proxy("exchanges = 1").await;
    let other = half(proxy.address, "").await;
    let answer = call(proxy.address, &[], "{}").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "5");
    assert!(!answer.headers.contains_key("x-should-retry"));
    let body = String::from_utf8_lossy(&answer.body);
    assert!(body.contains("proxy/busy") && body.contains("[limits] exchanges"), "{body}");
    drop(other);
    call_until_served(proxy.address, &[], "{}").await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_under_way_are_bounded_overall() {
    let (_upstream, proxy) = proxy("request_bytes = 900\nflight_bytes = 900").await;
    let other = half(proxy.address, "").await;
    let long = format!("{{}}{}", " ".repeat(500));
    let answer = call(proxy.address, &[], &long).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(String::from_utf8_lossy(&answer.body).contains("proxy/crowded"), "{:?}", answer.body);
    assert_eq!(call(proxy.address, &[], "{}").await.status, StatusCode::OK, "there is room for a short one");
    drop(other);
    call_until_served(proxy.address, &[], &long).await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_of_one_address_are_bounded_where_callers_have_no_keys() {
    let (_upstream, proxy) = proxy("address_exchanges = 1").await;
    let other = half(proxy.address, "").await;
    let answer = call(proxy.address, &[], "{}").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(String::from_utf8_lossy(&answer.body).contains("caller/busy"), "{:?}", answer.body);
    drop(other);
    call_until_served(proxy.address, &[], "{}").await;
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_one_caller_are_bounded() {
    let (_upstream, proxy) = proxy("request_bytes = 900\ncaller_flight_bytes = 900").await;
    let other = half(proxy.address, "").await;
    let long = format!("{{}}{}", " ".repeat(500));
    let answer = call(proxy.address, &[], &long).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(String::from_utf8_lossy(&answer.body).contains("caller/crowded"), "{:?}", answer.body);
    drop(other);
    call_until_served(proxy.address, &[], &long).await;
    proxy.stop().await;
}
