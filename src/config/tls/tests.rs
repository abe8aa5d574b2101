use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use super::*;
use crate::config::User;
use crate::detect::Source;

/// A folder with a certificate authority, a certificate of its making and the key.
struct Folder {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
}

impl Folder {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "the authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let made = Self { folder: tempfile::tempdir().unwrap(), authority, key: KeyPair::generate().unwrap() };
        made.write("cert.pem", &made.certificate(|_| ()));
        made.write("key.pem", &made.key.serialize_pem());
        made.write("ca.pem", &made.authority.pem());
        made
    }

    /// A certificate for localhost, changed by `change`.
    fn certificate(&self, change: impl Fn(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        params.signed_by(&self.key, &self.authority).unwrap().pem()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// What reading `[tls]` says: the problems, or nothing.
    fn read(&self) -> String {
        let text = "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\nclient_ca = \"ca.pem\"\n";
        let source = Source { name: "proxy.toml".to_owned(), text: text.to_owned() };
        let mut sections = Sections::read(&source, User::Proxy).unwrap();
        let tls = read(&mut sections, self.folder.path(), &mut Vec::new());
        let told: Vec<String> = sections.problems.iter().map(ToString::to_string).collect();
        assert_eq!(tls.is_none(), !told.is_empty(), "{told:?}");
        told.join("\n")
    }
}

#[test]
fn a_bad_certificate_or_key_is_refused_with_what_is_wrong() {
    let folder = Folder::new();
    assert_eq!(folder.read(), "");
    let (good, key, authority) = (folder.certificate(|_| ()), folder.key.serialize_pem(), folder.authority.pem());
    folder.write("cert.pem", &format!("{good}{authority}"));
    assert_eq!(folder.read(), "", "a whole chain is fine");
    let expired = folder.certificate(|params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = folder.certificate(|params| params.not_before = date_time_ymd(2090, 1, 1));
    let nameless = folder.certificate(|params| params.subject_alt_names.clear());
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let not_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let other = KeyPair::generate().unwrap().serialize_pem();
    let cut = &good[..good.len() / 2];
    for (file, text, expected) in [
        ("cert.pem", "", "proxy.toml:2: {} is empty: "),
        ("cert.pem", "a certificate", "proxy.toml:2: {} holds no certificate in PEM: "),
        ("cert.pem", cut, "proxy.toml:2: {} is broken PEM: "),
        ("cert.pem", not_der, "proxy.toml:2: {} holds what is not a certificate "),
        ("cert.pem", &key, "proxy.toml:2: {} holds no certificate in PEM: "),
        ("cert.pem", &expired, "proxy.toml:2: {} expired: renew"),
        ("cert.pem", &early, "proxy.toml:2: {} is not valid yet: look at this machine's clock"),
        ("cert.pem", &nameless, "proxy.toml:2: {} names no host: "),
        ("cert.pem", &format!("{authority}{good}"), "proxy.toml:2: {} "),
        ("cert.pem", &format!("{good}{good}"), "proxy.toml:2: {} has its chain out of order: "),
        ("key.pem", "", "proxy.toml:3: {} is empty: "),
        ("key.pem", "a key", "proxy.toml:3: {} holds no private key in PEM: "),
        ("key.pem", &good, "proxy.toml:3: {} holds a certificate and no private key: "),
        ("key.pem", encrypted, "proxy.toml:3: {} is encrypted with a passphrase: "),
        ("key.pem", not_key, "proxy.toml:3: {} cannot be used: "),
        ("key.pem", &other, "proxy.toml:3: {} is not the key of the certificate: "),
        ("ca.pem", "", "proxy.toml:4: {} is empty: "),
        ("ca.pem", &good, "proxy.toml:4: {} holds a certificate that may not sign others: "),
    ] {
        let (whole, path) =
            (fs::read_to_string(folder.folder.path().join(file)).unwrap(), folder.folder.path().join(file));
        folder.write(file, text);
        let told = folder.read();
        let expected = expected.replace("{}", &path.display().to_string());
        assert!(told.starts_with(&expected), "{expected}\n{told}");
        folder.write(file, &whole);
    }
    let path = folder.folder.path().join("key.pem");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(folder.read().contains("key.pem is open to everybody on this machine: "), "{}", folder.read());
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        fs::remove_file(folder.folder.path().join(file)).unwrap();
        assert!(folder.read().contains(&format!("{file} cannot be read: No such file")), "{}", folder.read());
    }
}
