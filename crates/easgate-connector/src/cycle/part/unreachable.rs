//! New devices while device management cannot be asked: what the configuration says is done about them, and nothing
//! about any other.

use std::collections::BTreeSet;

use easgate_compliance::{ByDevice, Exceptions, Facts, NewDevices, Unreachable};
use easgate_model::{Inventory, MailboxId};
use easgate_store::Writer;

use super::gather::ONE_BY_ONE;
use super::noticed::Noticed;
use super::targets::Targets;
use super::{Head, marks};
use crate::cycle::{Cycle, CycleError, rows};
use crate::gather::FactsError;
use crate::kind::Kind;
use crate::queue::{Begun, Key};
use crate::record::device_rows;
use crate::report::{Report, chain};

impl Cycle<'_> {
    /// What a run of this `kind` comes to that ended with `error`. Where device management could not be asked, new devices
    /// get what the configuration says.
    pub(in crate::cycle) async fn ended_with(
        &self,
        writer: &Writer,
        begun: &Begun<'_>,
        kind: Kind,
        error: CycleError,
    ) -> Result<Report, CycleError> {
        let new_devices = self.config.precautions.new_devices;
        let Some(new_devices) =
            new_devices.filter(|_| matches!(error, CycleError::Facts(FactsError::Enrollments(_))))
        else {
            return Err(error);
        };
        match self.while_unreachable(writer, (begun, kind), new_devices).await {
            Ok(Some(done)) => {
                let mut report = Report::that_ended(self.config, kind, &error);
                report.takes(done);
                Ok(report)
            }
            Ok(None) => Err(error),
            Err(other) => {
                tracing::warn!(error = %chain(&other), "Nothing could be done about new devices");
                Err(error)
            }
        }
    }

    /// Decides about devices that no run has seen. `None` when there are none, or nothing may be written.
    async fn while_unreachable(
        &self,
        writer: &Writer,
        (begun, kind): (&Begun<'_>, Kind),
        new_devices: NewDevices,
    ) -> Result<Option<Report>, CycleError> {
        let organization = writer.organization();
        let head = self.head(organization).await?;
        // Without a full sync every device would be new.
        if self.full_needed(organization, &head).await?.is_some() || !self.could_write(writer).await? {
            return Ok(None);
        }
        // Its work stays open, so that the policy decides once device management answers.
        let mailboxes = self
            .notice_waiting(writer, &head, &mut Noticed::default())
            .await?;
        let mailboxes: BTreeSet<_> = mailboxes.into_iter().take(ONE_BY_ONE).collect();
        let (facts, new) = self.new_devices(writer, &head, &mailboxes, new_devices).await?;
        let seen: Vec<_> = marks::known_of(&facts).collect();
        if new.is_empty() {
            writer.know_partnerships(seen, &mailboxes).await?;
            return Ok(None);
        }
        self.has_row(writer, begun, kind).await?;
        let now = self.clock.now();
        let (planned, refused) = self
            .plan_for(writer, (begun, now), &head, facts, |key| new.contains(key))
            .await?;
        begun.decided(new.iter().cloned());
        // Whatever the kind of the run is, it has seen a part alone.
        let mut report = Report::begin(self.config, Kind::Watch);
        self.describe(&mut report, &planned);
        report.warnings.push(format!(
            "device management cannot be asked, so {} new devices were decided by on_authority_unreachable = \"{}\"",
            rows(&planned.decisions),
            self.config.precautions.on_authority_unreachable()
        ));
        self.act(writer, begun, &planned, &refused, &mut report).await;
        // Only then are they no new devices any more: what could not be written is tried again, and what is held goes
        // once somebody approves of it.
        let open = report.changes.failed + report.changes.held + report.changes.paused;
        if open == 0 {
            let rows = device_rows(&planned.facts, &planned.decisions);
            writer.record_some_devices(rows, now).await?;
            writer.know_partnerships(seen, &mailboxes).await?;
        }
        Ok(Some(report))
    }

    /// What Exchange has of `mailboxes`, and those of their devices that no run has seen.
    async fn new_devices(
        &self,
        writer: &Writer,
        head: &Head,
        mailboxes: &BTreeSet<MailboxId>,
        new_devices: NewDevices,
    ) -> Result<(Facts, BTreeSet<Key>), CycleError> {
        let mut targets = Targets::default();
        let mut known = ByDevice::default();
        for mailbox in mailboxes {
            targets.add_all(*mailbox);
            for device in writer.organization().seen_devices_of(*mailbox).await? {
                known.insert(*mailbox, device, ());
            }
        }
        let place = self.one_by_one(&targets).await?;
        let exchange = head.with(place);
        let owners = exchange.mailboxes.iter();
        let owners: std::collections::BTreeMap<_, _> =
            owners.map(|one| (&one.distinguished_name, one.id)).collect();
        let of_phones = exchange.partnerships.iter();
        let of_phones = of_phones.filter_map(|one| Some((*owners.get(&one.owner)?, one.device_id.clone())));
        let new = of_phones
            .filter(|(mailbox, device)| !known.contains(*mailbox, device))
            .collect();
        let facts = Facts {
            exchange,
            inventory: Inventory::default(),
            exceptions: Exceptions {
                unreachable: Some(Unreachable { new_devices, known }),
                ..Exceptions::default()
            },
        };
        Ok((facts, new))
    }
}
