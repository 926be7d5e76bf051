//! `users/delta` and `groups/delta`.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::tenant::data::{Group, TenantData};
use crate::tenant::directory::project;
use crate::tenant::reply::{bad_request, error, ok};
use crate::tenant::serve::{Call, Shared};

/// What changed, and in which version.
#[derive(Debug, Default)]
pub(crate) struct History {
    version: u64,
    users: BTreeMap<String, u64>,
    groups: BTreeMap<String, u64>,
    /// Version, group, member, its type, whether it left.
    members: Vec<(u64, String, String, &'static str, bool)>,
}

impl History {
    /// Notes what an edit changed.
    pub(crate) fn note(&mut self, before: &TenantData, after: &TenantData) {
        self.version += 1;
        for id in changed(&before.users, &after.users) {
            self.users.insert(id, self.version);
        }
        for id in changed(&before.groups, &after.groups) {
            let none = Group::default();
            let old = before.groups.get(&id).unwrap_or(&none);
            let new = after.groups.get(&id).unwrap_or(&none);
            self.note_members(&id, &old.users, &new.users, "#microsoft.graph.user");
            self.note_members(&id, &old.groups, &new.groups, "#microsoft.graph.group");
            self.groups.insert(id, self.version);
        }
    }

    fn note_members(
        &mut self,
        group: &str,
        old: &BTreeSet<String>,
        new: &BTreeSet<String>,
        kind: &'static str,
    ) {
        for member in old.symmetric_difference(new) {
            self.members.push((
                self.version,
                group.to_owned(),
                member.clone(),
                kind,
                old.contains(member),
            ));
        }
    }
}

fn changed<T: PartialEq>(before: &BTreeMap<String, T>, after: &BTreeMap<String, T>) -> Vec<String> {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter()
        .filter(|id| before.get(*id) != after.get(*id))
        .cloned()
        .collect()
}

/// Where a round begins: `$deltatoken` is the version, then what was selected.
enum Round {
    First { select: Option<String> },
    Since { version: u64, select: Option<String> },
}

fn round(call: &Call, version: u64) -> Option<Round> {
    let Some(token) = call.option("$deltatoken") else {
        return Some(Round::First {
            select: call.option("$select").map(str::to_owned),
        });
    };
    if token == "latest" {
        return Some(Round::Since {
            version,
            select: call.option("$select").map(str::to_owned),
        });
    }
    let (version, select) = token.split_once('.')?;
    let select = Some(select.replace('.', ",")).filter(|select| !select.is_empty());
    Some(Round::Since {
        version: version.parse().ok()?,
        select,
    })
}

pub(crate) fn users(shared: &Shared, call: &Call) -> Response {
    let inner = shared.lock();
    let Some(round) = round(call, inner.history.version) else {
        return lost();
    };
    let (mut rows, select) = (Vec::new(), select_of(&round));
    let ids: Vec<&String> = match &round {
        Round::First { .. } => inner.data.users.keys().collect(),
        Round::Since { version, .. } => since(&inner.history.users, *version),
    };
    for id in ids {
        match inner.data.users.get(id) {
            None => rows.push(json!({"id": id, "@removed": {"reason": "changed"}})),
            Some(user) => match project(user, select.as_deref()) {
                Ok(row) => rows.push(row),
                Err(response) => return *response,
            },
        }
    }
    finish(shared, call, rows, inner.history.version, select.as_deref())
}

/// A member as a row of a group names it.
fn member(id: &str, kind: &str, left: bool) -> Value {
    let mut member = json!({"@odata.type": kind, "id": id});
    if left {
        member["@removed"] = json!({"reason": "deleted"});
    }
    member
}

pub(crate) fn groups(shared: &Shared, call: &Call) -> Response {
    let inner = shared.lock();
    let Some(round) = round(call, inner.history.version) else {
        return lost();
    };
    if select_of(&round).is_some_and(|select| {
        select
            .split(',')
            .any(|name| !["id", "displayName", "members"].contains(&name))
    }) {
        return bad_request("Could not find a property of that name on type 'microsoft.graph.group'.");
    }
    let (data, history) = (&inner.data, &inner.history);
    let row = |id: &String, members: Vec<Value>| match data.groups.get(id) {
        None => json!({"id": id, "@removed": {"reason": "deleted"}}),
        Some(group) if members.is_empty() => json!({"id": id, "displayName": group.display_name}),
        Some(group) => json!({"id": id, "displayName": group.display_name, "members@delta": members}),
    };
    let rows = match &round {
        Round::First { .. } => {
            let all = |group: &Group| {
                let users = group
                    .users
                    .iter()
                    .map(|id| member(id, "#microsoft.graph.user", false));
                users
                    .chain(
                        group
                            .groups
                            .iter()
                            .map(|id| member(id, "#microsoft.graph.group", false)),
                    )
                    .collect()
            };
            data.groups
                .iter()
                .map(|(id, group)| row(id, all(group)))
                .collect()
        }
        Round::Since { version, .. } => {
            let noted = |group: &String| {
                let of_group = history
                    .members
                    .iter()
                    .filter(move |(at, id, ..)| at > version && id == group);
                of_group
                    .map(|(_, _, id, kind, left)| member(id, kind, *left))
                    .collect()
            };
            since(&history.groups, *version)
                .into_iter()
                .map(|id| row(id, noted(id)))
                .collect()
        }
    };
    finish(shared, call, rows, history.version, select_of(&round).as_deref())
}

fn select_of(round: &Round) -> Option<String> {
    match round {
        Round::First { select } | Round::Since { select, .. } => select.clone(),
    }
}

fn since(changes: &BTreeMap<String, u64>, version: u64) -> Vec<&String> {
    changes
        .iter()
        .filter(|(_, at)| **at > version)
        .map(|(id, _)| id)
        .collect()
}

/// Puts the rows on pages; only the last has the delta link.
fn finish(shared: &Shared, call: &Call, rows: Vec<Value>, version: u64, select: Option<&str>) -> Response {
    let start = call
        .option("$skiptoken")
        .map_or(Some(0), |token| token.parse().ok());
    let Some(start) = start.filter(|start| *start <= rows.len()) else {
        return lost();
    };
    let end = (start + shared.config.page_size.max(1)).min(rows.len());
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        json!(format!("{}/v1.0/$metadata", shared.origin)),
    );
    if end < rows.len() {
        let link = call.with(&shared.origin, "$skiptoken", &end.to_string());
        body.insert("@odata.nextLink".to_owned(), json!(link));
    } else {
        let token = format!("{version}.{}", select.unwrap_or_default().replace(',', "."));
        let link = format!("{}{}?$deltatoken={token}", shared.origin, call.path);
        body.insert("@odata.deltaLink".to_owned(), json!(link));
    }
    body.insert(
        "value".to_owned(),
        rows.into_iter().skip(start).take(end - start).collect(),
    );
    ok(&Value::Object(body))
}

fn lost() -> Response {
    error(
        StatusCode::BAD_REQUEST,
        "syncStateNotFound",
        "Sync state generation is not found.",
    )
}
