//! What the account lacks, and what it has too much.

use std::collections::BTreeMap;

use super::{GrantedCommand, Need};

/// How the rights of an account differ from what is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RightsReport {
    /// What is missing, in the order of the needs.
    pub missing: Vec<Lack>,
    /// What nobody needs, by name.
    pub superfluous: Vec<Surplus>,
    /// How many of the cmdlets that are needed are granted.
    pub granted: usize,
    /// Whether the server told parameters, so that they could be compared.
    pub parameters_known: bool,
}

/// A cmdlet that is missing, or some of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The cmdlet.
    pub cmdlet: &'static str,
    /// The parameters that are missing; empty when the cmdlet itself is.
    pub parameters: Vec<&'static str>,
}

/// A command that nobody needs, or some of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// The command as the server names it.
    pub cmdlet: String,
    /// The parameters that nobody needs; empty when the command itself is superfluous.
    pub parameters: Vec<String>,
    /// Whether it changes or deletes something.
    pub changes: bool,
}

/// What every restricted session has, whatever its roles.
const OF_EVERY_SESSION: [&str; 8] = [
    "Clear-Host",
    "Exit-PSSession",
    "Get-Command",
    "Get-FormatData",
    "Get-Help",
    "Measure-Object",
    "Out-Default",
    "Select-Object",
];

/// What every cmdlet takes, whether or not a role names it.
const COMMON: [&str; 14] = [
    "Confirm",
    "Debug",
    "ErrorAction",
    "ErrorVariable",
    "InformationAction",
    "InformationVariable",
    "OutBuffer",
    "OutVariable",
    "PipelineVariable",
    "ProgressAction",
    "Verbose",
    "WarningAction",
    "WarningVariable",
    "WhatIf",
];

/// Not on every version, and never sent where it is not there.
const OPTIONAL: [&str; 1] = ["AccountOnly"];

/// Compares `granted`, all that the session has, with `needs`.
#[must_use]
pub fn compare(needs: &[Need], granted: &[GrantedCommand]) -> RightsReport {
    let granted: BTreeMap<String, &GrantedCommand> = granted
        .iter()
        .map(|command| (command.name.trim().to_ascii_lowercase(), command))
        .collect();
    let find = |cmdlet: &str| granted.get(&cmdlet.to_ascii_lowercase()).copied();
    let mut report = RightsReport {
        parameters_known: needs
            .iter()
            .filter_map(|need| find(need.cmdlet))
            .any(|command| command.parameters.is_some()),
        ..RightsReport::default()
    };
    for need in needs {
        match find(need.cmdlet) {
            Some(command) => {
                report.granted += 1;
                report.missing.extend(lacks(need, command));
            }
            // One of two names is enough, and the newer one speaks for both.
            None => match need.alternative.map(find) {
                None => report.missing.push(whole(need)),
                Some(None) if need.cmdlet.contains("-MobileDevice") => report.missing.push(whole(need)),
                Some(_) => {}
            },
        }
    }
    for (name, command) in &granted {
        let need = needs.iter().find(|need| need.cmdlet.eq_ignore_ascii_case(name));
        report.superfluous.extend(surplus(need, command));
    }
    report
}

const fn whole(need: &Need) -> Lack {
    Lack {
        cmdlet: need.cmdlet,
        parameters: Vec::new(),
    }
}

fn lacks(need: &Need, command: &GrantedCommand) -> Option<Lack> {
    let known = command.parameters.as_ref()?;
    let parameters: Vec<_> = need
        .parameters
        .iter()
        .copied()
        .filter(|name| {
            !OPTIONAL.contains(name) && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
        })
        .collect();
    (!parameters.is_empty()).then_some(Lack {
        cmdlet: need.cmdlet,
        parameters,
    })
}

fn surplus(need: Option<&Need>, command: &GrantedCommand) -> Option<Surplus> {
    let listed = |list: &[&str], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    if listed(&OF_EVERY_SESSION, &command.name) {
        return None;
    }
    let verb = command.name.split('-').next().unwrap_or_default();
    let changes = !["get", "test", "measure"].contains(&verb.to_ascii_lowercase().as_str());
    let parameters: Vec<String> = match need {
        None => Vec::new(),
        Some(need) => command
            .parameters
            .iter()
            .flatten()
            .filter(|name| !listed(&need.parameters, name) && !listed(&COMMON, name))
            .cloned()
            .collect(),
    };
    (need.is_none() || !parameters.is_empty()).then(|| Surplus {
        cmdlet: command.name.clone(),
        parameters,
        changes,
    })
}
