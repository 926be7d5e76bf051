//! Which servers may stand in for the configured ones.

use easgate_exchange::ServerVersion;
use easgate_store::ServerSeen;
use url::{Host, Url};

/// The servers of the organisation that may be used when none of `configured` can be reached, at the same path and port, in the
/// order of `seen`.
///
/// A server stands in if it serves clients and is no Edge server, is no older than the configured server that the
/// organisation knows (than all others, where it knows none of them), and has its name in one of `domains`; where none are
/// given, in the domain of the first configured server. The names come from a server, so what they may be is decided here.
#[must_use]
pub fn stand_ins(configured: &[Url], seen: &[ServerSeen], domains: &[String]) -> Vec<Url> {
    let Some(first) = configured.first() else {
        return Vec::new();
    };
    let own_domain = first.domain().and_then(|host| host.split_once('.'));
    let domains: Vec<&str> = match domains {
        [] => own_domain.map(|(_, domain)| domain).into_iter().collect(),
        given => given.iter().map(String::as_str).collect(),
    };
    let is_configured = |name: &str| {
        configured
            .iter()
            .any(|url| url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(name)))
    };
    let versions = |which: &dyn Fn(&ServerSeen) -> bool| -> Vec<ServerVersion> {
        seen.iter()
            .filter(|server| which(server))
            .filter_map(version)
            .collect()
    };
    let known = versions(&|server| is_configured(&server.name));
    let floor = match known.iter().max() {
        Some(version) => *version,
        None => match versions(&serves_clients).iter().max() {
            Some(version) => *version,
            None => return Vec::new(),
        },
    };
    seen.iter()
        .filter(|server| serves_clients(server) && !is_configured(&server.name))
        .filter(|server| version(server).is_some_and(|version| version >= floor))
        .filter(|server| domains.iter().any(|domain| is_below(&server.name, domain)))
        .filter_map(|server| at(first, &server.name))
        .collect()
}

fn version(server: &ServerSeen) -> Option<ServerVersion> {
    server.version.parse().ok()
}

/// Whether clients may connect to the server: the role for it, or, from 2016 on, a mailbox server.
fn serves_clients(server: &ServerSeen) -> bool {
    let has = |role: &str| {
        server
            .roles
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(role))
    };
    let every_mailbox_server =
        version(server).is_some_and(|version| (version.major, version.minor) >= (15, 1));
    !has("Edge") && (has("ClientAccess") || has("Mailbox") && every_mailbox_server)
}

/// Whether `name` is a host of `domain` or of a domain below it.
fn is_below(name: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.');
    let ending = name.len().checked_sub(domain.len() + 1);
    !domain.is_empty()
        && ending.is_some_and(|dot| {
            dot > 0
                && name.as_bytes().get(dot) == Some(&b'.')
                && name
                    .get(dot + 1..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(domain))
        })
}

/// The address of the server `name`, everything else as in `like`; `None` if that is no name of a host.
fn at(like: &Url, name: &str) -> Option<Url> {
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let mut url = like.clone();
    url.set_host(Some(name)).ok()?;
    (is_name && matches!(url.host(), Some(Host::Domain(_)))).then_some(url)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const ORGANIZATION: &str = "
        ex1.contoso.example    15.2.986.5   Mailbox, ClientAccess
        ex2.contoso.example    15.2.986.5   Mailbox, ClientAccess
        ex3.contoso.example    15.2.2562.17 Mailbox
        old.contoso.example    15.1.2507.6  Mailbox, ClientAccess
        edge.contoso.example   15.2.986.5   Edge
        mbx13.contoso.example  15.0.1497.2  Mailbox
        far.fabrikam.example   15.2.986.5   Mailbox, ClientAccess
        odd.contoso.example    unreadable   Mailbox, ClientAccess
        evilcontoso.example    15.2.986.5   Mailbox, ClientAccess
        127.0.0.1              15.2.986.5   Mailbox, ClientAccess
        169.254.1.contoso.example/x 15.2.986.5 ClientAccess
    ";

    fn check(configured: &[&str], domains: &[&str], expected: &Expect) {
        let configured: Vec<Url> = configured.iter().map(|url| url.parse().unwrap()).collect();
        let seen: Vec<ServerSeen> = ORGANIZATION
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                Some(ServerSeen {
                    name: words.next()?.to_owned(),
                    version: words.next()?.to_owned(),
                    roles: words.collect::<Vec<_>>().join(" "),
                })
            })
            .collect();
        let domains: Vec<String> = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let found: String = stand_ins(&configured, &seen, &domains)
            .iter()
            .map(|url| format!("{url}\n"))
            .collect();
        expected.assert_eq(&found);
    }

    #[test]
    fn servers_of_the_same_domain_that_are_no_older_stand_in() {
        check(
            &["http://ex1.contoso.example/powershell"],
            &[],
            &expect![[r"
                http://ex2.contoso.example/powershell
                http://ex3.contoso.example/powershell
            "]],
        );
        check(
            &[
                "https://EX2.contoso.example:8443/PowerShell?x=1",
                "https://ex1.contoso.example/powershell",
            ],
            &[],
            &expect![[r"
                https://ex3.contoso.example:8443/PowerShell?x=1
            "]],
        );
    }

    #[test]
    fn an_alias_is_stood_in_for_by_the_newest_alone() {
        check(
            &["http://mail.contoso.example/powershell"],
            &[],
            &expect![[r"
                http://ex3.contoso.example/powershell
            "]],
        );
    }

    #[test]
    fn other_domains_have_to_be_allowed_and_addresses_never_are() {
        check(
            &["http://ex1.contoso.example/powershell"],
            &["fabrikam.example", "0.0.1"],
            &expect![[r"
                http://far.fabrikam.example/powershell
            "]],
        );
        check(&["http://10.0.0.1/powershell"], &[], &expect![""]);
        check(&["http://ex1/powershell"], &[], &expect![""]);
        check(&[], &["contoso.example"], &expect![""]);
    }
}
