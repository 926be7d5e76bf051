//! Commands that the service carries out for whoever asks over the control socket.

use easgate_connector::service::Ordered;
use easgate_connector::{ApplyPlanError, Cycle, PlanFile};
use easgate_store::Writer;

use crate::command::apply;
use crate::command::undo::Told;
use crate::output::{Words, caught};
use crate::render::undo::{self, claims};

/// Carries `what` out on behalf of the actor of `writer`. What the command would have printed comes back.
pub(super) async fn carry_out(cycle: &Cycle<'_>, writer: &Writer, what: &Ordered) -> (Told, Words) {
    let name = &cycle.config.name;
    match what {
        Ordered::Adopt(wish) => {
            let done = cycle.adopt_with(writer, wish).await;
            let done = done.map(|(found, report)| (found, Some(report)));
            Told::caught(name, &done, claims::adoption_json, claims::adoption_text)
        }
        Ordered::Release => {
            let done = cycle.release_with(writer).await;
            let done = done.map(|(standing, report)| (standing, Some(report)));
            Told::caught(
                name,
                &done,
                |organization, standing, report| claims::release_json(organization, standing, report),
                |standing, report| claims::release_text(standing, report),
            )
        }
        Ordered::Undo(undoing) => {
            let done = cycle.undo_with(writer, *undoing).await;
            let done = done.map(|(planned, report)| (planned, Some(report)));
            Told::caught(name, &done, undo::json, undo::text)
        }
        Ordered::Apply { file } => apply_plan(cycle, writer, file).await,
    }
}

async fn apply_plan(cycle: &Cycle<'_>, writer: &Writer, text: &str) -> (Told, Words) {
    let file = match PlanFile::parse(text) {
        Ok(file) => file,
        Err(error) => return caught(|| Told::trouble(&error)),
    };
    let done = if file.organization() == cycle.config.name {
        cycle.apply_plan_with(writer, &file).await
    } else {
        Err(ApplyPlanError::OtherName {
            plan: file.organization().to_owned(),
            name: cycle.config.name.clone(),
        })
    };
    caught(|| apply::told(&file, &done))
}
