//! The schema, and the page that lists every key.

use std::fmt::Write;
use std::path::Path;

use expect_test::expect_file;

use crate::{parse, reference, schema};

/// The page ends in the table that the schema gives, so that it cannot go stale.
#[test]
fn the_page_lists_every_key_as_the_schema_has_it() {
    let page = include_str!("../../../../docs/configuration.md");
    let mark = "<!-- from the schema -->\n";
    let (text, _) = page.split_once(mark).unwrap();
    let mut expected = text.to_owned();
    write!(expected, "{mark}\n{}", reference()).unwrap();
    expect_file!["../../../../docs/configuration.md"].assert_eq(&expected);
}

/// Every example on the page is a configuration, or a part of one.
#[test]
fn every_example_of_the_page_is_a_configuration() {
    let page = include_str!("../../../../docs/configuration.md");
    let mut examples = 0;
    for example in page.split("```toml\n").skip(1) {
        let (text, _) = example.split_once("```").unwrap();
        let parsed = parse(text, Path::new("/etc/easgate"));
        assert!(parsed.is_ok(), "{}\n{text}", parsed.unwrap_err());
        examples += 1;
    }
    assert!(examples >= 2);
}

#[test]
fn the_schema_refuses_unknown_keys_and_names_what_must_be_given() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let organization = &schema["$defs"]["RawOrganization"];
    assert_eq!(
        organization["required"],
        serde_json::json!(["name", "exchange", "enrollment"])
    );
    let exchange = &schema["$defs"]["RawExchange"];
    assert_eq!(exchange["required"], serde_json::json!(["servers"]));
}
