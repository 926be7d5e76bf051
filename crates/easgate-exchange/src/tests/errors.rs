//! The error catalogue of Exchange.

use easgate_cmdlet::InvokeError;
use easgate_model::MailboxId;
use expect_test::expect;
use uuid::Uuid;

use super::support::{error, exchange, run};
use crate::{ExchangeError, ListChange};

/// The name of the variant, which is what callers decide by.
fn kind(error: &ExchangeError) -> String {
    let text = format!("{error:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

/// `ErrorCategory_Reason`, the error id, the message.
type Row = (&'static str, String, &'static str);

fn rows() -> Vec<Row> {
    let new_id = |exception: &str| {
        format!(
            "[Server=EX1,RequestId=7f8c,TimeStamp=3/4/2024 9:00:00 AM] [FailureCategory=Cmdlet-{exception}] 4B953CE,Set"
        )
    };
    let limit = "Active Directory operation failed on dc1. Active directory response: 00002024: SvcErr: DSID-02050D35, \
                 problem 5008 (ADMIN_LIMIT_EXCEEDED), data -1026";
    let plain = |reason, id: &str, message| (reason, id.to_owned(), message);
    let exchange = |reason, exception: &str| (reason, new_id(exception), "x");
    vec![
        exchange(
            "ManagementObjectNotFoundException",
            "ManagementObjectNotFoundException",
        ),
        plain(
            "ManagementObjectNotFoundException",
            "A7B2C9D1,Set",
            "objet introuvable",
        ),
        exchange("RemoteException", "ManagementObjectNotFoundException"),
        exchange("", "ManagementObjectAmbiguousException"),
        plain("ManagementObjectAmbiguousException", "A7B2C9D1,Set", "x"),
        plain("CommandNotFoundException", "CommandNotFoundException", "x"),
        plain("", "CommandNotFoundException", "x"),
        plain("System.Management.Automation.CommandNotFoundException", "", "x"),
        plain("ParameterBindingException", "NamedParameterNotFound,Set", "x"),
        plain("ParameterBindingException", "ParameterBindingFailed,Get", "x"),
        plain(
            "ParameterBindingValidationException",
            "ParameterArgumentValidationErrorNullNotAllowed,Get",
            "x",
        ),
        plain(
            "ADOperationException",
            "A7B2C9D1,Set",
            "Active Directory operation failed on dc1.",
        ),
        plain("ADOperationException", "A7B2C9D1,Set", limit),
        plain("OverBudgetException", "", "x"),
        exchange("SomethingNewException", "SomethingNewException"),
        plain("", "", "CommandNotFoundException couldn't be found"),
    ]
}

#[test]
fn errors_are_told_apart_by_their_exceptions_and_ids() {
    let table: String = rows()
        .into_iter()
        .map(|(reason, id, message)| {
            let error = ExchangeError::from_record("Set-CASMailbox", Box::new(error(reason, &id, message)));
            let id = id.split(' ').next_back().unwrap_or_default();
            format!("{reason:<55} {id:<50} {}\n", kind(&error))
        })
        .collect();
    expect![[r#"
        ManagementObjectNotFoundException                       4B953CE,Set                                        NotFound
        ManagementObjectNotFoundException                       A7B2C9D1,Set                                       NotFound
        RemoteException                                         4B953CE,Set                                        NotFound
                                                                4B953CE,Set                                        Ambiguous
        ManagementObjectAmbiguousException                      A7B2C9D1,Set                                       Ambiguous
        CommandNotFoundException                                CommandNotFoundException                           NotGranted
                                                                CommandNotFoundException                           NotGranted
        System.Management.Automation.CommandNotFoundException                                                      NotGranted
        ParameterBindingException                               NamedParameterNotFound,Set                         UnknownParameter
        ParameterBindingException                               ParameterBindingFailed,Get                         ArgumentRefused
        ParameterBindingValidationException                     ParameterArgumentValidationErrorNullNotAllowed,Get ArgumentRefused
        ADOperationException                                    A7B2C9D1,Set                                       Denied
        ADOperationException                                    A7B2C9D1,Set                                       ListFull
        OverBudgetException                                                                                        Throttled
        SomethingNewException                                   4B953CE,Set                                        Failed
                                                                                                                   Failed
    "#]].assert_eq(&table);
}

#[test]
fn both_ways_in_which_a_cmdlet_fails_are_one_error() {
    let change = ListChange {
        add_allowed: vec!["A".parse().unwrap()],
        ..ListChange::new(MailboxId(Uuid::nil()))
    };
    for terminating in [true, false] {
        let (client, _) = exchange(move |command| {
            let record = error(
                "ManagementObjectNotFoundException",
                "",
                "The mailbox \u{1b}[31mis gone",
            );
            vec![if terminating {
                Err(InvokeError::Failed {
                    cmdlet: command.name.clone(),
                    error: Box::new(record),
                })
            } else {
                Ok(easgate_cmdlet::Record::Error(Box::new(record)))
            }]
        });
        let error = run(client.change_lists(&change)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Set-CASMailbox did not find the object: The mailbox \\u{1b}[31mis gone"
        );
        assert!(!error.is_transient());
    }
}
