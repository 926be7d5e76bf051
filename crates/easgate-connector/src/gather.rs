//! Reading everything that a decision rests on, completely or not at all.

use std::collections::{BTreeMap, HashMap};

use easgate_compliance::{Exceptions, ExchangeFacts, Facts, governed_by_default};
use easgate_model::{DeviceAccessRule, Inventory, Mailbox, MailboxId, OrganizationSettings, RecipientType};
use easgate_store::{Baseline, BindError, Organization, ServerSeen, StoreError};
use futures::future::{FutureExt, try_join5};
use time::{Duration, OffsetDateTime};

use crate::clock::Clock;
use crate::config::OrganizationConfig;
use crate::cycle::rows;
use crate::inputs::{ShortInput, short_inputs};
use crate::ports::{CallError, CallErrorKind, EnrollmentSource, Exchange, SourceError, SourceKind};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::retry::retry_up_to;

/// How far clocks may be apart.
const SKEW: Duration = Duration::minutes(5);

/// What a cycle read.
pub(crate) struct Gathered {
    pub(crate) facts: Facts,
    pub(crate) baseline: Baseline,
    pub(crate) before: Baseline,
    pub(crate) warnings: Vec<String>,
}

/// Where to read, and by which rules.
pub(crate) struct Gather<'a> {
    pub(crate) exchange: &'a dyn Exchange,
    pub(crate) source: &'a dyn EnrollmentSource,
    pub(crate) config: &'a OrganizationConfig,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a dyn ProgressSink,
}

impl Gather<'_> {
    /// Reads settings and rules, then all lists at once. Reads the store, and writes nothing.
    pub(crate) async fn run(&self, organization: &Organization) -> Result<Gathered, FactsError> {
        self.progress.progress(Progress::Phase(Phase::Gather));
        let before = organization.baseline().await?.unwrap_or_default();
        let (settings, rules) = self.settings_and_rules().await?;
        organization.check_binding(settings.id, None).await?;
        let started = self.clock.now();
        let (partnerships, mailboxes, types, servers, inventory) = try_join5(
            self.read("the devices", || self.exchange.partnerships(self.progress)),
            self.read("the mailboxes", || self.exchange.mailboxes(self.progress)),
            self.optional("the recipients", || self.exchange.recipient_types(self.progress)),
            self.optional("the Exchange servers", || self.exchange.servers()),
            self.inventory(),
        )
        .await?;
        organization.check_binding(settings.id, inventory.tenant).await?;
        self.check_clock(started, inventory.as_of)?;

        let mut warnings = Vec::new();
        let mailboxes = with_types(mailboxes, types, &mut warnings);
        let servers = servers.unwrap_or_else(|warning| {
            warnings.push(warning);
            Vec::new()
        });
        let exchange = ExchangeFacts {
            settings,
            rules,
            mailboxes,
            partnerships,
        };
        let facts = Facts {
            exchange,
            inventory,
            exceptions: Exceptions::default(),
        };
        let baseline = self.check_sizes(&facts, &before, servers)?;
        self.compare(&facts, &before, &mut warnings);
        Ok(Gathered {
            facts,
            baseline,
            before,
            warnings,
        })
    }

    /// What every run reads first.
    pub(crate) async fn settings_and_rules(
        &self,
    ) -> Result<(OrganizationSettings, Vec<DeviceAccessRule>), FactsError> {
        let settings = self
            .read("the organisation's settings", || self.exchange.settings())
            .await?;
        let rules = self
            .read("the device access rules", || self.exchange.rules())
            .await?;
        Ok((settings, rules))
    }

    pub(crate) async fn read<T, F>(
        &self,
        input: &'static str,
        call: impl FnMut() -> F,
    ) -> Result<T, FactsError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        retry_up_to(self.config.tries, self.clock, call)
            .await
            .map_err(|source| FactsError::Exchange { input, source })
    }

    /// Reads what a cycle can do without, as long as it is only not granted: the warning says so.
    async fn optional<T, F>(
        &self,
        input: &'static str,
        call: impl FnMut() -> F,
    ) -> Result<Result<T, String>, FactsError>
    where
        F: Future<Output = Result<T, CallError>> + Send,
    {
        match retry_up_to(self.config.tries, self.clock, call).await {
            Ok(value) => Ok(Ok(value)),
            Err(error) if error.kind == CallErrorKind::NotGranted => {
                Ok(Err(format!("{input} were not read: {error}")))
            }
            Err(source) => Err(FactsError::Exchange { input, source }),
        }
    }

    async fn inventory(&self) -> Result<Inventory, FactsError> {
        self.source
            .inventory(self.clock.now(), self.progress)
            .map(|result| result.map_err(FactsError::Enrollments))
            .await
    }

    /// Graph's clock has to agree with ours at some moment of the read.
    pub(crate) fn check_clock(
        &self,
        started: OffsetDateTime,
        as_of: Option<OffsetDateTime>,
    ) -> Result<(), FactsError> {
        let Some(theirs) = as_of.filter(|_| self.source.kind() == SourceKind::Graph) else {
            return Ok(());
        };
        let ours = theirs.clamp(started, self.clock.now().max(started));
        let apart = (theirs - ours).abs();
        if apart > SKEW {
            Err(FactsError::Clock {
                minutes: apart.whole_minutes(),
            })
        } else {
            Ok(())
        }
    }

    fn check_sizes(
        &self,
        facts: &Facts,
        before: &Baseline,
        servers: Vec<ServerSeen>,
    ) -> Result<Baseline, FactsError> {
        let mut sizes: BTreeMap<String, u64> = facts
            .inventory
            .sizes
            .iter()
            .map(|(input, rows)| (format!("enrollment.{input}"), *rows))
            .collect();
        if !self.config.policy.require_license {
            sizes.remove("enrollment.licences");
        }
        sizes.insert("exchange.devices".to_owned(), rows(&facts.exchange.partnerships));
        sizes.insert("exchange.mailboxes".to_owned(), rows(&facts.exchange.mailboxes));
        let short = short_inputs(&sizes, &before.sizes, &self.config.accept_shrunken);
        if !short.is_empty() {
            return Err(FactsError::Short { inputs: short });
        }
        Ok(Baseline {
            sizes,
            default_level: Some(facts.exchange.settings.default_access_level.name().to_owned()),
            matched: None,
            servers,
        })
    }

    /// Says what is odd, and does not stop anything.
    fn compare(&self, facts: &Facts, before: &Baseline, warnings: &mut Vec<String>) {
        let level = facts.exchange.settings.default_access_level.name();
        if let Some(before) = before.default_level.as_deref().filter(|before| *before != level) {
            warnings.push(format!(
                "the organisation's default access level was {before} and is {level} now, which governs {} devices",
                governed_by_default(&facts.exchange)
            ));
        }
        let horizon = self.clock.now() + SKEW;
        let changed = facts
            .exchange
            .partnerships
            .iter()
            .map(|partnership| partnership.when_changed);
        let future = changed.flatten().filter(|changed| *changed > horizon).count();
        if future > 0 {
            warnings.push(format!(
                "{future} devices changed in the future: the clock of this machine or of a domain controller is wrong"
            ));
        }
        if !self.config.accept_shrunken.is_empty() {
            let names: Vec<&str> = self.config.accept_shrunken.iter().map(String::as_str).collect();
            warnings.push(format!(
                "shorter inputs were accepted for this run: {}",
                names.join(", ")
            ));
        }
    }
}

pub(crate) fn with_types(
    mut mailboxes: Vec<Mailbox>,
    types: Result<HashMap<MailboxId, RecipientType>, String>,
    warnings: &mut Vec<String>,
) -> Vec<Mailbox> {
    match types {
        Ok(mut types) => {
            for mailbox in &mut mailboxes {
                if let Some(recipient_type) = types.remove(&mailbox.id) {
                    mailbox.recipient_type = recipient_type;
                }
            }
        }
        Err(warning) => {
            warnings.push(format!(
                "{warning}: shared and system mailboxes are told by their names alone"
            ));
        }
    }
    mailboxes
}

/// Why the facts of a cycle are not to be relied on. Nothing has been changed then.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum FactsError {
    #[error("could not read {input} from Exchange")]
    Exchange { input: &'static str, source: CallError },
    #[error("could not read the enrolments")]
    Enrollments(#[source] SourceError),
    #[error("an input is too short to be believed: {}", listed(.inputs))]
    Short { inputs: Vec<ShortInput> },
    #[error("the clock of this machine is {minutes} minutes off Graph's, and 5 is the most")]
    Clock { minutes: i64 },
    #[error("this is not the organisation that it was")]
    Binding(#[from] BindError),
    #[error("could not compare with the last run")]
    Store(#[from] StoreError),
    #[error("no mailbox here has the address {address:?}")]
    NoMailbox { address: String },
}

impl FactsError {
    /// Whether Exchange's server was lost while it was read: another one may give all of it.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Exchange { source, .. } if source.kind == CallErrorKind::Connection)
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Exchange { source, .. } => source.cure.clone(),
            Self::Enrollments(source) => source.cure.clone(),
            Self::Short { inputs } => Some(cure_of_short(inputs)),
            Self::Clock { .. } => Some("set the clock of this machine by NTP".to_owned()),
            Self::Binding(_) | Self::Store(_) => None,
            Self::NoMailbox { .. } => Some("name the mailbox by one of its SMTP addresses".to_owned()),
        }
    }
}

fn listed(inputs: &[ShortInput]) -> String {
    inputs
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn cure_of_short(inputs: &[ShortInput]) -> String {
    if inputs.iter().any(|input| !input.may_be_accepted()) {
        return "find out why the list is empty; an empty list is never acted upon".to_owned();
    }
    let flags: Vec<String> = inputs
        .iter()
        .map(|input| format!("--accept-shrunken {}", input.input))
        .collect();
    format!("if that many really left, run once with {}", flags.join(" "))
}
