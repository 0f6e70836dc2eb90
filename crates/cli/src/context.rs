//! The context file: which ledger commands talk to, and the token for it.
//!
//! `serve --dev` and `login` write it (0600, replaced whole), `STRONGROOM_CONFIG_DIR` moves it,
//! `STRONGROOM_ADDR` and `STRONGROOM_TOKEN` win over it.

use crate::failure::{Failure, Outcome, file_failure};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where a server listens when nothing else is said.
pub(crate) const DEFAULT_ADDR: &str = "127.0.0.1:7420";

/// What is kept between commands.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Context {
    /// The server's address, `http://127.0.0.1:7420`.
    pub(crate) addr: String,
    /// The token for it.
    #[serde(with = "wiped")]
    pub(crate) token: Zeroizing<String>,
    /// The certificates that are trusted to be the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// A text that is wiped when dropped, as JSON.
mod wiped {
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(text: &Zeroizing<String>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(d).map(Zeroizing::new)
    }
}

/// Where the context file lies: `context.json` in `STRONGROOM_CONFIG_DIR`, else in the user's configuration directory.
pub(crate) fn path() -> Outcome<PathBuf> {
    path_from(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn path_from(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Outcome<PathBuf> {
    let directory = variable("STRONGROOM_CONFIG_DIR")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("XDG_CONFIG_HOME")?).join("strongroom")))
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config/strongroom")));
    match directory {
        Some(directory) => Ok(directory.join("context.json")),
        None => Err(Failure::local("there is no place for the context file").hint("set STRONGROOM_CONFIG_DIR or HOME")),
    }
}

/// Reads the context file; none when there is none.
pub(crate) fn read(path: &Path) -> Outcome<Option<Context>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_failure("read", path, &error)),
    };
    // serde_json's message may quote what it read, and that may be the token: it is not repeated.
    serde_json::from_slice(&bytes).map(Some).map_err(|_| {
        Failure::local(format!("the context file {} can't be understood", path.display()))
            .hint("`strongroom login` writes it anew")
    })
}

/// Writes the context file: a new file beside it, then a rename, so that no reader sees half of it.
pub(crate) fn write(path: &Path, context: &Context) -> Outcome {
    let text = Zeroizing::new(serde_json::to_vec_pretty(context).map_err(|error| Failure::local(error.to_string()))?);
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| file_failure("make the directory", directory, &error))?;
    write_private(path, &text)
}

/// Writes a file that only its owner may read, in place of what is there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Outcome {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside); // what is left of a failed attempt
        file_failure("write", path, &error)
    })
}

/// An address in its one form: a scheme, no slash at the end.
pub(crate) fn normal_addr(addr: &str) -> String {
    let addr = addr.trim().trim_end_matches('/');
    if addr.contains("://") {
        addr.to_owned()
    } else {
        format!("http://{addr}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn context(token: &str) -> Context {
        Context {
            addr: "http://127.0.0.1:7420".into(),
            token: Zeroizing::new(token.into()),
            ca_file: None,
        }
    }

    #[test]
    fn what_is_written_is_read_and_only_for_its_owner() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/context.json");
        assert!(read(&path).unwrap().is_none());
        for token in ["srt_one", "srt_two"] {
            write(&path, &context(token)).unwrap();
            assert_eq!(read(&path).unwrap().unwrap().token.as_str(), token);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_broken_file_is_not_repeated() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("context.json");
        fs::write(&path, r#"{"addr": 5, "token": "srt_secret"}"#).unwrap();
        let failure = read(&path).map(|_| ()).unwrap_err();
        assert!(!failure.to_string().contains("srt_secret"));
    }

    #[test]
    fn the_nearest_variable_says_where() {
        let path = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect();
            path_from(move |name| set.iter().find(|(n, _)| n == name).map(|(_, v)| v.into()))
        };
        let all = [
            ("STRONGROOM_CONFIG_DIR", "/s"),
            ("XDG_CONFIG_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(path(&all).unwrap(), Path::new("/s/context.json"));
        assert_eq!(path(&all[1..]).unwrap(), Path::new("/x/strongroom/context.json"));
        assert_eq!(
            path(&all[2..]).unwrap(),
            Path::new("/h/.config/strongroom/context.json")
        );
        assert!(path(&[]).is_err());
    }

    #[test]
    fn addresses_have_one_form() {
        for addr in ["127.0.0.1:7420", "http://127.0.0.1:7420/", " http://127.0.0.1:7420 "] {
            assert_eq!(normal_addr(addr), "http://127.0.0.1:7420");
        }
        assert_eq!(normal_addr("https://ledger.example"), "https://ledger.example");
    }
}
