//! The cookies of one shell.
//!
//! A server farm pins a shell to the computer that holds it with the cookies `MS-WSMAN` and `X-BackEndCookie`;
//! a request without them reaches another computer, which does not know the shell.

use http::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

/// More cookies than a server has use for.
const MAX_COOKIES: usize = 32;
const MAX_COOKIE_BYTES: usize = 8 * 1024;

/// The cookies that a server set while one shell lives, to be sent back to the same host only.
///
/// Dates are not looked at: a shell ends before its cookie does. `Secure` is not either, since a cookie only
/// ever returns over the very address that set it.
#[derive(Debug, Default)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl CookieJar {
    /// Takes the cookies of an answer.
    pub(super) fn store(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            if text.len() <= MAX_COOKIE_BYTES {
                self.set(text);
            }
        }
    }

    /// Returns the `Cookie` header for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| path_matches(url.path(), &cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn set(&mut self, text: &str) {
        let mut parts = text.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let mut path = "/";
        let mut ended = value.is_empty();
        for (attribute, value) in parts.filter_map(|attribute| attribute.split_once('=')) {
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => path = value,
                "max-age" => ended |= value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                _ => {}
            }
        }
        self.cookies
            .retain(|cookie| !(cookie.name == name && cookie.path.eq_ignore_ascii_case(path)));
        if !name.is_empty() && !ended && self.cookies.len() < MAX_COOKIES {
            self.cookies.push(Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path: path.to_owned(),
            });
        }
    }
}

/// Whether a cookie of `cookie_path` goes with a request for `path`; IIS does not tell upper from lower case.
fn path_matches(path: &str, cookie_path: &str) -> bool {
    let prefix = cookie_path.trim_end_matches('/');
    let Some(start) = path.get(..prefix.len()) else {
        return false;
    };
    let rest = path.get(prefix.len()..).unwrap_or("");
    start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn header(url: &str, set: &[&str]) -> String {
        let mut jar = CookieJar::default();
        for cookie in set {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, cookie.parse().unwrap());
            jar.store(&headers);
        }
        let header = jar.header(&url.parse().unwrap());
        header.map_or_else(|| "none".to_owned(), |header| header.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_come_back_as_the_server_set_them() {
        let affinity =
            "MS-WSMAN=S-1-5-21-1=u56~81; expires=Wed, 23-Nov-2036 22:00:00 GMT; path=/powershell; HttpOnly";
        let rows: String = [
            ("https://ex1.example/PowerShell", vec![affinity]),
            ("https://ex1.example/powershell/", vec![affinity]),
            ("https://ex1.example/powershell-liveid", vec![affinity]),
            ("https://ex1.example/ews", vec![affinity]),
            (
                "http://ex1.example/powershell",
                vec!["X-BackEndCookie=abc=; path=/; secure; HttpOnly", affinity],
            ),
            ("https://ex1.example/powershell", vec!["a=1", "a=2"]),
            (
                "https://ex1.example/powershell",
                vec!["a=1", "a=; expires=Thu, 01-Jan-1970 00:00:00 GMT"],
            ),
            ("https://ex1.example/powershell", vec!["a=1", "a=2; Max-Age=0"]),
            ("https://ex1.example/powershell", vec!["nonsense", "=x", ";;;"]),
        ]
        .into_iter()
        .map(|(url, set)| format!("{url}: {}\n", header(url, &set)))
        .collect();
        expect![[r#"
            https://ex1.example/PowerShell: MS-WSMAN=S-1-5-21-1=u56~81
            https://ex1.example/powershell/: MS-WSMAN=S-1-5-21-1=u56~81
            https://ex1.example/powershell-liveid: none
            https://ex1.example/ews: none
            http://ex1.example/powershell: X-BackEndCookie=abc=; MS-WSMAN=S-1-5-21-1=u56~81
            https://ex1.example/powershell: a=2
            https://ex1.example/powershell: none
            https://ex1.example/powershell: none
            https://ex1.example/powershell: none
        "#]]
        .assert_eq(&rows);
    }

    #[test]
    fn a_server_cannot_fill_the_jar_without_end() {
        let mut jar = CookieJar::default();
        for number in 0..1000 {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, format!("c{number}=x").parse().unwrap());
            jar.store(&headers);
        }
        assert_eq!(jar.cookies.len(), MAX_COOKIES);
    }
}
