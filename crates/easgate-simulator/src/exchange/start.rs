//! The server: start, steer, inspect, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use easgate_psrp::clixml::PsValue;
use time::OffsetDateTime;
use url::Url;

use super::door::{self, Server};
use super::service::Service;
use super::{Culture, EN_US, ExchangeVersion, Faults, Organization, Rbac};
use crate::world::World;

/// How an organisation is started; [`ExchangeConfig::new`] gives the usual settings.
#[derive(Debug, Clone)]
pub struct ExchangeConfig {
    /// Where to listen; loopback only.
    pub listen: SocketAddr,
    /// How many of the organisation's servers there are to connect to, `ex01`, `ex02` and so on: the first listens at `listen`,
    /// the others with the same port at the addresses that follow it. They share everything but their shells. With
    /// more than one the organisation also knows of an older server, and of one in another domain, which are not there.
    pub servers: usize,
    /// The company.
    pub world: World,
    /// The version of its servers.
    pub version: ExchangeVersion,
    /// Whether complex values are objects; a client asks for it too, by `serializationLevel=Full` in the URL.
    pub full_serialization: bool,
    /// The account that may come in, `DOMAIN\name`.
    pub account: String,
    /// Its password.
    pub password: String,
    /// What the account may run.
    pub rbac: Rbac,
    /// How the servers read dates.
    pub culture: Culture,
    /// Whether a part of the people is in a second domain, which a session sees after
    /// `Set-ADServerSettings -ViewEntireForest $true` alone.
    pub child_domain: bool,
    /// How many shells the account may have open.
    pub max_shells: usize,
    /// How many runspaces a shell may have.
    pub max_runspaces: i32,
    /// When an idle shell ends.
    pub idle_timeout: Duration,
    /// Whether every request after Create must bring the cookie that leads to the shell's back end.
    pub require_cookie: bool,
}

impl ExchangeConfig {
    /// Exchange 2019 on any free port of 127.0.0.1; account `CONTOSO\connector`, password `P@ssw0rd!`; 18 shells
    /// that end after 15 idle minutes; cookies required.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            servers: 1,
            world,
            version: ExchangeVersion::default(),
            full_serialization: false,
            account: "CONTOSO\\connector".to_owned(),
            password: "P@ssw0rd!".to_owned(),
            rbac: Rbac::default(),
            culture: EN_US,
            child_domain: false,
            max_shells: 18,
            max_runspaces: 18,
            idle_timeout: Duration::from_secs(900),
            require_cookie: true,
        }
    }
}

/// A cmdlet that a client ran.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedCommand {
    /// When, by the organisation's clock.
    pub at: OffsetDateTime,
    /// The full name of the server.
    pub server: String,
    /// The shell.
    pub shell: String,
    /// The cmdlet as the client wrote it; the text of a script.
    pub name: String,
    /// The parameters as the client sent them, without dash and colon.
    pub parameters: Vec<(String, PsValue)>,
    /// The identifier of the error that ended it at its start: an unknown command, parameters that do not bind.
    pub refused: Option<String>,
}

impl LoggedCommand {
    /// The value of a parameter, by its name without case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&PsValue> {
        self.parameters
            .iter()
            .find(|(known, _)| super::same(known, name))
            .map(|(_, value)| value)
    }
}

/// An Exchange organisation that listens. Dropped, it stops at once.
///
/// ```
/// use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
/// use easgate_simulator::world::World;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let world = World::contoso(50);
/// let mailbox = world.users[0].mailbox_guid;
/// let simulator = ExchangeSimulator::start(ExchangeConfig::new(world)).await?;
///
/// // A client connects to `simulator.url()`. Meanwhile people and phones do what they do:
/// simulator.organization().set_lists(mailbox, vec!["ApplC39GQ8NNDTDL".to_owned()], Vec::new());
/// simulator.organization().everyone_syncs();
/// assert!(simulator.commands().is_empty());
/// assert_eq!(simulator.open_shells(), 0);
/// simulator.stop().await
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ExchangeSimulator {
    /// INVARIANT: at least one.
    servers: Vec<Server>,
}

impl ExchangeSimulator {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// The address is not one of loopback, or is taken.
    pub async fn start(config: ExchangeConfig) -> std::io::Result<Self> {
        let listeners = door::listen(config.listen, config.servers).await?;
        let first = Service::new(config);
        let mut servers = Vec::new();
        for (number, listener) in listeners.into_iter().enumerate() {
            servers.push(Server::up(Arc::new(first.beside(number)), listener)?);
        }
        Ok(Self { servers })
    }

    /// The address that the first server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.servers[0].address
    }

    /// The URL of the first server's endpoint, `http://127.0.0.1:port/powershell`.
    ///
    /// # Panics
    ///
    /// Never: a socket address makes an URL.
    #[must_use]
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}/powershell", self.address())).expect("a socket address makes an URL")
    }

    /// The full name of every server, such as `ex01.contoso.com`, and the address it listens on.
    #[must_use]
    pub fn servers(&self) -> Vec<(String, SocketAddr)> {
        let of = |server: &Server| (server.service.name(), server.address);
        self.servers.iter().map(of).collect()
    }

    /// Takes the server down as a loss of power would: nobody listens, connections break, its shells are gone. A cmdlet
    /// that has begun to write has written.
    ///
    /// # Errors
    ///
    /// There is no such server, counted from 0, or it ended with an error.
    pub async fn take_down(&self, server: usize) -> std::io::Result<()> {
        self.server(server)?.take_down().await
    }

    /// Brings the server back to where it listened.
    ///
    /// # Errors
    ///
    /// There is no such server, counted from 0, or its address was taken meanwhile.
    pub async fn bring_back(&self, server: usize) -> std::io::Result<()> {
        self.server(server)?.bring_back().await
    }

    fn server(&self, number: usize) -> std::io::Result<&Server> {
        let none = || std::io::Error::other(format!("the organisation has {} servers", self.servers.len()));
        self.servers.get(number).ok_or_else(none)
    }

    fn service(&self) -> &Service {
        &self.servers[0].service
    }

    /// What the organisation holds, to look at and to change.
    #[must_use]
    pub fn organization(&self) -> Organization {
        self.service().organization.clone()
    }

    /// What goes wrong on demand, at whichever server has the next occasion.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.service().faults.clone()
    }

    /// The cmdlets that clients ran so far at any server, oldest first; at most 100,000.
    #[must_use]
    pub fn commands(&self) -> Vec<LoggedCommand> {
        self.service().log()
    }

    /// Forgets the cmdlets that ran so far.
    pub fn forget_commands(&self) {
        self.service().forget();
    }

    /// How many shells are open now, at all servers.
    #[must_use]
    pub fn open_shells(&self) -> usize {
        let open = |server: &Server| server.service.open_shells();
        self.servers.iter().map(open).sum()
    }

    /// How many requests came with wrong credentials.
    #[must_use]
    pub fn failed_logons(&self) -> usize {
        self.service().failed_logons()
    }

    /// Stops listening; waiting Receives are answered first.
    ///
    /// # Errors
    ///
    /// A server ended with an error.
    pub async fn stop(self) -> std::io::Result<()> {
        for server in &self.servers {
            server.close().await?;
        }
        Ok(())
    }
}
