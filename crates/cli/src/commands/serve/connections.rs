//! How many connections there is room for. A store that can't open a file stops writing, so strangers must not use up
//! the process's open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use strongroom_server::CONNECTIONS_MAX;

/// The usual number of connections.
pub(super) const MAX: u32 = CONNECTIONS_MAX;
/// More are never asked for.
pub(super) const MOST: i64 = 1_000_000;
/// The usual time for a header.
pub(super) const HEADER_TIMEOUT: &str = "30s";
/// Open files that are the store's, the log's and the listener's: the store alone may keep some hundred tables open.
const FILES_KEPT: u64 = 512;

/// The wanted number of connections, or what the open files of the process leave room for.
pub(super) fn room_for(wanted: u32) -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::from(wanted) + FILES_KEPT;
    let files = match (limit.current, limit.maximum) {
        (None, _) => return wanted,
        (Some(now), most) if now < needed => {
            let raised = most.map_or(needed, |most| needed.min(most));
            let asked = Rlimit {
                current: Some(raised),
                maximum: most,
            };
            if setrlimit(Resource::Nofile, asked).is_ok() {
                raised
            } else {
                now
            }
        }
        (Some(now), _) => now,
    };
    let room = room_within(wanted, files);
    if room < wanted {
        tracing::warn!(
            files,
            connections = room,
            "open files are limited: fewer connections are taken than were asked for"
        );
    }
    room
}

/// Never none: with few files, few connections.
fn room_within(wanted: u32, files: u64) -> u32 {
    let left = files.saturating_sub(FILES_KEPT).max(files / 4).max(1);
    wanted.min(u32::try_from(left).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_store() {
        for (wanted, files, room) in [
            (4_096, 65_536, 4_096),
            (4_096, 4_096, 3_584),
            (4_096, 1_024, 512),
            (64, 256, 64),
            (4_096, 256, 64),
            (1, 0, 1),
        ] {
            assert_eq!(room_within(wanted, files), room, "{wanted} of {files}");
        }
    }

    #[test]
    fn the_usual_time_is_the_server_s() {
        assert_eq!(HEADER_TIMEOUT, format!("{}s", strongroom_server::HEADER_WITHIN_S));
    }
}
