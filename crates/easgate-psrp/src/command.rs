//! Commands: what a pipeline runs.

use crate::clixml::PsValue;

/// A cmdlet by name with constant parameters; never text to be parsed as a script.
///
/// ```
/// use easgate_psrp::command::Command;
///
/// let command = Command::new("Get-MobileDevice").with("ResultSize", "Unlimited").switch("ActiveSync");
/// assert_eq!(command.parameters.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The cmdlet's name, `Get-MobileDevice`.
    pub name: String,
    /// Its parameters in the order they are sent.
    pub parameters: Vec<Parameter>,
    /// Whether the peer sent the name as script text; a command of ours never is.
    script: bool,
}

/// One parameter of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name without dash and colon; `None` for a positional argument.
    pub name: Option<String>,
    /// The constant; a switch is `true`.
    pub value: PsValue,
}

impl Command {
    /// A command without parameters.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parameters: Vec::new(),
            script: false,
        }
    }

    /// The command with one more named parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<PsValue>) -> Self {
        self.parameters.push(Parameter {
            name: Some(name.to_owned()),
            value: value.into(),
        });
        self
    }

    /// The command with a switch set.
    #[must_use]
    pub fn switch(self, name: &str) -> Self {
        self.with(name, true)
    }

    /// The command with one more positional argument.
    #[must_use]
    pub fn argument(mut self, value: impl Into<PsValue>) -> Self {
        self.parameters.push(Parameter {
            name: None,
            value: value.into(),
        });
        self
    }

    /// The value of a parameter, its name compared without case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&PsValue> {
        self.parameters
            .iter()
            .find(|parameter| {
                parameter
                    .name
                    .as_deref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
            })
            .map(|parameter| &parameter.value)
    }

    /// Whether the peer wanted the name run as script text.
    #[must_use]
    pub const fn is_script(&self) -> bool {
        self.script
    }

    /// What a peer sent, script or not.
    pub(crate) const fn received(name: String, script: bool, parameters: Vec<Parameter>) -> Self {
        Self {
            name,
            parameters,
            script,
        }
    }
}
