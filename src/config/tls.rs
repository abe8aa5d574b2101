//! `[tls]` and `[upstream_tls]`: certificates and keys from files, checked before they are used.
//!
//! What a caller would only see as a failed handshake is told here, with the file and what to do.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;
use toml::Spanned;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::Named;
use super::sections::Sections;
use crate::crypto;

/// How callers' connections are secured.
#[derive(Clone)]
pub struct Tls {
    /// Certificate, key and who may connect.
    pub server: Arc<ServerConfig>,
    /// When the first of the chain's certificates expires, in seconds since 1970.
    pub expires: i64,
    /// The same of those who sign callers' certificates, if callers have to show one.
    pub client_ca_expires: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSection {
    certificate: Spanned<PathBuf>,
    key: Spanned<PathBuf>,
    client_ca: Option<Spanned<PathBuf>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UpstreamTlsSection {
    roots: Option<Spanned<PathBuf>>,
}

/// What is wrong with a file, and what to do.
type Wrong = (String, &'static str);

/// Takes `[tls]`; `None` where connections come in the clear, or where something is wrong with it.
pub(super) fn read(sections: &mut Sections, folder: &Path, named: &mut Vec<Named>) -> Option<Tls> {
    let TlsSection { certificate, key, client_ca } = sections.take("tls")?;
    let at = |path: &Spanned<PathBuf>| folder.join(path.get_ref());
    named.extend([Named::File(at(&certificate)), Named::Secret(at(&key))]);
    named.extend(client_ca.as_ref().map(|path| Named::File(at(path))));
    let mut told = |span: Range<usize>, path: &Path, (what, remedy): Wrong| {
        sections.unready(span, format!("{} {what}", path.display()), remedy);
    };
    let chain = chain(&at(&certificate)).map_err(|wrong| told(certificate.span(), &at(&certificate), wrong));
    let secret = private_key(&at(&key)).map_err(|wrong| told(key.span(), &at(&key), wrong));
    let callers = client_ca.map(|path| roots(&at(&path)).map_err(|wrong| told(path.span(), &at(&path), wrong)));
    let callers = callers.transpose();
    let (Ok((chain, expires)), Ok(secret), Ok(callers)) = (chain, secret, callers) else { return None };
    let (callers, client_ca_expires) = callers.unzip();
    let server = server(chain, secret, callers).map_err(|wrong| told(key.span(), &at(&key), wrong)).ok()?;
    Some(Tls { server: Arc::new(server), expires, client_ca_expires })
}

/// Takes `[upstream_tls]`: the roots that upstreams are verified against, instead of the system's.
pub(super) fn read_upstream(
    sections: &mut Sections,
    folder: &Path,
    named: &mut Vec<Named>,
) -> Option<Arc<RootCertStore>> {
    let UpstreamTlsSection { roots } = sections.take("upstream_tls").unwrap_or_default();
    let path = roots?;
    let file = folder.join(path.get_ref());
    named.push(Named::File(file.clone()));
    let read = self::roots(&file).map_err(|(what, remedy)| {
        sections.unready(path.span(), format!("{} {what}", file.display()), remedy);
    });
    read.ok().map(|(roots, _)| Arc::new(roots))
}

fn server(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    callers: Option<RootCertStore>,
) -> Result<ServerConfig, Wrong> {
    let failed = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => {
            ("is not the key of the certificate".to_owned(), "give the key that the certificate was made for")
        }
        error => (format!("cannot be used: {error}"), "give an RSA, ECDSA or Ed25519 key in PKCS#8, PKCS#1 or SEC1"),
    };
    let provider = crypto::for_tls();
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().map_err(failed)?;
    let config = match callers {
        None => config.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let remedy = "give certificates that may sign those of callers";
            let verifier = verifier.map_err(|error| (format!("cannot verify callers: {error}"), remedy))?;
            config.with_client_cert_verifier(verifier)
        }
    };
    let mut config = config.with_single_cert(chain, key).map_err(failed)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a file, the server's own first, and when the first of them expires.
fn chain(path: &Path) -> Result<(Vec<CertificateDer<'static>>, i64), Wrong> {
    let chain = certificates(path)?;
    let parsed = parsed(&chain)?;
    let own = parsed.first().ok_or_else(no_certificate)?;
    let now = ASN1Time::now();
    if own.validity().not_after < now {
        return Err(("expired".to_owned(), "renew the certificate"));
    }
    if own.validity().not_before > now {
        return Err(("is not valid yet".to_owned(), "look at this machine's clock, or wait"));
    }
    if !own.subject_alternative_name().is_ok_and(|names| names.is_some()) {
        let what = "names no host: it has no subject alternative name, which every TLS client asks for";
        return Err((what.to_owned(), "make a certificate with one"));
    }
    if parsed.windows(2).any(|pair| pair[0].issuer() != pair[1].subject()) {
        let what = "has its chain out of order: each certificate has to be signed by the one after it";
        return Err((what.to_owned(), "put the server's own first, then the one that signed it, and so on"));
    }
    let expires = first_end(&parsed);
    Ok((chain, expires))
}

/// When the first of some certificates expires, in seconds since 1970.
fn first_end(certificates: &[X509Certificate]) -> i64 {
    certificates.iter().map(|certificate| certificate.validity().not_after.timestamp()).min().unwrap_or(i64::MAX)
}

/// Certificates that others are verified against, and when the first of them expires.
fn roots(path: &Path) -> Result<(RootCertStore, i64), Wrong> {
    let certificates = certificates(path)?;
    let parsed = parsed(&certificates)?;
    let expires = first_end(&parsed);
    if parsed.iter().any(|certificate| !certificate.is_ca()) {
        return Err(("holds a certificate that may not sign others".to_owned(), "give those of authorities only"));
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let wrong = |error| (format!("holds a certificate that cannot be used: {error}"), "take it out");
        roots.add(certificate).map_err(wrong)?;
    }
    Ok((roots, expires))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let bytes = bytes(path)?;
    let sections: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = sections.map_err(|_| not_pem())?;
    if certificates.is_empty() { Err(no_certificate()) } else { Ok(certificates) }
}

fn parsed<'c>(certificates: &'c [CertificateDer<'static>]) -> Result<Vec<X509Certificate<'c>>, Wrong> {
    let parse = |der: &'c CertificateDer<'static>| match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => {
            let what = "holds what is not a certificate between its BEGIN and END";
            Err((what.to_owned(), "copy the file again, or make the certificate again"))
        }
    };
    certificates.iter().map(parse).collect()
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Wrong> {
    let bytes = bytes(path)?;
    let mode = fs::metadata(path).map_or(0, |known| known.permissions().mode());
    if mode & 0o007 != 0 {
        return Err(("is open to everybody on this machine".to_owned(), "run `chmod o= FILE`, and think of a new key"));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    if text.contains("ENCRYPTED") {
        let remedy =
            "write it without, as with `openssl pkey -in FILE -out NEW`, and keep it readable by its owner only";
        return Err(("is encrypted with a passphrase".to_owned(), remedy));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound if text.contains("-----BEGIN CERTIFICATE") => {
            ("holds a certificate and no private key".to_owned(), "give the key's file as `key`")
        }
        pem::Error::NoItemsFound => {
            let remedy = "give a file with `-----BEGIN PRIVATE KEY-----`";
            ("holds no private key in PEM".to_owned(), remedy)
        }
        _ => not_pem(),
    })
}

fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Wrong> {
    let bytes = fs::read(path).map(Zeroizing::new);
    let bytes = bytes.map_err(|error| (format!("cannot be read: {error}"), "give a file that can be read"))?;
    if bytes.is_empty() { Err(("is empty".to_owned(), "copy the file again")) } else { Ok(bytes) }
}

fn no_certificate() -> Wrong {
    ("holds no certificate in PEM".to_owned(), "give a file with `-----BEGIN CERTIFICATE-----`")
}

fn not_pem() -> Wrong {
    ("is broken PEM: a section does not end, or is not base64".to_owned(), "copy the file again")
}

#[cfg(test)]
mod tests;
