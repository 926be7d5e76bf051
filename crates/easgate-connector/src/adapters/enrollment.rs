//! Graph and files as enrolment sources.

use async_trait::async_trait;
use easgate_intune::{FileSource, Graph, InventoryError};
use easgate_model::Inventory;
use time::OffsetDateTime;

use crate::ports::{EnrollmentSource, SourceError, SourceKind};
use crate::progress::{Progress, ProgressSink};

#[async_trait]
impl EnrollmentSource for Graph {
    async fn inventory(
        &self,
        _now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Inventory, SourceError> {
        let tell = |read: easgate_intune::Progress| {
            progress.progress(Progress::Read {
                input: format!("enrollment.{}", read.input),
                rows: read.rows,
                expected: read.expected,
            });
        };
        Self::inventory(self, &tell).await.map_err(source_error)
    }

    fn kind(&self) -> SourceKind {
        SourceKind::Graph
    }
}

#[async_trait]
impl EnrollmentSource for FileSource {
    async fn inventory(
        &self,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Inventory, SourceError> {
        let inventory = Self::inventory(self, now).await.map_err(source_error)?;
        let rows = u64::try_from(inventory.enrollments.len()).unwrap_or(u64::MAX);
        progress.progress(Progress::Read {
            input: "enrollment.devices".to_owned(),
            rows,
            expected: Some(rows),
        });
        Ok(inventory)
    }

    fn kind(&self) -> SourceKind {
        SourceKind::File
    }
}

fn source_error(error: InventoryError) -> SourceError {
    let cure = error.cure();
    SourceError::new(error, Some(cure))
}
