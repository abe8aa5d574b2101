//! TLS towards the provider, verified against the machine's roots or given ones, and TLS from callers.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::crash::address_of;
use crate::support::{Caller, Proxy, configuration};

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_spoken_to_over_tls_and_only_if_it_proves_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let (good, bad) = (listen(&authority, "localhost").await, listen(&authority, "elsewhere.example").await);
    let text = format!(
        "listen = \"127.0.0.1:0\"\n[[route]]\nname = \"good\"\nupstream = \"https://localhost:{good}\"\n\
        [[route]]\nname = \"bad\"\nupstream = \"https://localhost:{bad}\"\n"
    );
    std::fs::write(folder.path().join("proxy.toml"), text).unwrap();
    std::fs::write(folder.path().join("roots.pem"), authority.pem()).unwrap();
    let mut proxy = start(folder.path());
    let address = address_of(&mut proxy);

    let caller = Caller::new();
    let answer = caller.send(address, "POST", "/good/v1/chat/completions", &[], "{}".into()).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"{}"[..]));
    let answer = caller.send(address, "POST", "/bad/v1/chat/completions", &[], "{}".into()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(String::from_utf8_lossy(&answer.body).contains("certificate"), "{:?}", answer.body);
    proxy.kill().unwrap();
    proxy.wait().unwrap();
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blotter"));
    command.args(["serve", "--config"]).arg(folder.join("proxy.toml"));
    command.env("SSL_CERT_FILE", folder.join("roots.pem")).env_remove("SSL_CERT_DIR");
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An upstream on a port of its own, whose certificate names `name`.
async fn listen(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The caller that is shown a wrong name hangs up here.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = service_fn(async |_| {
                let mut response = Response::new(Full::<bytes::Bytes>::from("{}"));
                response.headers_mut().insert("content-type", "application/json".parse().unwrap());
                Ok::<_, std::convert::Infallible>(response)
            });
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.ok()
            });
        }
    });
    port
}

const CHAT: &str = r#"{"messages":[{"content":"ssn 536-90-4399"}]}"#;

/// Writes a file that only its owner can read.
fn write(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(folder.join(name), text).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A certificate for localhost and its key.
fn certified(authority: &CertifiedIssuer<'static, KeyPair>) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap(), key)
}

/// Puts a certificate and its key into `folder`; what the configuration says of them.
fn put(folder: &Path, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let (certificate, key) = certified(authority);
    write(folder, "cert.pem", &certificate.pem());
    write(folder, "key.pem", &key.serialize_pem());
    let at = |name: &str| folder.join(name).display().to_string();
    format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", at("cert.pem"), at("key.pem"))
}

/// Trusts `authority`, and shows the certificate given.
fn trusting(
    authority: &CertifiedIssuer<'static, KeyPair>,
    shown: Option<&(rcgen::Certificate, KeyPair)>,
) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let Some((certificate, key)) = shown else { return config.with_no_client_auth() };
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    config.with_client_auth_cert(vec![certificate.der().clone()], key).unwrap()
}

/// Asks over TLS. The status, or `None` where no connection was made.
async fn ask(
    port: u16,
    authority: &CertifiedIssuer<'static, KeyPair>,
    shown: Option<&(rcgen::Certificate, KeyPair)>,
    http2: bool,
) -> Option<StatusCode> {
    let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(trusting(authority, shown)).https_only();
    let connector = if http2 { connector.enable_http2().build() } else { connector.enable_http1().build() };
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).http2_only(http2).build(connector);
    let request = hyper::Request::post(format!("https://localhost:{port}/v1/chat/completions"));
    let answer = client.request(request.body(Full::<bytes::Bytes>::from(CHAT)).unwrap()).await.ok()?;
    assert_eq!(answer.version() == hyper::Version::HTTP_2, http2);
    Some(answer.status())
}

/// What comes back to `said` on a connection that agreed on HTTP/2 in the handshake.
async fn answer_over_http2(port: u16, authority: &CertifiedIssuer<'static, KeyPair>, said: &str) -> Vec<u8> {
    let mut config = trusting(authority, None);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server ends the connection, with or without a farewell.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_served_over_tls_and_see_a_new_certificate_when_it_comes() {
    let provider = blotter::fake::Provider::start(blotter::fake::Manner::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (authority(), authority());
    let more = put(folder.path(), &one);
    let proxy = Proxy::start(provider.address(), &more).await;
    let port = proxy.address.port();
    assert_eq!(ask(port, &one, None, false).await, Some(StatusCode::OK));
    assert_eq!(ask(port, &one, None, true).await, Some(StatusCode::OK));
    assert_eq!(ask(port, &other, None, true).await, None);
    let clear = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    assert!(clear.get(format!("http://localhost:{port}/").parse().unwrap()).await.is_err(), "nothing in the clear");
    assert!(!proxy.gateway.metrics().text().contains("blotter_certificate_expires 0\n"));

    let adopt = |more: &str| {
        let setup = blotter::config::from_source(
            configuration(provider.address(), more),
            proxy.folder.path(),
            blotter::config::User::Proxy,
        );
        proxy.gateway.adopt(setup.unwrap_or_else(|problems| panic!("{problems:?}")).ruleset).unwrap();
    };
    put(folder.path(), &other);
    adopt(&more);
    assert_eq!(ask(port, &other, None, true).await, Some(StatusCode::OK));
    assert_eq!(ask(port, &one, None, true).await, None);

    write(folder.path(), "callers.pem", &one.pem());
    adopt(&format!("{more}client_ca = \"{}\"\n", folder.path().join("callers.pem").display()));
    let (known, unknown) = (certified(&one), certified(&other));
    assert_eq!(ask(port, &other, Some(&known), true).await, Some(StatusCode::OK));
    assert_eq!(ask(port, &other, Some(&unknown), true).await, None);
    assert_eq!(ask(port, &other, None, true).await, None);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_speaks_what_was_agreed_on_in_the_handshake() {
    let provider = blotter::fake::Provider::start(blotter::fake::Manner::default()).await.unwrap();
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    let proxy = Proxy::start(provider.address(), &put(folder.path(), &authority)).await;
    let port = proxy.address.port();
    let older =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{CHAT}", CHAT.len());
    let answer = answer_over_http2(port, &authority, &older).await;
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(provider.count(), 0);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_roots_are_what_a_provider_is_verified_against() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (authority(), authority());
    let port = listen(&one, "localhost").await;
    let route = format!("[[route]]\nname = \"secure\"\nupstream = \"https://localhost:{port}\"\n");
    for (authority, status) in [(&one, 200), (&other, 502)] {
        write(folder.path(), "roots.pem", &authority.pem());
        let more = format!("{route}[upstream_tls]\nroots = \"{}\"\n", folder.path().join("roots.pem").display());
        let proxy = Proxy::start(([127, 0, 0, 1], 1).into(), &more).await;
        let answer = Caller::new().send(proxy.address, "POST", "/secure/v1/x", &[], "{}".into()).await;
        assert_eq!(answer.status.as_u16(), status);
        proxy.stop().await;
    }
}

/// The beginning of the day after so many days.
fn day(days: i64) -> Timestamp {
    let day = (Timestamp::now() + SignedDuration::from_hours(24 * days)).to_zoned(TimeZone::UTC);
    day.start_of_day().unwrap().timestamp()
}

/// Lets a certificate end then.
fn end(params: &mut CertificateParams, days: i64) {
    let date = day(days).to_zoned(TimeZone::UTC).date();
    params.not_after = rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8);
}

/// A `[tls]` section with a certificate that ends in ten days, and one that signs callers' and ends in nine.
pub fn ending(folder: &Path) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    end(&mut params, 9);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    end(&mut params, 10);
    write(folder, "cert.pem", &params.signed_by(&key, &authority).unwrap().pem());
    write(folder, "key.pem", &key.serialize_pem());
    write(folder, "ca.pem", &authority.pem());
    write(folder, "roots.pem", &authority.pem());
    let at = |name: &str| folder.join(name).display().to_string();
    format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\nclient_ca = \"{}\"\n",
        at("cert.pem"),
        at("key.pem"),
        at("ca.pem")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_end_soon_are_told_in_the_log_and_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let tls = ending(folder.path());
    let proxy = Proxy::start("127.0.0.1:1".parse().unwrap(), &tls).await;
    let metrics = proxy.gateway.metrics().text();
    for (name, days) in [("certificate", 10), ("client_ca", 9)] {
        let line = format!("blotter_{name}_expires {}", day(days).as_second());
        assert!(metrics.lines().any(|counted| counted == line), "{line}: {metrics}");
    }
    proxy.stop().await;

    let route = "[[route]]\nname = \"a\"\nupstream = \"https://a.example\"\n";
    write(folder.path(), "proxy.toml", &format!("listen = \"127.0.0.1:0\"\n{tls}{route}"));
    let mut proxy = start(folder.path());
    let lines = BufReader::new(proxy.stderr.take().unwrap()).lines();
    let told: Vec<String> = lines.map(Result::unwrap).filter(|line| line.contains("ends soon")).take(2).collect();
    proxy.kill().unwrap();
    proxy.wait().unwrap();
    assert!(told[0].contains("the listener's certificate") && told[1].contains("`[tls] client_ca`"), "{told:?}");
}
