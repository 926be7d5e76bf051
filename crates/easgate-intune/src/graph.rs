//! The calls to Graph, one by one.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use easgate_model::{DirectoryUser, Enrollment, GroupId};
use http::StatusCode;
use reqwest::Client;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::config::{GraphConfig, GraphConfigError};
use crate::http::error::{ErrorBody, ids_of};
use crate::http::{Answer, Http};
use crate::map::{self, Licence};
use crate::page::Links;
use crate::request::Request;
use crate::timing::Timing;
use crate::token::TokenSource;
use crate::token::entra::EntraTokens;
use crate::{GraphError, wire};

/// Microsoft Graph of one tenant.
pub struct Graph {
    pub(crate) http: Arc<Http>,
    pub(crate) tokens: Arc<dyn TokenSource>,
    pub(crate) root: Url,
    pub(crate) tenant: String,
    pub(crate) groups: Vec<GroupId>,
    pub(crate) licence: Licence,
    max_pages: usize,
}

/// What Graph says of the tenant before anything else is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantState {
    /// Intune's id of the tenant, to which a store is bound.
    pub intune_account_id: Uuid,
    /// The state of the subscription, where Graph tells it.
    pub subscription: Option<SubscriptionState>,
}

/// Graph's `deviceManagementSubscriptionState`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    /// `active`.
    Active,
    /// `warning`: the time of grace.
    Warning,
    /// Any other name: `pending`, `disabled`, `deleted`, `blocked`, `lockedOut`, or one not known here.
    Other(String),
}

/// A list read to its end.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) rows: Vec<T>,
    /// The `Date` of the first page.
    pub(crate) as_of: Option<OffsetDateTime>,
    pub(crate) delta_link: Option<String>,
}

/// What is told while a list is read: rows so far, and how many Graph says there are.
pub(crate) type OnRows<'a> = &'a (dyn Fn(u64, Option<u64>) + Send + Sync);

impl Graph {
    /// Graph with tokens by the credential of `config`.
    ///
    /// # Errors
    /// The settings cannot work.
    pub fn new(config: GraphConfig, timing: Timing) -> Result<Self, GraphConfigError> {
        let http = Arc::new(Http::new(&config, timing)?);
        let tokens = Arc::new(EntraTokens::over(&config, Arc::clone(&http))?);
        Self::over(config, http, tokens)
    }

    /// Graph with tokens from elsewhere; the credential of `config` is not used.
    ///
    /// # Errors
    /// The settings cannot work.
    pub fn with_tokens(
        config: GraphConfig,
        tokens: Arc<dyn TokenSource>,
        timing: Timing,
    ) -> Result<Self, GraphConfigError> {
        let http = Arc::new(Http::new(&config, timing)?);
        Self::over(config, http, tokens)
    }

    fn over(
        config: GraphConfig,
        http: Arc<Http>,
        tokens: Arc<dyn TokenSource>,
    ) -> Result<Self, GraphConfigError> {
        config.validate()?;
        Ok(Self {
            http,
            tokens,
            root: config.graph_root()?,
            licence: Licence::new(&config.license_plans, config.count_warning_as_licensed),
            tenant: config.tenant,
            groups: config.groups,
            max_pages: config.max_pages,
        })
    }

    /// The root of Graph in use, for people.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.root.as_str().trim_end_matches('/').to_owned()
    }

    /// Asks for the tenant's id and the state of its subscription: the cheapest proof that all is set up.
    ///
    /// # Errors
    /// [`GraphError::NoIntune`] when the tenant has no Intune; else why the call failed.
    pub async fn tenant_state(&self) -> Result<TenantState, GraphError> {
        let request = Request::tenant_state();
        let (answer, state) = self.one::<wire::DeviceManagement>(&request).await?;
        let intune_account_id =
            state
                .intune_account_id
                .filter(|id| !id.is_nil())
                .ok_or_else(|| GraphError::Lacking {
                    endpoint: request.endpoint(),
                    what: "intuneAccountId",
                    ids: ids_of(&answer),
                })?;
        Ok(TenantState {
            intune_account_id,
            subscription: map::told(state.subscription_state).map(|name| match name.as_str() {
                "active" => SubscriptionState::Active,
                "warning" => SubscriptionState::Warning,
                _ => SubscriptionState::Other(name),
            }),
        })
    }

    /// Every device that Intune knows, in Graph's order; a record that came twice is there once.
    ///
    /// # Errors
    /// The list could not be read to its end.
    pub async fn managed_devices(&self) -> Result<Vec<Enrollment>, GraphError> {
        Ok(self.devices(&|_, _| ()).await?.rows)
    }

    /// One device record; `None` when Intune has it no more.
    ///
    /// # Errors
    /// The call failed.
    pub async fn managed_device(&self, id: &str) -> Result<Option<Enrollment>, GraphError> {
        let request = Request::managed_device(id);
        match self.one::<wire::ManagedDevice>(&request).await {
            Ok((answer, device)) => map::enrollment(device)
                .map(Some)
                .map_err(|what| GraphError::Lacking {
                    endpoint: request.endpoint(),
                    what,
                    ids: ids_of(&answer),
                }),
            Err(GraphError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The users with one of the configured plans, as Graph's own filter finds them and as each row confirms.
    ///
    /// [`Graph::inventory`] reads every user with the plans instead, since it must tell an owner without a
    /// licence from an owner that does not exist.
    ///
    /// # Errors
    /// One of the lists could not be read to its end.
    pub async fn licensed_users(&self) -> Result<Vec<DirectoryUser>, GraphError> {
        let mut users: Vec<DirectoryUser> = Vec::new();
        let mut seen = HashSet::new();
        for plan in &self.licence.plans {
            let request = Request::licensed_users(*plan, self.licence.states);
            let found = self
                .list(&request, &|_, _| (), &|user| map::user(user, &self.licence))
                .await?;
            users.extend(
                found
                    .rows
                    .into_iter()
                    .filter(|user| user.licensed && seen.insert(user.id.clone())),
            );
        }
        Ok(users)
    }

    /// The ids of the users in `group`, through other groups too.
    ///
    /// # Errors
    /// [`GraphError::NotFound`] when there is no such group: that is never the same as "no members".
    pub async fn group_users(&self, group: &GroupId) -> Result<Vec<String>, GraphError> {
        Ok(self.members(group, &|_, _| ()).await?.rows)
    }

    pub(crate) async fn devices(&self, on_rows: OnRows<'_>) -> Result<Listed<Enrollment>, GraphError> {
        let take = |device| map::enrollment(device).map(Some);
        self.list(&Request::managed_devices(), on_rows, &take).await
    }

    pub(crate) async fn users(&self, on_rows: OnRows<'_>) -> Result<Listed<DirectoryUser>, GraphError> {
        let take = |user| map::user(user, &self.licence);
        self.list(&Request::users(), on_rows, &take).await
    }

    pub(crate) async fn members(
        &self,
        group: &GroupId,
        on_rows: OnRows<'_>,
    ) -> Result<Listed<String>, GraphError> {
        let take = |object: wire::Object| map::told(object.id).map(Some).ok_or("the id of a member");
        self.list(&Request::group_users(group.as_str()), on_rows, &take)
            .await
    }

    /// Reads a list to its end; once more from its start when it was shorter than Graph's own count.
    pub(crate) async fn list<W, T>(
        &self,
        request: &Request,
        on_rows: OnRows<'_>,
        take: &(dyn Fn(W) -> Result<Option<T>, &'static str> + Send + Sync),
    ) -> Result<Listed<T>, GraphError>
    where
        W: DeserializeOwned + wire::Row + Send,
        T: Send,
    {
        match self.pages(request, request.url(&self.root), on_rows, take).await {
            Err(GraphError::Incomplete { rows, expected, .. }) => {
                tracing::warn!(
                    endpoint = request.endpoint(),
                    rows,
                    expected,
                    "List is short and is read again"
                );
                self.pages(request, request.url(&self.root), on_rows, take).await
            }
            other => other,
        }
    }

    /// Reads the pages from `first` on. A row that comes twice in a list is taken once; a delta repeats on purpose.
    pub(crate) async fn pages<W, T>(
        &self,
        request: &Request,
        first: Url,
        on_rows: OnRows<'_>,
        take: &(dyn Fn(W) -> Result<Option<T>, &'static str> + Send + Sync),
    ) -> Result<Listed<T>, GraphError>
    where
        W: DeserializeOwned + wire::Row + Send,
        T: Send,
    {
        let endpoint = request.endpoint();
        let mut links = Links::new(&self.root, &endpoint, self.max_pages);
        let mut listed = Listed {
            rows: Vec::new(),
            as_of: None,
            delta_link: None,
        };
        let mut ids = HashSet::new();
        let (mut url, mut rows, mut expected) = (first, 0_u64, None::<u64>);
        loop {
            let answer = self.call(request, &url).await?;
            let page: wire::Page<W> = read(&endpoint, &answer)?;
            listed.as_of = listed.as_of.or_else(|| answer.date());
            expected = expected.max(page.count);
            for row in page.value {
                let lacking = |what| GraphError::Lacking {
                    endpoint: endpoint.clone(),
                    what,
                    ids: ids_of(&answer),
                };
                let id = row.id().ok_or_else(|| lacking("the id of a row"))?.to_owned();
                let is_new = ids.insert(id);
                rows += u64::from(is_new);
                if is_new || request.is_delta() {
                    listed.rows.extend(take(row).map_err(lacking)?);
                }
            }
            on_rows(rows, expected);
            match page.next_link {
                Some(link) => url = links.follow(&link)?,
                None => {
                    listed.delta_link = page.delta_link;
                    break;
                }
            }
        }
        match expected {
            Some(expected) if rows < expected => Err(GraphError::Incomplete {
                endpoint,
                rows,
                expected,
            }),
            _ => Ok(listed),
        }
    }

    /// One object.
    pub(crate) async fn one<W: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<(Answer, W), GraphError> {
        let answer = self.call(request, &request.url(&self.root)).await?;
        let value = read(&request.endpoint(), &answer)?;
        Ok((answer, value))
    }

    /// Sends `request` to `url`, with a new token once when Graph refuses the first.
    pub(crate) async fn call(&self, request: &Request, url: &Url) -> Result<Answer, GraphError> {
        let endpoint = request.endpoint();
        let mut renewed = false;
        loop {
            let token = self.tokens.token().await?;
            let make = |client: &Client| {
                let mut builder = client
                    .request(request.method().clone(), url.clone())
                    .bearer_auth(token.expose());
                if request.is_eventual() {
                    builder = builder.header("ConsistencyLevel", "eventual");
                }
                match &request.body {
                    Some(body) => builder.json(body),
                    None => builder,
                }
            };
            let sent = self.http.send(&make).await;
            let answer = sent.map_err(|error| GraphError::from_send(&endpoint, error))?;
            if answer.status == StatusCode::UNAUTHORIZED && !renewed && wants_new_token(&answer) {
                self.tokens.invalidate(&token).await;
                renewed = true;
                continue;
            }
            if answer.status.is_success() {
                return Ok(answer);
            }
            let error = GraphError::from_answer(&endpoint, request.permission, &answer);
            let diagnostic = answer.header("x-ms-ags-diagnostic").map(easgate_model::escape);
            tracing::debug!(%error, client_request_id = %answer.client_request_id, diagnostic, "Graph answers with an error");
            return Err(error);
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("root", &self.root.as_str())
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// Reads the JSON of an answer.
pub(crate) fn read<W: DeserializeOwned>(endpoint: &str, answer: &Answer) -> Result<W, GraphError> {
    if !answer.is_json() {
        return Err(GraphError::NotJson {
            endpoint: endpoint.to_owned(),
            ids: ids_of(answer),
        });
    }
    serde_json::from_slice(&answer.body).map_err(|source| GraphError::Malformed {
        endpoint: endpoint.to_owned(),
        ids: ids_of(answer),
        source,
    })
}

/// Whether a 401 may be the token's fault: Intune hides a missing permission behind one, too.
fn wants_new_token(answer: &Answer) -> bool {
    let body = ErrorBody::parse(&answer.body);
    !body.is_forbidden() && !body.has_code("Authorization_IdentityNotFound")
}

#[cfg(test)]
mod tests;
