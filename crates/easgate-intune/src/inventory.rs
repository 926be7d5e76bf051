//! All that a decision needs from Graph, read completely or not at all.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;

use easgate_model::{GroupId, Inventory};
use futures::future::try_join_all;

use crate::file::FileError;
use crate::graph::{Graph, Listed};
use crate::http::error::{GraphError, Permission};

/// One of the lists that an inventory is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// The tenant's own state.
    Tenant,
    /// Device records.
    Devices,
    /// Users of the directory, with their plans.
    Users,
    /// The users of a group.
    Group(GroupId),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("tenant"),
            Self::Devices => f.write_str("devices"),
            Self::Users => f.write_str("users"),
            Self::Group(id) => write!(f, "group:{id}"),
        }
    }
}

/// How far the reading of one list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The list.
    pub input: Input,
    /// Rows read so far.
    pub rows: u64,
    /// Rows there are, where Graph tells it.
    pub expected: Option<u64>,
}

impl Graph {
    /// Reads tenant, devices, users with their licences, and the members of every configured group.
    ///
    /// The users are one list with their plans, not a list and a filtered list: so an owner without a licence is
    /// told from an owner that does not exist, and both from the same moment.
    ///
    /// `sizes` of the result has `devices`, `users`, `licences` and one `group:<id>` for each group; `as_of` is the
    /// earliest `Date` that Graph gave.
    ///
    /// # Errors
    /// One of the lists could not be read to its end, a configured group that does not exist included. Nothing
    /// is returned then: a list that was not read is not an empty list.
    pub async fn inventory(
        &self,
        on_progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Inventory, InventoryError> {
        let tenant = self
            .tenant_state()
            .await
            .map_err(|source| InventoryError::from_graph(Input::Tenant, source))?;
        let groups = self.groups.iter().map(|group| async move {
            let input = Input::Group(group.clone());
            let told = teller(&input, on_progress);
            let members = self.members(group, &told).await;
            let members = members.map_err(|source| InventoryError::from_graph(input, source))?;
            Ok((group, members))
        });
        let devices_told = teller(&Input::Devices, on_progress);
        let users_told = teller(&Input::Users, on_progress);
        let (devices, users, groups) = futures::try_join!(
            async {
                let devices = self.devices(&devices_told).await;
                devices.map_err(|source| InventoryError::from_graph(Input::Devices, source))
            },
            async {
                let users = self.users(&users_told).await;
                users.map_err(|source| InventoryError::from_graph(Input::Users, source))
            },
            try_join_all(groups),
        )?;
        for (input, is_empty) in [
            (Input::Devices, devices.rows.is_empty()),
            (Input::Users, users.rows.is_empty()),
        ] {
            if is_empty {
                return Err(InventoryError::Empty { input });
            }
        }
        let mut inventory = join(devices, users, &groups);
        inventory.tenant = Some(tenant.intune_account_id);
        Ok(inventory)
    }
}

/// Tells the progress of one list.
fn teller<'a>(
    input: &Input,
    on_progress: &'a (dyn Fn(Progress) + Send + Sync),
) -> impl Fn(u64, Option<u64>) + Send + Sync + 'a {
    let input = input.clone();
    move |rows, expected| {
        on_progress(Progress {
            input: input.clone(),
            rows,
            expected,
        });
    }
}

/// Puts the lists together.
fn join(
    devices: Listed<easgate_model::Enrollment>,
    users: Listed<easgate_model::DirectoryUser>,
    groups: &[(&GroupId, Listed<String>)],
) -> Inventory {
    let dates = groups.iter().filter_map(|(_, members)| members.as_of);
    let as_of = dates.chain(devices.as_of).chain(users.as_of).min();
    let mut of_user: HashMap<&str, BTreeSet<GroupId>> = HashMap::new();
    let mut sizes = vec![
        ("devices".to_owned(), count(&devices.rows)),
        ("users".to_owned(), count(&users.rows)),
    ];
    for (group, members) in groups {
        sizes.push((Input::Group((*group).clone()).to_string(), count(&members.rows)));
        for member in &members.rows {
            of_user.entry(member).or_default().insert((*group).clone());
        }
    }
    let mut users = users.rows;
    for user in &mut users {
        user.groups = of_user.remove(user.id.as_str()).unwrap_or_default();
    }
    let licensed = users.iter().filter(|user| user.licensed).count();
    sizes.insert(
        2,
        ("licences".to_owned(), u64::try_from(licensed).unwrap_or(u64::MAX)),
    );
    Inventory {
        tenant: None,
        enrollments: devices.rows,
        users,
        sizes,
        as_of,
    }
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// Why there is no inventory.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum InventoryError {
    #[error("could not read {input} from Graph: {permission} is missing")]
    Permission {
        input: Input,
        permission: Permission,
        #[source]
        source: Box<GraphError>,
    },
    #[error("could not read {input} from Graph: throttled")]
    Throttled {
        input: Input,
        #[source]
        source: Box<GraphError>,
    },
    #[error("could not read {input} from Graph: {rows} rows of {expected} came")]
    Incomplete { input: Input, rows: u64, expected: u64 },
    #[error("the configured group {group} does not exist in the directory")]
    GroupGone { group: GroupId },
    #[error("Graph gave no row of {input}")]
    Empty { input: Input },
    #[error("could not read {input} from Graph")]
    Graph {
        input: Input,
        #[source]
        source: Box<GraphError>,
    },
    #[error("could not read the enrolment file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: FileError,
    },
}

impl InventoryError {
    pub(crate) fn from_graph(input: Input, source: GraphError) -> Self {
        if let GraphError::Incomplete { rows, expected, .. } = source {
            return Self::Incomplete {
                input,
                rows,
                expected,
            };
        }
        let source = Box::new(source);
        if let GraphError::Permission { permission, .. } = *source {
            return Self::Permission {
                input,
                permission,
                source,
            };
        }
        match (input, &*source) {
            (Input::Group(group), GraphError::NotFound { .. }) => Self::GroupGone { group },
            (input, GraphError::Throttled { .. }) => Self::Throttled { input, source },
            (input, _) => Self::Graph { input, source },
        }
    }

    /// Whether the next run may succeed without anybody acting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Incomplete { .. } => true,
            Self::Graph { source, .. } => source.is_transient(),
            Self::Permission { .. } | Self::GroupGone { .. } | Self::Empty { .. } | Self::File { .. } => {
                false
            }
        }
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Permission { source, .. } | Self::Graph { source, .. } | Self::Throttled { source, .. } => {
                source.cure()
            }
            Self::Incomplete { .. } => "wait for the next run; a list that was cut is never used".to_owned(),
            Self::GroupGone { .. } => {
                "take the group out of the policy, or put the id of another one there".to_owned()
            }
            Self::Empty { .. } => "check the tenant id and the application's permissions".to_owned(),
            Self::File { source, .. } => source.cure().to_owned(),
        }
    }
}
