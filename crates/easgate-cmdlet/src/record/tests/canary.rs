use super::*;
use crate::{ErrorRecord, ProgressRecord, PsValue};

/// Words of the fixture that name somebody or something; none of them may be in the file.
const CANARIES: &[&str] = &[
    "anabela",
    "quintero",
    "wallaby",
    "koala",
    "EXQ17",
    "dcq23",
    "ApplC39GQ8NNDTDL",
    "6f9619ff",
    "d011",
    "351234567890123",
    "1701234567",
    "Q8NN",
    "fabrikam",
    "Bücher",
    "Zażółć",
    "王小明",
    "cXVpbnRlcm8",
    "Sydney",
];

/// Secrets; none of them may be in a file of either kind.
const SECRETS: &[&str] = &[
    "hunter2",
    "s3cr3t",
    "tok3n",
    "AQAAANCMnd8",
    "eyJhbGciOiJIUzI1NiJ9",
];

/// Structure that a reader of the recording needs.
const STRUCTURE: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice",
    "Apple-iPhone4C1/1002.142",
    "iOS 6.1 10B142",
    "Blocked",
    "2017-08-01T14:00:00Z",
    "Version 15.2 (Build 1118.7)",
    "ExchangeActiveSyncDevices",
    "ManagementObjectNotFoundException",
    "FailureCategory=Cmdlet-ManagementObjectNotFoundException",
    "Get-MobileDevice",
    "Microsoft.Exchange.Management.RecipientTasks.SetMailbox",
    "Unlimited",
    "DeviceAccessState -eq 'Quarantined'",
];

const OBJECT: &str = r#"<Obj RefId="0"><TN RefId="0"><T>Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice</T></TN>
<ToString>fabrikam.example/Wallaby/Anabela Quintero</ToString><Props>
<S N="FriendlyName">Anabela's phone in Sydney</S><S N="DeviceId">ApplC39GQ8NNDTDL</S>
<S N="DeviceImei">351234567890123</S><S N="DeviceTelephoneNumber">+49 1701234567</S>
<S N="DeviceType">iPhone</S><S N="DeviceModel">iPhone4C1</S><S N="DeviceOS">iOS 6.1 10B142</S>
<S N="DeviceUserAgent">Apple-iPhone4C1/1002.142</S><S N="DeviceMobileOperator">koala mobile</S>
<S N="UserDisplayName">fabrikam.example/Wallaby/Anabela Quintero</S>
<S N="DistinguishedName">CN=iPhone§ApplC39GQ8NNDTDL,CN=ExchangeActiveSyncDevices,CN=Anabela Quintero,OU=Wallaby,DC=fabrikam,DC=example</S>
<Obj N="Identity" RefId="1"><TN RefId="1"><T>Microsoft.Exchange.Data.Directory.ADObjectId</T></TN><ToString>fabrikam.example/Wallaby/koala</ToString>
<Props><S N="Rdn">CN=koala</S><G N="ObjectGuid">6f9619ff-8b86-d011-b42d-00c04fc964ff</G><S N="PartitionFQDN">fabrikam.example</S></Props></Obj>
<Obj N="DeviceAccessState" RefId="2"><TN RefId="2"><T>DeviceAccessState</T><T>System.Enum</T></TN><ToString>Blocked</ToString><I32>2</I32></Obj>
<G N="Guid">6F9619FF-8B86-D011-B42D-00C04FC964FF</G><DT N="WhenChangedUTC">2017-08-01T14:00:00Z</DT>
<S N="AdminDisplayVersion">Version 15.2 (Build 1118.7)</S><S N="OriginatingServer">dcq23.fabrikam.example</S>
<S N="ServerName">exq17</S><S N="LegacyExchangeDN">/o=Fabrikam/ou=x/cn=Recipients/cn=anabela.quintero</S>
<S N="DeviceModel2">koala</S><S N="Name">Bücher Zażółć 王小明</S><URI N="Link">https://exq17.fabrikam.example/owa/anabela</URI>
<S N="Status">anabela@fabrikam.example</S><XD N="Xml">&lt;a&gt;koala&lt;/a&gt;</XD><SBK N="Block">whoami koala</SBK>
<Obj N="EmailAddresses" RefId="3"><LST><S>SMTP:anabela.quintero@fabrikam.example</S><S>x500:/o=koala</S></LST></Obj>
<Obj N="Map" RefId="4"><DCT><En><S N="Key">koala</S><S N="Value">quintero</S></En><En><S N="Key">Password</S><S N="Value">hunter2</S></En></DCT></Obj>
<DT N="Odd">koala</DT><Version N="Odder">koala</Version><Db N="Oddest">koala</Db><New N="Newest">koala</New>
<PR N="Progress"><AV>koala</AV></PR><S N="RecoveryPassword">hunter2</S><I32 N="PIN">4711</I32><SS N="Secure">AQAAANCMnd8</SS>
<S N="AccessTokenText">tok3n</S><Obj N="Who" RefId="5"><TN RefId="3"><T>System.Management.Automation.PSCredential</T></TN><Props><S N="UserName">koala</S></Props></Obj>
</Props><MS><BA N="SerializationData">cXVpbnRlcm8=</BA><S N="PSComputerName">EXQ17</S></MS></Obj>"#;

fn error() -> ErrorRecord {
    ErrorRecord {
        message: "The operation couldn't be performed because object 'Anabela Quintero' couldn't be found on 'dcq23.fabrikam.example'. password=hunter2".to_owned(),
        fully_qualified_error_id: "[Server=EXQ17,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 4B953CE,Microsoft.Exchange.Management.RecipientTasks.SetMailbox".to_owned(),
        category: 13,
        activity: "Set-CASMailbox".to_owned(),
        reason: "ManagementObjectNotFoundException".to_owned(),
        target_name: "fabrikam.example/Wallaby/koala".to_owned(),
        target_type: "ADObjectId".to_owned(),
        category_message: "NotSpecified: (koala:ADObjectId) [Set-CASMailbox]".to_owned(),
        exception_type: Some("Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException".to_owned()),
        details_message: Some("Anabela Quintero is gone".to_owned()),
        recommended_action: Some("ask koala".to_owned()),
        target: PsValue::from("CN=koala"),
        raw: "koala hunter2".into(),
    }
}

fn records() -> Vec<Result<Record, InvokeError>> {
    let texts = [
        "The mailbox of Anabela Quintero on EXQ17 is almost full.",
        "no settings of 'fabrikam.example/Wallaby/koala' have been modified",
        r"FABRIKAM\koala asked, with Authorization: Bearer eyJhbGciOiJIUzI1NiJ9",
        "secret=s3cr3t",
    ];
    let mut records = vec![
        Ok(Record::Output(Output::new(OBJECT.into()))),
        Ok(Record::Error(Box::new(error()))),
    ];
    records.push(Ok(Record::Output(Output::new(
        "<S>anabela@fabrikam.example</S>".into(),
    ))));
    records.push(Ok(Record::Output(Output::new("<koala".into()))));
    for text in texts.map(str::to_owned) {
        records.push(Ok(Record::Warning(text.clone())));
        records.push(Ok(Record::Verbose(text.clone())));
        records.push(Ok(Record::Debug(text.clone())));
        records.push(Ok(Record::Information(text.clone())));
        records.push(Ok(Record::Progress(ProgressRecord::new(&text, &text))));
        records.push(Ok(Record::Undecodable { reason: text }));
    }
    records.push(Err(InvokeError::Failed {
        cmdlet: "Get-MobileDevice".to_owned(),
        error: Box::new(error()),
    }));
    records
}

fn command() -> Command {
    let ids = PsValue::hashtable([
        ("Add".into(), vec![PsValue::from("ApplC39GQ8NNDTDL")].into()),
        ("Remove".into(), "koala".into()),
    ]);
    Command::new("Get-MobileDevice")
        .with("Identity", "6f9619ff-8b86-d011-b42d-00c04fc964ff")
        .with("ActiveSyncAllowedDeviceIDs", ids)
        .with("DomainController", "dcq23.fabrikam.example")
        .with(
            "Filter",
            "DeviceAccessState -eq 'Quarantined' -and DisplayName -like 'Quintero*'",
        )
        .with("ResultSize", "Unlimited")
        .with("Password", "hunter2")
        .argument("koala")
}

async fn recording(identities: &Identities) -> String {
    let folder = Folder::new();
    let setup = InvokeError::Protocol {
        endpoint: "https://exq17.fabrikam.example/powershell".to_owned(),
        cmdlet: "Get-MobileDevice".to_owned(),
        sent: false,
        reason: "anabela said koala, token=tok3n".to_owned(),
    };
    let recorder = recorder(
        Script::new(vec![Ok(records()), Err(setup)]),
        &folder.path(),
        identities,
    );
    ask(&recorder, command()).await;
    ask(&recorder, command()).await;
    recorder.check().unwrap();
    folder.text()
}

/// Which of `words` are in `text`, without regard to case, also as PowerShell and JSON escape them.
fn found<'w>(text: &str, words: &[&'w str]) -> Vec<&'w str> {
    let folded = text.to_lowercase();
    words
        .iter()
        .copied()
        .filter(|word| folded.contains(&word.to_lowercase()))
        .collect()
}

#[tokio::test]
async fn no_identity_and_no_secret_is_in_a_recording() {
    let text = recording(&KEY).await;
    let none: Vec<&str> = Vec::new();
    assert_eq!(found(&text, CANARIES), none, "{text}");
    assert_eq!(found(&text, SECRETS), none, "{text}");
    assert!(!text.contains("4711"));
    assert_eq!(found(&text, STRUCTURE), STRUCTURE, "{text}");
}

#[tokio::test]
async fn identities_are_kept_when_asked_and_secrets_are_not() {
    let text = recording(&Identities::Keep).await;
    let none: Vec<&str> = Vec::new();
    assert_eq!(found(&text, SECRETS), none, "{text}");
    assert!(!text.contains("4711"));
    assert_eq!(found(&text, CANARIES), CANARIES, "{text}");
    assert_eq!(found(&text, STRUCTURE), STRUCTURE, "{text}");
}
