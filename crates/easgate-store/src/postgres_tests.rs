//! The contract over PostgreSQL, and what only a server can show.

#[path = "../../../tests/peers/postgres/server.rs"]
mod server;

use std::path::Path;

use proptest::prelude::*;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::contract::{self, any_steps};
use crate::{Location, OpenError, Store};
use server::{PASSWORD, Server};

fn location(url: &str) -> Location {
    Location {
        password: Some(SecretString::from(PASSWORD)),
        ..Location::new(url, Path::new("/"))
    }
}

/// A store in a new database; `None` where there is no server.
async fn open() -> Option<Store> {
    let server = Server::of_this_process()?;
    Some(Store::connect(&location(&server.database())).await.unwrap())
}

macro_rules! contract_over_postgres {
    ($($module:path: $($name:ident),+ $(,)?;)+) => {$($(
        #[tokio::test]
        async fn $name() {
            use $module as module;
            if let Some(store) = open().await {
                module::$name(store).await;
            }
        }
    )+)+};
}

contract::every_test!(contract_over_postgres);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn the_registry_is_what_the_outcomes_say(steps in any_steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(store) = open().await {
                contract::the_registry_is_what_the_outcomes_say(store, steps).await;
            }
        });
    }
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let location = location(&server.database());
    let store = Store::connect(&location).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'of a later version', TRUE, ''::BYTEA, 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    let error = Store::connect(&location).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    assert!(!error.to_string().contains(PASSWORD), "{error}");
}

#[tokio::test]
async fn a_server_that_has_to_prove_who_it_is_does() {
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let url = server.database();
    let certificate = server.certificate();
    let with = |options: &str| location(&format!("{url}?sslmode=verify-full{options}"));
    let proven = with(&format!("&sslrootcert={}", certificate.display()));
    let store = Store::connect(&proven).await.unwrap();
    let encrypted: i64 = sqlx::query_scalar(
        "SELECT CASE WHEN ssl THEN 1::BIGINT ELSE 0 END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    )
    .fetch_one(store.pool())
    .await
    .unwrap();
    assert_eq!(encrypted, 1);

    let unknown = Store::connect(&with("")).await.unwrap_err();
    assert!(matches!(unknown, OpenError::Database { .. }), "{unknown}");
    // The certificate is that of `localhost`, not of the address.
    let by_address = Location {
        url: proven.url.replace("localhost", "127.0.0.1"),
        ..proven
    };
    let other_name = Store::connect(&by_address).await.unwrap_err();
    assert!(matches!(other_name, OpenError::Database { .. }), "{other_name}");
}

#[tokio::test]
async fn a_refused_password_is_in_no_message() {
    let Some(server) = Server::of_this_process() else {
        return;
    };
    let wrong = Location {
        password: Some(SecretString::from("a wrong password")),
        ..location(&server.database())
    };
    let error = Store::connect(&wrong).await.unwrap_err();
    let mut told = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        told.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert!(told.contains("password authentication failed"), "{told}");
    assert!(
        !told.contains("a wrong password") && !told.contains("wrong%20"),
        "{told}"
    );
}

#[tokio::test]
async fn a_store_on_a_server_is_not_copied_as_a_file() {
    let Some(store) = open().await else { return };
    let folder = TempDir::new().unwrap();
    let error = store.copy_to(&folder.path().join("copy.db")).await.unwrap_err();
    assert!(matches!(error, crate::CopyError::Server), "{error}");
}
