//! Get-MobileDevice objects as Exchange sends them, one CLIXML message each, the same on every run.

use std::fmt::Write as _;

/// How much of an object Exchange tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Without `serializationLevel=Full`: enumerations and identities are strings.
    Partial,
    /// With it: they are objects with type names and members.
    Full,
    /// The same, and every object carries itself once more as .NET serialises it, in base64.
    FullWithData,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Partial, Self::Full, Self::FullWithData];

    /// The name by which the documentation calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Full => "full",
            Self::FullWithData => "fullsd",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// The bytes of an object as .NET serialises it, as many as the identities of Exchange take.
const SERIALIZATION_DATA: usize = 420;

/// The message of the device with this number: about 4 KB in partial form, 8 KB in full form, 11 KB with data.
pub fn device(form: Form, number: usize) -> String {
    let mut out = String::with_capacity(10_000);
    out.push_str("<Obj RefId=\"0\"><TN RefId=\"0\">");
    for name in [
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice",
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
        "Microsoft.Exchange.Data.Directory.ADObject",
        "Microsoft.Exchange.Data.Directory.ADRawEntry",
        "Microsoft.Exchange.Data.ConfigurableObject",
        "System.Object",
    ] {
        let _ = write!(out, "<T>{name}</T>");
    }
    let id = format!("APPLC39{number:06X}NNDTDL");
    let name = format!("iPhone§{id}");
    let path = format!("contoso.com/Users/User {number:05}/ExchangeActiveSyncDevices/{name}");
    let _ = write!(out, "</TN><ToString>{name}</ToString><Props>");
    let mut writer = Writer {
        out,
        form,
        objects: 1,
        types: 1,
        identity: None,
    };
    writer.phone(number, &id);
    writer.access(number);
    writer.directory(number, &name, &path);
    writer.out.push_str("</Props>");
    writer.data(number);
    writer.out.push_str("</Obj>");
    writer.out
}

struct Writer {
    out: String,
    form: Form,
    objects: usize,
    types: usize,
    identity: Option<usize>,
}

impl Writer {
    fn phone(&mut self, number: usize, id: &str) {
        self.text("FriendlyName", &format!("User {number:05} &amp; family's phone"));
        self.text("DeviceId", id);
        self.text("DeviceImei", &format!("35{number:013}"));
        self.text("DeviceMobileOperator", "Contoso Mobile");
        self.text("DeviceOS", "iOS 17.5.1 21F90");
        self.text("DeviceOSLanguage", "en-US");
        self.text(
            "DeviceTelephoneNumber",
            &format!("+1425555{:04}", number % 10_000),
        );
        self.text("DeviceType", "iPhone");
        self.text("DeviceUserAgent", "Apple-iPhone14C5/2106.90");
        self.text("DeviceModel", "iPhone14C5");
        self.leaf("DT", "FirstSyncTime", "2024-03-11T08:15:27Z");
        self.text("UserDisplayName", &format!("contoso.com/Users/User {number:05}"));
    }

    fn access(&mut self, number: usize) {
        let state = ["Allowed", "Blocked", "Quarantined", "Allowed"][number % 4];
        self.enumeration(
            "DeviceAccessState",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessState",
            state,
        );
        self.enumeration(
            "DeviceAccessStateReason",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.DeviceAccessStateReason",
            "Individual",
        );
        self.nil("DeviceAccessControlRule");
        self.text("DeviceActiveSyncVersion", "16.1");
        self.nil("ClientVersion");
        self.enumeration(
            "ClientType",
            "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileClientType",
            "EAS",
        );
        for name in ["IsManaged", "IsCompliant", "IsDisabled"] {
            self.leaf("B", name, "false");
        }
        for name in ["AdminDisplayName", "ProvisioningFlags", "DevicePolicyApplied"] {
            self.nil(name);
        }
        self.text("ExchangeVersion", "0.10 (14.0.100.0)");
    }

    fn directory(&mut self, number: usize, name: &str, path: &str) {
        let dn = format!(
            "CN={name},CN=ExchangeActiveSyncDevices,CN=User {number:05},OU=Employees of the branch office,DC=contoso,DC=com"
        );
        self.text("Name", name);
        self.text("DistinguishedName", &dn);
        self.identity("Identity", path, &dn);
        self.identity(
            "ObjectCategory",
            "contoso.com/Configuration/Schema/ms-Exch-Active-Sync-Device",
            "CN=Schema",
        );
        self.list("ObjectClass", &["top", "msExchActiveSyncDevice"]);
        for name in ["WhenChanged", "WhenCreated", "WhenMailboxCreated"] {
            self.leaf("DT", name, "2024-03-11T00:15:27-08:00");
        }
        for name in ["WhenChangedUTC", "WhenCreatedUTC"] {
            self.leaf("DT", name, "2024-03-11T08:15:27Z");
        }
        self.identity("OrganizationId", "", "");
        self.identity("Id", path, &dn);
        self.leaf("G", "Guid", &format!("0f6b1e52-5b7e-4c1f-9d5c-{number:012x}"));
        self.text("OriginatingServer", "dc01.contoso.com");
        self.leaf("B", "IsValid", "true");
        self.enumeration("ObjectState", "Microsoft.Exchange.Data.ObjectState", "Unchanged");
        for at in 0..10 {
            self.text(&format!("ReservedAttribute{at}"), "");
            self.nil(&format!("CustomAttribute{at}"));
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.leaf("S", name, text);
    }

    fn leaf(&mut self, tag: &str, name: &str, text: &str) {
        let _ = write!(self.out, "<{tag} N=\"{name}\">{text}</{tag}>");
    }

    fn nil(&mut self, name: &str) {
        let _ = write!(self.out, "<Nil N=\"{name}\" />");
    }

    fn list(&mut self, name: &str, items: &[&str]) {
        self.begin(name);
        let types = self.types;
        self.types += 1;
        let _ = write!(
            self.out,
            "<TN RefId=\"{types}\"><T>Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String, mscorlib, \
             Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]</T><T>System.Object</T></TN><LST>"
        );
        for item in items {
            let _ = write!(self.out, "<S>{item}</S>");
        }
        self.out.push_str("</LST></Obj>");
    }

    fn enumeration(&mut self, name: &str, type_name: &str, value: &str) {
        if self.form == Form::Partial {
            return self.text(name, value);
        }
        self.begin(name);
        let types = self.types;
        self.types += 1;
        let _ = write!(
            self.out,
            "<TN RefId=\"{types}\"><T>{type_name}</T><T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN>\
             <ToString>{value}</ToString><I32>1</I32></Obj>"
        );
    }

    fn identity(&mut self, name: &str, path: &str, dn: &str) {
        if self.form == Form::Partial {
            return self.text(name, path);
        }
        self.begin(name);
        match self.identity {
            Some(types) => {
                let _ = write!(self.out, "<TNRef RefId=\"{types}\" />");
            }
            None => {
                let types = self.types;
                self.types += 1;
                self.identity = Some(types);
                let _ = write!(
                    self.out,
                    "<TN RefId=\"{types}\"><T>Microsoft.Exchange.Data.Directory.ADObjectId</T>\
                     <T>Microsoft.Exchange.Data.ObjectId</T><T>System.Object</T></TN>"
                );
            }
        }
        let _ = write!(self.out, "<ToString>{path}</ToString><Props>");
        self.nil("OrgHierarchyToIgnore");
        self.leaf("B", "IsDeleted", "false");
        self.text("Rdn", dn.split(',').next().unwrap_or_default());
        self.text("Parent", path);
        self.leaf("I32", "Depth", "7");
        self.text("DistinguishedName", dn);
        self.leaf("B", "IsRelativeDn", "false");
        self.text("DomainId", "contoso.com");
        self.leaf("G", "PartitionGuid", "59ce2f71-eaa2-4ddf-a4fa-f25069d0b324");
        self.text("PartitionFQDN", "contoso.com");
        self.leaf("G", "ObjectGuid", "0f6b1e52-5b7e-4c1f-9d5c-000000000001");
        self.text("Name", path);
        self.out.push_str("</Props>");
        self.data(path.len());
        self.out.push_str("</Obj>");
    }

    /// Bytes that differ from object to object, as members that were added.
    fn data(&mut self, seed: usize) {
        if self.form != Form::FullWithData {
            return;
        }
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.out.push_str("<MS><BA N=\"SerializationData\">");
        for at in 0..SERIALIZATION_DATA / 3 * 4 {
            let letter = ALPHABET[(seed * 31 + at * at) % ALPHABET.len()];
            self.out.push(char::from(letter));
        }
        self.out.push_str("</BA></MS>");
    }

    fn begin(&mut self, name: &str) {
        let id = self.objects;
        self.objects += 1;
        let _ = write!(self.out, "<Obj N=\"{name}\" RefId=\"{id}\">");
    }
}
