//! What a proxy wants that lets no connection through.

use std::time::Duration;

use http::header::PROXY_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::security;

/// How long a proxy may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of its answer that are looked at.
const MAX_HEAD: u64 = 16 * 1024;

/// Asks `proxy` without credentials for a connection to `target`, and gives the schemes that it offers, for people.
///
/// The HTTP client tells that a proxy refused it, not why. `None` when the proxy does not say.
pub(super) async fn offers(proxy: &Url, target: &Url) -> Option<String> {
    let head = tokio::time::timeout(PATIENCE, head(proxy, target)).await.ok()??;
    let mut offered = HeaderMap::new();
    let lines = head.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::trim_ascii);
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(PROXY_AUTHENTICATE.as_str().as_bytes())
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            offered.append(PROXY_AUTHENTICATE, value);
        }
    }
    let offered = security::challenges(&offered, PROXY_AUTHENTICATE);
    (!offered.is_empty()).then(|| security::names(&offered))
}

/// The head of the proxy's answer, as far as it came.
async fn head(proxy: &Url, target: &Url) -> Option<Vec<u8>> {
    let host = proxy.host_str()?.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, proxy.port_or_known_default()?))
        .await
        .ok()?;
    let authority = format!("{}:{}", target.host_str()?, target.port_or_known_default()?);
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = Vec::new();
    let mut stream = stream.take(MAX_HEAD);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            break;
        }
    }
    Some(head)
}
