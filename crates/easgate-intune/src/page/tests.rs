use super::*;

#[test]
fn a_link_is_followed_on_the_own_origin_only() {
    let root = Url::parse("https://graph.microsoft.com").unwrap();
    for (link, expected) in [
        ("https://graph.microsoft.com/v1.0/users?$skiptoken=x", None),
        ("https://graph.microsoft.com:443/v1.0/users", None),
        ("https://GRAPH.microsoft.com/v1.0/users", None),
        (
            "http://graph.microsoft.com/v1.0/users",
            Some("http://graph.microsoft.com"),
        ),
        (
            "https://graph.microsoft.com:8443/v1.0",
            Some("https://graph.microsoft.com:8443"),
        ),
        (
            "https://graph.microsoft.com.evil.example/v1.0",
            Some("https://graph.microsoft.com.evil.example"),
        ),
        (
            "https://graph.microsoft.com@evil.example/",
            Some("https://evil.example"),
        ),
        (
            "https://user@graph.microsoft.com/v1.0",
            Some("a place with user information"),
        ),
        (
            "https://:secret@graph.microsoft.com/v1.0",
            Some("a place with user information"),
        ),
        ("/v1.0/users?$skiptoken=x", Some("what is not an absolute URL")),
        ("//evil.example/v1.0", Some("what is not an absolute URL")),
        ("javascript:alert(1)", Some("null")),
    ] {
        let origin = match own_link(&root, "GET /v1.0/users", link) {
            Ok(_) => None,
            Err(GraphError::ForeignLink { origin, .. }) => Some(origin),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(origin.as_deref(), expected, "{link}");
    }
}

#[test]
fn pages_end() {
    let root = Url::parse("https://graph.microsoft.com").unwrap();
    let mut links = Links::new(&root, "GET /v1.0/users", 3);
    links.follow("https://graph.microsoft.com/a").unwrap();
    assert!(matches!(
        links.follow("https://graph.microsoft.com/a"),
        Err(GraphError::RepeatedLink { .. })
    ));
    links.follow("https://graph.microsoft.com/b").unwrap();
    assert!(matches!(
        links.follow("https://graph.microsoft.com/c"),
        Err(GraphError::TooManyPages { limit: 3, .. })
    ));
}
