"""The cmdlets of the PSRP peer: a small organisation with canned data, and cmdlets that misbehave on request."""

import uuid

from psrpcore.types import ErrorCategory, ErrorCategoryInfo, NETException, PSGuid, PSList, PSNoteProperty, PSObject

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
DOMAIN = "DC=contoso,DC=example"
MVP = "Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String, mscorlib]]"


class Failed(Exception):
    """A terminating error."""

    def __init__(self, message, reason, error_id, category=ErrorCategory.NotSpecified):
        super().__init__(message)
        self.reason, self.error_id, self.category = reason, error_id, category


def guid(*parts):
    return PSGuid(bytes=uuid.uuid5(NAMESPACE, "/".join(map(str, parts))).bytes)


def thing(type_name, **properties):
    """An object with adapted properties, as Exchange's have."""
    made = PSObject()
    made.PSObject.type_names = [type_name, "System.Object"]
    made.PSObject.adapted_properties = [PSNoteProperty(name, value) for name, value in properties.items()]
    return made


def strings(values):
    made = PSList(values)
    made.PSObject.type_names = [MVP, "Microsoft.Exchange.Data.MultiValuedPropertyBase", "System.Object"]
    return made


class Organization:
    """One mailbox and one phone a user."""

    def __init__(self, devices):
        self.users = [User(number) for number in range(devices)]
        self.by_key = {}
        for user in self.users:
            for key in (user.guid, user.dn, user.address, user.name):
                self.by_key[str(key).casefold()] = user

    def find(self, identity):
        user = self.by_key.get(str(identity).casefold())
        if user is None:
            raise Failed(
                f"The operation couldn't be performed because object '{identity}' couldn't be found on "
                "'dc1.contoso.example'.",
                "ManagementObjectNotFoundException",
                "[Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00cf4fc964ff,TimeStamp=11/23/2026 22:00:00] "
                "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] 7D3F2A1C,"
                "Microsoft.Exchange.Management.RecipientTasks.SetCASMailbox",
            )
        return user


class User:
    def __init__(self, number):
        self.name = f"User {number:05}"
        self.alias = f"user{number:05}"
        self.address = f"{self.alias}@contoso.example"
        self.dn = f"CN={self.name},OU=Staff,{DOMAIN}"
        self.guid = guid("mailbox", number)
        self.allowed, self.blocked = [], []
        self.device_guid = guid("device", number)
        self.device_id = f"PEER{number:08X}"

    def device(self):
        def listed(entries):
            return self.device_id.casefold() in (entry.casefold() for entry in entries)

        state, reason = "Allowed", "Global"
        if listed(self.blocked):
            state, reason = "Blocked", "Individual"
        elif listed(self.allowed):
            state, reason = "Allowed", "Individual"
        path = f"contoso.example/Staff/{self.name}"
        return thing(
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice",
            FriendlyName=f"{self.alias}'s <phone> & more",
            DeviceId=self.device_id,
            DeviceType="iPhone",
            DeviceModel="iPhone15C2",
            DeviceOS="iOS 18.1 22B83",
            DeviceUserAgent="Apple-iPhone15C2/2208.83",
            DeviceAccessState=state,
            DeviceAccessStateReason=reason,
            DeviceAccessControlRule=None,
            ClientType="EAS",
            ClientVersion="16.1",
            FirstSyncTime="2026-01-02T03:04:05Z",
            UserDisplayName=path,
            Name=f"iPhone\u00a7{self.device_id}",
            Identity=f"{path}/ExchangeActiveSyncDevices/iPhone\u00a7{self.device_id}",
            DistinguishedName=f"CN=iPhone\u00a7{self.device_id},CN=ExchangeActiveSyncDevices,{self.dn}",
            Guid=self.device_guid,
            WhenChangedUTC="2026-11-01T08:00:00Z",
            OriginatingServer="dc1.contoso.example",
        )

    def cas_mailbox(self):
        return thing(
            "Microsoft.Exchange.Data.Directory.Management.CASMailbox",
            Identity=f"contoso.example/Staff/{self.name}",
            Guid=self.guid,
            DistinguishedName=self.dn,
            Name=self.name,
            DisplayName=self.name,
            SamAccountName=self.alias,
            PrimarySmtpAddress=self.address,
            EmailAddresses=strings([f"SMTP:{self.address}"]),
            ActiveSyncEnabled=True,
            ActiveSyncAllowedDeviceIDs=strings(self.allowed),
            ActiveSyncBlockedDeviceIDs=strings(self.blocked),
            ActiveSyncMailboxPolicy="Default",
            HasActiveSyncDevicePartnership=True,
            WhenChangedUTC="2026-11-01T08:00:00Z",
            OriginatingServer="dc1.contoso.example",
        )

    def recipient(self):
        return thing(
            "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
            Identity=f"contoso.example/Staff/{self.name}",
            Guid=self.guid,
            DistinguishedName=self.dn,
            Name=self.name,
            DisplayName=self.name,
            SamAccountName=self.alias,
            PrimarySmtpAddress=self.address,
            EmailAddresses=strings([f"SMTP:{self.address}"]),
            RecipientType="UserMailbox",
            RecipientTypeDetails="UserMailbox",
            WhenChangedUTC="2026-11-01T08:00:00Z",
        )


def write_all(run, objects):
    """Writes objects as Exchange does: a thousand at most, with a warning, unless more are asked for."""
    size = run.parameter("ResultSize", 1000)
    limit = None if str(size).casefold() == "unlimited" else int(size)
    for number, one in enumerate(objects):
        if number == limit:
            run.warn(
                "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the "
                "number of items returned. To return all items, specify \"-ResultSize Unlimited\". Be aware that, "
                "depending on the actual number of items, returning all items can take a long time and consume a "
                "large amount of memory."
            )
            return
        run.output(one())


def wanted(run):
    """The users that a Get names by Identity or Mailbox, or all."""
    identity = run.parameter("Identity") or run.parameter("Mailbox")
    organization = run.organization
    return [organization.find(identity)] if identity else organization.users


def get_command(run):
    names = run.parameter("Name") or ["*"]
    for name in [names] if isinstance(names, str) else list(names):
        known = [cmdlet for cmdlet in CMDLETS if name == "*" or cmdlet.casefold() == str(name).casefold()]
        if not known:
            run.error(
                f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable "
                "program.",
                "CommandNotFoundException",
                "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand",
                ErrorCategory.ObjectNotFound,
                str(name),
            )
        for cmdlet in known:
            run.output(thing("System.Management.Automation.FunctionInfo", Name=cmdlet, CommandType="Function"))


def get_mobile_device(run):
    if run.shell.server.prepared:
        return run.output_prepared(run.shell.server.prepared)
    write_all(run, (user.device for user in wanted(run)))


def get_cas_mailbox(run):
    write_all(run, (user.cas_mailbox for user in wanted(run)))


def get_recipient(run):
    write_all(run, (user.recipient for user in wanted(run)))


def set_cas_mailbox(run):
    user = run.organization.find(run.parameter("Identity"))
    changed = False
    for parameter, entries in (("ActiveSyncAllowedDeviceIDs", user.allowed), ("ActiveSyncBlockedDeviceIDs", user.blocked)):
        edit = run.parameter(parameter)
        if edit is None:
            continue
        if not isinstance(edit, dict):
            raise Failed("only Add and Remove are taken here", "ArgumentException", "ReplacementRefused")
        for action, values in edit.items():
            for value in [values] if isinstance(values, str) else list(values):
                held = next((entry for entry in entries if entry.casefold() == value.casefold()), None)
                if action == "Add" and held is None:
                    entries.append(str(value))
                    changed = True
                elif action == "Remove" and held is not None:
                    entries.remove(held)
                    changed = True
    if not changed:
        run.warn(
            "The command completed successfully but no settings of "
            f"'contoso.example/Staff/{user.name}' have been modified."
        )


def get_organization_settings(run):
    run.output(
        thing(
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.ActiveSyncOrganizationSettings",
            Name="Mobile Mailbox Settings",
            Identity="Mobile Mailbox Settings",
            Guid=guid("settings"),
            DefaultAccessLevel="Allow",
            UserMailInsert="",
            OtaNotificationMailInsert="",
            AdminMailRecipients=strings([]),
            DistinguishedName=f"CN=Mobile Mailbox Settings,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,{DOMAIN}",
        )
    )


def get_exchange_server(run):
    run.output(
        thing(
            "Microsoft.Exchange.Data.Directory.Management.ExchangeServer",
            Name="EX1",
            Identity="EX1",
            Guid=guid("server"),
            DistinguishedName=f"CN=EX1,CN=Servers,CN=Contoso,CN=Configuration,{DOMAIN}",
            Fqdn="ex1.contoso.example",
            Site="contoso.example/Configuration/Sites/Default-First-Site-Name",
            AdminDisplayVersion="Version 15.2 (Build 1544.4)",
            ServerRole="Mailbox",
            Edition="Enterprise",
            IsClientAccessServer=True,
            IsMailboxServer=True,
            IsHubTransportServer=True,
            IsEdgeServer=False,
            IsFrontendTransportServer=True,
            IsE14OrLater=True,
            IsE15OrLater=True,
            IsExchange2007OrLater=True,
        )
    )


def set_ad_server_settings(run):
    run.shell.prepared = True


def nothing(_run):
    """A cmdlet without output."""


def test_count(run):
    """Puts out Count numbers, Milliseconds apart, each with Padding characters."""
    for number in range(int(run.parameter("Count", 3))):
        run.pause(int(run.parameter("Milliseconds", 0)) / 1000)
        run.output(thing("Peer.Number", Number=number, Padding="x" * int(run.parameter("Padding", 0))))


def test_streams(run):
    """Puts something out on every stream."""
    run.pipeline.write_verbose("verbose text")
    run.pipeline.write_debug("debug text")
    run.pipeline.write_progress("Working", 7, status_description="half way", percent_complete=50)
    run.pipeline.write_information("information text", "peer")
    run.flush()
    run.warn("warning text")
    run.error("one object failed", "InvalidOperationException", "PeerError,Test-Streams", ErrorCategory.InvalidOperation, "the target")
    run.output(thing("Peer.Number", Number=1))


def test_failure(run):
    """Puts out one object and then fails."""
    run.output(thing("Peer.Number", Number=1))
    raise Failed("it cannot go on", "InvalidOperationException", "PeerFailure,Test-Failure")


def test_prepared(run):
    """Tells whether the runspace was prepared."""
    run.output(thing("Peer.State", Prepared=run.shell.prepared, Shell=run.shell.id))


def test_parameters(run):
    """Puts its parameters out again."""
    run.output(thing("Peer.Parameters", **{name: value for name, value in run.parameters.items()}))


def test_endless(run):
    """Ends when it is stopped."""
    run.output(thing("Peer.Number", Number=0))
    while True:
        run.pause(60)


CMDLETS = {
    "Get-Command": get_command,
    "Set-ADServerSettings": set_ad_server_settings,
    "Get-ActiveSyncOrganizationSettings": get_organization_settings,
    "Get-ActiveSyncDeviceAccessRule": nothing,
    "Get-MobileDevice": get_mobile_device,
    "Get-CASMailbox": get_cas_mailbox,
    "Set-CASMailbox": set_cas_mailbox,
    "Get-Recipient": get_recipient,
    "Get-ExchangeServer": get_exchange_server,
    "Test-Count": test_count,
    "Test-Streams": test_streams,
    "Test-Failure": test_failure,
    "Test-Prepared": test_prepared,
    "Test-Parameters": test_parameters,
    "Test-Endless": test_endless,
}


def exception(message, reason):
    made = NETException(Message=message)
    made.PSObject.type_names = [f"System.{reason}", "System.Exception", "System.Object"]
    return made


def category(kind, activity, reason, target=None):
    return ErrorCategoryInfo(Category=kind, Activity=activity, Reason=reason, TargetName=target or "", TargetType="String")
