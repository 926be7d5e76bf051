//! What people say to a world: approvals, rejections, decisions by hand.

use easgate_model::MailboxId;
use easgate_store::{Actor, HeldPlan, HeldRow, HeldVerdict, NewOverride, Said};
use time::{Duration, OffsetDateTime};

use super::run::Life;
use crate::scenario::world::{Landing, entry};

/// What somebody has agreed to: phones, each from when to when.
#[derive(Debug, Default)]
pub(crate) struct Approvals(Vec<(MailboxId, String, OffsetDateTime, OffsetDateTime)>);

impl Approvals {
    /// Somebody agrees to what `plan` holds, until then.
    pub(crate) fn add(&mut self, plan: &HeldPlan, now: OffsetDateTime, until: OffsetDateTime) {
        let key = |row: &HeldRow| (row.mailbox, row.device.as_str().to_ascii_lowercase(), now, until);
        self.0.extend(plan.changes.iter().map(key));
    }

    /// Whether somebody had agreed to it.
    pub(crate) fn hold(&self, landing: &Landing) -> bool {
        let device = landing.device.as_str().to_ascii_lowercase();
        self.0.iter().any(|(mailbox, of, from, until)| {
            *mailbox == landing.mailbox && *of == device && (*from..*until).contains(&landing.at)
        })
    }
}

impl Life {
    /// Each plan that is held is approved or rejected.
    pub(super) async fn say_to_held(&mut self) {
        let organization = self.place.organization().await;
        let now = self.world.state().now;
        for plan in organization.held_plans().await.unwrap() {
            let approves = self.chance.percent(60);
            let until = now + Duration::hours(24);
            let said = Said {
                by: Actor::program(),
                at: now,
                until: approves.then_some(until),
                note: None,
            };
            let verdict = if approves {
                HeldVerdict::Approve
            } else {
                HeldVerdict::Reject
            };
            organization.say_to_held(&plan.id, verdict, &said).await.unwrap();
            self.say(format!("{verdict:?} {} {}", plan.id, plan.cause));
            if approves {
                self.approvals.add(&plan, now, until);
            }
        }
    }

    /// A phone is allowed or blocked whatever the facts say, for some hours.
    pub(super) async fn decide_by_hand(&mut self) {
        if self.ahead != Duration::ZERO {
            // It would stand until a time that nobody means.
            return;
        }
        let organization = self.place.organization().await;
        let (new, key) = {
            let mut state = self.world.state();
            let now = state.now;
            let (id, device) = self.chance.pick(&state.phones);
            let new = NewOverride {
                mailbox: id,
                address: state.by_id(id).name.clone(),
                device: device.clone(),
                access: self.chance.pick(&["allow", "block"]).to_owned(),
                note: "asked for".to_owned(),
                by: Actor::program(),
                made: now,
                until: Some(now + Duration::hours(self.chance.pick(&[1, 8, 24]))),
            };
            (new, entry(id, "", &device))
        };
        self.say(format!("{} {} by hand", new.access, new.device));
        organization.add_override(&new).await.unwrap();
        self.world.state().by_hand.insert(key);
    }
}
