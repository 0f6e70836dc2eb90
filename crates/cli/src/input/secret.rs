//! Secret values: from a prompt, a file or stdin.

use crate::ask::Ask;
use crate::failure::{Failure, Outcome, file_failure};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of one value: all values of a credential together hold 64 KiB, so more is a wrong file.
const VALUE_BYTES_MAX: u64 = 64 * 1024;

/// Stdin, which can be read once.
#[derive(Debug, Default)]
pub(crate) struct Stdin {
    taken_for: Option<String>,
}

impl Stdin {
    /// Reads all of it, for something with a name.
    pub(crate) fn take(&mut self, what: &str, bytes_max: u64) -> Outcome<Zeroizing<Vec<u8>>> {
        if let Some(other) = &self.taken_for {
            return Err(
                Failure::local(format!("stdin can't be read for `{what}`: it was for `{other}`"))
                    .hint("give one of them with @FILE"),
            );
        }
        self.taken_for = Some(what.to_owned());
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin()
            .lock()
            .take(bytes_max + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::local(format!("can't read stdin: {error}")))?;
        within(what, bytes, bytes_max)
    }
}

/// Reads a whole file (`-` is stdin), up to a limit.
pub(crate) fn read_file(path: &str, bytes_max: u64, stdin: &mut Stdin) -> Outcome<Zeroizing<Vec<u8>>> {
    if path == "-" {
        return stdin.take("-", bytes_max);
    }
    let path = Path::new(path);
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
        .map_err(|error| file_failure("read", path, &error))?;
    within(&path.display().to_string(), bytes, bytes_max)
}

/// A secret value by its place: none (ask), `@file` or `-` (stdin). Anything else was typed as an argument: refused.
///
/// One line end at the end of a file or of stdin is not part of the value.
pub(crate) fn secret_from(what: &str, place: Option<&str>, ask: &Ask, stdin: &mut Stdin) -> Outcome<Zeroizing<String>> {
    let bytes = match place {
        None => return ask.secret(what),
        Some("-") => stdin.take(what, VALUE_BYTES_MAX)?,
        Some(place) => match place.strip_prefix('@') {
            Some(path) if !path.is_empty() => read_file(path, VALUE_BYTES_MAX, stdin)?,
            _ => return Err(typed(what)),
        },
    };
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Failure::local(format!("the value for `{what}` is not UTF-8 text")))?;
    let text = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(Failure::local(format!("the value for `{what}` is empty")));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn typed(what: &str) -> Failure {
    Failure::local(format!(
        "the secret `{what}` can't be given as an argument: other programs and the shell's history would see it"
    ))
    .hint(format!(
        "`{what}` alone asks for it; `{what}=@FILE` reads a file; `{what}=-` reads stdin"
    ))
}

fn within(what: &str, bytes: Zeroizing<Vec<u8>>, bytes_max: u64) -> Outcome<Zeroizing<Vec<u8>>> {
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::local(format!(
            "{what} holds more than {} KiB",
            bytes_max / 1024
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn from(place: Option<&str>) -> Outcome<Zeroizing<String>> {
        secret_from("api_key", place, &Ask::nobody(), &mut Stdin::default())
    }

    #[test]
    fn a_secret_is_never_taken_from_an_argument() {
        let failure = from(Some("sk-live-123")).unwrap_err();
        assert!(!format!("{failure:?}").contains("sk-live"), "{failure:?}");
        assert!(from(Some("@")).is_err());
        assert!(from(Some("")).is_err());
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_line_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"line one\nline two\r\n").unwrap();
        let place = format!("@{}", file.path().display());
        assert_eq!(from(Some(&place)).unwrap().as_str(), "line one\nline two");
    }

    #[test]
    fn a_file_that_is_missing_binary_empty_or_too_big_is_refused() {
        assert!(from(Some("@/nonexistent/file")).is_err());
        for content in [&b"\xff\xfe"[..], b"", b"\n", &vec![b'a'; 64 * 1024 + 1]] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(content).unwrap();
            assert!(from(Some(&format!("@{}", file.path().display()))).is_err());
        }
    }

    #[test]
    fn without_a_terminal_nobody_is_asked() {
        assert!(from(None).is_err());
    }

    #[test]
    fn stdin_serves_one_value() {
        let mut stdin = Stdin {
            taken_for: Some("api_key".into()),
        };
        assert!(stdin.take("token", 10).unwrap_err().to_string().contains("api_key"));
    }
}
