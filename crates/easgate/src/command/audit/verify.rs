//! `easgate audit verify`: whether the audit is whole.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use easgate_store::{Anchor, AuditLine, ChainCheck, Organization, Store, Verdict};
use serde_json::{Value, json};

use super::PAGE;
use super::lines::Lines;
use super::vouchers::Vouchers;
use crate::cli::AuditVerifyArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;

/// Checks the store, or an export.
///
/// # Errors
/// When the configuration, the store or the file cannot be read.
pub(crate) async fn run(arguments: &AuditVerifyArguments) -> Result<Exit, Failure> {
    let found = match &arguments.file {
        Some(file) => of_file(file, arguments)?,
        None => of_store(arguments).await?,
    };
    if arguments.common.json {
        output::json(&found.iter().map(Found::json).collect::<Vec<_>>())?;
    } else {
        found.iter().for_each(Found::text);
    }
    Ok(if found.iter().all(Found::is_whole) {
        Exit::Done
    } else {
        Exit::Failed
    })
}

async fn of_store(arguments: &AuditVerifyArguments) -> Result<Vec<Found>, Failure> {
    let settings = Settings::read(&arguments.common)?;
    if arguments.head.is_some() && settings.organizations().count() != 1 {
        return Err(WhoseHead.into());
    }
    let store = settings.store().await?;
    let mut found = Vec::new();
    for organization in settings.organizations() {
        let organization = store.organization(&organization.name).await?;
        found.push(whole(&store, &organization, arguments).await?);
    }
    store.close().await;
    Ok(found)
}

async fn whole(
    store: &Store,
    organization: &Organization,
    arguments: &AuditVerifyArguments,
) -> Result<Found, Failure> {
    let mut vouchers = Vouchers::default();
    vouchers.give(arguments.head);
    let key = match store.anchor() {
        Some(anchor) => anchor.key()?,
        None => None,
    };
    if key.is_none() {
        vouchers
            .notes
            .push("there is no key, so no checkpoint could be asked".to_owned());
    }
    if let Some(anchor) = store.anchor() {
        vouchers.ask_file(organization.name(), anchor, key.as_ref())?;
    }
    vouchers.ask_store(organization, key.as_ref()).await?;
    let mut check = ChainCheck::whole(organization.name(), vouchers.heads.drain(..));
    let mut after = 0;
    loop {
        let page = organization.audit(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.sequence;
        for record in page {
            check.next(&AuditLine::whole(record));
        }
    }
    Ok(Found::new(check.finish(), vouchers))
}

/// Checks every chain of an export, side by side.
fn of_file(path: &Path, arguments: &AuditVerifyArguments) -> Result<Vec<Found>, Failure> {
    let wrong = |source| VerifyError::File {
        path: path.to_owned(),
        source,
    };
    let mut chains: BTreeMap<String, (ChainCheck, Vouchers)> = BTreeMap::new();
    let mut broken = None;
    for line in Lines::open(path).map_err(wrong)? {
        let (number, line) = line.map_err(wrong)?;
        let Ok(line) = line else {
            broken.get_or_insert(number);
            continue;
        };
        let name = &line.record.organization;
        let meant = |only: &String| only.eq_ignore_ascii_case(name);
        if !arguments.common.organization.as_ref().is_none_or(meant) {
            continue;
        }
        if !chains.contains_key(name) {
            chains.insert(name.clone(), part(name, arguments)?);
        }
        if let Some((check, _)) = chains.get_mut(name) {
            check.next(&line);
        }
    }
    if arguments.head.is_some() && chains.len() != 1 {
        return Err(WhoseHead.into());
    }
    if chains.is_empty() && broken.is_none() {
        return Err(VerifyError::Empty {
            path: path.to_owned(),
        }
        .into());
    }
    let mut found: Vec<_> = chains
        .into_values()
        .map(|(check, vouchers)| Found::new(check.finish(), vouchers))
        .collect();
    if let Some(number) = broken {
        found.push(Found::unreadable(number));
    }
    Ok(found)
}

fn part(organization: &str, arguments: &AuditVerifyArguments) -> Result<(ChainCheck, Vouchers), Failure> {
    let mut vouchers = Vouchers::default();
    vouchers.give(arguments.head);
    if let Some(path) = &arguments.key {
        let anchor = Anchor::at(path);
        let key = anchor
            .key()?
            .ok_or_else(|| VerifyError::NoKey { path: path.clone() })?;
        vouchers.ask_file(organization, &anchor, Some(&key))?;
    }
    let check = ChainCheck::part(organization, vouchers.heads.drain(..));
    Ok((check, vouchers))
}

/// What was found of one chain.
struct Found {
    /// `None` for lines that belong to no chain.
    verdict: Option<Verdict>,
    forged: Vec<String>,
    notes: Vec<String>,
}

impl Found {
    fn new(verdict: Verdict, vouchers: Vouchers) -> Self {
        Self {
            verdict: Some(verdict),
            forged: vouchers.forged,
            notes: vouchers.notes,
        }
    }

    fn unreadable(line: u64) -> Self {
        Self {
            verdict: None,
            forged: vec![format!("line {line} of the file is not a record of an audit")],
            notes: Vec::new(),
        }
    }

    fn fault(&self) -> Option<&easgate_store::Fault> {
        self.verdict.as_ref()?.fault.as_ref()
    }

    fn is_whole(&self) -> bool {
        self.fault().is_none() && self.forged.is_empty()
    }

    fn json(&self) -> Value {
        let verdict = self.verdict.as_ref();
        json!({
            "organization": verdict.map(|verdict| &verdict.organization),
            "whole": self.is_whole(),
            "records": verdict.map(|verdict| verdict.records),
            "first": verdict.and_then(|verdict| verdict.first),
            "intact_to": verdict.and_then(|verdict| verdict.intact).map(|head| head.sequence),
            "head": verdict.and_then(|verdict| verdict.intact).map(|head| head.to_string()),
            "vouched_to": verdict.and_then(|verdict| verdict.vouched),
            "vouchers": verdict.map(|verdict| verdict.vouchers),
            "contents_checked": verdict.map(|verdict| !verdict.anonymous),
            "broken": self.fault().map(|fault| json!({
                "kind": fault.name(),
                "first": fault.first,
                "last": fault.last,
                "message": fault.to_string(),
            })),
            "forged": self.forged,
            "notes": self.notes,
        })
    }

    fn text(&self) {
        let mut lines = Vec::new();
        if let Some(verdict) = &self.verdict {
            let name = easgate_model::escape(&verdict.organization);
            match &verdict.fault {
                None => lines.push(format!("{name}: {}", whole_text(verdict))),
                Some(fault) => {
                    lines.push(format!("{name}: TAMPERED WITH OR DAMAGED: {fault}"));
                    lines.push(format!("  {}", intact_text(verdict)));
                }
            }
            if let Some(vouched) = verdict.vouched {
                lines.push(format!(
                    "  {} sealed or given heads are right; the last is of record {vouched}",
                    verdict.vouchers
                ));
            }
            if verdict.anonymous {
                lines.push(
                    "  identities are pseudonyms, so the order was checked and the contents were not"
                        .to_owned(),
                );
            }
        }
        lines.extend(
            self.forged
                .iter()
                .map(|text| format!("TAMPERED WITH OR DAMAGED: {text}")),
        );
        lines.extend(self.notes.iter().map(|note| format!("  note: {note}")));
        for line in lines {
            output::line(&easgate_model::escape_long(&line));
        }
    }
}

fn whole_text(verdict: &Verdict) -> String {
    match (verdict.first, verdict.intact) {
        (Some(first), Some(head)) => format!("whole, records {first} to {}; head {head}", head.sequence),
        (_, None) | (None, _) => "whole: there is no record yet".to_owned(),
    }
}

fn intact_text(verdict: &Verdict) -> String {
    match (verdict.first, verdict.intact, &verdict.fault) {
        (Some(first), Some(head), Some(fault)) if first < fault.first => {
            let last = head.sequence.min(fault.first - 1);
            format!("records {first} to {last} are intact")
        }
        (..) => "no record is known to be intact".to_owned(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a head is of one organisation: name it with --organization")]
struct WhoseHead;

/// Why an export could not be checked.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error("could not read the export {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("there is no record in {path}")]
    Empty { path: PathBuf },
    #[error("there is no key in {path}")]
    NoKey { path: PathBuf },
}
