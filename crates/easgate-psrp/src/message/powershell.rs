//! CREATE_PIPELINE and PIPELINE_STATE.

use crate::clixml::PsValue;
use crate::command::{Command, Parameter};
use crate::records::ErrorRecord;

use super::members::{
    bag, bag_of, flag, items, list, member, optional, required, small_number, small_number_or,
};
use super::opening::apartment_state;
use super::{ContentError, HostInfo, NULL_HOST, ProtocolVersion};

const POWERSHELL_LIST: &str = "System.Collections.Generic.List`1[[System.Management.Automation.PSObject, System.Management.Automation, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]";

/// The state of a pipeline ([MS-PSRP] 2.2.3.5).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the specification")]
pub enum PipelineState {
    NotStarted,
    Running,
    Stopping,
    Stopped,
    Completed,
    Failed,
    Disconnected,
    Other(i32),
}

impl PipelineState {
    /// The state of a number.
    pub const fn of(number: i32) -> Self {
        match number {
            0 => Self::NotStarted,
            1 => Self::Running,
            2 => Self::Stopping,
            3 => Self::Stopped,
            4 => Self::Completed,
            5 => Self::Failed,
            6 => Self::Disconnected,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> i32 {
        match self {
            Self::NotStarted => 0,
            Self::Running => 1,
            Self::Stopping => 2,
            Self::Stopped => 3,
            Self::Completed => 4,
            Self::Failed => 5,
            Self::Disconnected => 6,
            Self::Other(other) => other,
        }
    }

    /// Whether nothing follows: stopped, completed or failed.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Stopped | Self::Completed | Self::Failed => true,
            Self::NotStarted | Self::Running | Self::Stopping | Self::Disconnected | Self::Other(_) => false,
        }
    }
}

/// PIPELINE_STATE: a pipeline changed its state.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineStateMessage {
    /// The state it is in now.
    pub state: PipelineState,
    /// Why it failed or was stopped.
    pub error: Option<ErrorRecord>,
}

impl PipelineStateMessage {
    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        Ok(Self {
            state: PipelineState::of(small_number(value, "PipelineState")?),
            error: member(value, "ExceptionAsErrorRecord").map(ErrorRecord::read),
        })
    }

    pub(super) fn value(&self) -> PsValue {
        let mut members = vec![("PipelineState".to_owned(), self.state.number().into())];
        members.extend(
            self.error
                .as_ref()
                .map(|error| ("ExceptionAsErrorRecord".to_owned(), error.value())),
        );
        bag_of(members)
    }
}

/// Where the invocation is told in records: 1 in errors, 2 in warnings, 4 in debug, 8 in verbose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteStreamOptions(
    /// The sum.
    pub i32,
);

/// CREATE_PIPELINE: what a pipeline runs ([MS-PSRP] 2.2.2.10).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, PartialEq)]
pub struct PowerShell {
    /// Commands, the output of each going into the next.
    pub commands: Vec<Command>,
    /// Further statements that run after `commands`.
    pub extra: Vec<Vec<Command>>,
    /// Whether the client sends no input objects.
    pub no_input: bool,
    /// Whether the pipeline goes into the session's history.
    pub add_to_history: bool,
    /// The text that the history shows.
    pub history: Option<String>,
    /// Whether it runs inside another pipeline.
    pub is_nested: bool,
    /// The pipeline's host.
    pub host: HostInfo,
    /// Where the invocation is told.
    pub remote_stream_options: RemoteStreamOptions,
    /// Whether errors go where output goes.
    pub redirect_shell_error_output_pipe: bool,
}

impl PowerShell {
    /// Runs `commands` without input, history or host.
    #[must_use]
    pub const fn new(commands: Vec<Command>) -> Self {
        Self {
            commands,
            extra: Vec::new(),
            no_input: true,
            add_to_history: false,
            history: None,
            is_nested: false,
            host: NULL_HOST,
            remote_stream_options: RemoteStreamOptions(0),
            redirect_shell_error_output_pipe: false,
        }
    }

    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        let shell = required(value, "PowerShell")?;
        let mut extra = Vec::new();
        for statement in items(shell, "ExtraCmds") {
            let commands = member(statement, "Cmds").unwrap_or(statement);
            extra.push(read_commands(
                commands.as_list().unwrap_or(std::slice::from_ref(commands)),
            )?);
        }
        // Where there are more statements than one, ExtraCmds holds all of them and Cmds the first again.
        let commands = if extra.is_empty() {
            read_commands(items(shell, "Cmds"))?
        } else {
            extra.remove(0)
        };
        Ok(Self {
            commands,
            extra,
            no_input: flag(value, "NoInput"),
            add_to_history: flag(value, "AddToHistory"),
            history: optional(shell, "History"),
            is_nested: flag(value, "IsNested") || flag(shell, "IsNested"),
            host: HostInfo::read(member(value, "HostInfo")),
            remote_stream_options: RemoteStreamOptions(small_number_or(value, "RemoteStreamOptions", 0)),
            redirect_shell_error_output_pipe: flag(shell, "RedirectShellErrorOutputPipe"),
        })
    }

    pub(super) fn value(&self, version: ProtocolVersion) -> PsValue {
        let statements = |commands: &[Command]| {
            list(
                POWERSHELL_LIST,
                commands
                    .iter()
                    .map(|command| command_value(command, version))
                    .collect(),
            )
        };
        let extra = match self.extra.as_slice() {
            [] => PsValue::NIL,
            // All statements stand there, the first too.
            more => {
                let all = std::iter::once(&self.commands)
                    .chain(more)
                    .map(|commands| bag([("Cmds", statements(commands))]));
                list(POWERSHELL_LIST, all.collect())
            }
        };
        let shell = bag([
            ("IsNested", self.is_nested.into()),
            ("ExtraCmds", extra),
            ("Cmds", statements(&self.commands)),
            (
                "History",
                self.history.as_deref().map_or(PsValue::NIL, PsValue::from),
            ),
            (
                "RedirectShellErrorOutputPipe",
                self.redirect_shell_error_output_pipe.into(),
            ),
        ]);
        bag([
            ("NoInput", self.no_input.into()),
            ("ApartmentState", apartment_state(2)),
            ("RemoteStreamOptions", stream_options(self.remote_stream_options)),
            ("AddToHistory", self.add_to_history.into()),
            ("HostInfo", self.host.value()),
            ("PowerShell", shell),
            ("IsNested", self.is_nested.into()),
        ])
    }
}

fn read_commands(commands: &[PsValue]) -> Result<Vec<Command>, ContentError> {
    commands.iter().map(read_command).collect()
}

fn read_command(value: &PsValue) -> Result<Command, ContentError> {
    let name = "Cmd";
    let text = required(value, name)?.as_str().ok_or(ContentError::Kind {
        name,
        expected: "a text",
    })?;
    let parameters = items(value, "Args").iter().map(read_parameter).collect();
    Ok(Command::received(
        text.to_owned(),
        flag(value, "IsScript"),
        parameters,
    ))
}

/// Names come as `Identity`, `-Identity` or `-Identity:`.
fn read_parameter(value: &PsValue) -> Parameter {
    let name = optional(value, "N").map(|name| {
        let plain = name.strip_prefix('-').unwrap_or(&name);
        plain.strip_suffix(':').unwrap_or(plain).to_owned()
    });
    Parameter {
        name: name.filter(|name| !name.is_empty()),
        value: value.property("V").cloned().unwrap_or(PsValue::NIL),
    }
}

fn command_value(command: &Command, version: ProtocolVersion) -> PsValue {
    let mut members = vec![
        ("Cmd".to_owned(), command.name.as_str().into()),
        ("IsScript".to_owned(), command.is_script().into()),
        ("UseLocalScope".to_owned(), PsValue::NIL),
    ];
    let mut not_merged = |name: &str| members.push((name.to_owned(), merge_nothing()));
    ["MergeMyResult", "MergeToResult", "MergePreviousResults"]
        .into_iter()
        .for_each(&mut not_merged);
    if version >= ProtocolVersion::V2_2 {
        ["MergeError", "MergeWarning", "MergeVerbose", "MergeDebug"]
            .into_iter()
            .for_each(&mut not_merged);
    }
    if version >= ProtocolVersion::V2_3 {
        not_merged("MergeInformation");
    }
    members.push((
        "Args".to_owned(),
        list(
            POWERSHELL_LIST,
            command.parameters.iter().map(parameter_value).collect(),
        ),
    ));
    bag_of(members)
}

fn parameter_value(parameter: &Parameter) -> PsValue {
    let name = parameter.name.as_deref().map_or(PsValue::NIL, PsValue::from);
    bag([("N", name), ("V", parameter.value.clone())])
}

fn merge_nothing() -> PsValue {
    PsValue::enumeration(
        "System.Management.Automation.Runspaces.PipelineResultTypes",
        "None",
        0,
    )
}

fn stream_options(options: RemoteStreamOptions) -> PsValue {
    let RemoteStreamOptions(value) = options;
    let name = match value {
        0 => "0".to_owned(),
        15 => "AddInvocationInfo".to_owned(),
        some => ["Error", "Warning", "Debug", "Verbose"]
            .iter()
            .enumerate()
            .filter(|(bit, _)| some >> bit & 1 == 1)
            .map(|(_, stream)| format!("AddInvocationInfoTo{stream}Record"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    PsValue::enumeration("System.Management.Automation.RemoteStreamOptions", &name, value)
}
