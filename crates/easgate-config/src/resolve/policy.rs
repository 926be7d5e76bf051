//! The section `policy`.

use easgate_compliance::{
    ConfigManagerMeans, DeviceClass, ForeignAllow, PlatformException, Policy, Unmanaged,
};
use easgate_model::{AccessLevel, GroupId};

use crate::file::{
    RawConfigManager, RawForeignAllow, RawLevel, RawPlatformException, RawPolicy, RawUnmanaged,
};

use super::Checks;

impl Checks<'_> {
    pub(super) fn policy(&mut self, at: usize, raw: &RawPolicy) -> Policy {
        for (key, groups) in [
            ("included_groups", &raw.included_groups),
            ("excluded_groups", &raw.excluded_groups),
        ] {
            if groups.iter().any(|group| group.trim().is_empty()) {
                self.problem_in(at, "policy", key, "a group is empty");
            }
        }
        let groups = |names: &[String]| names.iter().map(|name| GroupId::new(name)).collect();
        Policy {
            unmanaged: match raw.unmanaged {
                RawUnmanaged::Quarantine => Unmanaged::Quarantine,
                RawUnmanaged::Block => Unmanaged::Block,
            },
            always_allow_compliant: raw.always_allow_compliant,
            included_groups: groups(&raw.included_groups),
            excluded_groups: groups(&raw.excluded_groups),
            require_license: raw.require_license,
            config_manager: match raw.config_manager {
                RawConfigManager::Compliant => ConfigManagerMeans::Compliant,
                RawConfigManager::Noncompliant => ConfigManagerMeans::Noncompliant,
                RawConfigManager::Unevaluated => ConfigManagerMeans::Unevaluated,
            },
            foreign_allow: match raw.foreign_allow {
                RawForeignAllow::Report => ForeignAllow::Report,
                RawForeignAllow::Override => ForeignAllow::Override,
            },
            platform_exceptions: raw
                .platform_exceptions
                .iter()
                .filter_map(|exception| self.exception(at, exception))
                .collect(),
        }
    }

    fn exception(&mut self, at: usize, raw: &RawPlatformException) -> Option<PlatformException> {
        let level = match raw.level {
            RawLevel::Allow => AccessLevel::Allow,
            RawLevel::Quarantine => AccessLevel::Quarantine,
            RawLevel::Block => AccessLevel::Block,
        };
        let class = match (&raw.family, &raw.model) {
            (Some(name), None) if !name.trim().is_empty() => DeviceClass::Family(name.clone()),
            (None, Some(name)) if !name.trim().is_empty() => DeviceClass::Model(name.clone()),
            _ => {
                let message =
                    "an exception names a family (DeviceType) or a model (DeviceModel), one of the two";
                self.problem_in(at, "policy", "platform_exceptions", message);
                return None;
            }
        };
        Some(PlatformException { class, level })
    }
}
