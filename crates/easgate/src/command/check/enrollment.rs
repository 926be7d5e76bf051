//! The source of enrolments, read as a sync reads it.

use easgate_config::{Enrollment, Environment};
use easgate_connector::ports::SourceError;
use easgate_connector::{Clock, SystemClock};
use easgate_model::Inventory;

use super::finding::Findings;
use super::graph;
use crate::command::wiring;
use crate::output::chain;
use crate::progress::Progress;
use crate::render::count;

/// Reads everything once, which proves the token and each permission, or the file.
pub(super) async fn check(findings: &mut Findings, enrollment: &Enrollment, environment: &Environment) {
    if let Enrollment::Graph(graph) = enrollment
        && graph::check(findings, graph, environment).await.is_none()
    {
        return findings.skipped("enrolments", "", "Graph has to be well first");
    }
    match wiring::source(enrollment, environment) {
        Ok(source) => {
            let progress = Progress::start();
            let read = source.inventory(SystemClock::new().now(), &progress).await;
            progress.clear();
            report(findings, enrollment.name(), read);
        }
        Err(error) => findings.bad("enrolments", "", chain(error.as_ref()), None),
    }
}

fn report(findings: &mut Findings, name: &str, read: Result<Inventory, SourceError>) {
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match read {
        Ok(inventory) => {
            let enrollments = count(number(inventory.enrollments.len()), "enrolment");
            let users = count(number(inventory.users.len()), "user");
            let evidence = format!("{name}: {enrollments} and {users}, every page to the end");
            findings.good("enrolments", "", evidence);
        }
        Err(error) => findings.bad("enrolments", "", chain(&error), error.cure.as_deref()),
    }
}
