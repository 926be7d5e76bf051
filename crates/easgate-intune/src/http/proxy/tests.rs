use expect_test::expect;
use tokio::net::TcpListener;

use super::*;

#[test]
fn the_schemes_are_read_from_every_form_of_the_header() {
    let heads = [
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a b\"\r\n\r\n",
        "HTTP/1.1 407 X\r\nproxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\nProxy-Authenticate: Basic",
        "HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate, NTLM, Basic realm=\"x\", charset=\"UTF-8\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "",
        "HTTP/1.1 407 X\r\nProxy-Authenticate: \u{1b}[31m, <b>\r\n\r\n",
    ];
    let rows: String = heads
        .iter()
        .map(|head| {
            let schemes = schemes_of(head);
            format!(
                "{schemes} | {}\n",
                if schemes.takes_basic() {
                    "basic"
                } else {
                    "not basic"
                }
            )
        })
        .collect();
    expect![[r"
        Basic | basic
        Negotiate, NTLM | not basic
        Negotiate, NTLM, Basic | basic
        credentials | basic
        credentials | basic
        credentials | basic
    "]]
    .assert_eq(&rows);
}

/// Answers every connection with `head`.
async fn proxy(head: &'static str) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    Proxy {
        url: format!("http://{address}").parse().unwrap(),
        login: None,
        no_proxy: Vec::new(),
    }
}

#[tokio::test]
async fn a_proxy_says_what_it_wants_and_the_client_that_it_was_refused() {
    let head = "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    let proxy = proxy(head).await;
    let target: Url = "https://graph.contoso.example/".parse().unwrap();
    let schemes = proxy.schemes(&target).await;
    assert_eq!(schemes.to_string(), "NTLM");
    assert!(schemes.cure().contains("NTLM"));
    let client = reqwest::Client::builder()
        .tls_backend_native()
        .no_proxy()
        .proxy(proxy.to_reqwest().unwrap())
        .build()
        .unwrap();
    let error = client.get(target).send().await.unwrap_err();
    assert!(is_refusal(&error), "{error:?}");
}

#[test]
fn a_password_for_the_proxy_does_not_print() {
    let proxy = Proxy {
        url: "http://proxy.contoso.example:3128".parse().unwrap(),
        login: Some(ProxyLogin {
            username: "easgate".to_owned(),
            password: SecretString::from("hunter2".to_owned()),
        }),
        no_proxy: vec!["contoso.example".to_owned()],
    };
    assert!(!format!("{proxy:?}").contains("hunter2"));
}
