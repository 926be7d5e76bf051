//! From a pipeline's commands to records.

use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::records::ErrorRecord;

use super::super::bind::{self, Bound};
use super::super::{Fault, catalog, error as errors, same};
use super::{Context, Record, Records, delete, none, read, select, write};

/// How a pipeline begins.
pub(crate) enum Started {
    Records(Records),
    /// It wants to be confirmed first.
    Question(Box<Question>),
}

/// A cmdlet that waits for a yes.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) bound: Bound,
    pub(crate) text: String,
}

/// Starts the pipeline. What changes the organisation has been done when this returns; lists are made while the
/// records are taken.
///
/// # Errors
///
/// The error that ends the pipeline: a script, an unknown command, parameters that do not fit.
pub(crate) fn start(context: &mut Context, commands: &[Command]) -> Result<Started, Box<ErrorRecord>> {
    if commands.iter().any(Command::is_script) {
        return Err(errors::no_language());
    }
    let mut bound = Vec::new();
    for command in commands {
        let cmdlet = catalog::cmdlet(&command.name, context.place.version, &context.roles)
            .ok_or_else(|| errors::unknown_cmdlet(&command.name))?;
        bound.push((bind::bind(&cmdlet, command)?, cmdlet.writes(), cmdlet.builtin));
    }
    let mut rest = bound.into_iter();
    let Some((first, writes, _)) = rest.next() else {
        return Ok(Started::Records(none()));
    };
    context.place.cmdlet = first.name;
    if let Some(controller) = first.text("DomainController") {
        context.place.controller = controller;
    }
    let after: Vec<Bound> = rest
        .map(|(next, _, builtin)| {
            if builtin {
                Ok(next)
            } else {
                Err(not_from_pipeline(next.name))
            }
        })
        .collect::<Result<_, _>>()?;
    if writes && first.on("WhatIf") {
        return Ok(Started::Records(none()));
    }
    if asks(&first, writes) {
        let identity = first.text("Identity").unwrap_or_default();
        let text = format!(
            "Are you sure you want to perform this action? {} \"{identity}\".",
            first.name
        );
        return Ok(Started::Question(Box::new(Question { bound: first, text })));
    }
    let mut records = run(context, &first)?;
    for command in &after {
        records = select::after(records, command);
    }
    Ok(Started::Records(with_warnings(context, records)))
}

/// Runs what was asked about and confirmed.
///
/// # Errors
///
/// The error that ends the pipeline.
pub(crate) fn confirmed(context: &mut Context, question: &Question) -> Result<Records, Box<ErrorRecord>> {
    context.place.cmdlet = question.bound.name;
    run(context, &question.bound)
}

/// Deleting asks unless told not to; any other write asks only when told to.
fn asks(bound: &Bound, writes: bool) -> bool {
    let confirm = bound.get("Confirm").and_then(PsValue::as_bool);
    let deletes = bound.name.starts_with("Remove-") || bound.name.starts_with("Clear-");
    writes && confirm.unwrap_or(deletes) && !(bound.on("Force"))
}

fn run(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let on_demand = context.faults.take(|fault| match fault {
        Fault::Error { cmdlet, message } if same(cmdlet, bound.name) => Some(message.clone()),
        _ => None,
    });
    if let Some(message) = on_demand {
        return Ok(super::error(context.place.directory(&message)));
    }
    match bound.name.split_once('-').map(|(verb, _)| verb) {
        Some("Clear" | "Remove") if bound.name != "Clear-Host" => Ok(delete::delete(context, bound)),
        Some("Set" | "New") => write::write(context, bound),
        Some("Get") if bound.name == "Get-Command" => Ok(select::commands(context, bound)),
        Some("Get") => read::read(context, bound),
        _ => Ok(none()),
    }
}

fn with_warnings(context: &Context, records: Records) -> Records {
    let delay = context.faults.find(|fault| match fault {
        Fault::MicroDelay { milliseconds } => Some(*milliseconds),
        _ => None,
    });
    let Some(delay) = delay else { return records };
    let text = format!(
        "Micro delay applied. Actual delayed: {delay} msecs, Enforced: True, Capped delay: {delay} msecs, Required: \
         {delay} msecs, Additional info: ."
    );
    Box::new(std::iter::once(Record::Warning(text)).chain(records))
}

/// Chains of Exchange's cmdlets are left out: a client must not build them.
fn not_from_pipeline(cmdlet: &str) -> Box<ErrorRecord> {
    let message = "The input object cannot be bound to any parameters for the command either because the command does \
                   not take pipeline input or the input and its properties do not match any of the parameters that \
                   take pipeline input.";
    errors::binding(cmdlet, "InputObjectNotBound", message, 5, "InvalidArgument")
}
