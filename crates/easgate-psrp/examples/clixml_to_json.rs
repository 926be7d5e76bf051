//! Prints a CLIXML file as JSON, or as one line for each leaf.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::{env, fs};

use easgate_psrp::clixml::{self, ClixmlError, Limits, References};

#[path = "clixml_to_json/json.rs"]
mod json;
#[path = "clixml_to_json/lines.rs"]
mod lines;

const HELP: &str = "\
Prints a CLIXML file as JSON. Nothing is lost.

Usage: clixml_to_json [--lines] FILE

  FILE       an Export-Clixml file or the body of a PSRP message, in UTF-8 or UTF-16; - reads standard input
  --lines    one line a leaf: PATH <tab> TAG <tab> JSON value
  --help     this text

As JSON, a document is the array of its values. A string, a boolean, Nil and an I32 are themselves; any other primitive is
an object with its element's name: {\"DT\": \"2021-09-28T17:32:01Z\"}. An object has its Types, ToString, own value (LST, DCT,
I32 and so on), Props and MS, where the document has them. {\"Ref\": \"0/Props.Id\"} is the object at that path.

Exit codes: 0 printed, 1 not readable, 2 wrong usage.
";

fn main() -> ExitCode {
    let (mut as_lines, mut file) = (false, None);
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--help" | "-h") => return print(HELP),
            Some("--lines") => as_lines = true,
            Some(flag) if flag.starts_with("--") => {
                return fail(2, &format!("unknown option {flag}\n\n{HELP}"));
            }
            _ if file.is_some() => return fail(2, &format!("one file at a time\n\n{HELP}")),
            _ => file = Some(argument),
        }
    }
    let Some(file) = file else { return fail(2, HELP) };
    let shown = file.to_string_lossy().into_owned();
    let bytes = if shown == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(&file)
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return fail(1, &format!("{shown}: {error}\n")),
    };
    match if as_lines {
        lines_of(&bytes)
    } else {
        json_of(&bytes)
    } {
        Ok(out) => print(&out),
        Err(error) => {
            let place = place(&bytes, &error).unwrap_or_default();
            fail(
                1,
                &format!("{shown}{place}: {}\n", json::printable(&error.to_string())),
            )
        }
    }
}

fn lines_of(bytes: &[u8]) -> Result<String, ClixmlError> {
    Ok(lines::lines(&clixml::decode_document(bytes)?)?.join(""))
}

fn json_of(bytes: &[u8]) -> Result<String, ClixmlError> {
    let limits = Limits {
        max_references_copied: usize::MAX,
        ..Limits::default()
    };
    let parsed = clixml::parse_with(bytes, &limits, References::Keep)?;
    Ok(json::json(&parsed.values))
}

/// The line and column of an error, `:3:17`.
fn place(bytes: &[u8], error: &ClixmlError) -> Option<String> {
    let text = clixml::decode_document(bytes).ok()?;
    let before = text.get(..error.offset())?;
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|character| *character != '\n')
        .count()
        + 1;
    let mut place = String::new();
    write!(place, ":{line}:{column}").ok()?;
    Some(place)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => fail(1, &format!("{error}\n")),
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    // There is nobody left to tell if standard error is closed as well.
    let _ = io::stderr().lock().write_all(message.as_bytes());
    ExitCode::from(code)
}
