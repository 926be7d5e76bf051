//! What a table has, as digests: enough to see what of a long list differs, and small enough to hold for all of it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use sqlx::AnyConnection;

use crate::statement::Statement;

/// How many rows the database gives at a time, as one text: a row of sqlx's own costs more than what is in it.
const PAGE: &str = "4096";

/// A table whose rows are compared, and how its pages are asked for.
pub(crate) struct Table {
    /// `SELECT key AS k, value AS v`, up to `organization = `. The value is whatever differs when the row does.
    pub(crate) rows: &'static str,
    /// The columns of the key in its order, each a text. Only the last may hold a space.
    pub(crate) key: &'static [&'static str],
}

/// One row of a table, by what its key and its value come to.
type Digest = [u64; 2];

/// The rows that a table has and that were not seen yet.
pub(crate) struct Digests {
    hashers: [RandomState; 2],
    rows: HashMap<Digest, u64>,
    /// Whether there was none.
    was_empty: bool,
}

/// How a row stands to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there as it is.
    Same,
    /// It is there and was different.
    Differs,
    /// It is not there, or was seen already.
    New,
}

impl Digests {
    /// Reads what `table` has of an organisation.
    pub(crate) async fn read(
        connection: &mut AnyConnection,
        organization: i64,
        table: &Table,
    ) -> Result<Self, sqlx::Error> {
        let mut digests = Self {
            hashers: [RandomState::new(), RandomState::new()],
            rows: HashMap::new(),
            was_empty: true,
        };
        let mut pages = Pages::of(table, organization);
        while let Some(page) = pages.next(connection).await? {
            for (key, value) in Entries(&page) {
                let value = digests.hashers[0].hash_one(value);
                let key = digests.digest(key);
                digests.rows.insert(key, value);
            }
        }
        digests.rows.shrink_to_fit();
        digests.was_empty = digests.rows.is_empty();
        Ok(digests)
    }

    /// Whether the table had nothing of the organisation.
    pub(crate) const fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// How the row stands to the table; it is seen from now on.
    pub(crate) fn see(&mut self, key: &str, value: &str) -> Standing {
        let key = self.digest(key);
        match self.rows.remove(&key) {
            None => Standing::New,
            Some(known) if known == self.hashers[0].hash_one(value) => Standing::Same,
            Some(_) => Standing::Differs,
        }
    }

    /// The keys of rows that were not seen.
    pub(crate) async fn unseen(
        self,
        connection: &mut AnyConnection,
        organization: i64,
        table: &Table,
    ) -> Result<Vec<String>, sqlx::Error> {
        let mut unseen = Vec::new();
        if self.rows.is_empty() {
            return Ok(unseen);
        }
        let mut pages = Pages::of(table, organization);
        while let Some(page) = pages.next(connection).await? {
            let keys = Entries(&page).map(|(key, _)| key);
            let left = keys.filter(|key| self.rows.contains_key(&self.digest(key)));
            unseen.extend(left.map(str::to_owned));
        }
        Ok(unseen)
    }

    fn digest(&self, key: &str) -> Digest {
        [self.hashers[0].hash_one(key), self.hashers[1].hash_one(key)]
    }
}

/// The pages of a table, in the order of its keys.
struct Pages<'t> {
    table: &'t Table,
    organization: i64,
    /// The key of the last row of the page before.
    after: Option<String>,
}

impl<'t> Pages<'t> {
    const fn of(table: &'t Table, organization: i64) -> Self {
        Self {
            table,
            organization,
            after: None,
        }
    }

    async fn next(&mut self, connection: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
        let place = |statement: Statement| {
            self.table
                .key
                .iter()
                .enumerate()
                .fold(statement, |statement, (at, column)| {
                    statement.push(if at == 0 { "" } else { ", " }).push(column)
                })
        };
        // The length stands before the key, since any sign may be in it.
        let mut query = place(Statement::new(
            "SELECT STRING_AGG(LENGTH(k) || ' ' || k || ' ' || v, '\n' ORDER BY ",
        ))
        .push(") FROM (")
        .push(self.table.rows)
        .bind(self.organization);
        if let Some(after) = &self.after {
            query = place(query.push(" AND (")).push(") > (");
            let parts = after.splitn(self.table.key.len(), ' ');
            for (at, part) in parts.enumerate() {
                query = query.push(if at == 0 { "" } else { ", " }).bind(part);
            }
            query = query.push(")");
        }
        let page: Option<String> = place(query.push(" ORDER BY "))
            .push(" LIMIT ")
            .push(PAGE)
            .push(") AS page")
            .build_scalar()
            .fetch_one(connection)
            .await?;
        let last = page.as_deref().and_then(|page| Entries(page).last());
        self.after = last.map(|(key, _)| key.to_owned());
        Ok(page)
    }
}

/// The keys and values of a page.
struct Entries<'p>(&'p str);

impl<'p> Iterator for Entries<'p> {
    type Item = (&'p str, &'p str);

    fn next(&mut self) -> Option<Self::Item> {
        let (signs, rest) = self.0.split_once(' ')?;
        let signs: usize = signs.parse().ok()?;
        let end = if rest.is_char_boundary(signs) && rest.get(..signs)?.is_ascii() {
            signs
        } else {
            rest.char_indices().nth(signs)?.0
        };
        let (key, rest) = rest.split_at_checked(end)?;
        let rest = rest.strip_prefix(' ')?;
        let (value, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        self.0 = rest;
        Some((key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart_whatever_signs_are_in_its_keys() {
        let keys = ["a", "b c", "d\n1 x 2", "§ é", "", "9 "];
        let page: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(value, key)| format!("{} {key} {value}", key.chars().count()))
            .collect();
        let page = page.join("\n");
        let found: Vec<_> = Entries(&page).collect();
        let values = ["0", "1", "2", "3", "4", "5"];
        assert_eq!(found, keys.into_iter().zip(values).collect::<Vec<_>>());
    }
}
