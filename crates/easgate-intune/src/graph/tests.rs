//! The client against the simulated tenant, with a clock moved by hand and waits that are only noted.

mod faults;
mod lists;
mod parts;
mod tokens;

use std::sync::Mutex;
use std::time::Duration;

use easgate_simulator::tenant::{TenantConfig, TenantSimulator};
use easgate_simulator::world::World;

use super::*;
use crate::config::Credential;
use crate::{Cloud, GraphConfig};

struct Rig {
    tenant: TenantSimulator,
    graph: Graph,
    waits: Arc<Mutex<Vec<Duration>>>,
    now: Arc<Mutex<OffsetDateTime>>,
}

impl Rig {
    fn waited(&self) -> Vec<u64> {
        self.waits
            .lock()
            .unwrap()
            .drain(..)
            .map(|wait| wait.as_secs())
            .collect()
    }

    fn pass(&self, time: time::Duration) {
        *self.now.lock().unwrap() += time;
    }

    /// How often the token endpoint was asked.
    fn tokens(&self) -> usize {
        self.tenant
            .requests()
            .iter()
            .filter(|request| request.target.ends_with("/token"))
            .count()
    }
}

/// The time of this machine, against which the simulator checks assertions.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator checks assertions by this machine's clock"
)]
fn machine_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

async fn rig(change: impl FnOnce(&mut GraphConfig, &mut TenantConfig)) -> Rig {
    let mut served = TenantConfig::new(World::contoso(60));
    let secret = Credential::Secret(served.secret.as_str().into());
    let mut config = GraphConfig::new(
        Cloud::Global,
        &served.world.tenant.to_string(),
        &served.client_id,
        secret,
    );
    change(&mut config, &mut served);
    let tenant = TenantSimulator::start(served).await.unwrap();
    config.graph_root = Some(tenant.graph_root());
    config.login_root = Some(tenant.login_root());
    let waits = Arc::new(Mutex::new(Vec::new()));
    let now = Arc::new(Mutex::new(machine_time()));
    let (noted, clock) = (Arc::clone(&waits), Arc::clone(&now));
    let timing = Timing::from_clock(move || *clock.lock().unwrap())
        .with_jitter(|| 1.0)
        .with_sleep(move |wait| noted.lock().unwrap().push(wait));
    let graph = Graph::new(config, timing).unwrap();
    Rig {
        tenant,
        graph,
        waits,
        now,
    }
}

async fn plain_rig() -> Rig {
    rig(|_, _| ()).await
}
