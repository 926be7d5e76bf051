//! Graph and files as enrolment sources.

use async_trait::async_trait;
use easgate_intune::{FileSource, Graph, InventoryError};
use easgate_model::{EnrollmentKind, Inventory};
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

    async fn is_enrolled(&self, record: &str) -> Result<bool, SourceError> {
        match self.managed_device(record).await {
            Ok(found) => Ok(found.is_some_and(|found| found.kind() != EnrollmentKind::NotEnrolled)),
            Err(error) => {
                let cure = error.cure();
                Err(SourceError::new(error, Some(cure)))
            }
        }
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

    /// A file is read in one go: what it does not hold is not enrolled.
    async fn is_enrolled(&self, _record: &str) -> Result<bool, SourceError> {
        Ok(false)
    }

    fn kind(&self) -> SourceKind {
        SourceKind::File
    }
}

fn source_error(error: InventoryError) -> SourceError {
    let cure = error.cure();
    SourceError::new(error, Some(cure))
}
