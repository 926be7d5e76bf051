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
