//! The source of enrolments, read as a sync reads it.

use easgate_config::{Enrollment, Environment};
use easgate_connector::ports::SourceError;
use easgate_connector::{Clock, SystemClock};
use easgate_model::Inventory;

use super::finding::Findings;
use crate::command::wiring;
use crate::output::chain;
use crate::progress::Progress;
use crate::render::count;

/// Reads everything once, which proves the token and each permission, or the file.
pub(super) async fn check(
    findings: &mut Findings,
    organization: &str,
    enrollment: &Enrollment,
    environment: &Environment,
) {
    match wiring::source(enrollment, environment) {
        Ok(source) => {
            let progress = Progress::start();
            let read = source.inventory(SystemClock::new().now(), &progress).await;
            progress.clear();
            report(findings, organization, enrollment.name(), read);
        }
        Err(error) => findings.bad("enrolments", organization, chain(error.as_ref()), None),
    }
}

fn report(findings: &mut Findings, organization: &str, name: &str, read: Result<Inventory, SourceError>) {
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match read {
        Ok(inventory) => {
            let enrollments = count(number(inventory.enrollments.len()), "enrolment");
            let users = count(number(inventory.users.len()), "user");
            findings.good(
                "enrolments",
                organization,
                format!("{name}: {enrollments} and {users}"),
            );
        }
        Err(error) => findings.bad("enrolments", organization, chain(&error), error.cure.as_deref()),
    }
}
