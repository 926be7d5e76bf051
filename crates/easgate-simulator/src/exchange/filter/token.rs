//! The words of a filter.

use super::Op;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Op(Op),
    /// A property, a number, a `$` value.
    Word(String),
    /// A quoted text.
    Text(String),
}

/// Splits a filter; the error is the position of what does not belong there.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, usize> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(found);
        };
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '\'' | '"' => quoted(rest, first).ok_or(at)?,
            '-' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => operator(rest).ok_or(at)?,
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || "()'\"".contains(c))
                    .unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            }
        };
        found.push((at, token));
        rest = &rest[length..];
    }
}

/// A text in quotes, which are doubled inside.
fn quoted(rest: &str, quote: char) -> Option<(Token, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            text.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return Some((Token::Text(text), at + 1));
        }
    }
    None
}

fn operator(rest: &str) -> Option<(Token, usize)> {
    let end = rest[1..]
        .find(|c: char| !c.is_ascii_alphabetic())
        .map_or(rest.len(), |at| at + 1);
    let token = match rest[1..end].to_ascii_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "eq" => Token::Op(Op::Eq),
        "ne" => Token::Op(Op::Ne),
        "gt" => Token::Op(Op::Gt),
        "ge" => Token::Op(Op::Ge),
        "lt" => Token::Op(Op::Lt),
        "le" => Token::Op(Op::Le),
        "like" => Token::Op(Op::Like),
        "notlike" => Token::Op(Op::NotLike),
        _ => return None,
    };
    Some((token, end))
}
