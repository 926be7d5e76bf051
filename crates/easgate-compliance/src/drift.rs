//! What others changed in Exchange since the last look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use easgate_model::{DeviceId, MailboxId};

use crate::{ExchangeFacts, ForeignEntry, List, OwnedEntry};

/// What is compared from look to look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastKnown {
    /// Settings of the organisation, as text for people.
    pub settings: BTreeMap<Setting, String>,
    /// Allow entries that somebody else made.
    pub foreign_allows: BTreeSet<(MailboxId, DeviceId)>,
}

/// A setting of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// The default access level.
    DefaultLevel,
    /// The device access rule of this name.
    AccessRule(String),
}

impl Setting {
    /// The stable name of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DefaultLevel => "defaultLevel",
            Self::AccessRule(_) => "accessRule",
        }
    }

    /// Which one of its kind; empty where there is one alone.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::DefaultLevel => "",
            Self::AccessRule(name) => name,
        }
    }

    /// The setting of this kind and name.
    #[must_use]
    pub fn from_parts(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "defaultLevel" => Some(Self::DefaultLevel),
            "accessRule" => Some(Self::AccessRule(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultLevel => f.write_str("the default access level"),
            Self::AccessRule(name) => write!(f, "the access rule {name:?}"),
        }
    }
}

/// Something that somebody else changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// Somebody else put a device on an allow list: a known way to keep a foothold (MITRE ATT&CK T1098.002).
    ForeignAllow {
        /// The entry.
        entry: OwnedEntry,
        /// Whether the policy refuses the device.
        contradicts: bool,
    },
    /// Somebody else took an entry of ours out.
    TakenOut {
        /// The entry.
        entry: OwnedEntry,
    },
    /// A setting of the organisation is another.
    Setting {
        /// Which.
        setting: Setting,
        /// What it was; `None` when it is new.
        before: Option<String>,
        /// What it is; `None` when it is gone.
        after: Option<String>,
    },
}

impl LastKnown {
    /// What is to be compared next time. `foreign` are the foreign entries of a plan over the same facts.
    #[must_use]
    pub fn of(exchange: &ExchangeFacts, foreign: &[ForeignEntry]) -> Self {
        let mut settings = BTreeMap::new();
        let level = exchange.settings.default_access_level.name();
        settings.insert(Setting::DefaultLevel, level.to_owned());
        for rule in &exchange.rules {
            settings.insert(
                Setting::AccessRule(rule.name.clone()),
                format!(
                    "{} = {}: {}",
                    rule.characteristic, rule.query_string, rule.access_level
                ),
            );
        }
        let allows = foreign.iter().filter(|entry| entry.list == List::Allow);
        Self {
            settings,
            foreign_allows: allows
                .map(|entry| (entry.mailbox, entry.device.clone()))
                .collect(),
        }
    }
}

/// Returns what others changed between two looks: foreign entries first, then settings.
///
/// `missing` are the entries that the registry holds and the lists do not; `foreign` as in [`LastKnown::of`].
#[must_use]
pub fn drift(
    before: &LastKnown,
    now: &LastKnown,
    foreign: &[ForeignEntry],
    missing: &[OwnedEntry],
) -> Vec<Drift> {
    let is_new = |entry: &&ForeignEntry| {
        entry.list == List::Allow
            && !before
                .foreign_allows
                .contains(&(entry.mailbox, entry.device.clone()))
    };
    let added = foreign.iter().filter(is_new).map(|foreign| Drift::ForeignAllow {
        entry: OwnedEntry {
            mailbox: foreign.mailbox,
            list: foreign.list,
            device: foreign.device.clone(),
        },
        contradicts: foreign.contradicts,
    });
    let taken_out = missing.iter().cloned().map(|entry| Drift::TakenOut { entry });
    let names: BTreeSet<&Setting> = before.settings.keys().chain(now.settings.keys()).collect();
    let settings = names.into_iter().filter_map(|setting| {
        let (was, is) = (before.settings.get(setting), now.settings.get(setting));
        (was != is).then(|| Drift::Setting {
            setting: setting.clone(),
            before: was.cloned(),
            after: is.cloned(),
        })
    });
    added.chain(taken_out).chain(settings).collect()
}
