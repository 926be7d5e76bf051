//! What is rare, as commands of a scenario:
//!
//! ```text
//! hide ana@x.example A1 | show            what a server's scope leaves out of its lists
//! times                                   Exchange tells when something changed, and filters by it
//! crash under A1                          the next change of it ends the process, and lands when it `arrives`
//! arrive                                  what is still on its way lands
//! journal full | journal empty            no line can be written to the journal any more, or it can again
//! approve                                 everything that is held
//! caution                                 why nothing is written
//! ```

use easgate_store::HeldVerdict;

use super::gates::for_a_day;
use super::rig::{Rig, break_journal, mend_journal};
use super::undo::ana;
use super::world::{Fault, mailbox_id};

/// Runs the command, if it is one of these.
pub(super) async fn run(rig: &Rig, words: &[&str]) -> Option<String> {
    match *words {
        ["hide", address, device] => {
            let phone = (mailbox_id(address), device.parse().unwrap());
            rig.world.state().hidden.insert(phone);
        }
        ["show"] => rig.world.state().hidden.clear(),
        ["times"] => rig.world.state().tells_times = true,
        ["crash", "under", device] => {
            let fault = (format!("apply {device}"), (Fault::CrashLate, 1));
            rig.world.state().faults.extend([fault]);
        }
        ["arrive"] => rig.world.state().deliver(),
        ["journal", "full"] => break_journal(&rig.path()).await,
        ["journal", "empty"] => mend_journal(&rig.path()).await,
        ["approve"] => return Some(approve(rig).await),
        ["caution"] => return Some(caution(rig).await),
        _ => return None,
    }
    Some(String::new())
}

async fn approve(rig: &Rig) -> String {
    let now = rig.world.state().now;
    let store = rig.store().await;
    let organization = store.organization("contoso").await.unwrap();
    let mut out = String::new();
    for plan in organization.held_plans().await.unwrap() {
        let said = for_a_day(ana(), now);
        let verdict = HeldVerdict::Approve;
        organization.say_to_held(&plan.id, verdict, &said).await.unwrap();
        out = format!(
            "{out}{} {}: {} changes\n",
            plan.id,
            plan.cause,
            plan.changes.len()
        );
    }
    store.close().await;
    out
}

async fn caution(rig: &Rig) -> String {
    let store = rig.store().await;
    let organization = store.organization("contoso").await.unwrap();
    let caution = organization.caution().await.unwrap();
    store.close().await;
    caution.map_or_else(|| "nothing\n".to_owned(), |caution| format!("{caution}\n"))
}
