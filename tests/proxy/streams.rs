//! Streams that say little and last for long take little memory each. With the real binary, whose memory is its own.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bombs::memory;
use crate::callers::House;

/// So many are opened before and after memory is looked at first.
const STREAMS: u64 = 200;
/// What one may take, in KiB.
const MOST: u64 = 64;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
    39\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"w\"}}]}\n\n\r\n";

/// Says a word to whoever asks, and nothing more until they leave.
async fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(ANSWER.as_bytes()).await.unwrap();
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    address
}

/// Opens a stream, whose first word has come.
async fn open(proxy: SocketAddr) -> TcpStream {
    let words = "Thank you, I will look into that order for you right away. ".repeat(30);
    let chat = format!(r#"{{"stream":true,"messages":[{{"role":"user","content":"{words}4242 4242 4242 4242"}}]}}"#);
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let head =
        format!("POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", chat.len());
    stream.write_all((head + &chat).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(5).any(|said| said == b"data:") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
    }
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_takes_64_kib_at_most() {
    let house = House::open("").await;
    house.configure(&house.upstream.address.to_string(), &provider().await.to_string());
    let proxy = house.serve();
    let mut streams = Vec::new();
    // The first ones bring up what all need, and fill what was free.
    for _ in 0..STREAMS {
        streams.push(open(proxy.address).await);
    }
    let before = memory(proxy.id(), "VmRSS");
    for _ in 0..STREAMS {
        streams.push(open(proxy.address).await);
    }
    let each = memory(proxy.id(), "VmRSS").saturating_sub(before) / STREAMS;
    assert!(each <= MOST, "{each} KiB");
}
