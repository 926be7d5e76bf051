//! Making Exchange agree at once.
//!
//! A watch pass does it: it begins with what people decided, asks device management only afterwards, and runs beside a
//! full sync.

use easgate_connector::Mode;
use easgate_model::escape;
use easgate_store::{Organization, Store};
use serde_json::Value;

use super::super::find::Meant;
use crate::cli::What;
use crate::command::Failure;
use crate::command::sync::sync;
use crate::command::wiring::{Settings, Site};
use crate::control::{self, SyncRequest, Told};
use crate::exit::Exit;
use crate::output;
use crate::render::gates::pause_text;

/// What the device has now.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// What Exchange gives it, by its stable name.
    pub(crate) effective: Option<String>,
    /// The reason of the decision, by its stable name.
    pub(crate) reason: Option<String>,
    /// Why it does not have what was decided.
    pub(crate) why_not: Option<String>,
    /// Whether the guard holds it.
    held: bool,
    /// Whether the facts could not be read.
    unread: bool,
}

impl Effect {
    /// How the command ends. A device that nobody has seen yet has nothing; `unseen` says that this is known.
    pub(crate) fn exit(&self, unseen: bool) -> Exit {
        if self.why_not.is_none() {
            Exit::Done
        } else if self.held {
            Exit::Held
        } else if self.unread {
            Exit::Unread
        } else if unseen && self.effective.is_none() {
            Exit::Done
        } else {
            Exit::Failed
        }
    }

    fn not_now(why_not: String) -> Self {
        Self {
            why_not: Some(why_not),
            ..Self::default()
        }
    }

    fn unread(why_not: String) -> Self {
        Self {
            unread: true,
            ..Self::not_now(why_not)
        }
    }

    /// What a run's report says of the device.
    fn told(report: &Value, meant: &Meant) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (address, device) = (escape(&meant.address), escape(meant.device.as_str()));
        let is_meant = |one: &&Value| {
            one["mailbox"].as_str() == Some(address.as_str())
                && one["device_id"]
                    .as_str()
                    .is_some_and(|id| id.eq_ignore_ascii_case(&device))
        };
        let one = report["overrides"].as_array()?.iter().find(is_meant)?;
        Some(Self {
            effective: text(&one["effective"]),
            reason: text(&one["reason"]),
            why_not: text(&one["why_not"]),
            held: one["held"] == true,
            unread: false,
        })
    }
}

/// Lets a run act on the override of `meant`, and says what the device has then.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn act(settings: &Settings, store: &Store, meant: &Meant) -> Result<Effect, Failure> {
    let organization = store.organization(&meant.organization).await?;
    if let Some(why_not) = stopped(settings, &organization, meant).await? {
        return Ok(Effect::not_now(why_not));
    }
    let told = match by_service(settings, meant).await {
        Ok(Some(told)) => told,
        Ok(None) => by_ourselves(settings, store, meant).await?,
        Err(error) => Told::Broken(output::chain(&error)),
    };
    Ok(match told {
        Told::Report(report) => match Effect::told(&report, meant) {
            Some(effect) => effect,
            None => in_between(&organization, &report, meant).await?,
        },
        Told::Broken(message) => {
            Effect::not_now(format!("{message}; the next watch pass or sync acts on it"))
        }
    })
}

/// Why nothing at all is written now.
async fn stopped(
    settings: &Settings,
    organization: &Organization,
    meant: &Meant,
) -> Result<Option<String>, Failure> {
    if let Some(pause) = organization.paused().await? {
        let paused = pause_text(&pause);
        return Ok(Some(format!("{paused}; it takes effect after `easgate resume`")));
    }
    if let Some(caution) = organization.caution().await? {
        return Ok(Some(format!("{caution}; it takes effect after that")));
    }
    let forced = organization.forced_mode().await?;
    let forced = forced.map(|forced| forced.mode.parse().unwrap_or(Mode::Observe));
    let configured = settings.configuration.organization(&meant.organization);
    let modes = forced.into_iter().chain(configured.map(|one| one.mode));
    let mut lesser = modes.filter(|mode| *mode != Mode::Enforce);
    Ok(lesser.next().map(|mode| {
        format!(
            "the organisation is in mode {mode}, in which nothing is written; it takes effect in mode enforce"
        )
    }))
}

async fn by_service(settings: &Settings, meant: &Meant) -> Result<Option<Told>, control::AskError> {
    let request = SyncRequest {
        configuration: settings.path.canonicalize().ok(),
        kind: "watch".to_owned(),
        user: None,
        organization: Some(meant.organization.clone()),
        accept_shrunken: false,
        log_on_again: false,
    };
    let socket = settings.configuration.service.control_socket();
    let told = control::reports(&socket, request).await?;
    Ok(told.and_then(|told| told.into_iter().next()))
}

async fn by_ourselves(settings: &Settings, store: &Store, meant: &Meant) -> Result<Told, Failure> {
    let Some(organization) = settings.configuration.organization(&meant.organization) else {
        return Ok(Told::Broken(
            "the organisation is in the configuration no more".to_owned(),
        ));
    };
    let site = Site::new(organization, store).await?;
    let (report, _) = sync(&site, store, &What::WATCH).await;
    site.close().await;
    Ok(Told::Report(report.to_json()))
}

/// What there is to say when the run did not come to the device: another run did, or it ended before.
async fn in_between(organization: &Organization, report: &Value, meant: &Meant) -> Result<Effect, Failure> {
    let all = organization.all_overrides().await?;
    let newest = all
        .iter()
        .find(|one| one.what.mailbox == meant.mailbox && one.what.device == meant.device);
    if newest.is_some_and(|one| one.acted.is_some()) {
        return Ok(Effect {
            reason: Some("acted upon by another run at the same moment".to_owned()),
            ..Effect::default()
        });
    }
    let errors = report["errors"].as_array().into_iter().flatten();
    let messages: Vec<&str> = errors.filter_map(|error| error["message"].as_str()).collect();
    let needed = report["full_sync_needed"]["message"].as_str();
    Ok(if messages.is_empty() {
        let why = needed.unwrap_or("the run did not come to the device");
        Effect::unread(format!("{why}; a full sync decides about it"))
    } else {
        Effect::unread(format!(
            "{}; a sync decides about it as soon as it can",
            messages.join("; ")
        ))
    })
}
