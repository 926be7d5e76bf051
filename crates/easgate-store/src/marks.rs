//! Watermarks and the like, by name.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use sqlx::Row;

use crate::convert::text;
use crate::organization::{Organization, StoreError, Writer, reading, writing};

/// Texts by name: watermarks, delta links, and what was found out about filters.
pub type Marks = BTreeMap<String, String>;

impl Organization {
    /// Every mark.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn marks(&self) -> Result<Marks, StoreError> {
        let rows = sqlx::query("SELECT name, content FROM marks WHERE organization = $1")
            .bind(self.id())
            .fetch_all(self.pool())
            .await
            .map_err(reading("the watermarks"))?;
        Ok(rows
            .iter()
            .map(|row| (row.get("name"), row.get("content")))
            .collect())
    }
}

impl Writer {
    /// Sets marks; those that are not named stay. An empty text takes a mark away.
    ///
    /// # Errors
    /// The store cannot be written; then none is set.
    pub async fn set_marks(&self, marks: &Marks) -> Result<(), StoreError> {
        let wrong = writing("the watermarks");
        let mut transaction = self.begin().await.map_err(&wrong)?;
        set(&mut transaction, self.id(), marks).await.map_err(&wrong)?;
        transaction
            .commit()
            .await
            .map_err(|error| error.writing("the watermarks"))
    }
}

pub(crate) async fn set(
    connection: &mut AnyConnection,
    organization: i64,
    marks: &Marks,
) -> Result<(), sqlx::Error> {
    for (name, content) in marks {
        let statement = if content.is_empty() {
            "DELETE FROM marks WHERE organization = $1 AND name = $2 AND $3 = ''"
        } else {
            "INSERT INTO marks (organization, name, content) VALUES ($1, $2, $3) \
             ON CONFLICT (organization, name) DO UPDATE SET content = excluded.content"
        };
        sqlx::query(statement)
            .bind(organization)
            .bind(text(name))
            .bind(text(content))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
