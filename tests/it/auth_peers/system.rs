//! The program with credentials of the system: a ticket cache, a keytab, and none.

use super::kdc::Kdc;
use super::program_doors::{check_sealed, check_two_syncs, folder, sync};
use super::sealed::{Options, Sealed};
use super::{PASSWORD, installed};

/// A KDC and a server, where the program was built with the feature `gssapi`; says plainly when it was not.
fn peers() -> Option<(Kdc, Sealed)> {
    if !installed() {
        return None;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let folder = folder(&exchange(&sealed));
    let built = !sync(folder.path(), PASSWORD, &[]).stderr.contains("`gssapi`");
    assert!(built || std::env::var_os("CI").is_none(), "built without gssapi");
    if !built {
        println!("LEFT OUT: credentials of the system, the program was built without the feature gssapi");
    }
    built.then_some((kdc, sealed))
}

fn exchange(sealed: &Sealed) -> String {
    format!("servers = [\"{}\"]\nauthentication = \"system\"\n", sealed.url)
}

#[test]
fn the_program_syncs_with_a_ticket_from_a_cache() {
    let Some((kdc, sealed)) = peers() else { return };
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let cache = format!("FILE:{}", kdc.kinit("alice", PASSWORD).display());
    let environment = [("KRB5_CONFIG", krb5_conf.as_str()), ("KRB5CCNAME", &cache)];
    check_two_syncs(&exchange(&sealed), PASSWORD, &environment);
    assert_eq!(check_sealed(&sealed, "kerberos").count("ntlm"), 0);
}

#[test]
fn the_program_syncs_with_a_keytab() {
    let Some((kdc, sealed)) = peers() else { return };
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let keytab = format!("FILE:{}", kdc.keytab_of_alice().display());
    let environment = [
        ("KRB5_CONFIG", krb5_conf.as_str()),
        ("KRB5CCNAME", "MEMORY:alice"),
        ("KRB5_CLIENT_KTNAME", &keytab),
    ];
    let named = format!("{}username = \"alice@EXAMPLE.TEST\"\n", exchange(&sealed));
    check_two_syncs(&named, PASSWORD, &environment);
    let folder = folder(&exchange(&sealed));
    let unnamed = sync(folder.path(), PASSWORD, &environment);
    assert_eq!(unnamed.code, Some(0), "{}", unnamed.stdout);
    assert_eq!(check_sealed(&sealed, "kerberos").count("ntlm"), 0);
}

/// An MIT acceptor takes a log-on that is bound to its certificate, and one that is not bound at all; a wrong binding it refuses.
#[test]
fn a_ticket_is_bound_to_the_certificate_over_https() {
    let Some((kdc, _)) = peers() else { return };
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let cache = format!("FILE:{}", kdc.kinit("alice", PASSWORD).display());
    let environment = [("KRB5_CONFIG", krb5_conf.as_str()), ("KRB5CCNAME", &cache)];
    for digest in ["sha256", "sha384"] {
        let options = Options {
            digest: Some(digest),
            ..Options::default()
        };
        let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
        let authority = sealed.certificates().authority();
        let exchange = format!("{}ca_file = \"{}\"\n", exchange(&sealed), authority.display());
        check_two_syncs(&exchange, PASSWORD, &environment);
        let stats = sealed.stats();
        assert!(
            stats.count("kerberos") > 0 && stats.count("refused") == 0,
            "{digest}: {stats:?}"
        );
    }
}

#[test]
fn without_any_credentials_the_program_says_where_they_are_looked_for() {
    let Some((kdc, sealed)) = peers() else { return };
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let environment = [
        ("KRB5_CONFIG", krb5_conf.as_str()),
        ("KRB5CCNAME", "MEMORY:nobody"),
        ("KRB5_CLIENT_KTNAME", "FILE:/nonexistent"),
    ];
    let folder = folder(&exchange(&sealed));
    let ended = sync(folder.path(), PASSWORD, &environment);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    for told in ["the system has no Kerberos credentials", "KRB5_CLIENT_KTNAME"] {
        assert!(ended.stdout.contains(told), "{}", ended.stdout);
    }
}
