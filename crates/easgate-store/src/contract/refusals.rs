//! That the account was refused.

use uuid::Uuid;

use super::NOW;
use crate::{Refusal, Store};

fn refusal(server: &str) -> Refusal {
    Refusal {
        server: server.to_owned(),
        since: NOW,
        cause: "it offers Basic".to_owned(),
        salt: Uuid::from_u128(3),
        mark: u16::MAX,
    }
}

pub(crate) async fn the_last_refusal_stands_until_it_is_forgotten(store: Store) {
    let contoso = store.organization("contoso").await.unwrap();
    let fabrikam = store.organization("fabrikam").await.unwrap();
    assert_eq!(contoso.refusal().await.unwrap(), None);
    for server in ["cas1", "cas2"] {
        contoso.record_refusal(&refusal(server)).await.unwrap();
        assert_eq!(contoso.refusal().await.unwrap(), Some(refusal(server)));
    }
    assert_eq!(fabrikam.refusal().await.unwrap(), None);
    fabrikam.forget_refusal().await.unwrap();
    assert_eq!(contoso.refusal().await.unwrap(), Some(refusal("cas2")));
    contoso.forget_refusal().await.unwrap();
    assert_eq!(contoso.refusal().await.unwrap(), None);
}
