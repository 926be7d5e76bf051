//! That servers could not be reached.

use time::Duration;

use super::NOW;
use crate::{Outage, Store};

pub(crate) async fn every_server_has_its_own_outage_until_it_is_forgotten(store: Store) {
    let contoso = store.organization("contoso").await.unwrap();
    let fabrikam = store.organization("fabrikam").await.unwrap();
    assert_eq!(contoso.outages().await.unwrap(), []);
    let outage = |server: &str, failures: u32| Outage {
        server: server.to_owned(),
        since: NOW,
        failures,
        tried: NOW + Duration::minutes(i64::from(failures)),
        cause: format!("{failures} times refused"),
    };
    for failures in [1, 2, 70_000] {
        contoso
            .record_outage(&outage("http://b/", failures))
            .await
            .unwrap();
    }
    contoso.record_outage(&outage("http://a/", 1)).await.unwrap();
    let both = [outage("http://a/", 1), outage("http://b/", 70_000)];
    assert_eq!(contoso.outages().await.unwrap(), both);
    assert_eq!(fabrikam.outages().await.unwrap(), []);
    fabrikam.forget_outage("http://a/").await.unwrap();
    contoso.forget_outage("http://b/").await.unwrap();
    assert_eq!(contoso.outages().await.unwrap(), [outage("http://a/", 1)]);
}
