//! From the configuration file to parts that can run a cycle.

mod reach;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use easgate_cmdlet::{CmdletTransport, FirstReachable, WsmanTransport};
use easgate_config::{Configuration, Enrollment, Environment, Exchange, ExchangeError, Organization};
use easgate_connector::adapters::{Breaker, ExchangeAdapter, Outages};
use easgate_connector::ports::EnrollmentSource;
use easgate_connector::{Clock, Cycle, OrganizationConfig, SystemClock, WriteQueue, stand_ins, standing};
use easgate_intune::{Graph, Timing};
use easgate_store::{Anchor, Location, ServerSeen, Store, StoreError};

use crate::cli::Common;
use crate::command::Failure;
use crate::installation::Own;
use crate::progress::Progress;

/// The configuration, and which of its organisations are meant.
pub(crate) struct Settings {
    /// The file.
    pub(crate) path: PathBuf,
    /// What stands in it.
    pub(crate) configuration: Configuration,
    /// The one organisation that was asked for.
    only: Option<String>,
}

impl Settings {
    /// Reads the file that is meant, and finds the organisation that was asked for.
    ///
    /// # Errors
    /// No file, a mistake in it, or no such organisation.
    pub(crate) fn read(arguments: &Common) -> Result<Self, Failure> {
        let path = file_of(arguments.config.as_deref())?;
        let configuration = easgate_config::load(&path)?;
        if let Some(name) = &arguments.organization
            && configuration.organization(name).is_none()
        {
            let known = configuration
                .organizations
                .iter()
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>();
            return Err(NoOrganization {
                name: name.clone(),
                known: known.join(", "),
            }
            .into());
        }
        Ok(Self {
            path,
            configuration,
            only: arguments.organization.clone(),
        })
    }

    /// The organisations that are meant.
    pub(crate) fn organizations(&self) -> impl Iterator<Item = &Organization> {
        let meant = |name: &str| {
            self.only
                .as_deref()
                .is_none_or(|only| only.eq_ignore_ascii_case(name))
        };
        self.configuration
            .organizations
            .iter()
            .filter(move |one| meant(&one.name))
    }

    /// Where the store is, with the password that it takes.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub(crate) fn store_location(&self) -> Result<Location, Failure> {
        let place = &self.configuration.store;
        Ok(place.location(&Environment::of_this_process())?)
    }

    /// Opens the store.
    ///
    /// # Errors
    /// When it cannot be opened, or its password cannot be read.
    pub(crate) async fn store(&self) -> Result<Store, Failure> {
        store_of(&self.configuration).await
    }
}

/// Opens the store of `configuration`.
///
/// # Errors
/// When it cannot be opened, or its password cannot be read.
pub(crate) async fn store_of(configuration: &Configuration) -> Result<Store, Failure> {
    let place = &configuration.store;
    let location = place.location(&Environment::of_this_process())?;
    let store = Store::connect(&location).await?;
    Ok(store.anchored(Anchor::at(&configuration.audit_key)))
}

/// One organisation with everything that a cycle needs but the store.
pub(crate) struct Site {
    /// How it is decided.
    pub(crate) config: OrganizationConfig,
    /// Where the progress is shown.
    pub(crate) progress: Progress,
    exchange: ExchangeAdapter,
    servers: Arc<FirstReachable<WsmanTransport>>,
    outages: Outages,
    source: Box<dyn EnrollmentSource>,
    queue: WriteQueue,
    clock: SystemClock,
}

impl Site {
    /// Reads the secrets and builds the parts.
    ///
    /// # Errors
    /// A secret cannot be read, a part refuses its settings, or the store cannot be read.
    pub(crate) async fn new(organization: &Organization, store: &Store) -> Result<Self, Failure> {
        let environment = Environment::of_this_process();
        let known = store.organization(&organization.name).await?;
        let baseline = known.baseline().await?.unwrap_or_default();
        let devices = baseline.sizes.get("exchange.devices").copied().unwrap_or(0);
        let exchange = &organization.exchange;
        let lanes = exchange.parallel.lanes(devices, exchange.shells);
        let servers = Arc::new(servers(exchange, &environment, lanes, &baseline.servers)?);
        let transport: Arc<dyn CmdletTransport> = Arc::<FirstReachable<WsmanTransport>>::clone(&servers);
        let source = source(&organization.enrollment, &environment)?;
        let adapter = ExchangeAdapter::new(transport, exchange.client());
        Ok(Self {
            config: OrganizationConfig {
                lanes,
                ..organization.connector()
            },
            progress: Progress::start(),
            outages: Outages::new(known.clone()),
            exchange: adapter.with_breaker(breaker(exchange, known)),
            servers,
            source,
            queue: WriteQueue::new(lanes),
            clock: SystemClock::new(),
        })
    }

    /// A cycle for this organisation.
    pub(crate) fn cycle<'a>(&'a self, store: &'a Store) -> Cycle<'a> {
        Cycle {
            exchange: &self.exchange,
            source: self.source.as_ref(),
            store,
            config: &self.config,
            queue: &self.queue,
            clock: &self.clock,
            progress: &self.progress,
        }
    }

    /// Lets every input of the last good run be shorter, in the runs of this process.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn accept_shrunken(&mut self, store: &Store) -> Result<(), StoreError> {
        let baseline = store
            .organization(&self.config.name)
            .await?
            .baseline()
            .await?
            .unwrap_or_default();
        self.config.accept_shrunken.extend(baseline.sizes.into_keys());
        Ok(())
    }

    /// That the facts could not be read for longer than they may be unread, when that is so.
    pub(crate) async fn unread_too_long(&self, store: &Store) -> Vec<String> {
        let (name, precautions) = (&self.config.name, &self.config.precautions);
        match standing(store, name, precautions, self.clock.now()).await {
            Ok(standing) => standing.warnings(),
            // What the store's own error is about is reported where it matters.
            Err(error) => {
                tracing::warn!(%error, "Last good sync not read");
                Vec::new()
            }
        }
    }

    /// Lets the account log on although Exchange refused it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) async fn forget_refusal(&self, store: &Store) -> Result<(), StoreError> {
        store
            .organization(&self.config.name)
            .await?
            .forget_refusal()
            .await
    }

    /// Lets the next cycle choose its server, beginning with the first of the file; `false` when there is one alone.
    pub(crate) fn choose_anew(&self) -> bool {
        self.servers.choose_anew();
        self.servers.has_others()
    }

    /// Ends every shell at Exchange.
    pub(crate) async fn close(&self) {
        self.progress.clear();
        self.servers.close().await;
    }
}

/// The organisations that are meant, and the store.
pub(crate) struct Wiring {
    pub(crate) sites: Vec<Site>,
    pub(crate) store: Store,
}

impl Wiring {
    /// Reads the configuration, opens the store, builds the parts. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration, a secret or the store cannot be used.
    pub(crate) async fn open(arguments: &Common) -> Result<Self, Failure> {
        Self::of(&Settings::read(arguments)?).await
    }

    /// The same for a configuration that was read.
    ///
    /// # Errors
    /// When a secret or the store cannot be used.
    pub(crate) async fn of(settings: &Settings) -> Result<Self, Failure> {
        let store = settings.store().await?;
        let mut sites = Vec::new();
        for organization in settings.organizations() {
            sites.push(Site::new(organization, &store).await?);
        }
        Ok(Self { sites, store })
    }

    /// The same for a command that writes: only where the store is that of this installation.
    ///
    /// # Errors
    /// As [`Wiring::of`], and when the store is another installation's.
    pub(crate) async fn to_write(settings: &Settings) -> Result<Self, Failure> {
        let wiring = Self::of(settings).await?;
        Own::check(&settings.configuration, &wiring.store).await?;
        Ok(wiring)
    }

    /// Ends every shell and closes the store.
    pub(crate) async fn close(self) {
        for site in &self.sites {
            site.close().await;
        }
        self.store.close().await;
    }
}

/// The servers in the order of the file, then those that the organisation told in its last good run, or the first alone;
/// with a shell for each lane.
fn servers(
    exchange: &Exchange,
    environment: &Environment,
    lanes: usize,
    seen: &[ServerSeen],
) -> Result<FirstReachable<WsmanTransport>, Failure> {
    let mut configs = transports(exchange, environment)?;
    if let Some(first) = configs.first().cloned() {
        let configured: Vec<_> = exchange.servers().cloned().collect();
        let told = stand_ins(&configured, seen, &exchange.failover_domains);
        for url in told.into_iter().filter(|url| exchange.may_stand_in(url)) {
            let config = easgate_cmdlet::Config {
                url,
                discovered: true,
                ..first.clone()
            };
            match config.check() {
                Ok(()) => configs.push(config),
                Err(error) => tracing::warn!(url = %config.url, %error, "A server that was told is not used"),
            }
        }
    }
    let used = if exchange.cas_failover { configs.len() } else { 1 };
    let mut servers = Vec::new();
    for config in configs.into_iter().take(used) {
        let runspaces = config.runspaces.max(lanes);
        servers.push(WsmanTransport::new(easgate_cmdlet::Config {
            runspaces,
            ..config
        })?);
    }
    Ok(FirstReachable::new(servers).ok_or(NoServer)?)
}

/// How to reach each server, with the time of day.
///
/// # Errors
/// A secret cannot be read now.
pub(crate) fn transports(
    exchange: &Exchange,
    environment: &Environment,
) -> Result<Vec<easgate_cmdlet::Config>, ExchangeError> {
    let mut configs = exchange.transports(environment)?;
    for config in &mut configs {
        config.now = Some(|| SystemClock::new().now().into());
    }
    Ok(configs)
}

/// What keeps the account from being locked.
pub(crate) fn breaker(exchange: &Exchange, organization: easgate_store::Organization) -> Breaker {
    let exchange = exchange.clone();
    // Read anew each time, so that a password that was changed counts at once.
    let mark = move |salt| {
        let environment = Environment::of_this_process();
        exchange.secret_mark(&environment, salt).ok()
    };
    Breaker::new(organization, Box::new(mark), Box::new(SystemClock::new()))
}

/// Time and chance for Graph.
pub(crate) fn timing() -> Timing {
    let clock = SystemClock::new();
    Timing::from_clock(move || clock.now())
}

/// Builds the source of enrolments.
///
/// # Errors
/// A secret cannot be read, or the source refuses its settings.
pub(crate) fn source(
    enrollment: &Enrollment,
    environment: &Environment,
) -> Result<Box<dyn EnrollmentSource>, Failure> {
    Ok(match enrollment {
        Enrollment::File(file) => Box::new(file.clone()),
        Enrollment::Graph(graph) => Box::new(Graph::new(graph.config(environment)?, timing())?),
    })
}

/// The configuration file that is meant: the one that was named, else the first that is there.
///
/// # Errors
/// None was named, and none is there.
pub(crate) fn file_of(named: Option<&Path>) -> Result<PathBuf, NoConfiguration> {
    let usual = ["easgate.toml", "/etc/easgate/easgate.toml"];
    let mut there = usual.iter().map(Path::new).filter(|path| path.is_file());
    let path = named.or_else(|| there.next()).ok_or(NoConfiguration)?;
    Ok(path.to_owned())
}

/// No configuration was named, and none is at the usual places.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no configuration: neither easgate.toml here nor /etc/easgate/easgate.toml; name one with --config, \
     or try `easgate demo`, which needs none"
)]
pub(crate) struct NoConfiguration;

#[derive(Debug, thiserror::Error)]
#[error("no organisation is called {name:?}; the file has {known}")]
struct NoOrganization {
    name: String,
    known: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the organisation has no server")]
struct NoServer;
