//! The binding of a section of the configuration to one Exchange organisation and one tenant.

use easgate_model::OrganizationId;
use sqlx::Row;
use uuid::Uuid;

use crate::convert::to_uuid;
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// What [`Writer::bind`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Nothing was bound before, or the tenant was not known; now it is.
    Now,
    /// The same organisation and tenant answered before.
    Already,
}

impl Organization {
    /// Whether the answers of Exchange and of the enrolment source are those that this organisation is bound to.
    ///
    /// `None` when nothing is bound yet. A source without a tenant (a file) says nothing about the tenant.
    ///
    /// # Errors
    /// Another organisation or tenant answered, another section is bound to this one, or the store cannot be
    /// read.
    pub async fn check_binding(
        &self,
        exchange: OrganizationId,
        tenant: Option<Uuid>,
    ) -> Result<Option<Bound>, BindError> {
        let (known, known_tenant) = self.binding().await?;
        if let Some(known) = known.filter(|known| *known != exchange) {
            return Err(BindError::OtherOrganization {
                name: self.name().to_owned(),
                known,
                answered: exchange,
            });
        }
        if let (Some(known), Some(answered)) = (known_tenant, tenant)
            && known != answered
        {
            return Err(BindError::OtherTenant {
                name: self.name().to_owned(),
                known,
                answered,
            });
        }
        let other: Option<String> =
            sqlx::query_scalar("SELECT name FROM organizations WHERE exchange_guid = $1 AND id <> $2")
                .bind(exchange.0.to_string())
                .bind(self.id())
                .fetch_optional(self.pool())
                .await
                .map_err(reading("the bindings"))?;
        if let Some(other) = other {
            return Err(BindError::Taken {
                name: self.name().to_owned(),
                other,
                answered: exchange,
            });
        }
        let complete = known.is_some() && (tenant.is_none() || known_tenant.is_some());
        Ok(complete.then_some(Bound::Already))
    }

    /// The Exchange organisation and the tenant that this one is bound to.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn binding(&self) -> Result<(Option<OrganizationId>, Option<Uuid>), StoreError> {
        let row = sqlx::query("SELECT exchange_guid, tenant FROM organizations WHERE id = $1")
            .bind(self.id())
            .fetch_one(self.pool())
            .await
            .map_err(reading("the binding"))?;
        let uuid = |column: &'static str| {
            row.get::<Option<String>, _>(column)
                .map(|text| to_uuid(&text, column))
                .transpose()
        };
        Ok((uuid("exchange_guid")?.map(OrganizationId), uuid("tenant")?))
    }
}

impl Writer {
    /// Binds the organisation to what answered, or finds that it is bound to that already.
    ///
    /// # Errors
    /// As [`Organization::check_binding`], and when the store cannot be written.
    pub async fn bind(&self, exchange: OrganizationId, tenant: Option<Uuid>) -> Result<Bound, BindError> {
        if let Some(bound) = self.organization().check_binding(exchange, tenant).await? {
            return Ok(bound);
        }
        let wrong = writing("the binding");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        sqlx::query(
            "UPDATE organizations SET exchange_guid = $1, tenant = COALESCE(tenant, $2) WHERE id = $3",
        )
        .bind(exchange.0.to_string())
        .bind(tenant.map(|tenant| tenant.to_string()))
        .bind(self.id())
        .execute(&mut *transaction)
        .await
        .map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the binding"))?;
        Ok(Bound::Now)
    }
}

/// Why an organisation is not the one that the store knows.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum BindError {
    #[error(
        "organisation {name:?} is bound to the Exchange organisation {known}, and {answered} answered: check the \
         servers in the configuration, or use another store or another name for another organisation"
    )]
    OtherOrganization {
        name: String,
        known: OrganizationId,
        answered: OrganizationId,
    },
    #[error(
        "organisation {name:?} is bound to the tenant {known}, and {answered} answered: check the tenant in the \
         configuration, or use another store or another name"
    )]
    OtherTenant {
        name: String,
        known: Uuid,
        answered: Uuid,
    },
    #[error("organisations {name:?} and {other:?} are both the Exchange organisation {answered}: remove one")]
    Taken {
        name: String,
        other: String,
        answered: OrganizationId,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}
