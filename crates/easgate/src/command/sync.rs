//! `easgate sync`: one cycle in the configured mode.

use easgate_connector::{CycleError, Kind, OrganizationConfig, Report};

use crate::cli::{SyncArguments, What};
use crate::command::Failure;
use crate::command::wiring::{Settings, Site, Wiring};
use crate::control::{self, SyncRequest};
use crate::exit::Exit;
use crate::output;
use crate::render;

/// Syncs each organisation in turn; the exit code is the gravest. A service that runs with the same configuration does it
/// instead.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub(crate) async fn run(arguments: &SyncArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let request = SyncRequest {
        configuration: settings.path.canonicalize().ok(),
        kind: kind(&arguments.what).name().to_owned(),
        user: arguments.what.user.as_ref().map(ToString::to_string),
        organization: arguments.common.organization.clone(),
        accept_shrunken: arguments.accept_shrunken,
        log_on_again: arguments.log_on_again,
    };
    let socket = settings.configuration.service.control_socket();
    if let Some(exit) = control::hand_over(&socket, request, arguments.common.json).await? {
        return Ok(exit);
    }
    let mut wiring = Wiring::to_write(&settings).await?;
    let mut reports = Vec::new();
    let mut gravest = Exit::Done;
    for site in &mut wiring.sites {
        if arguments.accept_shrunken {
            site.accept_shrunken(&wiring.store).await?;
        }
        if arguments.log_on_again {
            site.forget_refusal(&wiring.store).await?;
        }
        let held_off = if arguments.scheduled {
            site.hold_off().await?
        } else {
            None
        };
        let (report, exit) = match held_off {
            Some(until) => {
                let report = Report::held_off(&site.config, kind(&arguments.what), &until);
                (report, Exit::Unread)
            }
            None => sync(site, &wiring.store, &arguments.what).await,
        };
        if !arguments.common.json {
            render::report::text(&report);
        }
        reports.push(report.to_json());
        gravest = gravest.max(exit);
    }
    wiring.close().await;
    if arguments.common.json {
        output::one_or_many(&reports)?;
    }
    Ok(gravest)
}

/// One sync with progress; an error becomes a report too.
///
/// When its server goes away, it begins anew, once, at the next server that can be reached: a new cycle reads everything from
/// one server, and decides about what was under way by what the lists hold then.
pub(crate) async fn sync(site: &Site, store: &easgate_store::Store, what: &What) -> (Report, Exit) {
    let mut outcome = once(site, store, what).await;
    if lost_its_server(&outcome) && site.choose_anew() {
        tracing::warn!("The server went away; the sync begins anew at the next one");
        outcome = once(site, store, what).await;
    }
    site.note_reached().await;
    site.progress.clear();
    let (mut report, exit) = conclude(&site.config, kind(what), outcome);
    if !report.facts_read {
        report.warnings.extend(site.unread_too_long(store).await);
    }
    (report, exit)
}

/// The report of a run and its exit code; an error becomes a report too.
pub(crate) fn conclude(
    config: &OrganizationConfig,
    kind: Kind,
    outcome: Result<Report, CycleError>,
) -> (Report, Exit) {
    match outcome {
        Ok(report) => {
            let exit = Exit::of_run(report.exit_code());
            (report, exit)
        }
        Err(error) => {
            let mut report = Report::of_error(config, kind, &error);
            report.warnings.extend(error.cure());
            let exit = of_error(&error);
            (report, exit)
        }
    }
}

async fn once(site: &Site, store: &easgate_store::Store, what: &What) -> Result<Report, CycleError> {
    let cycle = site.cycle(store);
    match (&what.user, kind(what)) {
        (Some(address), _) => cycle.sync_user(address).await,
        (None, Kind::Quick) => cycle.quick_sync().await,
        (None, Kind::Watch) => cycle.watch().await,
        (None, Kind::Full | Kind::User | Kind::Command) => cycle.full_sync().await,
    }
}

const fn kind(what: &What) -> Kind {
    if what.user.is_some() {
        Kind::User
    } else if what.quick {
        Kind::Quick
    } else if what.watch {
        Kind::Watch
    } else {
        Kind::Full
    }
}

/// Whether a run ended because its server went away.
pub(crate) fn lost_its_server(outcome: &Result<Report, CycleError>) -> bool {
    match outcome {
        Ok(report) => report.errors.iter().any(|error| error.kind == "connection"),
        Err(CycleError::Facts(error)) => error.is_connection(),
        Err(CycleError::Busy(_) | CycleError::Store(_)) => false,
    }
}

/// How a command ends that a cycle could not begin for.
pub(crate) const fn of_error(error: &CycleError) -> Exit {
    match error {
        CycleError::Facts(_) => Exit::Unread,
        CycleError::Busy(_) | CycleError::Store(_) => Exit::Trouble,
    }
}
