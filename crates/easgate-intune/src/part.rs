//! Reading a part: devices that changed, devices of one user, users by their ids, and the beginning of a delta.

use std::collections::{BTreeSet, HashMap};

use easgate_model::{ComplianceState, DirectoryUser, EmailAddress, Enrollment, GroupId};
use http::StatusCode;
use time::OffsetDateTime;

use crate::graph::{Graph, Listed, read};
use crate::http::error::{GraphError, ids_of};
use crate::inventory::{Input, InventoryError};
use crate::request::Request;
use crate::{Delta, DeltaLink, map, wire};

/// Devices as they were told at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// The records, each once.
    pub devices: Vec<Enrollment>,
    /// The ids of those that do not comply, where they were asked for.
    pub noncompliant: Option<BTreeSet<String>>,
    /// Whether these are all records there are: because they were asked for, or because Intune ignored the filter.
    pub complete: bool,
    /// The `Date` of the first answer.
    pub as_of: Option<OffsetDateTime>,
}

impl Graph {
    /// What the configured groups and plans are: another text means that users have to be read anew.
    #[must_use]
    pub fn meaning(&self) -> String {
        let groups: Vec<&str> = self.groups.iter().map(GroupId::as_str).collect();
        let plans: Vec<String> = self.licence.plans.iter().map(ToString::to_string).collect();
        format!(
            "groups {}; plans {}; states {}",
            groups.join(","),
            plans.join(","),
            self.licence.states.join(",")
        )
    }

    /// Whether groups are configured.
    #[must_use]
    pub const fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Every device record.
    ///
    /// # Errors
    /// The list could not be read to its end.
    pub async fn all_devices(&self) -> Result<Recent, GraphError> {
        let listed = self.devices(&|_, _| ()).await?;
        Ok(Recent {
            devices: listed.rows,
            noncompliant: None,
            complete: true,
            as_of: listed.as_of,
        })
    }

    /// The records of devices that synchronised after `since`, and of those that do not comply.
    ///
    /// Intune drops a filter that it does not know in silence, and gives every device: rows that the filter should
    /// have left out tell it, and then these are all devices there are.
    ///
    /// # Errors
    /// A list could not be read to its end.
    pub async fn recent_devices(&self, since: OffsetDateTime) -> Result<Recent, GraphError> {
        let synced = self.filtered(&Request::devices_synced_after(since)).await?;
        let is_recent = |device: &Enrollment| device.last_sync.is_some_and(|at| at > since);
        if synced.rows.iter().any(|device| !is_recent(device)) {
            tracing::info!("Intune did not filter by the time of synchronisation and gave every device");
            return Ok(Recent {
                noncompliant: Some(noncompliant(&synced.rows)),
                devices: synced.rows,
                complete: true,
                as_of: synced.as_of,
            });
        }
        let failing = self.filtered(&Request::noncompliant_devices()).await?;
        let noncompliant = noncompliant(&failing.rows);
        if noncompliant.len() < failing.rows.len() {
            tracing::info!("Intune did not filter by compliance and gave every device");
            return Ok(Recent {
                noncompliant: Some(noncompliant),
                devices: failing.rows,
                complete: true,
                as_of: synced.as_of,
            });
        }
        let mut devices: HashMap<String, Enrollment> = HashMap::new();
        // What was read last is newer.
        for device in synced.rows.into_iter().chain(failing.rows) {
            devices.insert(device.record.clone(), device);
        }
        Ok(Recent {
            devices: devices.into_values().collect(),
            noncompliant: Some(noncompliant),
            complete: false,
            as_of: synced.as_of,
        })
    }

    /// The records of the user with this principal name, as Graph's filter finds them and as each row confirms.
    ///
    /// # Errors
    /// The list could not be read to its end.
    pub async fn managed_devices_of(&self, upn: &EmailAddress) -> Result<Vec<Enrollment>, GraphError> {
        let listed = self.filtered(&Request::devices_of(upn.as_str())).await?;
        let is_theirs = |device: &Enrollment| device.user_principal_name.as_ref() == Some(upn);
        Ok(listed.rows.into_iter().filter(is_theirs).collect())
    }

    async fn filtered(&self, request: &Request) -> Result<Listed<Enrollment>, GraphError> {
        self.list(request, &|_, _| (), &|device| map::enrollment(device).map(Some))
            .await
    }

    /// The users with these ids, in their order; `None` for one that the directory has no more, or whose principal
    /// name is none. Their groups are not told.
    ///
    /// # Errors
    /// A batch failed, or one of its requests did after its tries.
    pub async fn users_by_id(&self, ids: &[String]) -> Result<Vec<Option<DirectoryUser>>, GraphError> {
        let requests: Vec<Request> = ids.iter().map(|id| Request::user(id)).collect();
        let mut users = Vec::with_capacity(ids.len());
        for (request, answer) in requests.iter().zip(self.batch(&requests).await?) {
            if answer.status == StatusCode::NOT_FOUND {
                users.push(None);
                continue;
            }
            let endpoint = request.endpoint();
            if !answer.status.is_success() {
                return Err(GraphError::from_answer(&endpoint, request.permission, &answer));
            }
            let user: wire::User = read(&endpoint, &answer)?;
            let lacking = |what| GraphError::Lacking {
                endpoint,
                what,
                ids: ids_of(&answer),
            };
            users.push(map::user(user, &self.licence).map_err(lacking)?);
        }
        Ok(users)
    }

    /// Who is in which of the configured groups, by the users' ids.
    ///
    /// # Errors
    /// A group could not be read to its end, or does not exist.
    pub async fn members_of_groups(&self) -> Result<HashMap<String, BTreeSet<GroupId>>, InventoryError> {
        let mut of_user: HashMap<String, BTreeSet<GroupId>> = HashMap::new();
        for group in &self.groups {
            let members = self
                .group_users(group)
                .await
                .map_err(|source| InventoryError::from_graph(Input::Group(group.clone()), source))?;
            for member in members {
                of_user.entry(member).or_default().insert(group.clone());
            }
        }
        Ok(of_user)
    }

    /// Where a delta of users begins that tells what changes from now on.
    ///
    /// # Errors
    /// The call failed.
    pub async fn users_delta_from_now(&self) -> Result<DeltaLink, GraphError> {
        self.beginning_now(&Request::users_delta()).await
    }

    /// Where a delta of groups begins that tells what changes from now on.
    ///
    /// # Errors
    /// The call failed.
    pub async fn groups_delta_from_now(&self) -> Result<DeltaLink, GraphError> {
        self.beginning_now(&Request::groups_delta()).await
    }

    async fn beginning_now(&self, request: &Request) -> Result<DeltaLink, GraphError> {
        let latest = request.clone().beginning_now();
        let begun = self
            .delta::<wire::Object, wire::Object>(&latest, None, &|row| Ok(Some(row)))
            .await?;
        match begun {
            Delta::Changes { next, .. } => Ok(next),
            Delta::Resync => Err(GraphError::NoDeltaLink {
                endpoint: latest.endpoint(),
            }),
        }
    }
}

fn noncompliant(devices: &[Enrollment]) -> BTreeSet<String> {
    devices
        .iter()
        .filter(|device| device.compliance == ComplianceState::Noncompliant)
        .map(|device| device.record.clone())
        .collect()
}
