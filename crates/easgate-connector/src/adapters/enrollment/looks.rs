//! Looking at what changed in Graph.

use std::collections::BTreeSet;

use easgate_intune::{Delta, DeltaLink, Graph, GroupChange, Recent, UserChange};
use easgate_model::DirectoryUser;
use easgate_store::{Marks, Rows};

use super::{graph_error, source_error};
use crate::ports::{Depth, Look, SourceError};
use crate::progress::{Progress, ProgressSink};

const USERS: &str = "graph.users";
const GROUPS: &str = "graph.groups";

/// The links of a moment before everything is read.
pub(super) async fn begin(graph: &Graph) -> Result<Marks, SourceError> {
    let mut marks = Marks::new();
    let users = graph.users_delta_from_now().await.map_err(graph_error)?;
    marks.insert(USERS.to_owned(), users.to_string());
    if graph.has_groups() {
        let groups = graph.groups_delta_from_now().await.map_err(graph_error)?;
        marks.insert(GROUPS.to_owned(), groups.to_string());
    }
    Ok(marks)
}

/// What changed.
pub(super) async fn look(
    graph: &Graph,
    depth: Depth,
    marks: &Marks,
    progress: &dyn ProgressSink,
) -> Result<Look, SourceError> {
    let Some(changes) = directory(graph, marks).await? else {
        // The state of a delta is lost: begin anew, from before everything is read again.
        let marks = begin(graph).await?;
        let tell = |read: easgate_intune::Progress| {
            progress.progress(Progress::Read {
                input: format!("enrollment.{}", read.input),
                rows: read.rows,
                expected: read.expected,
            });
        };
        let inventory = graph.inventory(&tell).await.map_err(source_error)?;
        return Ok(Look {
            marks,
            ..Look::of_all(inventory)
        });
    };
    let tenant = graph.tenant_state().await.map_err(graph_error)?;
    let recent = match depth {
        Depth::Quick => graph.all_devices().await,
        Depth::Watch { since } => graph.recent_devices(since).await,
    }
    .map_err(graph_error)?;
    let Recent {
        devices,
        noncompliant,
        complete,
        as_of,
    } = recent;
    Ok(Look {
        tenant: Some(tenant.intune_account_id),
        as_of,
        records: if complete {
            Rows::All(devices)
        } else {
            Rows::Some(devices)
        },
        noncompliant,
        ..changes
    })
}

/// What changed of users and groups; `None` when that cannot be told.
async fn directory(graph: &Graph, marks: &Marks) -> Result<Option<Look>, SourceError> {
    let link = |name: &str| marks.get(name).and_then(|text| DeltaLink::from_text(text));
    let Some(users) = link(USERS) else { return Ok(None) };
    let Delta::Changes { changes, next } = graph.users_delta(Some(&users)).await.map_err(graph_error)? else {
        return Ok(None);
    };
    let mut marks = Marks::from([(USERS.to_owned(), next.to_string())]);
    let (users, gone_users) = users_now(graph, &changes).await?;
    let mut members = None;
    if graph.has_groups() {
        let Some(groups) = link(GROUPS) else {
            return Ok(None);
        };
        let Delta::Changes { changes, next } =
            graph.groups_delta(Some(&groups)).await.map_err(graph_error)?
        else {
            return Ok(None);
        };
        marks.insert(GROUPS.to_owned(), next.to_string());
        if !changes.is_empty() {
            tracing::debug!(groups = count_of_groups(&changes), "Groups changed");
            members = Some(graph.members_of_groups().await.map_err(source_error)?);
        }
    }
    Ok(Some(Look {
        tenant: None,
        as_of: None,
        records: Rows::Some(Vec::new()),
        noncompliant: None,
        users: Rows::Some(users),
        gone_users,
        members,
        marks,
    }))
}

/// The users that changed as they are now, whatever the delta told of them, and those that are gone.
async fn users_now(
    graph: &Graph,
    changes: &[UserChange],
) -> Result<(Vec<DirectoryUser>, Vec<String>), SourceError> {
    let ids: BTreeSet<&String> = changes
        .iter()
        .map(|change| match change {
            UserChange::Changed { id, .. } | UserChange::Removed { id, .. } => id,
        })
        .collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let found = graph.users_by_id(&ids).await.map_err(graph_error)?;
    let mut users = Vec::new();
    let mut gone = Vec::new();
    for (id, user) in ids.into_iter().zip(found) {
        match user {
            Some(user) => users.push(user),
            None => gone.push(id),
        }
    }
    Ok((users, gone))
}

fn count_of_groups(changes: &[GroupChange]) -> usize {
    let ids: BTreeSet<_> = changes
        .iter()
        .map(|change| match change {
            GroupChange::Changed { id, .. } | GroupChange::Removed { id, .. } => id,
        })
        .collect();
    ids.len()
}
