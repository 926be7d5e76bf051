//! Long lists, row by row while the client takes them.

use easgate_psrp::clixml::PsValue;
use easgate_psrp::records::ErrorRecord;

use super::super::bind::{self, Bound};
use super::super::culture::Culture;
use super::super::error as errors;
use super::super::filter::{self, Filter};
use super::super::organization::{Organization, State};
use super::super::row::Row;
use super::{Context, Record};

/// How many rows a list gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// Nobody asked: 1000, and a warning that says so.
    Default,
    Asked(usize),
    Unlimited,
}

/// What makes the row at a place; `None` where there is none, or none to be seen.
pub(super) type Maker = Box<dyn Fn(&State, usize) -> Option<Row> + Send>;

/// A listing that goes on while it is asked.
pub(super) struct Listing {
    organization: Organization,
    make: Maker,
    at: usize,
    end: usize,
    filter: Option<Filter>,
    culture: Culture,
    limit: Limit,
    given: usize,
    /// Ends here with the warning, by a fault on demand.
    cut: Option<usize>,
}

impl Listing {
    /// A listing of the places 0 to `end` - 1, filtered and limited as `bound` says.
    ///
    /// # Errors
    ///
    /// A filter or a limit that cannot be bound.
    pub(super) fn new(
        context: &Context,
        bound: &Bound,
        end: usize,
        make: Maker,
    ) -> Result<Self, Box<ErrorRecord>> {
        let (culture, when_changed) = {
            let state = context.organization.state();
            (state.culture, state.when_changed_filterable)
        };
        let filter = match bound.text("Filter") {
            Some(text) => Some(
                filter::parse(&text, bound.name, when_changed, culture)
                    .map_err(|what| errors::filter(bound.name, &what))?,
            ),
            None => None,
        };
        let cut = context.faults.take(|fault| match fault {
            super::super::Fault::Truncated { cmdlet, after } if super::super::same(cmdlet, bound.name) => {
                Some(*after)
            }
            _ => None,
        });
        let organization = context.organization.clone();
        Ok(Self {
            organization,
            make,
            at: 0,
            end,
            filter,
            culture,
            limit: limit(bound)?,
            given: 0,
            cut,
        })
    }

    fn find(&mut self) -> Option<Row> {
        while self.at < self.end {
            let row = (self.make)(&self.organization.state(), self.at);
            self.at += 1;
            let passes = |row: &Row| {
                self.filter
                    .as_ref()
                    .is_none_or(|filter| filter.matches(row, self.culture))
            };
            if let Some(row) = row.filter(passes) {
                return Some(row);
            }
        }
        None
    }

    fn finish(&mut self, warning: &str) -> Record {
        self.at = self.end;
        Record::Warning(warning.to_owned())
    }
}

impl Iterator for Listing {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let row = self.find()?;
        let most = match self.limit {
            Limit::Default => 1000,
            Limit::Asked(most) => most,
            Limit::Unlimited => usize::MAX,
        };
        if self.given >= most.min(self.cut.unwrap_or(usize::MAX)) {
            return Some(self.finish(if self.limit == Limit::Default {
                DEFAULT_WARNING
            } else {
                LIMIT_WARNING
            }));
        }
        self.given += 1;
        Some(Record::Row(Box::new(row)))
    }
}

const DEFAULT_WARNING: &str = "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned. To return all items, specify \"-ResultSize Unlimited\". Be aware that, depending on the actual number of items, returning all items can take a long time and consume a large amount of memory. Also, we don't recommend storing the results in a variable. Instead, pipe the results to another task or script to perform batch changes.";
const LIMIT_WARNING: &str = "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.";

fn limit(bound: &Bound) -> Result<Limit, Box<ErrorRecord>> {
    let Some(value) = bound.get("ResultSize").filter(|value| !value.is_nil()) else {
        return Ok(Limit::Default);
    };
    let text = value.as_str().unwrap_or_default();
    if text.eq_ignore_ascii_case("Unlimited") {
        return Ok(Limit::Unlimited);
    }
    let number = PsValue::as_i64(value).or_else(|| text.parse().ok());
    number
        .and_then(|number| usize::try_from(number).ok())
        .map(Limit::Asked)
        .ok_or_else(|| {
            bind::conversion(
                bound.name,
                "ResultSize",
                text,
                "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]",
            )
        })
}
