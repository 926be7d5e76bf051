//! Exchange servers.

use std::borrow::Cow;

use uuid::Uuid;

use super::super::ExchangeVersion::{self, Ex2010, Ex2013, Ex2016, Ex2019, Se};
use super::super::organization::State;
use super::super::row::{Id, Row, Tail, TypeNames, Value};
use super::{View, configuration_dn};

const SERVER: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.Management.ExchangeServer",
    "Microsoft.Exchange.Data.Directory.Management.ADPresentationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];
const CLIENT_ACCESS: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.Management.ClientAccessServer",
    "Microsoft.Exchange.Data.Directory.Management.ADPresentationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];

/// A server that the organisation knows.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) name: String,
    domain: String,
    pub(crate) edge: bool,
    version: ExchangeVersion,
}

impl Known {
    pub(crate) fn fqdn(&self) -> String {
        format!("{}.{}", self.name.to_lowercase(), self.domain)
    }
}

/// Every server: those that can be connected to, two at least, and an edge server; where there is really more than one, also
/// an older one and one in another domain.
pub(crate) fn servers(state: &State) -> Vec<Known> {
    let known = |name: &str| Known {
        name: name.to_owned(),
        domain: state.domain.clone(),
        edge: false,
        version: state.version,
    };
    let mut all: Vec<Known> = (1..=state.servers.max(2))
        .map(|number| known(&format!("EX{number:02}")))
        .collect();
    all.push(Known {
        edge: true,
        ..known("EDGE01")
    });
    if state.servers > 1 {
        let older = match state.version {
            Ex2010 => None,
            Ex2013 => Some(Ex2010),
            Ex2016 => Some(Ex2013),
            Ex2019 => Some(Ex2016),
            Se => Some(Ex2019),
        };
        all.extend(older.map(|version| Known {
            version,
            ..known("OLD01")
        }));
        all.push(Known {
            domain: "fabrikam.com".to_owned(),
            ..known("FAR01")
        });
    }
    all
}

/// `Get-ExchangeServer`.
#[expect(
    clippy::too_many_lines,
    reason = "one member a line, in the order of the wire"
)]
pub(crate) fn server(state: &State, known: &Known, view: &View) -> Row {
    let Known {
        ref name,
        edge,
        version,
        ..
    } = *known;
    let fqdn = known.fqdn();
    let (major, minor, build, revision) = version.build();
    let legacy = format!(
        "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn={name}"
    );
    let site = format!(
        "CN={},CN=Sites,CN=Configuration,DC={}",
        if name == "EX02" { "Kyoto" } else { "Lisbon" },
        state.domain.replace('.', ",DC=")
    );
    let role = if edge {
        ("Edge", 64)
    } else if version <= Ex2013 {
        ("Mailbox, ClientAccess", 16386)
    } else {
        ("Mailbox", 2)
    };
    let mut members = vec![
        ("Name", Value::text(name)),
        (
            "DataPath",
            Value::Struct(
                "Microsoft.Exchange.Data.LocalLongFullPath",
                "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Mailbox".to_owned(),
            ),
        ),
        ("Domain", Value::text(&known.domain)),
        (
            "Edition",
            Value::Enum(
                "Microsoft.Exchange.Data.ServerEditionType",
                "Enterprise".to_owned(),
                1,
            ),
        ),
        ("ExchangeLegacyDN", Value::Text(legacy)),
        ("ExchangeLegacyServerRole", Value::Int(0)),
        ("Fqdn", Value::Text(fqdn.clone())),
        ("CustomerFeedbackEnabled", Value::Nil),
        ("InternetWebProxy", Value::Nil),
        ("IsHubTransportServer", Value::Bool(!edge)),
        ("IsClientAccessServer", Value::Bool(!edge)),
        ("IsExchange2007OrLater", Value::Bool(true)),
        ("IsEdgeServer", Value::Bool(edge)),
        ("IsMailboxServer", Value::Bool(!edge)),
        ("IsE14OrLater", Value::Bool(true)),
        ("IsE15OrLater", Value::Bool(version > Ex2010)),
        ("IsProvisionedServer", Value::Bool(false)),
        ("IsUnifiedMessagingServer", Value::Bool(false)),
        (
            "IsFrontendTransportServer",
            Value::Bool(!edge && version > Ex2010),
        ),
        (
            "NetworkAddress",
            Value::Strings(vec![format!("ncacn_ip_tcp:{fqdn}")]),
        ),
        (
            "OrganizationalUnit",
            Value::Text(format!("{}/{name}", known.domain)),
        ),
        (
            "AdminDisplayVersion",
            Value::Version(version.display(), [major, minor, build, revision]),
        ),
        (
            "Site",
            Value::id(&site, Uuid::new_v5(&Uuid::NAMESPACE_DNS, site.as_bytes())),
        ),
        (
            "ServerRole",
            Value::Enum(
                "Microsoft.Exchange.Data.Directory.SystemConfiguration.ServerRole",
                role.0.to_owned(),
                role.1,
            ),
        ),
    ];
    // The name stands before the others here, and not again in the end that all have.
    let own = members.len();
    tail(state, name, view, |tail| tail.presentation(&mut members));
    let at = members.iter().skip(own).position(|(member, _)| *member == "Name");
    if let Some(at) = at {
        members.remove(own + at);
    }
    let types = TypeNames(Cow::Borrowed(SERVER));
    Row {
        types,
        text: name.clone(),
        members,
        hidden: Vec::new(),
        selected: false,
    }
}

/// `Get-ClientAccessServer` and `Get-ClientAccessService`.
pub(crate) fn client_access(state: &State, known: &Known, view: &View) -> Row {
    let name = &known.name;
    let mut members = vec![
        ("Fqdn", Value::Text(known.fqdn())),
        ("OutlookAnywhereEnabled", Value::Bool(true)),
        (
            "AutoDiscoverServiceInternalUri",
            Value::Text(format!(
                "https://autodiscover.{}/Autodiscover/Autodiscover.xml",
                state.domain
            )),
        ),
    ];
    tail(state, name, view, |tail| tail.presentation(&mut members));
    let types = TypeNames(Cow::Borrowed(CLIENT_ACCESS));
    Row {
        types,
        text: name.clone(),
        members,
        hidden: Vec::new(),
        selected: false,
    }
}

fn tail(state: &State, name: &str, view: &View, with: impl FnOnce(&Tail<'_>)) {
    let dn = configuration_dn(
        state,
        &format!(
            "CN={name},CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups"
        ),
    );
    let guid = Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes());
    with(&Tail {
        name,
        dn: &dn,
        guid,
        identity: Id {
            text: name.to_owned(),
            dn: dn.clone(),
            guid,
        },
        category: "ms-Exch-Exchange-Server",
        classes: &["top", "server", "msExchExchangeServer"],
        when_changed: state.shown(state.settings_changed),
        when_created: state.shown(state.settings_changed),
        version: state.version,
        domain: &state.domain,
        server: &view.controller,
    });
}
