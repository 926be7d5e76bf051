//! A statement that is put together, for either database.

use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::{Query, QueryScalar};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Type};

/// The text and the values of a statement. Values are numbered as PostgreSQL and SQLite both read them (`$1`).
#[derive(Default)]
pub(crate) struct Statement {
    text: String,
    arguments: AnyArguments,
}

impl Statement {
    pub(crate) fn new(text: &'static str) -> Self {
        Self::default().push(text)
    }

    /// Appends a part of the text, which is ours: values never stand in it.
    pub(crate) fn push(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends the placeholder of a value, and the value.
    pub(crate) fn bind<'v>(mut self, value: impl Encode<'v, Any> + Type<Any>) -> Self {
        self.arguments
            .add(value)
            .expect("numbers and texts can always be encoded");
        self.text.push('$');
        self.text.push_str(&self.arguments.len().to_string());
        self
    }

    /// Appends one bracket of values for each of `rows`, which is not empty.
    pub(crate) fn rows<T>(mut self, rows: impl IntoIterator<Item = T>, row: impl Fn(Row, &T) -> Row) -> Self {
        for (place, one) in rows.into_iter().enumerate() {
            self = self.push(if place == 0 { "(" } else { "), (" });
            let start = self.arguments.len();
            self = row(
                Row {
                    statement: self,
                    start,
                },
                &one,
            )
            .statement;
        }
        self.push(")")
    }

    /// For one value.
    pub(crate) fn build_scalar<T>(self) -> QueryScalar<'static, Any, T, AnyArguments>
    where
        (T,): for<'r> FromRow<'r, AnyRow>,
    {
        sqlx::query_scalar_with(AssertSqlSafe(self.text), self.arguments)
    }

    pub(crate) fn build(self) -> Query<'static, Any, AnyArguments> {
        sqlx::query_with(AssertSqlSafe(self.text), self.arguments)
    }
}

/// The values of one bracket.
pub(crate) struct Row {
    statement: Statement,
    start: usize,
}

impl Row {
    pub(crate) fn bind<'v>(mut self, value: impl Encode<'v, Any> + Type<Any>) -> Self {
        if self.statement.arguments.len() > self.start {
            self.statement = self.statement.push(", ");
        }
        self.statement = self.statement.bind(value);
        self
    }
}
