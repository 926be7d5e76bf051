use expect_test::{Expect, expect};

use super::*;

fn check(urls: &[&str], expected: &Expect) {
    let lines: String = urls
        .iter()
        .map(|url| {
            let found = Location::new(url, Path::new("/etc/easgate")).place();
            match found {
                Ok(Place::File(path)) => format!("{url} -> file {}\n", path.display()),
                Ok(Place::Server(server)) => format!("{url} -> {}\n", server.url),
                Err(error) => format!("{url} -> {error:?}\n"),
            }
        })
        .collect();
    expected.assert_eq(&lines);
}

#[test]
fn a_file_is_a_path_below_the_base_or_absolute() {
    check(
        &[
            "sqlite://easgate.db",
            "sqlite:///var/lib/easgate/a.db",
            "sqlite://",
            "sqlite://folder/",
            "sqlite://a.db?mode=ro",
            "sqlite::memory:",
            "mysql://root@localhost/db",
        ],
        &expect![[r#"
            sqlite://easgate.db -> file /etc/easgate/easgate.db
            sqlite:///var/lib/easgate/a.db -> file /var/lib/easgate/a.db
            sqlite:// -> Path
            sqlite://folder/ -> Path
            sqlite://a.db?mode=ro -> Path
            sqlite::memory: -> Kind
            mysql://root@localhost/db -> Kind
        "#]],
    );
}

#[test]
fn a_server_beyond_this_machine_has_to_prove_who_it_is() {
    check(
        &[
            "postgres://easgate@db.contoso.example/easgate",
            "postgresql://easgate@db.contoso.example:6432/easgate?sslmode=verify-full&sslrootcert=ca.pem",
            "postgres://easgate@db.contoso.example/easgate?sslmode=require",
            "postgres://easgate@192.0.2.7/easgate?sslmode=prefer",
            "postgres://easgate@localhost.contoso.example/easgate?sslmode=disable",
            "postgres://easgate@localhost/easgate",
            "postgres://easgate@127.0.0.1:5433/easgate?sslmode=disable",
            "postgres://easgate@[::1]/easgate",
            "postgres://easgate@[2001:db8::1]/easgate?sslmode=disable",
            "postgres://easgate@%2Frun%2Fpostgresql/easgate",
        ],
        &expect![[r#"
            postgres://easgate@db.contoso.example/easgate -> postgres://easgate@db.contoso.example/easgate?sslmode=verify-full
            postgresql://easgate@db.contoso.example:6432/easgate?sslmode=verify-full&sslrootcert=ca.pem -> postgresql://easgate@db.contoso.example:6432/easgate?sslmode=verify-full&sslrootcert=%2Fetc%2Feasgate%2Fca.pem
            postgres://easgate@db.contoso.example/easgate?sslmode=require -> Unproven
            postgres://easgate@192.0.2.7/easgate?sslmode=prefer -> Unproven
            postgres://easgate@localhost.contoso.example/easgate?sslmode=disable -> Unproven
            postgres://easgate@localhost/easgate -> postgres://easgate@localhost/easgate?sslmode=prefer
            postgres://easgate@127.0.0.1:5433/easgate?sslmode=disable -> postgres://easgate@127.0.0.1:5433/easgate?sslmode=disable
            postgres://easgate@[::1]/easgate -> postgres://easgate@[::1]/easgate?sslmode=prefer
            postgres://easgate@[2001:db8::1]/easgate?sslmode=disable -> Unproven
            postgres://easgate@%2Frun%2Fpostgresql/easgate -> postgres://easgate@%2Frun%2Fpostgresql/easgate?sslmode=disable
        "#]],
    );
}

#[test]
fn what_the_driver_would_take_from_a_url_is_refused_where_it_is_not_checked() {
    check(
        &[
            "postgres://easgate@localhost/easgate?host=db.example",
            "postgres://easgate@localhost/easgate?password=secret",
            "postgres://localhost/easgate",
            "postgres://easgate@localhost",
            "postgres:///easgate",
        ],
        &expect![[r#"
            postgres://easgate@localhost/easgate?host=db.example -> Option { name: "host" }
            postgres://easgate@localhost/easgate?password=secret -> Option { name: "password" }
            postgres://localhost/easgate -> Parts
            postgres://easgate@localhost -> Parts
            postgres:///easgate -> Parts
        "#]],
    );
}

#[test]
fn a_password_in_the_url_is_refused_and_not_shown() {
    let location = Location::new("postgres://easgate:secret@db/easgate", Path::new("/"));
    let error = location.check().unwrap_err();
    assert_eq!(error, LocationError::Password);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_password_that_was_given_is_in_the_drivers_url_and_in_no_text() {
    let location = Location {
        password: Some(SecretString::from("hunter/2@")),
        ..Location::new("postgres://easgate@localhost/easgate", Path::new("/"))
    };
    let place = location.place().unwrap();
    let Place::Server(server) = &place else {
        panic!("{place}")
    };
    assert_eq!(
        location.with_password(server).as_str(),
        "postgres://easgate:hunter%2F2%40@localhost/easgate?sslmode=prefer"
    );
    assert_eq!(place.to_string(), "postgres://easgate@localhost/easgate");
    assert!(!format!("{location:?} {place:?}").contains("hunter"));
}
