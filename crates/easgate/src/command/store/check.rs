//! `easgate store check`.

use easgate_store::{Caution, Holdings, Lease, Organization, Store, StoreError};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::cli::Common;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::{output, render};

/// Tells what is in the store.
///
/// # Errors
/// When the configuration or the store cannot be read.
pub(super) async fn run(arguments: &Common) -> Result<Exit, Failure> {
    let settings = Settings::read(arguments)?;
    let store = settings.store().await?;
    let found = Found::of(&store).await;
    let (place, damage) = (store.describe(), store.damage().await);
    let schema = store.schema().await;
    store.close().await;
    let (found, damage, schema) = (found?, damage?, schema?);
    if arguments.json {
        output::json(&json!({
            "store": place,
            "schema": schema,
            "damage": damage,
            "organizations": found.iter().map(Found::json).collect::<Vec<_>>(),
        }))?;
    } else {
        output::line(&format!("{place}, schema {schema}"));
        output::table(HEADINGS, found.iter().map(Found::row));
        for one in &found {
            if let Some(caution) = &one.caution {
                output::line(&format!("{}: {caution}", one.name));
            }
        }
        for line in &damage {
            output::line(&format!("damaged: {}", easgate_model::escape_long(line)));
        }
    }
    Ok(if damage.is_empty() {
        Exit::Done
    } else {
        Exit::Trouble
    })
}

/// One organisation of the store.
struct Found {
    name: String,
    exchange: Option<String>,
    tenant: Option<String>,
    holdings: Holdings,
    lease: Option<Lease>,
    caution: Option<Caution>,
}

const HEADINGS: [&str; 8] = [
    "ORGANISATION",
    "BOUND TO",
    "DEVICES",
    "OWNED",
    "OPEN",
    "RUNS",
    "AUDIT",
    "WRITTEN BY",
];

impl Found {
    async fn of(store: &Store) -> Result<Vec<Self>, StoreError> {
        let mut found = Vec::new();
        for organization in store.organizations().await? {
            found.push(Self::one(&organization).await?);
        }
        Ok(found)
    }

    async fn one(organization: &Organization) -> Result<Self, StoreError> {
        let (exchange, tenant) = organization.binding().await?;
        Ok(Self {
            name: organization.name().to_owned(),
            exchange: exchange.map(|id| id.to_string()),
            tenant: tenant.map(|id| id.to_string()),
            holdings: organization.holdings().await?,
            lease: organization.lease().await?,
            caution: organization.caution().await?,
        })
    }

    fn writer(&self) -> String {
        match &self.lease {
            Some(lease) if lease.is_held => {
                format!(
                    "{} on {}",
                    lease.holder.as_deref().unwrap_or("somebody"),
                    lease.node
                )
            }
            Some(_) | None => "nobody".to_owned(),
        }
    }

    fn row(&self) -> [String; 8] {
        let holdings = &self.holdings;
        [
            self.name.clone(),
            self.exchange.clone().unwrap_or_else(|| "nothing yet".to_owned()),
            holdings.devices.to_string(),
            holdings.owned.to_string(),
            holdings.open.to_string(),
            holdings.runs.to_string(),
            holdings.audit.to_string(),
            self.writer(),
        ]
    }

    fn json(&self) -> Value {
        let time = |at: time::OffsetDateTime| at.format(&Rfc3339).ok();
        let holdings = &self.holdings;
        json!({
            "organization": self.name,
            "exchange": self.exchange,
            "tenant": self.tenant,
            "devices": holdings.devices,
            "owned": holdings.owned,
            "intents": holdings.intents,
            "open": holdings.open,
            "runs": holdings.runs,
            "audit": holdings.audit,
            "lease": self.lease.as_ref().map(|lease| json!({
                "held": lease.is_held,
                "holder": lease.holder,
                "node": lease.node,
                "token": lease.token,
                "expires": time(lease.expires),
            })),
            "caution": self.caution.as_ref().map(render::gates::caution),
        })
    }
}
