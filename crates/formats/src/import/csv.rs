//! CSV as RFC 4180 has it, read as strictly as JSON is here: one count of fields, no stray quotes, lines in errors.

use zeroize::Zeroizing;

use super::entry::at_line;
use crate::error::FormatError;

/// A record with the line where it begins.
pub(super) type Record = (usize, Vec<Zeroizing<String>>);

/// All records, the head first.
pub(super) fn records(document: &str) -> Result<Vec<Record>, FormatError> {
    let mut out: Vec<Record> = Vec::new();
    let (mut line, mut begins) = (1, 1);
    let mut fields = Vec::new();
    let mut field = Zeroizing::new(String::new());
    let (mut quoted, mut closed) = (false, false);
    let mut chars = document.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => (quoted, closed) = (false, true),
            c if quoted => field.push(c),
            '"' if field.is_empty() && !closed => quoted = true,
            '"' => {
                return Err(at_line(line, "a quote stands inside a field").hint("quote the field and double the quote"));
            }
            ',' => {
                fields.push(std::mem::take(&mut field));
                closed = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                fields.push(std::mem::take(&mut field));
                closed = false;
                take(&mut out, begins, std::mem::take(&mut fields))?;
                begins = line;
            }
            _ if closed => return Err(at_line(line, "something follows the closing quote of a field")),
            c => field.push(c),
        }
    }
    if quoted {
        return Err(at_line(begins, "a quote of this record is never closed"));
    }
    if !field.is_empty() || !fields.is_empty() || closed {
        fields.push(field);
        take(&mut out, begins, fields)?;
    }
    Ok(out)
}

fn take(out: &mut Vec<Record>, line: usize, fields: Vec<Zeroizing<String>>) -> Result<(), FormatError> {
    if fields.len() == 1 && fields.iter().all(|field| field.is_empty()) {
        return Ok(()); // an empty line
    }
    if let Some((_, head)) = out.first().filter(|(_, head)| head.len() != fields.len()) {
        let what = format!("this record has {} fields, the head has {}", fields.len(), head.len());
        return Err(at_line(line, what));
    }
    out.push((line, fields));
    Ok(())
}
