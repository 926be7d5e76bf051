//! Graph and files as enrolment sources.

mod looks;

use async_trait::async_trait;
use easgate_intune::{FileSource, Graph, GraphError, InventoryError};
use easgate_model::{DirectoryUser, Enrollment, EnrollmentKind, Inventory};
use easgate_store::Marks;
use time::OffsetDateTime;

use crate::ports::{Depth, EnrollmentSource, Look, SourceError, SourceKind};
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
            Err(error) => Err(graph_error(error)),
        }
    }

    fn kind(&self) -> SourceKind {
        SourceKind::Graph
    }

    fn meaning(&self) -> String {
        Self::meaning(self)
    }

    async fn begin_looks(&self) -> Result<Marks, SourceError> {
        looks::begin(self).await
    }

    async fn look(
        &self,
        depth: Depth,
        marks: &Marks,
        _now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Look, SourceError> {
        looks::look(self, depth, marks, progress).await
    }

    async fn records(&self, records: &[String]) -> Result<Option<Vec<Option<Enrollment>>>, SourceError> {
        let found = self.managed_devices_by_id(records).await;
        found.map(Some).map_err(graph_error)
    }

    async fn records_of(&self, user: &DirectoryUser) -> Result<Option<Vec<Enrollment>>, SourceError> {
        let found = self.managed_devices_of(&user.user_principal_name).await;
        found.map(Some).map_err(graph_error)
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

fn graph_error(error: GraphError) -> SourceError {
    let cure = error.cure();
    SourceError::new(error, Some(cure))
}

fn source_error(error: InventoryError) -> SourceError {
    let cure = error.cure();
    SourceError::new(error, Some(cure))
}
