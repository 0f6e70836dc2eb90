//! A command whose output is masked: a child, with what this process is sent sent on to it.

use super::mask::{MASKED_BYTES_MIN, Mask};
use super::not_begun;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::Output;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, IsTerminal as _, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Runs it to its end, and ends as it does.
pub(super) async fn run(mut command: Command, values: Vec<Zeroizing<String>>, output: &Output) -> Outcome {
    if values.iter().any(|value| value.len() < MASKED_BYTES_MIN) {
        output.warn(format!(
            "values of fewer than {MASKED_BYTES_MIN} characters are not masked"
        ));
    }
    let mut signals = signals().map_err(|error| Failure::new(Exit::Run, format!("can't wait for signals: {error}")))?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_owned();
    let mut child = command.spawn().map_err(|error| not_begun(&program, &error))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = tokio::task::spawn_blocking(move || {
        std::thread::scope(|scope| {
            scope.spawn(|| stderr.map(|from| pass_on(from, io::stderr(), &values)));
            if let Some(from) = stdout {
                pass_on(from, io::stdout(), &values);
            }
        });
        child.wait()
    });
    tokio::pin!(ended);
    let status = loop {
        tokio::select! {
            ended = &mut ended => break ended,
            Some(signal) = signals.recv() => if let Some(pid) = pid {
                let _ = kill_process(pid, signal); // it may have ended meanwhile
            },
        }
    };
    let status = status.map_err(io::Error::other).and_then(|status| status);
    let status = status.map_err(|error| Failure::new(Exit::Run, format!("can't wait for the command: {error}")))?;
    match code(status) {
        0 => Ok(()),
        code => Err(Failure::told(Exit::Child(code))),
    }
}

/// As shells have it: 128 + n for signal n.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// What is sent to this process. A terminal sends its interrupts to the child itself, so they are not sent twice.
fn signals() -> io::Result<mpsc::UnboundedReceiver<Signal>> {
    let at_terminal = io::stdin().is_terminal();
    let kinds = [
        (SignalKind::hangup(), Signal::HUP, true),
        (SignalKind::terminate(), Signal::TERM, true),
        (SignalKind::user_defined1(), Signal::USR1, true),
        (SignalKind::user_defined2(), Signal::USR2, true),
        (SignalKind::interrupt(), Signal::INT, !at_terminal),
        (SignalKind::quit(), Signal::QUIT, !at_terminal),
    ];
    let (sender, receiver) = mpsc::unbounded_channel();
    for (kind, sent, passed_on) in kinds {
        let mut stream = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if passed_on && sender.send(sent).is_err() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

/// Until the child closes its end. When nobody reads ours any more the rest is read and dropped, so that the child goes on.
fn pass_on(mut from: impl Read, mut to: impl Write, values: &[Zeroizing<String>]) {
    let mut mask = Mask::new(values.iter().map(|value| value.as_str()));
    let mut chunk = Zeroizing::new(vec![0; 16 << 10]);
    let mut write = |bytes: &[u8]| {
        let _ = to.write_all(bytes).and_then(|()| to.flush());
    };
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => write(&mask.push(&chunk[..read])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    write(&mask.finish());
}
