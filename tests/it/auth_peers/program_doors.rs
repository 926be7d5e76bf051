//! The program itself, with a configuration file, through doors that are not ours.

use std::path::Path;

use super::apache::{Apache, Site};
use super::certificates::PFX_PASSWORD;
use super::kdc::{Kdc, WEB};
use super::sealed::{Options, Sealed, Stats};
use super::squid::{self, Squid};
use super::{PASSWORD, UMLAUTS, installed};
use crate::full_sync::enrolled;
use crate::program::{Ended, run_with};

/// Everything is logged, since nothing that is logged may be a secret.
const SYNC: [&str; 7] = [
    "sync",
    "--full",
    "--config",
    "easgate.toml",
    "--json",
    "--log",
    "trace",
];

/// The folder of a configuration whose section on Exchange is `exchange`.
pub(super) fn folder(exchange: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let configuration = format!(
        "[[organization]]\nname = \"contoso\"\nmode = \"enforce\"\n[organization.exchange]\n{exchange}\n\
         [organization.enrollment]\nsource = \"file\"\npath = \"enrolled.csv\"\n\
         [organization.guard]\nloses_access = \"100%\"\n[store]\nurl = \"sqlite://easgate.db\"\n"
    );
    std::fs::write(folder.path().join("easgate.toml"), configuration).expect("a file");
    std::fs::write(folder.path().join("enrolled.csv"), enrolled()).expect("a file");
    folder
}

/// The password of the account, and what else the environment holds.
pub(super) fn sync(folder: &Path, password: &str, more: &[(&str, &str)]) -> Ended {
    run_with(
        folder,
        &SYNC,
        &[&[("EXCHANGE_PASSWORD", password)], more].concat(),
    )
}

/// The first sync does everything, the second finds nothing to do.
pub(super) fn check_two_syncs(exchange: &str, password: &str, more: &[(&str, &str)]) {
    let folder = folder(exchange);
    let first = sync(folder.path(), password, more);
    assert_eq!(first.code, Some(0), "{}\n{}", first.stdout, first.stderr);
    let changes = serde_json::json!({ "planned": 40, "applied": 40, "failed": 0, "held": 0 });
    assert_eq!(first.json()["changes"], changes);
    let second = sync(folder.path(), password, more);
    assert_eq!(second.json()["changes"]["planned"], 0, "{}", second.stdout);
    for ended in [first, second] {
        assert!(!ended.stdout.contains(password), "the password is in the report");
        assert!(
            ended.stderr.contains("TRACE easgate_cmdlet"),
            "nothing was logged"
        );
        // The beginnings of an NTLM message and of a GSS-API token in base64.
        for secret in [password, "TlRMTVNTUA", "Kerberos Y", "Negotiate Y"] {
            let found = ended.stderr.lines().find(|line| line.contains(secret));
            assert_eq!(found, None, "a secret is in the log");
        }
    }
}

pub(super) fn check_sealed(sealed: &Sealed, mechanism: &str) -> Stats {
    let stats = sealed.stats();
    assert!(stats.count(mechanism) > 0, "{stats:?}");
    assert!(stats.count("sealed") > 100, "{stats:?}");
    assert_eq!(stats.count("sealed"), stats.count("messages"), "{stats:?}");
    assert_eq!(
        (stats.count("repeated"), stats.count("refused")),
        (0, 0),
        "{stats:?}"
    );
    let upstream = sealed.upstream_stats();
    assert_eq!(upstream["violations"], serde_json::json!([]), "{upstream}");
    assert_eq!(upstream["open"], 0, "a shell is left: {upstream}");
    stats
}

#[test]
fn the_program_syncs_sealed_under_kerberos() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"kerberos\"\nusername = 'EXAMPLE.TEST\\bob'\n\
         password = {{ env = \"EXCHANGE_PASSWORD\" }}\nkdc = [\"{}\"]\n",
        sealed.url,
        kdc.address()
    );
    check_two_syncs(&exchange, UMLAUTS, &[]);
    assert_eq!(check_sealed(&sealed, "kerberos").count("ntlm"), 0);
}

#[test]
fn the_program_syncs_sealed_under_ntlm() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"ntlm\"\nusername = 'EXAMPLE\\alice'\n\
         password = {{ env = \"EXCHANGE_PASSWORD\" }}\ndanger_allow_ntlm_without_channel_binding = true\n",
        sealed.url
    );
    check_two_syncs(&exchange, PASSWORD, &[]);
    assert_eq!(check_sealed(&sealed, "ntlm").count("kerberos"), 0);
}

#[test]
fn an_account_of_a_trusted_realm_syncs() {
    if !installed() {
        return;
    }
    let (home, example) = Kdc::home_and_example();
    let sealed = Sealed::start(&example.krb5_conf(), &example.keytab(), &Options::default());
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"kerberos\"\nusername = 'HOME.TEST\\alice'\n\
         password = {{ env = \"EXCHANGE_PASSWORD\" }}\nspn = \"HTTP/{WEB}\"\n",
        sealed.url
    );
    let krb5_conf = home.krb5_conf().display().to_string();
    check_two_syncs(&exchange, PASSWORD, &[("KRB5_CONFIG", &krb5_conf)]);
    check_sealed(&sealed, "kerberos");
    assert!(
        home.log().contains("krbtgt/EXAMPLE.TEST@HOME.TEST"),
        "{}",
        home.log()
    );
    assert!(example.log().contains("alice@HOME.TEST"), "{}", example.log());
}

#[test]
fn the_program_shows_its_certificate_when_the_server_renegotiates() {
    if !installed() {
        return;
    }
    let apache = Apache::start(&Kdc::example());
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"certificate\"\nca_file = \"{}\"\nclient_pfx = \"{}\"\n\
         client_pfx_password = {{ env = \"PFX_PASSWORD\" }}\npins = [\"{}\"]\n",
        apache.url(Site::Renegotiating, "/required/powershell"),
        apache.certificates.authority().display(),
        apache.certificates.path("client.pfx").display(),
        apache.certificates.pin()
    );
    check_two_syncs(&exchange, PFX_PASSWORD, &[("PFX_PASSWORD", PFX_PASSWORD)]);
    assert!(
        apache.errors().contains("Requesting connection re-negotiation"),
        "{}",
        apache.errors()
    );
    assert_eq!(apache.upstream_stats()["open"], 0);
}

#[test]
fn the_program_syncs_through_a_proxy() {
    if !installed() {
        return;
    }
    let (kdc, squid) = (Kdc::example(), Squid::start());
    let apache = Apache::start(&kdc);
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"kerberos\"\nusername = 'EXAMPLE.TEST\\alice'\n\
         password = {{ env = \"EXCHANGE_PASSWORD\" }}\nkdc = [\"{}\"]\nca_file = \"{}\"\nproxy = \"{}\"\n\
         proxy_username = \"{}\"\nproxy_password = {{ env = \"PROXY_PASSWORD\" }}\n",
        apache.url(Site::Https, "/connection/powershell"),
        kdc.address(),
        apache.certificates.authority().display(),
        squid.url(),
        squid::USER
    );
    check_two_syncs(&exchange, PASSWORD, &[("PROXY_PASSWORD", squid::PASSWORD)]);
    let requests = squid.requests();
    assert!(requests.contains("CONNECT localhost:"), "{requests}");
    assert!(
        !requests.contains("/407 "),
        "the proxy was asked without its account: {requests}"
    );
}

#[test]
fn a_wrong_password_ends_the_sync_and_names_the_cure() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let exchange = format!(
        "servers = [\"{}\"]\nauthentication = \"negotiate\"\nusername = 'EXAMPLE.TEST\\alice'\n\
         password = {{ env = \"EXCHANGE_PASSWORD\" }}\nkdc = [\"{}\"]\n",
        sealed.url,
        kdc.address()
    );
    let folder = folder(&exchange);
    let ended = sync(folder.path(), "a-wrong-one", &[]);
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("refused the password"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("msDS-SupportedEncryptionTypes"),
        "{}",
        ended.stdout
    );
    for text in [&ended.stdout, &ended.stderr] {
        assert!(!text.contains("a-wrong-one"), "the password is told");
    }
    // Both lists are read side by side; the account is asked about once all the same.
    assert_eq!(kdc.log().matches("PREAUTH_FAILED").count(), 1, "{}", kdc.log());
    assert_eq!(sealed.stats().count("messages"), 0, "{:?}", sealed.stats());
}
