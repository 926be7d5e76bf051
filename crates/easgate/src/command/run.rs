//! `easgate run`: the service.

mod follow;
mod lead;
mod listen;
mod memory;
mod notify;
mod order;
mod reload;
mod runner;
mod running;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use easgate_config::{Environment, ServiceManager};
use easgate_connector::service::{Service, Stop, TimeLimits, events};
use easgate_connector::{Clock, SystemClock};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::cli::RunArguments;
use crate::command::Failure;
use crate::command::wiring::{file_of, store_of};
use crate::exit::Exit;
use crate::installation::Own;
use crate::who;

use listen::{Asked, Door};
use notify::Notifier;
use reload::Loaded;
use running::Running;
use signals::{Signal, Signals};

/// How often the service looks at its loops when no watchdog says how often.
const LOOK: Duration = Duration::from_secs(20);

/// How often it asks whose store it is.
const WHOSE: Duration = Duration::from_secs(5);

/// What the service acts upon.
enum Event {
    Signal(Signal),
    Asked(Asked),
    Look,
    Whose,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the configuration, the store or the control socket cannot be used.
pub(crate) async fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    // From here on no signal is lost, nor does one end the process half way.
    let mut signals = Signals::listen()?;
    let loaded = Loaded::read(&file_of(arguments.config.as_deref())?)?;
    let manager = ServiceManager::read(&Environment::of_this_process(), std::process::id());
    let notifier = Notifier::new(manager.notify_socket.as_deref())?;
    let store = store_of(&loaded.configuration).await?;
    let own = if arguments.replace {
        Own::replace(
            &loaded.configuration,
            &store,
            &who::actor(arguments.by.as_deref()),
        )
        .await?
    } else {
        Own::check(&loaded.configuration, &store).await?
    };
    let stop = Stop::new();
    let (sender, mut asked) = mpsc::channel(16);
    let mut door = JoinSet::new();
    let socket = loaded.configuration.service.listening_socket(&manager);
    match &socket {
        Some(path) => {
            door.spawn(Door::open(path)?.serve(sender.clone(), stop.clone()));
        }
        None => tracing::warn!(
            event = events::CONTROL_OFF,
            "There is no control socket: set [service] socket, or RuntimeDirectory= in the unit"
        ),
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    tracing::info!(
        event = events::SERVICE_STARTED,
        version = env!("CARGO_PKG_VERSION"),
        process = std::process::id(),
        configuration = %loaded.path.display(),
        socket = %socket.as_deref().unwrap_or(std::path::Path::new("-")).display(),
        organizations = loaded.configuration.organizations.len(),
        "Service started"
    );
    let service = Service::new(Arc::clone(&clock), TimeLimits::default());
    let mut running = Running::new(loaded, service, store, clock, notifier);
    running.begin(arguments.replace);
    let why = serve(&mut running, &own, &mut signals, &mut asked, manager.watchdog).await;
    // Whoever is in a hurry says so again.
    let ended = tokio::select! {
        () = running.end() => true,
        () = signals.stop() => false,
    };
    stop.request();
    let _ = timeout(Duration::from_secs(1), async {
        while door.join_next().await.is_some() {}
    })
    .await;
    if ended {
        tracing::info!(event = events::SERVICE_STOPPED, "Service stopped");
        Ok(why)
    } else {
        Ok(Exit::Trouble)
    }
}

/// Acts on one event after the other until the service is told to stop.
async fn serve(
    running: &mut Running,
    own: &Own,
    signals: &mut Signals,
    asked: &mut mpsc::Receiver<Asked>,
    watchdog: Option<Duration>,
) -> Exit {
    let mut looks = interval(watchdog.map_or(LOOK, |limit| (limit / 3).min(LOOK)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut whose = interval(WHOSE);
    whose.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let event = tokio::select! {
            signal = signals.next() => Event::Signal(signal),
            Some(asked) = asked.recv() => Event::Asked(asked),
            _ = looks.tick() => Event::Look,
            _ = whose.tick() => Event::Whose,
        };
        match event {
            Event::Signal(Signal::Stop) => return Exit::Done,
            Event::Signal(Signal::Reload) => {
                // What went wrong is in the log, and the configuration of before goes on.
                let _ = running.reload(None).await;
            }
            Event::Signal(Signal::Quick) => running.nudge_quick(),
            Event::Signal(Signal::Full) => running.nudge_full(),
            Event::Asked(asked) => running.answer(asked).await,
            Event::Look => running.look(),
            Event::Whose if running.is_replaced(own).await => return Exit::Replaced,
            Event::Whose => {}
        }
    }
}
