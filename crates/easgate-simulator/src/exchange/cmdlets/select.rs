//! PowerShell's own commands: `Select-Object`, `Measure-Object`, `Get-Command`.

use std::borrow::Cow;

use super::super::bind::Bound;
use super::super::catalog;
use super::super::row::{Row, TypeNames, Value};
use super::super::{error as errors, same};
use super::{Context, Record, Records};

/// Runs `command` on the objects of the command before it.
pub(super) fn after(records: Records, command: &Bound) -> Records {
    match command.name {
        "Select-Object" => {
            let properties = command.texts("Property");
            let first = command
                .text("First")
                .and_then(|text| text.parse().ok())
                .unwrap_or(usize::MAX);
            let mut given = 0;
            Box::new(records.filter_map(move |record| match record {
                Record::Row(row) => {
                    given += 1;
                    (given <= first).then(|| Record::Row(Box::new(select(*row, &properties))))
                }
                other => Some(other),
            }))
        }
        "Measure-Object" => Box::new(Measure {
            records: Some(records),
            count: 0,
        }),
        _ => records,
    }
}

/// The row with the named members alone, as note properties; `*` and no names keep every one.
fn select(row: Row, properties: &[String]) -> Row {
    if properties.is_empty() || properties.iter().any(|name| name == "*") {
        return row;
    }
    let mut members = Vec::new();
    for name in properties {
        match row.members.iter().find(|(known, _)| same(known, name)) {
            Some((known, value)) => members.push((*known, value.clone())),
            None => members.push((leak_free(name), Value::Nil)),
        }
    }
    let types = [
        "Selected.System.Object",
        "System.Management.Automation.PSCustomObject",
        "System.Object",
    ];
    Row {
        types: TypeNames(Cow::Owned(types.to_vec())),
        text: String::new(),
        members,
        hidden: Vec::new(),
        selected: true,
    }
}

/// A name for a member that no object has; only a few are kept, so a client cannot make this grow.
fn leak_free(name: &str) -> &'static str {
    const KNOWN: [&str; 3] = ["PSComputerName", "RunspaceId", "ClientType"];
    KNOWN
        .iter()
        .copied()
        .find(|known| same(known, name))
        .unwrap_or("Missing")
}

struct Measure {
    records: Option<Records>,
    count: i32,
}

impl Iterator for Measure {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let records = self.records.as_mut()?;
        for record in records {
            match record {
                Record::Row(_) => self.count += 1,
                other => return Some(other),
            }
        }
        self.records = None;
        let types = [
            "Microsoft.PowerShell.Commands.GenericMeasureInfo",
            "Microsoft.PowerShell.Commands.MeasureInfo",
            "System.Object",
        ];
        let row = Row {
            types: TypeNames(Cow::Owned(types.to_vec())),
            text: "Microsoft.PowerShell.Commands.GenericMeasureInfo".to_owned(),
            members: vec![("Count", Value::Int(self.count))],
            hidden: Vec::new(),
            selected: false,
        };
        Some(Record::Row(Box::new(row)))
    }
}

/// `Get-Command`: the commands of that name (`*` stands for any text), and an error for each that is not there.
pub(super) fn commands(context: &Context, bound: &Bound) -> Records {
    let all = catalog::cmdlets(context.place.version, &context.roles);
    let names = bound.texts("Name");
    let mut records = Vec::new();
    if names.is_empty() {
        records.extend(all.iter().map(|cmdlet| Record::Row(Box::new(shape(cmdlet)))));
    }
    for name in names {
        let wanted = |known: &str| match name.split_once('*') {
            Some((head, tail)) => {
                let (known, head, tail) = (known.to_lowercase(), head.to_lowercase(), tail.to_lowercase());
                known.len() >= head.len() + tail.len() && known.starts_with(&head) && known.ends_with(&tail)
            }
            None => same(known, &name),
        };
        let before = records.len();
        let found = all.iter().filter(|cmdlet| wanted(cmdlet.name));
        records.extend(found.map(|cmdlet| Record::Row(Box::new(shape(cmdlet)))));
        if records.len() == before && !name.contains('*') {
            let mut missing = errors::unknown_cmdlet(&name);
            missing.activity = "Get-Command".to_owned();
            missing.fully_qualified_error_id =
                "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand".to_owned();
            records.push(Record::Error(missing));
        }
    }
    Box::new(records.into_iter())
}

fn shape(cmdlet: &catalog::Cmdlet) -> Row {
    let types = [
        "System.Management.Automation.FunctionInfo",
        "System.Management.Automation.CommandInfo",
        "System.Object",
    ];
    let parameters = cmdlet
        .parameters
        .iter()
        .map(|parameter| parameter.name.to_owned())
        .collect();
    Row {
        types: TypeNames(Cow::Owned(types.to_vec())),
        text: cmdlet.name.to_owned(),
        members: vec![
            ("Name", Value::text(cmdlet.name)),
            (
                "CommandType",
                Value::Enum(
                    "System.Management.Automation.CommandTypes",
                    "Function".to_owned(),
                    2,
                ),
            ),
            ("Definition", Value::text("")),
            ("ModuleName", Value::text("")),
            ("Parameters", Value::Names(parameters)),
        ],
        hidden: Vec::new(),
        selected: false,
    }
}
