//! The mode that stands above the configured one.

use std::borrow::Cow;

use easgate_model::escape;
use easgate_store::{ForcedMode, Organization, StoreError};

use crate::config::{Mode, OrganizationConfig};
use crate::report::rfc3339;

/// The configuration as it is in force, and what is forced, where it makes a difference.
pub(crate) struct InForce<'c> {
    pub(crate) config: Cow<'c, OrganizationConfig>,
    pub(crate) forced: Option<ForcedMode>,
}

impl InForce<'_> {
    /// What somebody should know.
    pub(crate) fn warning(&self) -> Option<String> {
        let forced = self.forced.as_ref()?;
        Some(format!(
            "the organisation is kept in mode {} since {} by {}: {}; `easgate resume` ends it",
            escape(&forced.mode),
            rfc3339(forced.since),
            escape(&forced.by.name),
            escape(&forced.reason),
        ))
    }
}

/// Reads what is forced. A mode that this version does not know is the strictest.
pub(crate) async fn in_force<'c>(
    organization: &Organization,
    config: &'c OrganizationConfig,
) -> Result<InForce<'c>, StoreError> {
    let forced = organization.forced_mode().await?;
    let mode = forced
        .as_ref()
        .map(|forced| forced.mode.parse().unwrap_or(Mode::Observe));
    Ok(match mode {
        Some(mode) if rank(mode) < rank(config.mode) => InForce {
            config: Cow::Owned(OrganizationConfig {
                mode,
                ..config.clone()
            }),
            forced,
        },
        Some(_) | None => InForce {
            config: Cow::Borrowed(config),
            forced: None,
        },
    })
}

/// How much a mode may do.
const fn rank(mode: Mode) -> u8 {
    match mode {
        Mode::Observe => 0,
        Mode::Plan => 1,
        Mode::Enforce => 2,
    }
}
