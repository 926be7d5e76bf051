//! Clocks that are an hour off: the domain controller's, and the server's.

use easgate_cmdlet::{Authentication, AuthenticationError};

use super::client::{chain, config, devices, logon};
use super::clock::Clock;
use super::kdc::{Kdc, Times};
use super::program_doors::{folder, sync};
use super::refusals::cause;
use super::sealed::{Options, Sealed};
use super::{PASSWORD, installed};
use crate::program::run_with;

/// A domain controller and a server, each with a clock of its own.
struct Peers {
    at_kdc: Clock,
    at_server: Clock,
    kdc: Kdc,
    sealed: Sealed,
}

impl Peers {
    fn start() -> Self {
        let (at_kdc, at_server) = (Clock::new(), Clock::new());
        let kdc = Kdc::with(&Times {
            clock: Some(&at_kdc),
            ..Times::default()
        });
        let options = Options {
            clock: Some(&at_server),
            ..Options::default()
        };
        let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
        Self {
            at_kdc,
            at_server,
            kdc,
            sealed,
        }
    }

    fn set(&self, (at_kdc, at_server): (&str, &str)) {
        self.at_kdc.set(at_kdc);
        self.at_server.set(at_server);
    }

    /// The section on Exchange.
    fn exchange(&self) -> String {
        format!(
            "servers = [\"{}\"]\nauthentication = \"kerberos\"\nusername = 'EXAMPLE.TEST\\alice'\n\
             password = {{ env = \"EXCHANGE_PASSWORD\" }}\nkdc = [\"{}\"]\n",
            self.sealed.url,
            self.kdc.address()
        )
    }
}

/// What may be wrong: the domain controller's clock, and the server's; and what is told of them.
const WRONG: [(&str, &str, &str); 4] = [
    ("+1h", "+0", "behind the domain controller's"),
    ("-1h", "+0", "ahead of the domain controller's"),
    ("+0", "+1h", "ahead of the domain controller's"),
    ("+0", "-1h", "behind the domain controller's"),
];

#[tokio::test]
async fn clocks_that_differ_are_named_whoevers_is_wrong() {
    if !installed() {
        return;
    }
    let peers = Peers::start();
    let ways = || {
        let logon = logon(&peers.kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
        let ways = [
            Authentication::Kerberos(logon.clone()),
            Authentication::Negotiate(logon),
        ];
        ways.map(|way| config(&peers.sealed.url, way))
    };
    for (at_kdc, at_server, whose) in WRONG {
        let wrong = (at_kdc, at_server);
        peers.set(wrong);
        for config in ways() {
            let error = devices(config).await.expect_err("the clocks differ");
            let told = chain(&error);
            assert!(
                matches!(cause(&error), AuthenticationError::ClockSkew { .. }),
                "{wrong:?}: {told}"
            );
            assert!(
                told.contains("clocks of this computer") && told.contains(whose),
                "{told}"
            );
            assert!(cause(&error).cure().contains("NTP"), "{told}");
            // It is not the account's fault, and nothing was done.
            assert!(!error.is_refused_credential() && !error.sent(), "{told}");
        }
    }
    assert_eq!(peers.sealed.stats().count("messages"), 0);
    // Where this computer's clock is the wrong one, the domain controller's is gone by.
    for right in [("+0", "+0"), ("+1h", "+1h"), ("-1h", "-1h")] {
        peers.set(right);
        for config in ways() {
            assert_eq!(
                devices(config).await.expect("their clocks agree"),
                60,
                "{right:?}"
            );
        }
    }
}

#[test]
fn a_sync_and_the_doctor_name_the_clocks_and_the_next_sync_works() {
    if !installed() {
        return;
    }
    let peers = Peers::start();
    let folder = folder(&peers.exchange());
    for wrong in [("+1h", "+0"), ("+0", "-1h")] {
        peers.set(wrong);
        let ended = sync(folder.path(), PASSWORD, &[]);
        assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
        for told in ["clocks of this computer", "(NTP)"] {
            assert!(ended.stdout.contains(told), "{wrong:?}: {}", ended.stdout);
        }
        let check = ["check", "--config", "easgate.toml", "--json"];
        let ended = run_with(folder.path(), &check, &[("EXCHANGE_PASSWORD", PASSWORD)]);
        let found = ended.json();
        let finding = |id: &str| {
            let findings = found["findings"].as_array().expect("a list").iter();
            let finding = findings.clone().find(|finding| finding["id"] == id);
            finding.unwrap_or_else(|| panic!("{id}: {found}")).clone()
        };
        let log_on = finding("log-on");
        assert_eq!(log_on["outcome"], "failed");
        for (key, told) in [("evidence", "clocks of this computer"), ("cure", "(NTP)")] {
            let text = log_on[key].as_str().expect("a text");
            assert!(text.contains(told), "{wrong:?}: {text}");
        }
        // Whose clock it is shows in the line before.
        let clock = finding("clock");
        let (outcome, told) = match wrong.1 {
            "+0" => ("ok", "same as here"),
            _ => ("failed", "s behind this computer"),
        };
        assert_eq!(clock["outcome"], outcome, "{clock}");
        assert!(
            clock["evidence"].as_str().expect("a text").contains(told),
            "{clock}"
        );
    }
    assert_eq!(
        peers.sealed.stats().count("messages"),
        0,
        "nothing was asked or changed"
    );
    peers.set(("+0", "+0"));
    let ended = sync(folder.path(), PASSWORD, &[]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.json()["changes"]["applied"], 40);
}
