//! The audit against what stands outside of the store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::contract::{NOW, finish, writer};
use crate::{Anchor, AnchorError, AuditHash, AuditHead, RunResult, Store, StoreError};

async fn store(folder: &Path) -> Store {
    Store::open("sqlite://easgate.db", folder)
        .await
        .unwrap()
        .anchored(Anchor::at(&folder.join("keys/audit.key")))
}

fn anchor(folder: &TempDir) -> Anchor {
    Anchor::at(&folder.path().join("keys/audit.key"))
}

#[tokio::test]
async fn the_end_of_a_run_is_sealed_in_the_store_and_beside_the_key() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path()).await;
    let writer = writer(&store).await;
    let mut heads = Vec::new();
    for _ in 0..2 {
        let run = writer.start_run("full", "enforce", NOW).await.unwrap();
        let end = finish(RunResult::Succeeded, None);
        heads.push(writer.finish_run(run, &end).await.unwrap());
    }
    let anchor = anchor(&folder);
    let key = anchor.key().unwrap().unwrap();
    let mut kept = Vec::new();
    assert!(anchor.read(|line| kept.push(line.unwrap())).unwrap());
    assert_eq!(writer.organization().checkpoints(0, 9).await.unwrap(), kept);
    assert_eq!(
        kept.iter().map(crate::Checkpoint::head).collect::<Vec<_>>(),
        heads
    );
    assert!(kept.iter().all(|checkpoint| key.has_sealed(checkpoint)));
    let forged = crate::Checkpoint {
        hash: AuditHash::NONE.to_string(),
        ..kept[0].clone()
    };
    assert!(!key.has_sealed(&forged));
    let first = writer.organization().audit(0, 1).await.unwrap();
    assert_eq!(
        (first[0].action.as_str(), first[0].after.clone()),
        ("keyMade", Some(key.id()))
    );
    for name in ["keys/audit.key", "keys/audit.key.checkpoints"] {
        let mode = fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(
        !format!("{key:?}").contains(
            fs::read_to_string(folder.path().join("keys/audit.key"))
                .unwrap()
                .trim()
        )
    );
}

#[tokio::test]
async fn no_run_begins_that_could_not_be_sealed() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path()).await;
    let writer = writer(&store).await;
    let key = folder.path().join("keys/audit.key");
    let error = |result: Result<_, StoreError>| match result {
        Err(StoreError::Seal(error)) => error,
        other => panic!("{other:?}"),
    };
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::write(&key, "no key").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = error(writer.start_run("full", "enforce", NOW).await);
    assert!(matches!(refused, AnchorError::NoKey { .. }), "{refused}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = error(writer.start_run("full", "enforce", NOW).await);
    assert!(matches!(refused, AnchorError::Exposed { .. }), "{refused}");
    fs::remove_file(&key).unwrap();
    fs::create_dir(folder.path().join("keys/audit.key.checkpoints")).unwrap();
    let refused = error(writer.start_run("full", "enforce", NOW).await);
    assert!(matches!(refused, AnchorError::Checkpoints { .. }), "{refused}");
    assert_eq!(writer.organization().runs(9).await.unwrap(), []);
}

#[test]
fn a_key_is_made_once() {
    let folder = TempDir::new().unwrap();
    let anchor = anchor(&folder);
    assert!(anchor.key().unwrap().is_none());
    let (made, new) = anchor.key_or_new().unwrap();
    assert!(new);
    let (read, new) = anchor.key_or_new().unwrap();
    assert!(!new);
    assert_eq!(made.id(), read.id());
    let head = AuditHead {
        sequence: 1,
        hash: AuditHash::NONE,
    };
    assert!(read.has_sealed(&made.seal("contoso", head, 0)));
    let names: Vec<_> = fs::read_dir(folder.path().join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["audit.key"], "no draft is left");
}

#[test]
fn a_line_that_is_no_checkpoint_is_counted_and_the_others_are_read() {
    let folder = TempDir::new().unwrap();
    let anchor = anchor(&folder);
    assert!(!anchor.read(|_| panic!("there is no file")).unwrap());
    let (key, _) = anchor.key_or_new().unwrap();
    let head = AuditHead {
        sequence: 1,
        hash: AuditHash::NONE,
    };
    anchor.keep(&key.seal("contoso", head, 0)).unwrap();
    let file = anchor.checkpoints_file();
    let line = fs::read_to_string(file).unwrap();
    fs::write(file, format!("{line}garbage\n{line}{}", line.trim_end())).unwrap();
    let mut lines = Vec::new();
    anchor
        .read(|line| lines.push(line.map(|checkpoint| checkpoint.sequence)))
        .unwrap();
    assert_eq!(lines, [Ok(1), Err(2), Ok(1), Ok(1)]);
}

#[test]
fn a_key_that_many_make_at_the_same_moment_is_one_key() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let anchor = anchor(&folder);
        let made = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| anchor.key_or_new().unwrap().1))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(made.iter().filter(|is_new| **is_new).count(), 1);
        assert!(anchor.key().unwrap().is_some());
    }
}

#[tokio::test]
async fn a_run_on_an_older_copy_raises_doubt_before_its_seal_hides_that_it_is_one() {
    let folder = TempDir::new().unwrap();
    let (file, copy) = (folder.path().join("easgate.db"), folder.path().join("copy.db"));
    let run_once = async || {
        let store = store(folder.path()).await;
        let writer = writer(&store).await;
        let run = writer.start_run("quick", "enforce", NOW).await.unwrap();
        let end = finish(RunResult::Failed, None);
        writer.finish_run(run, &end).await.unwrap();
        let caution = writer.organization().caution().await.unwrap();
        drop(writer);
        store.close().await;
        caution
    };
    assert_eq!(run_once().await, None);
    fs::copy(&file, &copy).unwrap();
    assert_eq!(run_once().await, None);
    fs::copy(&copy, &file).unwrap();
    // It changes nothing and could not read anything, and still nobody can miss it, nor in the run after it.
    for _ in 0..2 {
        let caution = run_once().await.unwrap();
        assert_eq!(caution.kind, crate::CautionKind::Restored);
    }
}
