//! The program with credentials of the system: a ticket cache, one that has ended, a keytab, and none.

use std::time::Duration;

use super::clock::Clock;
use super::kdc::Kdc;
use super::program_doors::{check_sealed, check_two_syncs, folder, sync};
use super::sealed::{Options, Sealed};
use super::{PASSWORD, installed};
use crate::program::run_with;

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

#[test]
fn a_ticket_that_has_ended_in_the_cache_is_named_and_a_new_one_serves() {
    let Some((kdc, sealed)) = peers() else { return };
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let cache = kdc.kinit_for("2s", "alice", PASSWORD);
    let named = format!("FILE:{}", cache.display());
    let environment = [
        ("KRB5_CONFIG", krb5_conf.as_str()),
        ("KRB5CCNAME", &named),
        ("KRB5_CLIENT_KTNAME", "FILE:/nonexistent"),
    ];
    std::thread::sleep(Duration::from_secs(3));
    let folder = folder(&exchange(&sealed));
    let ended = sync(folder.path(), PASSWORD, &environment);
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    let check = ["check", "--config", "easgate.toml"];
    let checked = run_with(folder.path(), &check, &environment);
    assert_eq!(checked.code, Some(2), "{}", checked.stdout);
    for said in [&ended.stdout, &checked.stdout] {
        for told in ["ticket that the system has for", "has expired", "kinit"] {
            assert!(said.contains(told), "{told}: {said}");
        }
    }
    assert_eq!(
        sealed.stats().count("messages"),
        0,
        "nothing was asked or changed"
    );
    assert_eq!(kdc.kinit("alice", PASSWORD), cache);
    let ended = sync(folder.path(), PASSWORD, &environment);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.json()["changes"]["applied"], 40);
}

#[test]
fn a_server_whose_clock_is_wrong_is_named() {
    let Some((kdc, _)) = peers() else { return };
    let clock = Clock::new();
    let options = Options {
        clock: Some(&clock),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let krb5_conf = kdc.krb5_conf().display().to_string();
    let cache = format!("FILE:{}", kdc.kinit("alice", PASSWORD).display());
    let environment = [("KRB5_CONFIG", krb5_conf.as_str()), ("KRB5CCNAME", &cache)];
    let folder = folder(&exchange(&sealed));
    for (wrong, told) in [
        ("+1h", "ahead of this computer's"),
        ("-1h", "behind this computer's"),
    ] {
        clock.set(wrong);
        let ended = sync(folder.path(), PASSWORD, &environment);
        assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
        for told in [told, "(NTP)"] {
            assert!(ended.stdout.contains(told), "{}", ended.stdout);
        }
    }
    clock.set("+0");
    let ended = sync(folder.path(), PASSWORD, &environment);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
}
