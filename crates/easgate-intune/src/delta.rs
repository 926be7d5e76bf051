//! What changed in the directory since the last look.

use std::fmt;

use easgate_model::{EmailAddress, GroupId};
use url::Url;

use crate::graph::Graph;
use crate::http::error::GraphError;
use crate::map::{self, Licence};
use crate::page::own_link;
use crate::request::Request;
use crate::wire;

/// The form of the stored text and of the `$select` it stands for; a link of another form starts anew.
const FORM: &str = "easgate-delta-1";

/// Where the next look begins: to be stored after everything of this one was applied.
///
/// Bound to the tenant and to what was selected; good for 7 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaLink {
    tenant: String,
    link: String,
}

impl DeltaLink {
    /// Reads the text that [`Display`](fmt::Display) wrote; `None` when it is of another form.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (form, rest) = text.split_once(' ')?;
        let (tenant, link) = rest.split_once(' ')?;
        (form == FORM).then(|| Self {
            tenant: tenant.to_owned(),
            link: link.to_owned(),
        })
    }
}

impl fmt::Display for DeltaLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM} {} {}", self.tenant, self.link)
    }
}

/// The outcome of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta<T> {
    /// What changed, in Graph's order; an object may come several times, and the last one is true.
    Changes {
        /// The changes.
        changes: Vec<T>,
        /// Where the next look begins.
        next: DeltaLink,
    },
    /// The state is lost, expired or belongs to another tenant: read everything, then begin without a link.
    Resync,
}

/// A user that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// New or changed; `None` stands for what the answer did not tell.
    Changed {
        /// The directory's id.
        id: String,
        /// The user principal name.
        user_principal_name: Option<EmailAddress>,
        /// `mail` and every proxy address.
        addresses: Option<Vec<EmailAddress>>,
        /// Whether one of the configured plans is there.
        licensed: Option<bool>,
    },
    /// Gone; a soft-deleted user can come back.
    Removed {
        /// The directory's id.
        id: String,
        /// Whether it is gone for good.
        for_good: bool,
    },
}

/// A group that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// New or changed. Members are read anew by [`Graph::group_users`], since only direct ones are told here.
    Changed {
        /// The group.
        id: GroupId,
        /// The direct members that came or went: users, groups and others.
        members: Vec<String>,
    },
    /// Gone.
    Removed {
        /// The group.
        id: GroupId,
        /// Whether it is gone for good.
        for_good: bool,
    },
}

impl Graph {
    /// The users that changed since `from`; everyone when there is no `from`.
    ///
    /// # Errors
    /// A call failed; a lost state is [`Delta::Resync`], not an error.
    pub async fn users_delta(&self, from: Option<&DeltaLink>) -> Result<Delta<UserChange>, GraphError> {
        let take = |row| user_change(row, &self.licence).map(Some);
        self.delta(&Request::users_delta(), from, &take).await
    }

    /// The groups that changed since `from`; all of them when there is no `from`.
    ///
    /// # Errors
    /// A call failed; a lost state is [`Delta::Resync`], not an error.
    pub async fn groups_delta(&self, from: Option<&DeltaLink>) -> Result<Delta<GroupChange>, GraphError> {
        self.delta(&Request::groups_delta(), from, &|row| group_change(row).map(Some))
            .await
    }

    pub(crate) async fn delta<W, T>(
        &self,
        request: &Request,
        from: Option<&DeltaLink>,
        take: &(dyn Fn(W) -> Result<Option<T>, &'static str> + Send + Sync),
    ) -> Result<Delta<T>, GraphError>
    where
        W: serde::de::DeserializeOwned + wire::Row + Send,
        T: Send,
    {
        let first = match from {
            None => request.url(&self.root),
            Some(from) => match self.stored(request, from) {
                Some(url) => url,
                None => return Ok(Delta::Resync),
            },
        };
        match self.pages(request, first, &|_, _| (), take).await {
            Ok(listed) => match listed.delta_link {
                Some(link) => {
                    own_link(&self.root, &request.endpoint(), &link)?;
                    let next = DeltaLink {
                        tenant: self.tenant.clone(),
                        link,
                    };
                    Ok(Delta::Changes {
                        changes: listed.rows,
                        next,
                    })
                }
                None => Err(GraphError::NoDeltaLink {
                    endpoint: request.endpoint(),
                }),
            },
            Err(GraphError::DeltaLost { .. }) => Ok(Delta::Resync),
            Err(error) => Err(error),
        }
    }

    /// The stored link, if it is of this tenant, this root and this resource.
    fn stored(&self, request: &Request, from: &DeltaLink) -> Option<Url> {
        let url = own_link(&self.root, &request.endpoint(), &from.link).ok()?;
        let same = from.tenant == self.tenant && url.path() == request.url(&self.root).path();
        same.then_some(url)
    }
}

fn user_change(user: wire::User, licence: &Licence) -> Result<UserChange, &'static str> {
    let id = map::told(user.id).ok_or("the id of a user")?;
    if let Some(removed) = user.removed {
        return Ok(UserChange::Removed {
            id,
            for_good: removed.reason == "deleted",
        });
    }
    let addresses = (user.mail.is_some() || user.proxy_addresses.is_some()).then(|| {
        map::addresses(
            user.mail.as_deref(),
            user.proxy_addresses.as_deref().unwrap_or_default(),
        )
    });
    Ok(UserChange::Changed {
        id,
        user_principal_name: map::told(user.user_principal_name).and_then(|upn| upn.parse().ok()),
        addresses,
        licensed: user.assigned_plans.map(|plans| licence.holds(&plans)),
    })
}

fn group_change(group: wire::DeltaGroup) -> Result<GroupChange, &'static str> {
    let id = GroupId::new(&map::told(group.id).ok_or("the id of a group")?);
    if let Some(removed) = group.removed {
        return Ok(GroupChange::Removed {
            id,
            for_good: removed.reason == "deleted",
        });
    }
    let members = group
        .members
        .into_iter()
        .filter_map(|member| map::told(member.id))
        .collect();
    Ok(GroupChange::Changed { id, members })
}
