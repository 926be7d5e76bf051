//! Where secrets come from, and where they do not go.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::ExposeSecret;

use crate::{Environment, SecretRef};

fn environment(name: &'static str, value: &str) -> Environment {
    let value = value.to_owned();
    Environment::from_fn(move |asked| (asked == name).then(|| value.clone()))
}

/// The secret, or why it cannot be read.
fn read(secret: &SecretRef, environment: &Environment) -> String {
    match secret.read(environment) {
        Ok(secret) => secret.expose_secret().to_owned(),
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            format!("{error}: {cause}")
        }
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_variable_gives_its_text() {
    let secret = SecretRef::Env("PASSWORD".to_owned());
    assert_eq!(read(&secret, &environment("PASSWORD", "P@ssw0rd!")), "P@ssw0rd!");
    assert_eq!(
        read(&secret, &environment("OTHER", "x")),
        "could not read the environment variable PASSWORD: the variable is not set, or is not text"
    );
    assert!(read(&secret, &environment("PASSWORD", "")).ends_with("it is empty"));
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let secret = SecretRef::File(path.clone());
    let nothing = Environment::from_fn(|_| None);
    for (mode, is_refused) in [
        (0o600, false),
        (0o400, false),
        (0o640, false),
        (0o644, true),
        (0o602, true),
        (0o660, true),
    ] {
        write(&path, "P@ssw0rd!\n", mode);
        let said = read(&secret, &nothing);
        assert_eq!(said.contains("chmod 600"), is_refused, "{mode:o}: {said}");
        assert_eq!(said == "P@ssw0rd!", !is_refused, "{mode:o}: {said}");
    }
}

#[test]
fn one_line_break_at_the_end_is_not_part_of_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let secret = SecretRef::File(path.clone());
    let nothing = Environment::from_fn(|_| None);
    for (text, given) in [
        ("a\n", "a"),
        ("a\r\n", "a"),
        ("a\n\n", "a\n"),
        (" a ", " a "),
        ("a", "a"),
    ] {
        write(&path, text, 0o600);
        assert_eq!(read(&secret, &nothing), given, "{text:?}");
    }
    write(&path, "\n", 0o600);
    assert!(read(&secret, &nothing).ends_with("it is empty"));
    write(&path, &"x".repeat(64 * 1024 + 1), 0o600);
    assert!(read(&secret, &nothing).ends_with("it is longer than 64 KiB"));
    fs::remove_file(&path).unwrap();
    assert!(read(&secret, &nothing).ends_with("the file cannot be read"));
    fs::create_dir(&path).unwrap();
    assert!(read(&secret, &nothing).ends_with("it is not a regular file"));
}

#[test]
fn a_credential_is_looked_for_where_systemd_puts_it() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("exchange"), "P@ssw0rd!", 0o444);
    let secret = SecretRef::Credential("exchange".to_owned());
    let systemd = environment("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
    assert_eq!(read(&secret, &systemd), "P@ssw0rd!");
    assert!(read(&secret, &environment("OTHER", "")).contains("LoadCredential="));
}

#[test]
fn the_password_reaches_every_transport_and_prints_nowhere() {
    let configuration = super::sample();
    let exchange = &configuration.organizations[0].exchange;
    let transports = exchange
        .transports(&environment("EXCHANGE_PASSWORD", "P@ssw0rd!"))
        .unwrap();
    let easgate_cmdlet::Authentication::Basic { username, password } = &transports[0].authentication else {
        panic!("the sample asks for Basic")
    };
    assert_eq!(
        (username.as_str(), password.read().unwrap().expose_secret()),
        ("CONTOSO\\connector", "P@ssw0rd!")
    );
    assert!(
        !transports[0].setup.is_empty(),
        "every runspace begins with the whole forest in view"
    );
    assert!(!format!("{configuration:?} {transports:?}").contains("P@ssw0rd!"));
    assert!(exchange.transports(&Environment::from_fn(|_| None)).is_err());
}
