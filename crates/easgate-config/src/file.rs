//! The file as the administrator writes it.
//!
//! The comments here are the descriptions in the schema and in `docs/configuration.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::overrides::{RawOverrides, RawUnreachable};
use crate::parallel::RawParallel;
use crate::retention::RawRetention;
use crate::schedule::RawSchedule;
use crate::service::RawService;
use crate::text::{RawDuration, RawSecret, RawThreshold};

/// The configuration of easgate.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFile {
    /// One section for each Exchange organisation.
    #[serde(default)]
    pub(crate) organization: Vec<RawOrganization>,
    /// Where durable state is kept.
    #[serde(default)]
    pub(crate) store: RawStore,
    /// `easgate run`.
    #[serde(default)]
    pub(crate) service: RawService,
    /// How it shows when the audit was tampered with.
    #[serde(default)]
    pub(crate) audit: RawAudit,
    /// For how long the store remembers. The service forgets once a day; the audit is never shortened.
    #[serde(default)]
    pub(crate) retention: RawRetention,
}

/// One Exchange organisation.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOrganization {
    /// The name, by which commands, reports and the store know the organisation: letters, digits, `.`, `-`, `_`.
    pub(crate) name: String,
    /// What a sync may do.
    #[serde(default)]
    pub(crate) mode: RawMode,
    /// How Exchange is reached.
    pub(crate) exchange: RawExchange,
    /// Where it is known which devices are enrolled and compliant.
    pub(crate) enrollment: RawEnrollment,
    /// Who gets what.
    #[serde(default)]
    pub(crate) policy: RawPolicy,
    /// How much may change within 24 hours.
    #[serde(default)]
    pub(crate) guard: RawGuard,
    /// What people decide about single devices by `easgate allow` and `easgate block`.
    #[serde(default)]
    pub(crate) overrides: RawOverrides,
    /// What `easgate run` does by itself, and when.
    #[serde(default)]
    pub(crate) schedule: RawSchedule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawMode {
    /// Read, decide and report; never write to Exchange.
    #[default]
    Observe,
    /// The same, for plans that a person carries out.
    Plan,
    /// Write what the plan says, under the guard.
    Enforce,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExchange {
    /// How Exchange is run.
    #[serde(default)]
    pub(crate) kind: RawKind,
    /// The remote PowerShell addresses of the servers, such as `https://ex1.contoso.com/powershell`, in the order
    /// in which they are tried.
    pub(crate) servers: Vec<String>,
    /// How easgate logs on.
    #[serde(default)]
    pub(crate) authentication: RawAuthentication,
    /// The account, `DOMAIN\user` or `user@domain`; not with `certificate`.
    pub(crate) username: Option<String>,
    /// Where its password is found; it is read anew at each log-on.
    pub(crate) password: Option<RawSecret>,
    /// `kerberos`, `negotiate`: the service's name, when it is not `HTTP/` and the host of the address.
    pub(crate) spn: Option<String>,
    /// `kerberos`, `negotiate`: the domain controllers, `host` or `host:port`, in the order in which they are asked;
    /// found by `/etc/krb5.conf` when not set.
    #[serde(default)]
    pub(crate) kdc: Vec<String>,
    /// `ntlm`: logs on where that cannot be bound to the server's certificate, over http or through a proxy. Whoever
    /// is on the way can relay such a log-on to another server.
    #[serde(default)]
    pub(crate) danger_allow_ntlm_without_channel_binding: bool,
    /// The PEM file with the certificate to show to a server that asks for one; with `client_key`.
    pub(crate) client_certificate: Option<String>,
    /// Where its private key (PEM, PKCS #8, not encrypted) is found.
    pub(crate) client_key: Option<RawSecret>,
    /// The PKCS #12 file with certificate and key, in place of `client_certificate`; with `client_pfx_password`.
    pub(crate) client_pfx: Option<String>,
    /// Where its password is found.
    pub(crate) client_pfx_password: Option<RawSecret>,
    /// The SHA-256 of the server certificates to accept, in hexadecimal digits; checked besides everything else, and
    /// before any credentials go out.
    #[serde(default)]
    pub(crate) pins: Vec<String>,
    /// The http proxy on the way to the servers; the environment is not consulted.
    pub(crate) proxy: Option<String>,
    /// The user name that the proxy wants.
    pub(crate) proxy_username: Option<String>,
    /// Where its password is found.
    pub(crate) proxy_password: Option<RawSecret>,
    /// The hosts that are reached without the proxy: names, `.domain` with everything below, addresses, networks.
    #[serde(default)]
    pub(crate) no_proxy: Vec<String>,
    /// The domain controller that answers; left to Exchange when not set.
    pub(crate) domain_controller: Option<String>,
    /// How many commands may run at once, 1 to 18; each takes one of the account's shells. `parallel` may need more.
    #[serde(default = "runspaces")]
    pub(crate) runspaces: usize,
    /// Whether mailboxes are changed side by side; a number is how many at once, within `shells`.
    #[serde(default)]
    pub(crate) parallel: RawParallel,
    /// How many shells Exchange gives the account, 4 to 18; three of them are left to the administrator.
    #[serde(default = "shells")]
    pub(crate) shells: usize,
    /// How often a list is read at most, 1 to 10, before a run ends without it; lists that have arrived are kept meanwhile.
    #[serde(default = "tries")]
    pub(crate) tries: usize,
    /// Whether another server is used when one cannot be reached: the next of `servers`, then those that the organisation
    /// itself told in the last good run (with `basic` and `ntlm` only those that `addresses` names); with `false` only the first ever is.
    #[serde(default = "yes")]
    pub(crate) cas_failover: bool,
    /// The domains of servers that the organisation itself told and that may be used; the domain of the first server when empty.
    #[serde(default)]
    pub(crate) failover_domains: Vec<String>,
    /// Where servers are whose names the name service of this computer does not know, or knows otherwise: the full name of a server and
    /// its IP address. Certificates, tickets and requests keep the name. A server that is named here may also be used when the
    /// organisation told it.
    #[serde(default)]
    pub(crate) addresses: BTreeMap<String, String>,
    /// How long a connection may take to come about.
    #[serde(default = "connect_timeout")]
    pub(crate) connect_timeout: RawDuration,
    /// How long the server may hold one request back, at most 15 minutes.
    #[serde(default = "operation_timeout")]
    pub(crate) operation_timeout: RawDuration,
    /// How long one command may run, from its start to its end.
    #[serde(default = "command_timeout")]
    pub(crate) command_timeout: RawDuration,
    /// A PEM file with certificates of authorities to trust besides the system's.
    pub(crate) ca_file: Option<String>,
    /// Sends the password over unencrypted http to a host that is not this computer. Anyone on the way can read it.
    #[serde(default)]
    pub(crate) danger_allow_unencrypted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawKind {
    /// On the organisation's own servers.
    #[default]
    OnPremises,
    /// By a hoster: the one address that is given, nothing is asked about servers.
    Hosted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawAuthentication {
    /// User name and password, over https.
    #[default]
    Basic,
    /// Kerberos; over http every message is sealed.
    Kerberos,
    /// Kerberos by the HTTP scheme Negotiate alone; never NTLM.
    Negotiate,
    /// Kerberos with a ticket or a keytab that the system's library finds, by `KRB5CCNAME` or `KRB5_CLIENT_KTNAME`; `username`
    /// is then the principal, if it is not the default one. Needs a build with the feature `gssapi`.
    System,
    /// NTLM, over https and bound to the server's certificate.
    Ntlm,
    /// The client certificate alone.
    Certificate,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEnrollment {
    /// The kind of source.
    pub(crate) source: RawSource,
    /// `file`: the CSV file, with the columns user_principal_name, eas_device_id, compliance_state and, if wanted,
    /// device_name, licensed, groups.
    pub(crate) path: Option<String>,
    /// `file`: how old the file may be; an older one is not read. 24 hours when not set.
    pub(crate) max_age: Option<RawDuration>,
    /// `graph`: the directory, by its GUID or one of its domains.
    pub(crate) tenant: Option<String>,
    /// `graph`: the client id of the application.
    pub(crate) client_id: Option<String>,
    /// `graph`: where the application's client secret is found; or a certificate.
    pub(crate) client_secret: Option<RawSecret>,
    /// `graph`: the PEM file with the application's certificate.
    pub(crate) certificate: Option<String>,
    /// `graph`: where the certificate's private key (PEM, RSA, not encrypted) is found.
    pub(crate) private_key: Option<RawSecret>,
    /// `graph`: the national cloud; `global` when not set.
    pub(crate) cloud: Option<RawCloud>,
    /// `graph`: the GUIDs of the service plans that license a user; every Intune plan when not set.
    pub(crate) license_plans: Option<Vec<String>>,
    /// `graph`: whether a plan whose subscription is in its grace time counts; true when not set.
    pub(crate) count_warning_as_licensed: Option<bool>,
    /// `graph`: the http proxy, `http://host:port`; the environment is not consulted.
    pub(crate) proxy: Option<String>,
    /// `graph`: the account at the proxy, which is sent by Basic.
    pub(crate) proxy_username: Option<String>,
    /// `graph`: where its password is found.
    pub(crate) proxy_password: Option<RawSecret>,
    /// `graph`: hosts that are reached without the proxy: names with their subdomains, addresses, networks.
    pub(crate) no_proxy: Option<Vec<String>>,
    /// `graph`: a PEM file with certificates to trust besides the system's.
    pub(crate) ca_file: Option<String>,
    /// `graph`: how often a page of a list is asked for at most, 1 to 20, while Graph does not answer or asks to wait; 6 when not
    /// set. A list goes on with the page that did not come.
    pub(crate) tries: Option<u32>,
    /// `graph`: the root of Graph in place of the cloud's, `https://host[:port]`; http for this computer alone.
    pub(crate) graph_root: Option<String>,
    /// `graph`: the root for tokens in place of the cloud's, likewise.
    pub(crate) login_root: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawSource {
    /// A CSV file that another system writes.
    File,
    /// Microsoft Intune, through Microsoft Graph.
    Graph,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawCloud {
    /// The global service, and GCC.
    Global,
    /// US Government L4, GCC High.
    UsGov,
    /// US Government L5, DoD.
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawPolicy {
    /// What a device gets that is not enrolled.
    pub(crate) unmanaged: RawUnmanaged,
    /// Whether an enrolled and compliant device goes to the allow list, or gets what Exchange gives by default.
    pub(crate) always_allow_compliant: bool,
    /// The groups whose members the policy is for; everyone when empty. GUIDs with Graph, names with a file.
    pub(crate) included_groups: Vec<String>,
    /// The groups whose members are exempt; this beats `included_groups`.
    pub(crate) excluded_groups: Vec<String>,
    /// Whether users without a licence for device management are left to Exchange's own rules.
    pub(crate) require_license: bool,
    /// What the compliance state `configManager` counts as.
    pub(crate) config_manager: RawConfigManager,
    /// What happens when the policy refuses a device that somebody else has put on the allow list.
    pub(crate) foreign_allow: RawForeignAllow,
    /// Device classes that are let in or refused whether they are managed or not.
    pub(crate) platform_exceptions: Vec<RawPlatformException>,
    /// For how long the facts may be unread before `status` and the reports warn of it; nothing changes by that.
    pub(crate) max_hold: RawDuration,
    /// What the first full sync does in mode enforce when the store is new and the lists hold entries already.
    pub(crate) unknown_entries: RawUnknownEntries,
    /// What is done while device management cannot be asked. Devices that an earlier sync has seen stay as they are,
    /// whatever this says.
    pub(crate) on_authority_unreachable: RawUnreachable,
}

impl Default for RawPolicy {
    fn default() -> Self {
        Self {
            unmanaged: RawUnmanaged::Quarantine,
            always_allow_compliant: true,
            included_groups: Vec::new(),
            excluded_groups: Vec::new(),
            require_license: true,
            config_manager: RawConfigManager::Unevaluated,
            foreign_allow: RawForeignAllow::Report,
            platform_exceptions: Vec::new(),
            max_hold: RawDuration::seconds(72 * 3600),
            unknown_entries: RawUnknownEntries::Observe,
            on_authority_unreachable: RawUnreachable::Hold,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawUnknownEntries {
    /// Nothing is written until `easgate resume`: they may be those of a store that was lost.
    Observe,
    /// They are taken for other people's.
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawUnmanaged {
    /// Quarantine where Exchange gives it by itself, else the block list.
    Quarantine,
    /// Always the block list.
    Block,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawConfigManager {
    /// As compliant.
    Compliant,
    /// As not compliant.
    Noncompliant,
    /// As not evaluated: the device is left as it is.
    Unevaluated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawForeignAllow {
    /// The device keeps its access and is reported.
    Report,
    /// The device goes to the block list, which beats the allow list.
    Override,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPlatformException {
    /// The DeviceType, such as `iPhone`; or `model`.
    pub(crate) family: Option<String>,
    /// The DeviceModel, such as `iPhone15C2`; or `family`.
    pub(crate) model: Option<String>,
    /// What such devices get.
    pub(crate) level: RawLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawLevel {
    /// Mail flows. The class is the phone's own word: every phone that claims it gets in.
    Allow,
    /// As `unmanaged = "quarantine"`.
    Quarantine,
    /// The block list.
    Block,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawGuard {
    /// The most devices that may lose access within 24 hours, as a number, a percentage, or both (whichever is hit
    /// first): `50`, `"5%"`, `{ count = 50, percent = 5 }`. A lone figure stands alone, so `"100%"` is no limit.
    pub(crate) loses_access: RawThreshold,
    /// The most devices that an earlier run refused and that may gain access within 24 hours, likewise.
    pub(crate) gains_access: RawThreshold,
    /// The most devices whose list entries may be taken back within 24 hours without an effect on their access, likewise.
    pub(crate) removals: RawThreshold,
}

impl Default for RawGuard {
    fn default() -> Self {
        Self {
            loses_access: RawThreshold::both(50, 5.0),
            gains_access: RawThreshold::both(200, 10.0),
            removals: RawThreshold::both(50, 5.0),
        }
    }
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawStore {
    /// `sqlite://` and a path, from the folder of this file unless it begins with `/`; or
    /// `postgres://USER@HOST/DATABASE`. Beyond this machine the server has to prove who it is;
    /// `?sslrootcert=PATH` names a certificate authority of your own.
    pub(crate) url: String,
    /// Where the password of the PostgreSQL account is found.
    pub(crate) password: Option<RawSecret>,
}

impl Default for RawStore {
    fn default() -> Self {
        Self {
            url: "sqlite://easgate.db".to_owned(),
            password: None,
        }
    }
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawAudit {
    /// The file of the key under which the audit is sealed, from the folder of this file unless it begins with `/`; made at
    /// the first run. `KEY.checkpoints` beside it is added to at the end of each run, so easgate must be able to write there.
    pub(crate) key: String,
}

impl Default for RawAudit {
    fn default() -> Self {
        Self {
            key: "audit.key".to_owned(),
        }
    }
}

const fn tries() -> usize {
    3
}

const fn shells() -> usize {
    18
}

const fn yes() -> bool {
    true
}

const fn runspaces() -> usize {
    2
}

fn connect_timeout() -> RawDuration {
    RawDuration::seconds(15)
}

fn operation_timeout() -> RawDuration {
    RawDuration::seconds(60)
}

fn command_timeout() -> RawDuration {
    RawDuration::seconds(30 * 60)
}
