//! What the last good run saw: the yardstick for the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::convert::parse;
use crate::organization::{Organization, StoreError, reading};

/// What the last run that read everything saw.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// How many rows each input had, by its stable name.
    pub sizes: BTreeMap<String, u64>,
    /// The organisation's default access level, by Exchange's name.
    pub default_level: Option<String>,
    /// How many partnerships were matched with an enrolment, and of how many that could have been.
    pub matched: Option<(u64, u64)>,
    /// The Exchange servers that the organisation told.
    pub servers: Vec<ServerSeen>,
}

/// An Exchange server, as the organisation told it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSeen {
    /// Its name.
    pub name: String,
    /// Its version, as Exchange writes it.
    pub version: String,
    /// Its roles, as Exchange writes them.
    pub roles: String,
}

impl Baseline {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts under text keys are JSON")
    }
}

impl std::str::FromStr for Baseline {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl Organization {
    /// What the last good run saw; `None` before the first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn baseline(&self) -> Result<Option<Baseline>, StoreError> {
        let content: Option<String> =
            sqlx::query_scalar("SELECT content FROM baselines WHERE organization = $1")
                .bind(self.id())
                .fetch_optional(self.pool())
                .await
                .map_err(reading("the last good run"))?;
        content.map(|text| parse(&text, "baselines.content")).transpose()
    }
}
