//! What Exchange answers.

use std::collections::HashMap;

use async_trait::async_trait;
use easgate_connector::ProgressSink;
use easgate_connector::ports::{CallError, CallErrorKind, Changed, Exchange, KnownObject, Load, Reach};
use easgate_exchange::ListChange;
use easgate_model::{
    DeviceAccessRule, Mailbox, MailboxId, OrganizationId, OrganizationSettings, Partnership, RecipientType,
};
use easgate_store::ServerSeen;
use time::OffsetDateTime;

use super::{Fault, State, World};

impl State {
    /// The phones that the lane's scope shows.
    fn listed_phones(&self) -> Vec<Partnership> {
        let phones = self.phones.iter().filter(|phone| !self.hidden.contains(phone));
        phones
            .filter_map(|(mailbox, device)| self.partnership(*mailbox, device))
            .collect()
    }

    /// The mailboxes that the server's version shows.
    fn listed_mailboxes(&self) -> Vec<Mailbox> {
        let shown = self
            .mailboxes
            .iter()
            .filter(|one| !self.too_new.contains(&one.id));
        shown
            .map(|one| Mailbox {
                when_changed: self.changed(one.id, None),
                ..one.clone()
            })
            .collect()
    }
}

#[async_trait]
impl Exchange for World {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        self.read("settings")?;
        let mut state = self.state();
        let settings = OrganizationSettings {
            id: OrganizationId(state.organization),
            default_access_level: state.default_level,
            user_mail_insert: None,
            admin_mail_recipients: Vec::new(),
            originating_server: None,
        };
        if let Some(level) = state.flip.take() {
            state.default_level = level;
        }
        Ok(settings)
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        self.read("rules").map(|()| Vec::new())
    }

    async fn partnerships(&self, _: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.read("devices")?;
        let seen = self.state().listed_phones();
        self.held("devices").await;
        Ok(seen)
    }

    async fn mailboxes(&self, _: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        self.read("mailboxes")?;
        Ok(self.state().listed_mailboxes())
    }

    async fn probe(&self, _: Changed, _: &KnownObject) -> Result<Reach, CallError> {
        let tells = self.state().tells_times;
        Ok(if tells { Reach::Exact } else { Reach::None })
    }

    async fn partnerships_since(
        &self,
        changed: Changed,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Partnership>, CallError> {
        let mut seen = self.partnerships(progress).await?;
        seen.retain(|one| {
            let at = match changed {
                Changed::Mailbox | Changed::Device => one.when_changed,
                Changed::FirstSync => one.first_sync,
            };
            at.is_some_and(|at| at > since)
        });
        Ok(seen)
    }

    async fn mailboxes_since(
        &self,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Mailbox>, CallError> {
        let mut seen = self.mailboxes(progress).await?;
        seen.retain(|one| one.when_changed.is_some_and(|at| at > since));
        Ok(seen)
    }

    async fn recipient_types(
        &self,
        _: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        self.read("recipients")?;
        let state = self.state();
        Ok(state
            .mailboxes
            .iter()
            .map(|mailbox| (mailbox.id, RecipientType::User))
            .collect())
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        self.read("servers")?;
        let (name, version) = ("ex1.x.example".to_owned(), "15.2.2562.17".to_owned());
        Ok(vec![ServerSeen {
            name,
            version,
            roles: "Mailbox".to_owned(),
        }])
    }

    async fn mailbox(&self, id: MailboxId, _: Option<&str>) -> Result<Mailbox, CallError> {
        self.read("mailbox")?;
        let mut listed = self.state().listed_mailboxes().into_iter();
        let found = listed.find(|mailbox| mailbox.id == id);
        found.ok_or_else(|| CallError::new(CallErrorKind::Refused, "there is no such mailbox"))
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        let sent = self.state().sent(change);
        self.pass_time().await;
        let devices = change.add_allowed.iter().chain(&change.remove_allowed);
        let mut devices = devices.chain(&change.add_blocked).chain(&change.remove_blocked);
        let device = devices.next().map(ToString::to_string).unwrap_or_default();
        let fault = self
            .fault(&format!("apply {device}"))
            .or_else(|| self.fault("apply"));
        match fault {
            Some(Fault::Error(kind)) => {
                return Err(CallError::new(
                    kind,
                    format!("the change of {device} failed on demand"),
                ));
            }
            Some(Fault::Silent) => return Ok(Load::Fine),
            Some(Fault::CrashBefore) => self.ends().await,
            Some(Fault::Late | Fault::CrashLate) => self.state().on_the_way.push((sent, change.clone())),
            None | Some(Fault::Lost | Fault::CrashAfter) => self.state().land(change, sent),
        }
        match fault {
            Some(Fault::CrashAfter | Fault::CrashLate) => self.ends().await,
            Some(Fault::Lost | Fault::Late) => {
                let lost = CallError::new(CallErrorKind::Connection, "the answer never came");
                Err(CallError {
                    may_have_run: true,
                    ..lost
                })
            }
            _ => Ok(Load::Fine),
        }
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}
