//! The two serialisations.

use easgate_psrp::clixml::{Content, Primitive, PsValue};
use easgate_psrp::command::Command;

use super::client::{Client, start};

#[tokio::test]
async fn complex_values_are_strings_unless_the_url_asks_for_objects() {
    let simulator = start(40, |_| {}).await;
    for (query, full) in [("", false), ("?serializationLevel=Full;PSVersion=5.1", true)] {
        let mut client = Client::with_query(&simulator, query);
        client.open().await.unwrap();
        let device = client
            .run(Command::new("Get-MobileDevice").with("ResultSize", 1))
            .await
            .values()
            .remove(0);
        let state = device.property("DeviceAccessState").unwrap();
        assert_eq!(state.as_object().is_some(), full);
        assert!(["Allowed", "Blocked", "Quarantined"].contains(&state.as_str().unwrap()));
        let identity = device.property("Identity").unwrap();
        assert!(identity.as_str().unwrap().contains("/ExchangeActiveSyncDevices/"));
        assert_eq!(device.property("Id").unwrap().as_str(), identity.as_str());
        if full {
            let number = &state.as_object().unwrap().content;
            assert!(matches!(number, Some(Content::Primitive(Primitive::I32(_)))));
            let domain = identity.property("DomainId").unwrap();
            assert!(
                matches!(domain.property("DomainId"), Some(PsValue::Reference(_))),
                "a domain is its own domain"
            );
            assert!(matches!(
                identity.property("SerializationData"),
                Some(PsValue::Primitive(Primitive::Bytes(_)))
            ));
        }
        let mailbox = client
            .run(Command::new("Get-CASMailbox").with("ResultSize", 1))
            .await
            .values()
            .remove(0);
        let allowed = mailbox.property("ActiveSyncAllowedDeviceIDs").unwrap();
        assert!(allowed.as_list().is_some());
        assert!(
            allowed.type_names()[0]
                .starts_with("Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String")
        );
    }
    simulator.stop().await.unwrap();
}

#[tokio::test]
async fn hostile_names_come_through_as_they_are() {
    let simulator = start(200, |_| {}).await;
    let mut client = Client::new(&simulator);
    client.open().await.unwrap();
    let seen = client.run(Command::new("Get-MobileDevice")).await;
    let names = seen.texts("FriendlyName");
    for name in [
        "\u{1b}[2J\u{1b}[31mAna's iPhone",
        "iPhone\r\nERROR run finished: 0 devices",
        "_x000D_ _x005F_ \"quoted\" & <b>",
    ] {
        assert!(names.iter().any(|known| known == name), "{name:?}");
    }
    simulator.stop().await.unwrap();
}
