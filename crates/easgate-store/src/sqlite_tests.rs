//! The contract over SQLite, and what only files can show.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::contract::{self, NOW, any_steps, intent, writer};
use crate::{Actor, AuditAction, AuditEvent, JournalError, OpenError, Outcome, Store};

async fn open(folder: &TempDir) -> Store {
    Store::open("sqlite://new/easgate.db", folder.path())
        .await
        .unwrap()
}

macro_rules! contract_over_sqlite {
    ($($module:path: $($name:ident),+ $(,)?;)+) => {$($(
        #[tokio::test]
        async fn $name() {
            let folder = TempDir::new().unwrap();
            use $module as module;
            module::$name(open(&folder).await).await;
        }
    )+)+};
}

contract::every_test!(contract_over_sqlite);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_registry_is_what_the_outcomes_say(steps in any_steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            contract::the_registry_is_what_the_outcomes_say(open(&folder).await, steps).await;
        });
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_for_their_owner_alone_and_an_old_folder_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let store = open(&folder).await;
    let writer = writer(&store).await;
    writer.start_run("full", "observe", NOW).await.unwrap();
    assert_eq!(mode(folder.path()), 0o755);
    assert_eq!(mode(&folder.path().join("new")), 0o700);
    let mut names: Vec<_> = fs::read_dir(folder.path().join("new"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "easgate.db",
            "easgate.db-lock-1",
            "easgate.db-shm",
            "easgate.db-wal"
        ]
    );
    for name in names {
        assert_eq!(mode(&folder.path().join("new").join(&name)), 0o600, "{name:?}");
    }
}

#[tokio::test]
async fn a_store_that_others_could_read_is_closed_to_them() {
    let folder = TempDir::new().unwrap();
    open(&folder).await.close().await;
    let file = folder.path().join("new/easgate.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    open(&folder).await;
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let first = writer(&store).await;
    let run = first.start_run("full", "enforce", NOW).await.unwrap();
    first.intend(&intent(run, "A1", NOW)).await.unwrap();
    drop(first);
    // The first store is never closed, as a process that is killed closes nothing.
    let again = open(&folder).await;
    let organization = again.organization("contoso").await.unwrap();
    assert_eq!(organization.unsettled().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'of a later version', 1, x'00', 0)",
    )
    .execute(store.pool())
    .await
    .unwrap();
    store.close().await;
    let error = Store::open("sqlite://new/easgate.db", folder.path())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 99,
                known: 8..,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("notes.txt"),
        "not a database, and long enough to be read as a header".repeat(9),
    )
    .unwrap();
    let error = Store::open("sqlite://notes.txt", folder.path())
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
}

#[tokio::test]
async fn nothing_is_intended_that_cannot_be_recorded() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    let change = intent(run, "A1", NOW);
    let id = writer.intend(&change).await.unwrap();
    sqlx::query("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        .execute(store.pool())
        .await
        .unwrap();
    let error = writer.intend(&intent(run, "A2", NOW)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not write an intent to the journal, so nothing more is changed"
    );
    let error = writer
        .settle(id, &change, &Outcome::Applied, NOW)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not write an outcome to the journal, so nothing more is changed"
    );
    let organization = writer.organization();
    assert_eq!(
        organization.journal(run).await.unwrap().len(),
        1,
        "without its record there is no intent"
    );
    assert_eq!(organization.unsettled().await.unwrap().len(), 1);
    assert_eq!(
        organization.owned().await.unwrap(),
        [],
        "and no outcome either, nor what it means"
    );
    assert!(writer.start_run("full", "enforce", NOW).await.is_err());
}

#[tokio::test]
async fn records_are_neither_changed_nor_taken_out() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    writer(&store)
        .await
        .start_run("full", "enforce", NOW)
        .await
        .unwrap();
    for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let error = sqlx::query(statement).execute(store.pool()).await.unwrap_err();
        assert!(
            error.to_string().contains("the audit is only added to"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn records_that_come_at_once_stand_in_one_chain() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (open(&folder).await, open(&folder).await);
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = if number % 2 == 0 { &first } else { &second };
        let organization = store.organization("contoso").await.unwrap();
        writing.spawn(async move {
            let actor = Actor {
                name: format!("person {number}"),
                uid: Some(number),
            };
            organization
                .record(&AuditEvent::new(AuditAction::Paused, actor, NOW))
                .await
                .unwrap();
        });
    }
    while let Some(done) = writing.join_next().await {
        done.unwrap();
    }
    let organization = first.organization("contoso").await.unwrap();
    contract::audit::assert_chained(&organization, 20).await;
}

#[tokio::test]
async fn a_full_disk_is_an_error_of_the_journal() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let writer = writer(&store).await;
    let run = writer.start_run("full", "enforce", NOW).await.unwrap();
    sqlx::query("CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        .execute(store.pool())
        .await
        .unwrap();
    let error: JournalError = writer.intend(&intent(run, "A1", NOW)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not write an intent to the journal, so nothing more is changed"
    );
}

/// The store as version 2 left it, with a device and an entry of ours.
async fn a_store_of_version_2(path: &Path) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut old = sqlx::migrate!("./migrations/sqlite");
    old.migrations = old
        .migrations
        .iter()
        .filter(|step| step.version < 3)
        .cloned()
        .collect();
    old.run(&pool).await.unwrap();
    for statement in [
        "INSERT INTO organizations (id, name) VALUES (1, 'contoso')",
        "INSERT INTO runs (id, organization, kind, mode, started) VALUES (1, 1, 'full', 'enforce', 0)",
        "INSERT INTO owned (organization, mailbox, list, device, decision, run, added) VALUES \
         (1, '00000000-0000-0000-0000-000000000001', 'block', 'ApplA1', \
         '00000000-0000-0000-0000-000000000007', 1, 0)",
        "INSERT INTO devices (organization, mailbox, device, address, device_type, model, os, friendly_name, state, \
         state_reason, access, reason, refused, record, changed) VALUES (1, \
         '00000000-0000-0000-0000-000000000001', 'ApplA1', 'Ana@x.example', 'iPhone', '', '', '', 'Blocked', \
         'Individual', 'block', 'notCompliant', 1, 'r1', 0)",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

#[tokio::test]
async fn an_older_store_is_copied_and_brought_to_this_schema_with_all_that_is_in_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("easgate.db");
    a_store_of_version_2(&path).await;
    let store = Store::open("sqlite://easgate.db", folder.path()).await.unwrap();
    assert_eq!(store.schema().await.unwrap(), store.known_schema());
    let organization = store.organization("contoso").await.unwrap();
    let key = (
        easgate_model::MailboxId(uuid::Uuid::from_u128(1)),
        "appla1".parse().unwrap(),
    );
    assert!(organization.refused().await.unwrap().contains(&key));
    assert_eq!(organization.owned().await.unwrap()[0].entry.device, key.1);
    let record = organization.record_of(key.0, &key.1).await.unwrap();
    assert_eq!(record.as_deref(), Some("r1"));
    let filter = crate::DeviceFilter {
        device: Some("APPLA1".to_owned()),
        ..crate::DeviceFilter::default()
    };
    let found = organization.devices(&filter, None, 9).await.unwrap().devices;
    assert_eq!(found[0].row.device.as_str(), "ApplA1", "as it was written");
    store.close().await;

    let copies: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".schema-2."))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert_eq!(mode(&copies[0]), 0o600);
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", copies[0].display()))
        .await
        .unwrap();
    let schema: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(schema, 2, "the copy is what was there before");
}

#[tokio::test]
async fn a_path_is_taken_as_it_is_written() {
    let folder = TempDir::new().unwrap();
    for name in ["a b%20#c.db", "./x/../ü.db"] {
        let store = Store::open(&format!("sqlite://{name}"), folder.path())
            .await
            .unwrap();
        store.organization("contoso").await.unwrap();
        store.close().await;
        assert!(
            fs::metadata(folder.path().join(name)).unwrap().len() > 0,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_restored_store_is_marked_and_what_was_there_stays_aside() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let held = writer(&store).await;
    held.start_run("full", "enforce", NOW).await.unwrap();
    let (path, copy) = (
        folder.path().join("new/easgate.db"),
        folder.path().join("copy.db"),
    );
    store.copy_to(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    let again = store.copy_to(&copy).await.unwrap_err();
    assert!(matches!(again, crate::CopyError::Exists { .. }), "{again}");
    held.start_run("quick", "enforce", NOW).await.unwrap();
    let by = Actor::program();

    let error = Store::restore(&path, &copy, &by, NOW).await.unwrap_err();
    assert!(matches!(error, crate::RestoreError::Held), "{error}");
    drop(held);
    store.close().await;
    fs::write(folder.path().join("notes.txt"), "no database at all").unwrap();
    let error = Store::restore(&path, &folder.path().join("notes.txt"), &by, NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, crate::RestoreError::NoStore { .. }), "{error}");

    let aside = Store::restore(&path, &copy, &by, NOW).await.unwrap().unwrap();
    assert_eq!((mode(&path), mode(&aside)), (0o600, 0o600));
    let organization = open(&folder).await.organization("contoso").await.unwrap();
    assert_eq!(
        organization.holdings().await.unwrap().runs,
        1,
        "as at the time of the copy"
    );
    let caution = organization.caution().await.unwrap().unwrap();
    assert_eq!(caution.kind, crate::CautionKind::Restored);
    assert!(
        caution.detail.contains("copy.db") && caution.detail.contains("2026-03-01"),
        "{caution}"
    );
    let before = Store::open(&format!("sqlite://{}", aside.display()), Path::new("/"))
        .await
        .unwrap();
    let organization = before.organization("contoso").await.unwrap();
    assert_eq!(organization.holdings().await.unwrap().runs, 2);
}

#[tokio::test]
async fn damage_is_found() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let writer = writer(&store).await;
    for number in 0..200 {
        let run = writer.start_run("full", "enforce", NOW).await.unwrap();
        writer
            .intend(&intent(run, &format!("A{number}"), NOW))
            .await
            .unwrap();
    }
    assert_eq!(store.damage().await.unwrap(), Vec::<String>::new());
    store.close().await;
    let path = folder.path().join("new/easgate.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let damaged = match Store::open("sqlite://new/easgate.db", folder.path()).await {
        Ok(store) => store.damage().await.map_or(true, |damage| !damage.is_empty()),
        Err(_) => true,
    };
    assert!(damaged);
}
