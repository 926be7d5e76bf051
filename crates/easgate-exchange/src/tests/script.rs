//! The script: its structure, and that no value leaves its quotes.

use proptest::prelude::*;

use crate::Kind;
use crate::rbac::{Family, Feature, ScriptRequest};

fn request(account: &str, features: &[Feature]) -> ScriptRequest {
    ScriptRequest {
        features: features.iter().copied().collect(),
        kind: Kind::OnPremises,
        family: Family::Both,
        group: "easgate".to_owned(),
        account: account.to_owned(),
        shells: 18,
    }
}

/// The code without comments and with every string emptied, or why it is not well formed.
///
/// Knows single- and double-quoted strings, comments, and the three kinds of brackets, each of which must be closed by
/// its own kind; `$( )` inside double quotes is looked into.
fn skeleton(script: &str) -> Result<String, String> {
    let mut open = Vec::new();
    let mut code = String::new();
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A comment begins a line; elsewhere `#` does not occur outside strings.
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '\'' => loop {
                match chars.next() {
                    None | Some('\n') => return Err(format!("a string is not closed: {code}")),
                    Some('\'') if chars.next_if_eq(&'\'').is_some() => {}
                    Some('\'') => {
                        code.push_str("''");
                        break;
                    }
                    Some(_) => {}
                }
            },
            '"' => {
                let mut depth = 0_usize;
                loop {
                    match chars.next() {
                        None | Some('\n') => return Err(format!("a string is not closed: {code}")),
                        Some('`') => return Err("an escape".to_owned()),
                        Some('$') if chars.next_if_eq(&'(').is_some() => depth += 1,
                        Some(')') if depth > 0 => depth -= 1,
                        Some('"') if depth > 0 => return Err("a string in a string".to_owned()),
                        Some('"') => {
                            code.push_str("\"\"");
                            break;
                        }
                        Some(_) => {}
                    }
                }
            }
            '(' | '{' | '[' => {
                open.push(c);
                code.push(c);
            }
            ')' | '}' | ']' => {
                let opener = match c {
                    ')' => '(',
                    '}' => '{',
                    _ => '[',
                };
                if open.pop() != Some(opener) {
                    return Err(format!("a bracket {c} that nothing opened: {code}"));
                }
                code.push(c);
            }
            _ => code.push(c),
        }
    }
    if open.is_empty() {
        Ok(code)
    } else {
        Err(format!("not closed: {open:?}"))
    }
}

const SYNC: [Feature; 2] = [Feature::Read, Feature::Lists];

#[test]
fn the_script_is_ascii_and_well_formed_for_every_choice() {
    let all = [
        Feature::Read,
        Feature::Lists,
        Feature::Details,
        Feature::Settings,
        Feature::DeviceActions,
    ];
    for length in 1..=all.len() {
        for kind in [Kind::OnPremises, Kind::Hosted] {
            for family in [Family::ActiveSync, Family::Both] {
                let script = ScriptRequest {
                    kind,
                    family,
                    ..request(r"CONTOSO\connector", &all[..length])
                }
                .script();
                assert!(script.is_ascii());
                skeleton(&script).unwrap();
                assert!(
                    script.lines().all(|line| !line.ends_with(' ')),
                    "white space at the end"
                );
                assert_eq!(script.contains("Clear-"), length == 5);
                assert_eq!(script.contains("-MobileDevice'"), family == Family::Both);
            }
        }
    }
}

#[test]
fn the_script_for_a_sync_names_what_it_gives() {
    let script = request(r"CONTOSO\connector", &SYNC).script();
    for line in [
        "# Features: read, lists",
        r"$Account = 'CONTOSO\connector'",
        "$Shells = 18",
        "    @{ Cmdlet = 'Set-CASMailbox'; Roles = @('Mail Recipients', 'View-Only Recipients'); Parameters = @('Identity', \
         'ActiveSyncAllowedDeviceIDs', 'ActiveSyncBlockedDeviceIDs', 'Confirm', 'DomainController') }",
    ] {
        assert!(script.lines().any(|known| known == line), "{line}\n{script}");
    }
    assert!(
        !script.contains("'Get-Command'"),
        "it is in every session and in no role"
    );
    assert!(!script.contains("Clear-") && !script.contains("Cmdlet = 'Remove-"));
}

#[test]
fn the_test_itself_sees_what_is_broken() {
    for broken in ["$a = 'x", "@(", ")", "@{ ( } )", "\"x", "\"$(x\""] {
        assert!(skeleton(broken).is_err(), "{broken}");
    }
}

/// The value of the expression behind `$Account = `, by the rules of PowerShell's single quotes.
fn value(script: &str) -> String {
    let line = script
        .lines()
        .find_map(|line| line.strip_prefix("$Account = "))
        .unwrap();
    let mut units: Vec<u16> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        if let Some(number) = rest.strip_prefix("[char]0x") {
            units.push(u16::from_str_radix(&number[..4], 16).unwrap());
            rest = &number[4..];
        } else if let Some(text) = rest.strip_prefix('\'') {
            let mut end = 0;
            loop {
                end += text[end..].find('\'').unwrap();
                if text[end..].starts_with("''") {
                    end += 2;
                } else {
                    break;
                }
            }
            units.extend(text[..end].replace("''", "'").encode_utf16());
            rest = &text[end + 1..];
        } else {
            rest = &rest[1..];
        }
    }
    String::from_utf16(&units).unwrap()
}

proptest! {
    #[test]
    fn no_account_leaves_its_quotes(account in "\\PC*|[ -~]*|['\u{2018}-\u{201b}\"`$(){};\n\r#]*") {
        let script = request(&account, &SYNC).script();
        prop_assert!(script.is_ascii());
        let plain = skeleton(&request("a", &SYNC).script()).unwrap();
        let others = |code: &str| -> Vec<String> {
            code.lines().filter(|line| !line.starts_with("$Account")).map(str::to_owned).collect()
        };
        prop_assert_eq!(others(&skeleton(&script).unwrap()), others(&plain));
        prop_assert_eq!(value(&script), account);
    }
}
