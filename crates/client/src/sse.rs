//! Server-sent events as they come (WHATWG HTML §9.2.6, as far as this server writes them).

use reqwest::Response;

/// Bytes of one event: a server that sends more is none of ours.
const EVENT_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Open {
    response: Response,
    pending: Vec<u8>,
}

/// One event as it came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<u64>,
}

impl Open {
    pub(crate) fn new(response: Response) -> Self {
        Self {
            response,
            pending: Vec::new(),
        }
    }

    /// The next whole event; none when the connection ends. Comments are signs of life.
    pub(crate) async fn event(&mut self) -> Option<Raw> {
        loop {
            if let Some(end) = find(&self.pending, b"\n\n") {
                let block: Vec<u8> = self.pending.drain(..end + 2).collect();
                let raw = parse(&String::from_utf8_lossy(&block));
                if raw.name.is_empty() {
                    continue;
                }
                return Some(raw);
            }
            if self.pending.len() > EVENT_BYTES_MAX {
                return None;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.pending.extend(chunk.iter().filter(|byte| **byte != b'\r'));
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Reads one event (WHATWG HTML §9.2.6, as far as this server writes it).
fn parse(block: &str) -> Raw {
    let mut raw = Raw::default();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut raw.name),
            "data" if raw.data.is_empty() => value.clone_into(&mut raw.data),
            "data" => {
                raw.data.push('\n');
                raw.data.push_str(value);
            }
            "id" => raw.id = value.parse().ok(),
            _ => {}
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_an_id_and_data() {
        let raw = parse("event: changed\nid: 42\ndata: {\"position\":42}\n\n");
        let expected = Raw {
            name: "changed".to_owned(),
            data: "{\"position\":42}".to_owned(),
            id: Some(42),
        };
        assert_eq!(raw, expected);
        assert_eq!(parse(": alive\n\n"), Raw::default());
        assert_eq!(parse("data:a\ndata: b\n").data, "a\nb");
    }
}
