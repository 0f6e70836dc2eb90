//! What an operator writes for a sink: `NAME=URL`, with what else there is to say as parameters of the URL.

use std::path::PathBuf;
use url::Url;

/// The port of syslog over TLS (RFC 5425, section 4.1).
const SYSLOG_PORT: u16 = 6514;
/// Where a collector takes logs, when no path is given (OTLP, "OTLP/HTTP request").
const LOGS_PATH: &str = "/v1/logs";
/// Bytes of a file that it has at most before the next one is begun.
const ROTATE_BYTES: u64 = 100 << 20;
/// The least that is worth a file.
const ROTATE_BYTES_MIN: u64 = 4 << 10;

/// A sink as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkAim {
    /// What it is called: in metrics, logs, and as the name of its place.
    pub name: String,
    /// Where it goes.
    pub kind: SinkKind,
    /// How events are written.
    pub format: SinkFormat,
    /// The principal whose sight it has.
    pub principal: String,
    /// Which events, in the filter language.
    pub filter: String,
    /// Where it begins when it is new: a position, a time, or `now`.
    pub from: String,
}

/// Where a sink goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkKind {
    /// A file, a line for each event.
    File {
        /// Which.
        path: PathBuf,
        /// Bytes at which the next one is begun.
        rotate: u64,
        /// How many older ones are kept; all without it.
        keep: Option<usize>,
    },
    /// Syslog (RFC 5424) over TLS (RFC 5425).
    Syslog {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A collector of OpenTelemetry logs, by HTTP in JSON.
    Otlp {
        /// The URL that takes them.
        url: Url,
    },
}

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkFormat {
    /// As the API gives it.
    Event,
    /// CloudEvents 1.0.
    CloudEvents,
    /// The Open Cybersecurity Schema Framework.
    Ocsf,
}

/// What is wrong with a sink that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AimError {
    /// No name.
    #[error("a sink is NAME=URL, as `siem=syslog+tls://siem.example.com?as=siem`; names are of a-z, 0-9 and `-`")]
    Name,
    /// No URL.
    #[error("`{0}` is no URL")]
    Url(String),
    /// Another scheme.
    #[error("`{0}:` is no kind of sink; there are file:, syslog+tls:, otlp+http: and otlp+https:")]
    Scheme(String),
    /// No host, or a name and password.
    #[error("it needs a host, and no name or password")]
    Host,
    /// A path that is none, or not from the root on.
    #[error("a file is named from the root on: file:///var/log/strongroom/audit.ndjson")]
    Path,
    /// A parameter that is none.
    #[error("there is no parameter `{0}`; there are as, format, filter, from, and rotate and keep of a file")]
    Parameter(String),
    /// A parameter's value.
    #[error("`{name}={value}` is {what}")]
    Value {
        /// Which.
        name: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        what: &'static str,
    },
    /// Nobody's sight.
    #[error("`as=PRINCIPAL` is missing: a sink tells what that principal sees, an auditor's all of it")]
    Principal,
}

impl std::str::FromStr for SinkAim {
    type Err = AimError;

    fn from_str(text: &str) -> Result<Self, AimError> {
        let (name, url) = text.split_once('=').ok_or(AimError::Name)?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(fits) {
            return Err(AimError::Name);
        }
        let url = Url::parse(url).map_err(|_| AimError::Url(url.to_owned()))?;
        let mut words = Words::of(&url)?;
        let kind = kind(&url, &mut words)?;
        Ok(Self {
            name: name.to_owned(),
            kind,
            format: match words.take("format").as_deref() {
                None | Some("event") => SinkFormat::Event,
                Some("cloudevents") => SinkFormat::CloudEvents,
                Some("ocsf") => SinkFormat::Ocsf,
                Some(other) => return Err(value("format", other, "none of event, cloudevents, ocsf")),
            },
            principal: words
                .take("as")
                .filter(|it| !it.is_empty())
                .ok_or(AimError::Principal)?,
            filter: words.take("filter").unwrap_or_default(),
            from: words.take("from").unwrap_or_else(|| "0".to_owned()),
        })
        .and_then(|aim| words.end().map(|()| aim))
    }
}

fn kind(url: &Url, words: &mut Words) -> Result<SinkKind, AimError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AimError::Host);
    }
    match url.scheme() {
        "file" => Ok(SinkKind::File {
            path: url
                .to_file_path()
                .ok()
                .filter(|it| it.file_name().is_some())
                .ok_or(AimError::Path)?,
            rotate: match words.take("rotate") {
                None => ROTATE_BYTES,
                Some(text) => bytes(&text)
                    .filter(|it| *it >= ROTATE_BYTES_MIN)
                    .ok_or_else(|| value("rotate", &text, "no size of at least 4KiB, as 100MiB"))?,
            },
            keep: match words.take("keep") {
                None => None,
                Some(text) => Some(text.parse().map_err(|_| value("keep", &text, "no number of files"))?),
            },
        }),
        "syslog+tls" => Ok(SinkKind::Syslog {
            host: url
                .host_str()
                .filter(|it| !it.is_empty())
                .ok_or(AimError::Host)?
                .trim_matches(['[', ']'])
                .to_owned(),
            port: url.port().unwrap_or(SYSLOG_PORT),
        }),
        "otlp+http" | "otlp+https" => {
            let mut plain = url.clone();
            plain.set_query(None);
            plain.set_fragment(None);
            let text = plain.as_str().trim_start_matches("otlp+");
            let mut url = Url::parse(text).map_err(|_| AimError::Host)?;
            if matches!(url.path(), "" | "/") {
                url.set_path(LOGS_PATH);
            }
            Ok(SinkKind::Otlp { url })
        }
        other => Err(AimError::Scheme(other.to_owned())),
    }
}

/// The parameters of a URL, each taken once.
struct Words(Vec<(String, String)>);

impl Words {
    fn of(url: &Url) -> Result<Self, AimError> {
        let words: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for (at, (name, text)) in words.iter().enumerate() {
            if words.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Err(value("a parameter", text, "given twice"));
            }
        }
        Ok(Self(words))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(it, _)| it == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn end(self) -> Result<(), AimError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(AimError::Parameter(name)),
        }
    }
}

fn value(name: &'static str, value: &str, what: &'static str) -> AimError {
    let value = value.to_owned();
    AimError::Value { name, value, what }
}

/// A size as `100MiB`, `64KiB`, `1GiB` or in bytes.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let unit = units
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1));
    number.trim().parse::<u64>().ok()?.checked_mul(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_writes_is_a_sink() {
        let aim: SinkAim =
            "siem=syslog+tls://siem.example.com?as=siem&format=ocsf&filter=type:credential -workspace:sandbox"
                .parse()
                .unwrap();
        assert_eq!(
            aim,
            SinkAim {
                name: "siem".to_owned(),
                kind: SinkKind::Syslog {
                    host: "siem.example.com".to_owned(),
                    port: 6514,
                },
                format: SinkFormat::Ocsf,
                principal: "siem".to_owned(),
                filter: "type:credential -workspace:sandbox".to_owned(),
                from: "0".to_owned(),
            }
        );
        let kind = |text: &str| text.parse::<SinkAim>().unwrap().kind;
        let file = |rotate, keep| SinkKind::File {
            path: "/var/log/a.ndjson".into(),
            rotate,
            keep,
        };
        assert_eq!(kind("a=file:///var/log/a.ndjson?as=x"), file(100 << 20, None));
        assert_eq!(
            kind("a=file:///var/log/a.ndjson?as=x&rotate=64KiB&keep=3"),
            file(64 << 10, Some(3))
        );
        let otlp = |url: &str| SinkKind::Otlp {
            url: Url::parse(url).unwrap(),
        };
        assert_eq!(
            kind("a=otlp+http://localhost:4318?as=x"),
            otlp("http://localhost:4318/v1/logs")
        );
        assert_eq!(
            kind("a=otlp+https://c.example/own/path?as=x"),
            otlp("https://c.example/own/path")
        );
    }

    #[test]
    fn what_is_no_sink_is_told_why() {
        for (text, told) in [
            ("syslog+tls://host?as=x", "NAME=URL"),
            ("Siem=syslog+tls://host?as=x", "NAME=URL"),
            ("a=host", "no URL"),
            ("a=syslog://host?as=x", "`syslog:` is no kind"),
            ("a=syslog+tls://me:secret@host?as=x", "no name or password"),
            ("a=file:///?as=x", "from the root on"),
            ("a=file:///a", "`as=PRINCIPAL` is missing"),
            ("a=file:///a?as=x&rotate=1", "no size"),
            ("a=file:///a?as=x&as=y", "given twice"),
            ("a=file:///a?as=x&keep=few", "no number of files"),
            ("a=file:///a?as=x&fromat=ocsf", "there is no parameter `fromat`"),
            ("a=syslog+tls://host?as=x&keep=3", "there is no parameter `keep`"),
            ("a=file:///a?as=x&format=xml", "none of event"),
        ] {
            let error = text.parse::<SinkAim>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
