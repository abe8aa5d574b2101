//! TLS towards the provider, verified against the machine's roots.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::crash::address_of;
use crate::support::Caller;

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
