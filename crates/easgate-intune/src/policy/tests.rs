use serde_json::json;

use super::*;

#[test]
fn singletons_come_bare_or_wrapped() {
    let settings = json!({"@odata.type": "#microsoft.graph.onPremisesConditionalAccessSettings", "enabled": true,
        "includedGroups": ["77C9D466-d466-77c9-66d4-c97766d4c977"], "overrideDefaultRule": true});
    for answer in [settings.clone(), json!({ "value": settings })] {
        let read = conditional_access(serde_json::from_value(unwrapped(answer).unwrap()).unwrap());
        assert_eq!(
            read,
            ConditionalAccessSettings {
                enabled: true,
                included_groups: vec![GroupId::new("77c9d466-d466-77c9-66d4-c97766d4c977")],
                excluded_groups: Vec::new(),
                override_default_rule: true,
            }
        );
    }
    assert_eq!(unwrapped(json!({"value": null})), None);
}

#[test]
fn the_policy_is_read_with_any_base64() {
    for content in ["PGI+w7w/Pz88L2I+", "PGI-w7w_Pz88L2I-", "PGI+w7w/Pz88L2I", "*"] {
        let wire = json!({"notificationContent": content, "defaultAccessLevel": "quarantine",
            "accessRules": [{"deviceClass": {"name": "iPhone", "type": "family"}, "accessLevel": "allow"}, {}],
            "knownDeviceClasses": [{"name": "Pixel", "type": "model"}]});
        let policy = policy(serde_json::from_value(wire).unwrap());
        assert_eq!(policy.default_access_level, ExchangeAccessLevel::Quarantine);
        assert_eq!(policy.access_rules.len(), 1);
        assert_eq!(policy.known_device_classes[0].kind, DeviceClassKind::Model);
        let expected = match content.len() {
            16 => Some("<b>ü???</b>"),
            15 => Some("<b>ü???</b"),
            _ => None,
        };
        assert_eq!(policy.notification.as_deref(), expected, "{content}");
    }
}
