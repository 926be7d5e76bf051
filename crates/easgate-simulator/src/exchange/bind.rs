//! Parameters bound as PowerShell binds them.

use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::records::ErrorRecord;

use super::catalog::{Cmdlet, Kind};
use super::error;

/// A cmdlet with its parameters, by their full names.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) name: &'static str,
    pub(super) values: Vec<(&'static str, PsValue)>,
}

impl Bound {
    /// The value of a parameter, also a null one.
    pub(super) fn get(&self, name: &str) -> Option<&PsValue> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The text of a parameter; `None` when it is absent, null or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let text = value.as_str().map_or_else(
            || value.as_i64().map(|number| number.to_string()),
            |text| Some(text.to_owned()),
        );
        text.filter(|text| !text.is_empty())
    }

    /// Whether a switch is on.
    pub(super) fn on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.as_bool().unwrap_or(value.is_nil()))
    }

    /// The texts of a parameter that takes several.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let items = self.get(name).map(PsValue::items).unwrap_or_default();
        let all = items.iter().filter_map(PsValue::as_str);
        all.flat_map(|text| text.split(','))
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }
}

/// Binds `command` to the parameters of `cmdlet`: names without case, by unique prefix, with dash and colon.
pub(super) fn bind(cmdlet: &Cmdlet, command: &Command) -> Result<Bound, Box<ErrorRecord>> {
    let mut bound = Bound {
        name: cmdlet.name,
        values: Vec::new(),
    };
    for parameter in &command.parameters {
        let known = match &parameter.name {
            Some(name) => named(cmdlet, name.trim_start_matches('-').trim_end_matches(':'))?,
            None => positional(cmdlet, &bound, &parameter.value)?,
        };
        if bound.get(known.name).is_some() {
            let message = format!(
                "Cannot bind parameter because parameter '{}' is specified more than once.",
                known.name
            );
            return Err(error::binding(
                cmdlet.name,
                "ParameterAlreadyBound",
                &message,
                5,
                "InvalidArgument",
            ));
        }
        check(cmdlet, known.name, known.kind, &parameter.value)?;
        bound.values.push((known.name, parameter.value.clone()));
    }
    sets(cmdlet, &bound)?;
    Ok(bound)
}

fn named<'a>(cmdlet: &'a Cmdlet, name: &str) -> Result<&'a super::catalog::Parameter, Box<ErrorRecord>> {
    if let Some(exact) = cmdlet
        .parameters
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
    {
        return Ok(exact);
    }
    let starts = |known: &str| {
        known
            .get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    let matches: Vec<_> = cmdlet
        .parameters
        .iter()
        .filter(|known| !name.is_empty() && starts(known.name))
        .collect();
    match matches.as_slice() {
        [one] => Ok(one),
        [] => Err(error::unknown_parameter(cmdlet.name, name)),
        several => {
            let names: Vec<String> = several.iter().map(|known| format!("-{}", known.name)).collect();
            let message = format!(
                "Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible matches \
                 include: {}.",
                names.join(" ")
            );
            Err(error::binding(
                cmdlet.name,
                "AmbiguousParameter",
                &message,
                5,
                "InvalidArgument",
            ))
        }
    }
}

fn positional<'a>(
    cmdlet: &'a Cmdlet,
    bound: &Bound,
    value: &PsValue,
) -> Result<&'a super::catalog::Parameter, Box<ErrorRecord>> {
    let first = cmdlet.parameters.first();
    let free = first.filter(|known| {
        matches!(known.name, "Identity" | "Name" | "Property" | "QueryString")
            && bound.get(known.name).is_none()
    });
    free.ok_or_else(|| {
        let shown = value.as_str().unwrap_or("");
        let message = format!("A positional parameter cannot be found that accepts argument '{shown}'.");
        error::binding(
            cmdlet.name,
            "PositionalParameterNotFound",
            &message,
            5,
            "InvalidArgument",
        )
    })
}

fn check(cmdlet: &Cmdlet, name: &str, kind: Kind, value: &PsValue) -> Result<(), Box<ErrorRecord>> {
    let fits = match kind {
        Kind::Value => true,
        Kind::Switch => value.is_nil() || is_bool(value),
        Kind::Bool => is_bool(value) || value.as_i64().is_some(),
    };
    if fits {
        return Ok(());
    }
    let shown = value.as_str().unwrap_or("");
    let target = if kind == Kind::Switch {
        "System.Management.Automation.SwitchParameter"
    } else {
        "System.Boolean"
    };
    Err(conversion(cmdlet.name, name, shown, target))
}

fn is_bool(value: &PsValue) -> bool {
    use easgate_psrp::clixml::Primitive;
    matches!(value.as_primitive(), Some(Primitive::Bool(_)))
}

/// The value does not fit the parameter's type.
pub(super) fn conversion(cmdlet: &str, parameter: &str, value: &str, target: &str) -> Box<ErrorRecord> {
    let message = format!(
        "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\" to type \
         \"{target}\"."
    );
    let mut record = error::binding(
        cmdlet,
        "ParameterArgumentTransformationError",
        &message,
        9,
        "InvalidData",
    );
    record.reason = "ParameterBindingArgumentTransformationException".to_owned();
    record.category_message = format!("InvalidData: (:) [{cmdlet}], ParameterBindin...mationException");
    record
}

/// Parameters that exclude each other, and parameters that must be there.
fn sets(cmdlet: &Cmdlet, bound: &Bound) -> Result<(), Box<ErrorRecord>> {
    let given = |name: &str| bound.get(name).is_some();
    let alternatives = ["Identity", "Mailbox", "Anr", "Domain", "Database"];
    if alternatives.iter().filter(|name| given(name)).count() > 1 && !cmdlet.builtin {
        let message = "Parameter set cannot be resolved using the specified named parameters.";
        return Err(error::binding(
            cmdlet.name,
            "AmbiguousParameterSet",
            message,
            5,
            "InvalidArgument",
        ));
    }
    let statistics = cmdlet.name.ends_with("Statistics");
    let named = match cmdlet.name {
        "New-ActiveSyncDeviceAccessRule" => vec!["QueryString", "Characteristic", "AccessLevel"],
        "New-ActiveSyncMailboxPolicy" | "New-MobileDeviceMailboxPolicy" => vec!["Name"],
        "Set-ActiveSyncOrganizationSettings" | "Set-ADServerSettings" => vec![],
        "Set-ActiveSyncDeviceAccessRule" => vec!["Identity", "AccessLevel"],
        _ if cmdlet.writes() || (statistics && !given("Mailbox")) => vec!["Identity"],
        _ => vec![],
    };
    let missing: Vec<&str> = named.iter().copied().filter(|name| !given(name)).collect();
    if !missing.is_empty() {
        let message = format!(
            "Cannot process command because of one or more missing mandatory parameters: {}.",
            missing.join(" ")
        );
        return Err(error::binding(
            cmdlet.name,
            "MissingMandatoryParameter",
            &message,
            5,
            "InvalidArgument",
        ));
    }
    let null = named
        .iter()
        .find(|name| bound.get(name).is_some_and(PsValue::is_nil));
    null.map_or(Ok(()), |name| Err(error::null(cmdlet.name, name)))
}
