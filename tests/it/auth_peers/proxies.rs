//! Through a proxy that wants an account of its own.

use easgate_cmdlet::{Config, Proxy};
use expect_test::expect;

use super::apache::{Apache, Site};
use super::client::{basic, chain, config, devices, kerberos, ntlm};
use super::kdc::Kdc;
use super::sealed::{Options, Sealed};
use super::squid::{self, Squid};
use super::{PASSWORD, installed};

fn proxy(squid: &Squid, password: Option<&str>) -> Proxy {
    Proxy {
        credentials: password.map(|password| (squid::USER.to_owned(), password.into())),
        ..Proxy::new(squid.url().parse().expect("an address of ours"))
    }
}

#[tokio::test]
async fn sealed_messages_pass_a_proxy() {
    if !installed() {
        return;
    }
    let (kdc, squid) = (Kdc::example(), Squid::start());
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let through = |proxy| Config {
        proxy: Some(proxy),
        ..config(
            &sealed.url,
            kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD),
        )
    };
    let found = devices(through(proxy(&squid, Some(squid::PASSWORD)))).await;
    assert_eq!(found.unwrap(), 60);
    let requests = squid.requests();
    assert!(requests.contains("POST http://localhost:"), "{requests}");
    assert_eq!(sealed.stats().count("repeated"), 0, "{:?}", sealed.stats());

    let messages = sealed.stats().count("messages");
    let mut table = String::new();
    for password in [Some("wrong"), None] {
        let error = devices(through(proxy(&squid, password))).await.unwrap_err();
        table += &format!("{}\n", chain(&error));
    }
    expect![[r#"
        could not reach http://localhost:PORT/PowerShell to run Get-MobileDevice: the proxy wants credentials (it offers Basic)
        could not reach http://localhost:PORT/PowerShell to run Get-MobileDevice: the proxy wants credentials (it offers Basic)
    "#]].assert_eq(&table);
    assert_eq!(sealed.stats().count("messages"), messages);
}

#[tokio::test]
async fn https_passes_a_proxy_by_connect() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let (apache, squid) = (Apache::start(&kdc), Squid::start());
    let through = |path: &str, way, proxy| Config {
        proxy: Some(proxy),
        ca_file: Some(apache.certificates.authority()),
        ..config(&apache.url(Site::Https, path), way)
    };
    let doors = [
        ("/basic/powershell", basic("alice", PASSWORD)),
        (
            "/connection/powershell",
            kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD),
        ),
    ];
    for (path, way) in doors {
        let config = through(path, way, proxy(&squid, Some(squid::PASSWORD)));
        assert_eq!(devices(config).await.unwrap(), 60, "{path}");
    }
    assert!(
        squid.requests().contains("CONNECT localhost:"),
        "{}",
        squid.requests()
    );

    let mut table = String::new();
    for password in [Some("wrong"), None] {
        let proxy = proxy(&squid, password);
        let config = through("/basic/powershell", basic("alice", PASSWORD), proxy);
        let error = devices(config).await.unwrap_err();
        table += &format!("{}\n", chain(&error));
    }
    let offers = "could not reach https://localhost:PORT/basic/powershell to run Get-MobileDevice: the proxy wants credentials \
                  (it offers Basic)\n";
    assert_eq!(table, offers.repeat(2));
}

#[tokio::test]
async fn ntlm_is_not_sent_through_a_tunnel_that_hides_the_certificate() {
    if !installed() {
        return;
    }
    let (kdc, squid) = (Kdc::example(), Squid::start());
    let options = Options {
        digest: Some("sha256"),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let config = Config {
        proxy: Some(proxy(&squid, Some(squid::PASSWORD))),
        ca_file: Some(sealed.certificates().authority()),
        ..config(&sealed.url, ntlm(r"EXAMPLE\alice", PASSWORD))
    };
    let error = devices(config).await.unwrap_err();
    let told = chain(&error);
    assert!(
        told.contains("cannot be bound to the server's certificate"),
        "{told}"
    );
    assert_eq!(
        (sealed.stats().count("ntlm"), sealed.stats().count("messages")),
        (0, 0)
    );
}

#[tokio::test]
async fn hosts_without_proxy_are_reached_without_it() {
    if !installed() {
        return;
    }
    let (kdc, squid) = (Kdc::example(), Squid::start());
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let config = Config {
        proxy: Some(Proxy {
            no_proxy: vec!["localhost".to_owned()],
            ..proxy(&squid, None)
        }),
        ..config(
            &sealed.url,
            kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD),
        )
    };
    assert_eq!(devices(config).await.unwrap(), 60);
    assert!(!squid.requests().contains("localhost"), "{}", squid.requests());
}
