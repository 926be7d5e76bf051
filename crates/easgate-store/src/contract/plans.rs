//! Plans from files, whatever database is under them.

use uuid::Uuid;

use super::{NOW, finish, intent, writer};
use crate::{Outcome, RunResult, Store};

pub(crate) async fn the_runs_of_a_plan_are_known_by_it(store: Store) {
    let writer = writer(&store).await;
    let organization = writer.organization();
    let plan = Uuid::from_u128(5);
    assert_eq!(organization.plan_journal(plan).await.unwrap(), []);
    for (of, devices) in [
        (Some(plan), ["A1", "A2"]),
        (None, ["B1", "B2"]),
        (Some(plan), ["A2", "A3"]),
    ] {
        let run = writer.start_run("plan", "plan", NOW).await.unwrap();
        if let Some(plan) = of {
            writer.carry_out(plan, "00ff", run, NOW).await.unwrap();
        }
        for device in devices {
            let change = intent(run, device, NOW);
            let id = writer.intend(&change).await.unwrap();
            writer.settle(id, &change, &Outcome::Applied, NOW).await.unwrap();
        }
        writer
            .finish_run(run, &finish(RunResult::Succeeded, None))
            .await
            .unwrap();
    }
    let journal = organization.plan_journal(plan).await.unwrap();
    let devices: Vec<_> = journal
        .iter()
        .map(|entry| entry.intent.device.to_string())
        .collect();
    assert_eq!(devices, ["A1", "A2", "A2", "A3"]);
    let other = store.organization("fabrikam").await.unwrap();
    assert_eq!(other.plan_journal(plan).await.unwrap(), []);
    let audit = organization.audit(0, 99).await.unwrap();
    let applied: Vec<_> = audit
        .iter()
        .filter(|record| record.action == "planApplied")
        .map(|record| (record.run, record.after.as_deref()))
        .collect();
    assert_eq!(applied, [(Some(1), Some("00ff")), (Some(3), Some("00ff"))]);
}
