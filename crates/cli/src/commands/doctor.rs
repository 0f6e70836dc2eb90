//! `doctor`: what is wrong with an installation, and what to do. Nothing is changed.

use super::serve::DEFAULT_DATA;
use crate::ask::Ask;
use crate::context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Cell, Output, Table, Tone, time};
use crate::root::RootArgs;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use strongroom_ledger::BackupTarget;
use strongroom_server::Tls;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Free bytes below which it is time to make room; under 256 MiB only withdrawing goes on, under 64 MiB nothing.
const ROOM_WARN: u64 = 2 << 30;
const ROOM_BAD: u64 = 256 << 20;
/// Time before its end that a certificate should be renewed in.
const RENEW_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Open files that a busy server wants.
const FILES_WANTED: u64 = 4_096 + 512;
/// Bytes of locked memory that the keys take.
const LOCKED_WANTED: u64 = 64 << 10;
/// A backup that is older than a day and its own time is behind.
const BACKUP_AGE_MAX: SignedDuration = SignedDuration::from_hours(25);
/// A file of the ledger may be younger than the clock by so much.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom doctor --data /var/lib/strongroom/ledger --root-key-file /etc/strongroom/root-key
  strongroom doctor --tls-cert chain.pem --tls-key key.pem
  strongroom doctor --backup /mnt/backup/acme

Nothing is changed. The keys are tried only where a root key is given and no server has the
ledger open. The exit code is 1 when something is bad.")]
pub(crate) struct DoctorArgs {
    /// The ledger's directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// The certificate chain that it is served with
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Where its backup lies
    #[arg(long, value_name = "DIR")]
    pub(crate) backup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Ok,
    Warn,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    how: How,
    /// What was seen.
    seen: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

fn ok(what: &'static str, seen: impl Into<String>) -> Finding {
    Finding {
        what,
        how: How::Ok,
        seen: seen.into(),
        remedy: None,
    }
}

fn not_ok(how: How, what: &'static str, seen: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        what,
        how,
        seen: seen.into(),
        remedy: Some(remedy.into()),
    }
}

/// How old the newest backup is; what is in it `backup verify` says.
fn backup(dir: &Path, now: Timestamp) -> Finding {
    let remedy = "`strongroom backup create` from a timer, or with --every";
    let found = BackupTarget::open(dir).and_then(|target| Ok((target.size(), target.taken_at()?)));
    let (size, taken) = match found {
        Ok((size, taken)) => (size, Timestamp::try_from(taken)),
        Err(error) => return not_ok(How::Bad, "backup", error.to_string(), remedy),
    };
    let Ok(taken) = taken else {
        return not_ok(How::Warn, "backup", "its time can't be read", remedy);
    };
    let seen = format!("{size} records, brought up to date {}", time(&taken.to_string()));
    if now.duration_since(taken) > BACKUP_AGE_MAX {
        return not_ok(How::Warn, "backup", format!("{seen}: more than a day ago"), remedy);
    }
    ok("backup", seen)
}

/// Does it.
pub(crate) fn run(args: &DoctorArgs, output: &Output) -> Outcome {
    let now = Timestamp::now();
    let mut findings = Vec::new();
    if fs::metadata(&args.data).is_ok_and(|meta| meta.is_dir()) {
        findings.push(directory(&args.data));
        findings.extend(private_files(&args.data));
        findings.push(room(&args.data));
        findings.push(clock(&args.data, now));
        findings.push(keys(args, output));
    } else {
        let seen = format!("{} is no directory", args.data.display());
        findings.push(not_ok(
            How::Bad,
            "ledger",
            seen,
            "--data names it; `strongroom init` makes one",
        ));
    }
    findings.extend(args.backup.as_deref().map(|dir| backup(dir, now)));
    findings.push(context_file());
    findings.push(limit(
        "open files",
        Resource::Nofile,
        FILES_WANTED,
        "LimitNOFILE= in the unit, or ulimit -n",
    ));
    findings.push(limit(
        "locked memory",
        Resource::Memlock,
        LOCKED_WANTED,
        "LimitMEMLOCK= in the unit, or ulimit -l",
    ));
    if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
        findings.extend(tls(certificate, key, now));
    }
    let bad = findings.iter().any(|it| it.how == How::Bad);
    output.show(&findings, |look| {
        let mut table = Table::new(&["what", "how", "seen", "what to do"]).without_if_narrow(&["what to do"]);
        for it in &findings {
            let how = match it.how {
                How::Ok => Cell::toned("ok", Tone::Good),
                How::Warn => Cell::toned("look", Tone::Warn),
                How::Bad => Cell::toned("bad", Tone::Bad),
            };
            table.row([
                it.what.into(),
                how,
                it.seen.clone().into(),
                Cell::maybe(it.remedy.as_deref()),
            ]);
        }
        table.render(look, "nothing was looked at")
    })?;
    if bad { Err(Failure::told(Exit::Local)) } else { Ok(()) }
}

/// Whether others may read or change the directory.
fn directory(data: &Path) -> Finding {
    match fs::metadata(data) {
        Ok(meta) if meta.permissions().mode() & 0o077 == 0 => {
            ok("directory", format!("{} is its owner's", data.display()))
        }
        Ok(meta) => {
            let seen = format!(
                "{} can be entered by others (mode {:o})",
                data.display(),
                meta.permissions().mode() & 0o777
            );
            not_ok(How::Bad, "directory", seen, format!("chmod 700 {}", data.display()))
        }
        Err(error) => not_ok(
            How::Bad,
            "directory",
            error.to_string(),
            "run this as who runs the server",
        ),
    }
}

/// Key file, anchor, and what a dev ledger keeps beside them.
fn private_files(data: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, what) in [("key-file", "key file"), ("anchor", "anchor")] {
        let path = data.join(name);
        findings.push(match fs::metadata(&path) {
            Ok(meta) if meta.permissions().mode() & 0o077 == 0 => ok(what, "only its owner can read it"),
            Ok(_) => not_ok(
                How::Bad,
                what,
                "others can read it",
                format!("chmod 600 {}", path.display()),
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => not_ok(
                How::Bad,
                what,
                format!("{} is not there", path.display()),
                "restore it: without it nothing opens",
            ),
            Err(error) => not_ok(How::Bad, what, error.to_string(), "run this as who runs the server"),
        });
    }
    if data.join("dev-root-key").exists() {
        let seen = "the root key lies beside the data: a dev ledger protects nothing";
        findings.push(not_ok(
            How::Warn,
            "root key",
            seen,
            "`strongroom init` makes a ledger with a root key of your own",
        ));
    }
    findings
}

fn room(data: &Path) -> Finding {
    let stat = match rustix::fs::statvfs(data) {
        Ok(stat) => stat,
        Err(error) => {
            return not_ok(
                How::Bad,
                "free space",
                error.to_string(),
                "run this as who runs the server",
            );
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let seen = format!("{} MiB free", free >> 20);
    match free {
        _ if free < ROOM_BAD => not_ok(
            How::Bad,
            "free space",
            seen,
            "make room: writes and secret reads are refused",
        ),
        _ if free < ROOM_WARN => not_ok(How::Warn, "free space", seen, "make room before it is under 256 MiB"),
        _ => ok("free space", seen),
    }
}

/// The ledger's times never go backwards: with a clock that did, expiry is judged by the newest record.
fn clock(data: &Path, now: Timestamp) -> Finding {
    let newest = ["anchor", "key-file", "db"]
        .iter()
        .filter_map(|name| fs::metadata(data.join(name)).ok());
    let newest = newest.map(|meta| meta.mtime()).max().unwrap_or_default();
    let newest = Timestamp::from_second(newest).unwrap_or_default();
    if newest.duration_since(now) > SKEW_MAX {
        let seen = format!("the clock says {now}, and files of the ledger are of {newest}");
        return not_ok(
            How::Bad,
            "clock",
            seen,
            "set the clock; records are not made older than the newest",
        );
    }
    ok("clock", "behind no file of the ledger")
}

fn keys(args: &DoctorArgs, output: &Output) -> Finding {
    let dev = args.data.join("dev-root-key").exists();
    if args.root.is_none() && !dev {
        return not_ok(
            How::Warn,
            "root key",
            "none was given: the keys were not tried",
            "--root-key-file FILE or the like",
        );
    }
    let checked = args
        .root
        .provider_for(&args.data, &Ask::new(output))
        .map(|root| strongroom_ledger::check_keys(&args.data, root.as_ref()));
    match checked {
        Ok(Ok(report)) if report.first_record_opened => {
            let seen = format!(
                "opens key file, {} data keys and the first of {} records",
                report.data_keys, report.records
            );
            ok("root key", seen)
        }
        Ok(Ok(_)) => not_ok(
            How::Bad,
            "root key",
            "the first record does not open",
            "strongroom verify --data DIR",
        ),
        Ok(Err(error)) if error.code() == "locked" => not_ok(
            How::Warn,
            "root key",
            "a server has the ledger open: the keys were not tried",
            "stop it, or rely on its start",
        ),
        Ok(Err(error)) => not_ok(
            How::Bad,
            "root key",
            error.to_string(),
            "strongroom keys check says more",
        ),
        Err(failure) => not_ok(
            How::Bad,
            "root key",
            failure.to_string(),
            "strongroom keys check says more",
        ),
    }
}

/// The token that is kept between commands.
fn context_file() -> Finding {
    let Ok(path) = context::path() else {
        return ok("context file", "none");
    };
    match fs::metadata(&path) {
        Ok(meta) if meta.permissions().mode() & 0o077 == 0 => ok("context file", "only its owner can read it"),
        Ok(_) => not_ok(
            How::Bad,
            "context file",
            format!("others can read the token in {}", path.display()),
            format!("chmod 600 {}, and revoke the token", path.display()),
        ),
        Err(_) => ok("context file", "none"),
    }
}

fn limit(what: &'static str, resource: Resource, wanted: u64, remedy: &str) -> Finding {
    let limit = getrlimit(resource);
    // The soft limit is raised by the server itself, as far as the hard one.
    match limit.maximum {
        Some(most) if most < wanted => not_ok(
            How::Warn,
            what,
            format!("at most {most}, and {wanted} are wanted"),
            remedy,
        ),
        Some(most) => ok(what, format!("up to {most}")),
        None => ok(what, "no limit"),
    }
}

/// Whether certificate and key can be used, and until when.
fn tls(certificate: &Path, key: &Path, now: Timestamp) -> Vec<Finding> {
    let loaded = match Tls::load(certificate.to_owned(), key.to_owned()) {
        Ok(loaded) => loaded,
        Err(error) => {
            return vec![not_ok(
                How::Bad,
                "certificate",
                error.to_string(),
                "the server would not start with it",
            )];
        }
    };
    let mut findings = vec![match fs::metadata(key) {
        Ok(meta) if meta.permissions().mode() & 0o077 == 0 => ok("private key", "only its owner can read it"),
        _ => not_ok(
            How::Bad,
            "private key",
            "others can read it",
            format!("chmod 600 {}", key.display()),
        ),
    }];
    let chain = loaded.certificates();
    let own = chain.first().and_then(|der| X509Certificate::from_der(der).ok());
    findings.push(match own {
        None => not_ok(
            How::Bad,
            "certificate",
            "it can't be read",
            "the server's own certificate comes first",
        ),
        Some((_, own)) => {
            let end = Timestamp::from_second(own.validity().not_after.timestamp()).unwrap_or_default();
            let left = end.duration_since(now);
            let seen = format!("until {end}");
            match left {
                _ if left.is_negative() => not_ok(
                    How::Bad,
                    "certificate",
                    format!("it ended: {seen}"),
                    "renew it; a new one is taken up by itself",
                ),
                _ if left < RENEW_WITHIN => not_ok(
                    How::Warn,
                    "certificate",
                    seen,
                    "renew it; a new one is taken up by itself",
                ),
                _ => ok("certificate", seen),
            }
        }
    });
    findings
}
