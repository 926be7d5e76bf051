//! Which redirects are followed.

use url::Url;

use crate::config::is_loopback;

/// As many as PowerShell follows.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Returns the address that `location` names, if the credentials may go there.
///
/// It must be https (or stay on this computer) and on the same host or on one of `allowed`. The query of the
/// first address does not carry over.
///
/// # Errors
///
/// Why it is not followed.
pub(super) fn target(from: &Url, location: &str, allowed: &[String]) -> Result<Url, &'static str> {
    let to = from.join(location).map_err(|_| "it is no address")?;
    if location.is_empty() || to == *from {
        return Err("it names no other address");
    }
    let (Some(host), Some(old_host)) = (to.host(), from.host()) else {
        return Err("it names no host");
    };
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it contains credentials");
    }
    let local = to.scheme() == "http" && is_loopback(&host) && is_loopback(&old_host);
    if to.scheme() != "https" && !local {
        return Err("it is not https");
    }
    let name = host.to_string();
    if host != old_host && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name)) {
        return Err("the host is not among those that may have the credentials");
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const ADDRESSES: &[(&str, &str)] = &[
        (
            "https://ex1.contoso.example/powershell",
            "https://ex1.contoso.example/PowerShell/",
        ),
        ("https://ex1.contoso.example/powershell", "/powershell-liveid"),
        (
            "https://ex1.contoso.example/powershell",
            "https://EX2.contoso.example/powershell",
        ),
        (
            "https://ex1.contoso.example/powershell",
            "https://ex3.contoso.example/powershell",
        ),
        (
            "https://ex1.contoso.example/powershell",
            "http://ex1.contoso.example/powershell",
        ),
        (
            "http://ex1.contoso.example/powershell",
            "https://ex1.contoso.example/powershell",
        ),
        (
            "http://127.0.0.1:80/powershell",
            "http://127.0.0.1:5985/powershell",
        ),
        (
            "https://ex1.contoso.example/powershell",
            "http://127.0.0.1/powershell",
        ),
        (
            "https://ex1.contoso.example/powershell",
            "https://a:b@ex1.contoso.example/powershell",
        ),
        (
            "https://ex1.contoso.example/powershell",
            "https://ex1.contoso.example/powershell",
        ),
        ("https://ex1.contoso.example/powershell", ""),
        ("https://ex1.contoso.example/powershell", "file:///etc/passwd"),
    ];

    #[test]
    fn credentials_go_to_known_hosts_over_https_only() {
        let allowed = ["ex2.contoso.example".to_owned()];
        let rows: String = ADDRESSES
            .iter()
            .map(|(from, to)| {
                let target = target(&from.parse().unwrap(), to, &allowed);
                format!(
                    "{to}: {}\n",
                    target.map_or_else(str::to_owned, |url| format!("-> {url}"))
                )
            })
            .collect();
        expect![[r#"
            https://ex1.contoso.example/PowerShell/: -> https://ex1.contoso.example/PowerShell/
            /powershell-liveid: -> https://ex1.contoso.example/powershell-liveid
            https://EX2.contoso.example/powershell: -> https://ex2.contoso.example/powershell
            https://ex3.contoso.example/powershell: the host is not among those that may have the credentials
            http://ex1.contoso.example/powershell: it is not https
            https://ex1.contoso.example/powershell: -> https://ex1.contoso.example/powershell
            http://127.0.0.1:5985/powershell: -> http://127.0.0.1:5985/powershell
            http://127.0.0.1/powershell: it is not https
            https://a:b@ex1.contoso.example/powershell: it contains credentials
            https://ex1.contoso.example/powershell: it names no other address
            : it names no other address
            file:///etc/passwd: it names no host
        "#]]
        .assert_eq(&rows);
    }
}
