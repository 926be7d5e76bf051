//! The Graph client against servers and recordings of others.
//!
//! - prism checks each request against OpenAPI documents made of Microsoft's metadata.
//! - oidc-provider gives and refuses tokens.
//! - SAP's OData server evaluates our filters.
//! - Recordings of the real service are answered to our client.
//!
//! The servers come from npm (`cargo xtask peers`); the documents and the recordings are not ours to copy. What is
//! not there is printed as left out.

mod filters;
mod peer;
mod recordings;
mod requests;
mod tap;
mod tokens;

use std::sync::Arc;

use easgate_intune::{Cloud, Credential, Graph, GraphConfig, StaticToken, Timing};
use time::OffsetDateTime;
use url::Url;

const TENANT: &str = "8bb1a4b5-0b9c-4f5e-9a55-6f1d6c2f0c11";

fn config(root: &Url) -> GraphConfig {
    let secret = Credential::Secret("not-a-real-secret".into());
    let mut config = GraphConfig::new(Cloud::Global, TENANT, "with-secret", secret);
    config.graph_root = Some(root.clone());
    config.login_root = Some(root.clone());
    config
}

/// This machine's time, and waits that take none.
fn timing() -> Timing {
    Timing::from_clock(machine_time).with_sleep(|_| ())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the peers check assertions by this machine's clock"
)]
fn machine_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A client with a token that the peers take.
fn graph(config: GraphConfig) -> Graph {
    Graph::with_tokens(config, Arc::new(StaticToken::new("token".into())), timing()).unwrap()
}
