//! The errors of cmdlets, in Exchange's and PowerShell's words.
//!
//! Source: published command output; the letters are those of the error catalogue (not found A, ambiguous B,
//! filter C and D, null E, unknown cmdlet F, unknown parameter G, no-language K, directory M).

use easgate_psrp::records::ErrorRecord;
use time::OffsetDateTime;
use uuid::Uuid;

use super::ExchangeVersion;

/// Where an error happens.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) cmdlet: &'static str,
    pub(super) version: ExchangeVersion,
    pub(super) server: String,
    pub(super) controller: String,
    pub(super) request: Uuid,
    pub(super) now: OffsetDateTime,
}

impl Place {
    /// A: the object is not there.
    pub(super) fn not_found(&self, identity: &str) -> ErrorRecord {
        let controller = &self.controller;
        let message = format!(
            "The operation couldn't be performed because object '{identity}' couldn't be found on '{controller}'."
        );
        self.exchange(
            "ManagementObjectNotFoundException",
            "Microsoft.Exchange.Configuration.Tasks",
            message,
        )
    }

    /// B: more than one object has the identity.
    pub(super) fn ambiguous(&self, identity: &str) -> ErrorRecord {
        let message =
            format!("The operation couldn't be performed because '{identity}' matches multiple entries.");
        self.exchange(
            "ManagementObjectAmbiguousException",
            "Microsoft.Exchange.Configuration.Tasks",
            message,
        )
    }

    /// The object exists already.
    pub(super) fn already_exists(&self, name: &str) -> ErrorRecord {
        let message = format!(
            "Active Directory operation failed on {}. The object '{name}' already exists.",
            self.controller
        );
        self.exchange(
            "ADObjectAlreadyExistsException",
            "Microsoft.Exchange.Data.Directory",
            message,
        )
    }

    /// M: the directory refuses the write.
    pub(super) fn directory(&self, why: &str) -> ErrorRecord {
        let message = format!("Active Directory operation failed on {}. {why}", self.controller);
        self.exchange(
            "ADOperationException",
            "Microsoft.Exchange.Data.Directory",
            message,
        )
    }

    /// The account may not write this object.
    pub(super) fn access_denied(&self) -> ErrorRecord {
        self.directory(
            "This error is not retriable. Additional information: Access is denied. \
             Active directory response: 00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
        )
    }

    /// A write with the same value twice, or a bad value.
    pub(super) fn validation(&self, message: &str) -> ErrorRecord {
        self.exchange(
            "DataValidationException",
            "Microsoft.Exchange.Data",
            message.to_owned(),
        )
    }

    /// The FQEI of Exchange: from 2013 on with server, request and time.
    fn exchange(&self, exception: &str, namespace: &str, message: String) -> ErrorRecord {
        let hash = message.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let class = format!("Microsoft.Exchange.Management.{}", self.cmdlet.replace('-', ""));
        let fqei = if self.version == ExchangeVersion::Ex2010 {
            format!("{hash:X},{class}")
        } else {
            let at = super::culture::EN_US.format(self.now);
            format!(
                "[Server={},RequestId={},TimeStamp={at}] [FailureCategory=Cmdlet-{exception}] {hash:X},{class}",
                self.server, self.request
            )
        };
        let cmdlet = self.cmdlet;
        ErrorRecord {
            message,
            fully_qualified_error_id: fqei,
            category: 0,
            activity: cmdlet.to_owned(),
            reason: exception.to_owned(),
            category_message: format!("NotSpecified: (:) [{cmdlet}], {exception}"),
            exception_type: Some(format!("{namespace}.{exception}")),
            ..ErrorRecord::default()
        }
    }
}

/// C and D: what is wrong with a filter.
pub(super) fn filter(cmdlet: &str, what: &str) -> Box<ErrorRecord> {
    let message =
        format!("Cannot bind parameter 'Filter' to the target. Exception setting \"Filter\": \"{what}\"");
    binding(cmdlet, "ParameterBindingFailed", &message, 26, "WriteError")
}

/// E: null for a parameter that must have a value.
pub(super) fn null(cmdlet: &str, parameter: &str) -> Box<ErrorRecord> {
    let message = format!(
        "Cannot validate argument on parameter '{parameter}'. The argument is null. Provide a valid value for the \
         argument, and then try running the command again."
    );
    let mut record = binding(
        cmdlet,
        "ParameterArgumentValidationErrorNullNotAllowed",
        &message,
        9,
        "InvalidData",
    );
    record.reason = "ParameterBindingValidationException".to_owned();
    record.category_message = format!("InvalidData: (:) [{cmdlet}], ParameterBindingValidationException");
    record
}

/// F: no such cmdlet here.
pub(super) fn unknown_cmdlet(name: &str) -> Box<ErrorRecord> {
    Box::new(ErrorRecord {
        message: format!(
            "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. \
             Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
        ),
        fully_qualified_error_id: "CommandNotFoundException".to_owned(),
        category: 13,
        reason: "CommandNotFoundException".to_owned(),
        target_name: name.to_owned(),
        target_type: "String".to_owned(),
        category_message: format!("ObjectNotFound: ({name}:String) [], CommandNotFoundException"),
        exception_type: Some("System.Management.Automation.CommandNotFoundException".to_owned()),
        target: name.into(),
        ..ErrorRecord::default()
    })
}

/// G: no such parameter here.
pub(super) fn unknown_parameter(cmdlet: &str, parameter: &str) -> Box<ErrorRecord> {
    let message = format!("A parameter cannot be found that matches parameter name '{parameter}'.");
    binding(cmdlet, "NamedParameterNotFound", &message, 5, "InvalidArgument")
}

/// Any other error of binding.
pub(super) fn binding(cmdlet: &str, id: &str, message: &str, category: i32, name: &str) -> Box<ErrorRecord> {
    Box::new(ErrorRecord {
        message: message.to_owned(),
        fully_qualified_error_id: format!("{id},{cmdlet}"),
        category,
        activity: cmdlet.to_owned(),
        reason: "ParameterBindingException".to_owned(),
        category_message: format!("{name}: (:) [{cmdlet}], ParameterBindingException"),
        exception_type: Some("System.Management.Automation.ParameterBindingException".to_owned()),
        ..ErrorRecord::default()
    })
}

/// K: a script in a session without a language.
pub(super) fn no_language() -> Box<ErrorRecord> {
    Box::new(ErrorRecord {
        message: "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
            .to_owned(),
        fully_qualified_error_id: "ScriptsNotAllowed".to_owned(),
        category: 5,
        reason: "PSInvalidOperationException".to_owned(),
        category_message: "InvalidOperation: (:) [], PSInvalidOperationException".to_owned(),
        exception_type: Some("System.Management.Automation.PSInvalidOperationException".to_owned()),
        ..ErrorRecord::default()
    })
}

/// A question that nobody is there to answer.
pub(super) fn prompt_refused(cmdlet: &str, question: &str) -> Box<ErrorRecord> {
    Box::new(ErrorRecord {
        message: format!(
            "A command that prompts the user failed because the host program or the command type does not support \
             user interaction. The host was attempting to request confirmation with the following message: {question}"
        ),
        fully_qualified_error_id: format!("HostFunctionNotImplemented,{cmdlet}"),
        category: 11,
        activity: cmdlet.to_owned(),
        reason: "HostException".to_owned(),
        category_message: format!("NotImplemented: (:) [{cmdlet}], HostException"),
        exception_type: Some("System.Management.Automation.Host.HostException".to_owned()),
        ..ErrorRecord::default()
    })
}
