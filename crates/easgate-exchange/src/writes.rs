//! What Exchange is told, except wipes and removals of devices.

use easgate_model::{AccessLevel, Characteristic, EmailAddress, MailboxId};
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;

use crate::client::Call;
use crate::{ExchangeClient, ExchangeError, Identity, ListChange, PolicySettings};

/// What a command that changes something said.
///
/// A change that changed nothing is a success with a warning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The warnings, in the server's language; escape them before showing.
    pub warnings: Vec<String>,
}

impl Applied {
    /// Whether the server says that it delayed the command because the account asks much of it.
    #[must_use]
    pub fn was_delayed(&self) -> bool {
        self.warnings.iter().any(|warning| crate::read::is_delay(warning))
    }
}

/// A change of the organisation's ActiveSync settings; what is `None` or empty stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    /// What a device gets that no list entry and no rule decides.
    pub default_access_level: Option<AccessLevel>,
    /// What Exchange appends to its own quarantine mail, at most 256 characters.
    pub user_mail_insert: Option<String>,
    /// Who is to get a mail about quarantined devices.
    pub add_admin_mail_recipients: Vec<EmailAddress>,
    /// Who no longer.
    pub remove_admin_mail_recipients: Vec<EmailAddress>,
}

impl ExchangeClient {
    /// Edits the device lists of one mailbox (`Set-CASMailbox`); a change of nothing is not sent.
    ///
    /// Success means that Exchange took the command, and not yet that the lists hold what they should: read them
    /// again from the same domain controller.
    ///
    /// # Errors
    /// [`ExchangeError::ListFull`] when the mailbox can take no more ids, and whatever else Exchange refuses.
    pub async fn change_lists(&self, change: &ListChange) -> Result<Applied, ExchangeError> {
        if change.is_empty() {
            return Ok(Applied::default());
        }
        let command = change.command();
        let command = match change.domain_controller {
            Some(_) => command,
            None => self.pinned(command, None),
        };
        self.applied(&Call::one("Set-CASMailbox", |_| command)).await
    }

    /// Switches ActiveSync on or off for one mailbox (`Set-CASMailbox -ActiveSyncEnabled`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn set_active_sync(&self, mailbox: MailboxId, on: bool) -> Result<Applied, ExchangeError> {
        self.set_mailbox(mailbox, "ActiveSyncEnabled", on.into()).await
    }

    /// Assigns a mailbox policy; `None` returns to the default policy (`Set-CASMailbox -ActiveSyncMailboxPolicy`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn assign_policy(
        &self,
        mailbox: MailboxId,
        policy: Option<&Identity>,
    ) -> Result<Applied, ExchangeError> {
        let value = policy.map_or(PsValue::NIL, |policy| policy.as_str().into());
        self.set_mailbox(mailbox, "ActiveSyncMailboxPolicy", value).await
    }

    async fn set_mailbox(
        &self,
        mailbox: MailboxId,
        parameter: &str,
        value: PsValue,
    ) -> Result<Applied, ExchangeError> {
        self.applied(&Call::one("Set-CASMailbox", |c| {
            self.confirmed(c.with("Identity", mailbox.to_string()).with(parameter, value))
        }))
        .await
    }

    /// Changes the organisation's settings (`Set-ActiveSyncOrganizationSettings`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn set_organization_settings(&self, change: &SettingsChange) -> Result<Applied, ExchangeError> {
        self.applied(&Call::one("Set-ActiveSyncOrganizationSettings", |mut c| {
            if let Some(level) = change.default_access_level {
                c = c.with("DefaultAccessLevel", level.name());
            }
            if let Some(insert) = &change.user_mail_insert {
                c = c.with("UserMailInsert", insert.as_str());
            }
            let edits = [
                ("Add", &change.add_admin_mail_recipients),
                ("Remove", &change.remove_admin_mail_recipients),
            ];
            let entries: Vec<(PsValue, PsValue)> = edits
                .into_iter()
                .filter(|(_, addresses)| !addresses.is_empty())
                .map(|(key, addresses)| (key.into(), texts(addresses)))
                .collect();
            if !entries.is_empty() {
                c = c.with("AdminMailRecipients", PsValue::hashtable(entries));
            }
            self.confirmed(c)
        }))
        .await
    }

    /// Adds a device access rule (`New-ActiveSyncDeviceAccessRule`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn new_access_rule(
        &self,
        characteristic: &Characteristic,
        query_string: &str,
        level: AccessLevel,
    ) -> Result<Applied, ExchangeError> {
        self.applied(&Call::one("New-ActiveSyncDeviceAccessRule", |c| {
            let c = c
                .with("QueryString", query_string)
                .with("Characteristic", characteristic.name())
                .with("AccessLevel", level.name());
            self.pinned(c, None)
        }))
        .await
    }

    /// Changes the level of a device access rule (`Set-ActiveSyncDeviceAccessRule`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn set_access_rule(
        &self,
        rule: &Identity,
        level: AccessLevel,
    ) -> Result<Applied, ExchangeError> {
        self.applied(&Call::one("Set-ActiveSyncDeviceAccessRule", |c| {
            self.confirmed(
                c.with("Identity", rule.as_str())
                    .with("AccessLevel", level.name()),
            )
        }))
        .await
    }

    /// Removes a device access rule (`Remove-ActiveSyncDeviceAccessRule`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn remove_access_rule(&self, rule: &Identity) -> Result<Applied, ExchangeError> {
        self.applied(&Call::one("Remove-ActiveSyncDeviceAccessRule", |c| {
            self.confirmed(c.with("Identity", rule.as_str()))
        }))
        .await
    }

    /// Adds a mailbox policy (`New-MobileDeviceMailboxPolicy`, `New-ActiveSyncMailboxPolicy`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn new_policy(
        &self,
        name: &Identity,
        settings: &PolicySettings,
    ) -> Result<Applied, ExchangeError> {
        let names = ("New-MobileDeviceMailboxPolicy", "New-ActiveSyncMailboxPolicy");
        let call = policy_call(names, settings, |c| {
            self.pinned(c.with("Name", name.as_str()), None)
        });
        self.applied(&call).await
    }

    /// Changes a mailbox policy (`Set-MobileDeviceMailboxPolicy`, `Set-ActiveSyncMailboxPolicy`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn set_policy(
        &self,
        policy: &Identity,
        settings: &PolicySettings,
    ) -> Result<Applied, ExchangeError> {
        let names = ("Set-MobileDeviceMailboxPolicy", "Set-ActiveSyncMailboxPolicy");
        let call = policy_call(names, settings, |c| {
            self.confirmed(c.with("Identity", policy.as_str()))
        });
        self.applied(&call).await
    }

    /// Removes a mailbox policy (`Remove-MobileDeviceMailboxPolicy`, `Remove-ActiveSyncMailboxPolicy`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn remove_policy(&self, policy: &Identity) -> Result<Applied, ExchangeError> {
        self.applied(&Call::two(
            "Remove-MobileDeviceMailboxPolicy",
            "Remove-ActiveSyncMailboxPolicy",
            |c| self.confirmed(c.with("Identity", policy.as_str())),
        ))
        .await
    }

    pub(crate) async fn applied(&self, call: &Call) -> Result<Applied, ExchangeError> {
        let warnings = self.run(call).await?;
        Ok(Applied { warnings })
    }

    /// `command` without the question that no host here could answer.
    pub(crate) fn confirmed(&self, command: Command) -> Command {
        self.pinned(command.with("Confirm", false), None)
    }
}

fn policy_call(
    (newer, older): (&'static str, &'static str),
    settings: &PolicySettings,
    with: impl Fn(Command) -> Command,
) -> Call {
    let mut commands = (with(Command::new(newer)), with(Command::new(older)));
    for (new_name, old_name, value) in settings.parameters() {
        commands = (
            commands.0.with(new_name, value.clone()),
            commands.1.with(old_name, value),
        );
    }
    Call::each((newer, commands.0), (older, commands.1))
}

fn texts(addresses: &[EmailAddress]) -> PsValue {
    let texts: Vec<PsValue> = addresses
        .iter()
        .map(|address| PsValue::from(address.as_str()))
        .collect();
    PsValue::from(texts)
}
