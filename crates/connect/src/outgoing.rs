//! One HTTP client for everything that goes out: https, no redirects, no proxy, and only to public addresses, unless an
//! administrator lists the host. Else whoever may enter a URL could ask what only this machine can reach (OWASP: server
//! side request forgery).

use crate::limits::{ANSWER_BYTES_MAX, ANSWER_WITHIN, CONNECT_WITHIN};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// What may be reached beyond public addresses.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Hosts, names or addresses to the letter, that may lie at private addresses.
    pub hosts: Vec<String>,
    /// This machine, also without TLS: `serve --dev` only.
    pub this_machine: bool,
    /// Certificates of authorities that are trusted too, as PEM.
    pub authorities: Option<Vec<u8>>,
}

impl Reach {
    fn lists(&self, host: &str) -> bool {
        self.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || self.lists(host) || self.this_machine && address.is_loopback()
    }
}

/// Why nothing came back. Names the host at most, never what was sent.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// Not a URL that is asked.
    #[error("{0} is not asked: only https, and http for this machine under --dev")]
    Scheme(String),
    /// An address that is not public.
    #[error("{0} is not asked: it lies at an address that is not public, and is not listed")]
    NotPublic(String),
    /// The certificates of authorities can't be read.
    #[error("the certificates of authorities can't be read")]
    Authorities(#[source] reqwest::Error),
    /// No answer.
    #[error("{host} did not answer")]
    NoAnswer {
        /// The host.
        host: String,
        /// What the client says, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that says no.
    #[error("{host} answered with {status}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// An answer that is too long.
    #[error("{0} answered with more than a mebibyte")]
    TooLong(String),
    /// An answer that is not what it should be.
    #[error("{0} answered with something else than was asked for")]
    Malformed(String),
}

/// The client. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: reqwest::Client,
    reach: Arc<Reach>,
}

/// What every client that goes out is like: no redirects, no proxy, bounded in time, trusting these authorities too. It asks any
/// address: for a URL that a caller may have entered there is [`Outgoing`].
pub(crate) fn unguarded(authorities: Option<&[u8]>) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")));
    for certificate in authorities
        .map(reqwest::Certificate::from_pem_bundle)
        .transpose()?
        .into_iter()
        .flatten()
    {
        builder = builder.add_root_certificate(certificate);
    }
    Ok(builder)
}

impl Outgoing {
    /// Makes the client.
    ///
    /// # Errors
    /// [`OutgoingError::Authorities`].
    pub fn new(reach: Reach) -> Result<Self, OutgoingError> {
        let reach = Arc::new(reach);
        let client = unguarded(reach.authorities.as_deref())
            .map(|builder| builder.dns_resolver(Arc::new(Guard(Arc::clone(&reach)))))
            .and_then(reqwest::ClientBuilder::build)
            .map_err(OutgoingError::Authorities)?;
        Ok(Self { client, reach })
    }

    /// Asks for a JSON document.
    ///
    /// # Errors
    /// [`OutgoingError`].
    pub(crate) async fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, OutgoingError> {
        let response = self.send(self.client.get(url.clone()), url).await?;
        let host = named(url);
        if response.status() != 200 {
            let status = response.status().as_u16();
            return Err(OutgoingError::Status { host, status });
        }
        serde_json::from_slice(response.body()).map_err(|_| OutgoingError::Malformed(host))
    }

    /// Sends a request of the OAuth client's.
    ///
    /// # Errors
    /// [`OutgoingError`]; whatever status comes is an answer.
    pub(crate) async fn call(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        let text = request.uri().to_string();
        let url = Url::parse(&text).map_err(|_| OutgoingError::Malformed("the URL".to_owned()))?;
        let (parts, body) = request.into_parts();
        let builder = self.client.request(parts.method, url.clone());
        self.send(builder.headers(parts.headers).body(body), &url).await
    }

    async fn send(
        &self,
        builder: reqwest::RequestBuilder,
        url: &Url,
    ) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        self.check(url)?;
        let host = named(url);
        let failed = |source: reqwest::Error| OutgoingError::NoAnswer {
            host: host.clone(),
            source: source.without_url(),
        };
        let mut answer = builder.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(OutgoingError::TooLong(host));
            }
            body.extend_from_slice(&piece);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    /// Looks at a URL before it is asked. The resolver is never asked for an address that stands in it.
    pub(crate) fn check(&self, url: &Url) -> Result<(), OutgoingError> {
        let host = named(url);
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(OutgoingError::Scheme(host)),
        };
        let local = address.map_or(host == "localhost", |address| address.is_loopback());
        let fits = url.scheme() == "https" || url.scheme() == "http" && local && self.reach.this_machine;
        if !fits || !url.username().is_empty() || url.password().is_some() {
            return Err(OutgoingError::Scheme(host));
        }
        match address {
            Some(address) if !self.reach.allows(&host, address) => Err(OutgoingError::NotPublic(host)),
            _ => Ok(()),
        }
    }
}

/// The host as people write it; addresses without brackets.
fn named(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the URL");
    host.trim_matches(['[', ']']).to_owned()
}

/// Resolves by the system, and lets through what may be reached: the address that is checked is the one that is connected.
#[derive(Debug)]
struct Guard(Arc<Reach>);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, host) = (Arc::clone(&self.0), name.as_str().to_owned());
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|to| reach.allows(&host, to.ip())).collect();
            if allowed.is_empty() {
                return Err(Box::new(OutgoingError::NotPublic(host)).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address may be anybody's: not this machine, this network, or nobody's (IANA special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) | (169, 254, _) | (192, 168, _) => true,
        (100, 64..=127, _) => true,             // shared by carriers
        (172, 16..=31, _) => true,              // private
        (192, 0, 0 | 2) => true,                // protocols, documentation
        (192, 88, 99) => true,                  // relays of 6to4
        (198, 18..=19, _) => true,              // benchmarks
        (198, 51, 100) | (203, 0, 113) => true, // documentation
        _ => a >= 224,                          // multicast, reserved, broadcast
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4() {
        // Mapped or compatible, `::1` too.
        return address.to_ipv4_mapped().is_some() && is_public_v4(inner);
    }
    let parts = address.segments();
    let of_v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts[0] {
        0x64 if parts[1] == 0xff9b => parts[2] == 0 && of_v4(parts[6], parts[7]), // translated
        0x2001 if parts[1] < 0x200 || parts[1] == 0xdb8 => false,                 // Teredo and others, documentation
        0x2002 => of_v4(parts[1], parts[2]),                                      // 6to4
        0x3fff => false,                                                          // documentation
        first => (0x2000..0x4000).contains(&first),                               // what is given out at all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reach: Reach, url: &str) -> Result<(), String> {
        let outgoing = Outgoing::new(reach).unwrap();
        outgoing
            .check(&Url::parse(url).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_https_to_public_addresses_is_asked() {
        let none = Reach::default;
        for good in [
            "https://login.example.com/x",
            "https://1.1.1.1",
            "https://[2606:4700::1]:8443/",
        ] {
            assert_eq!(check(none(), good), Ok(()), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "http://127.0.0.1",
            "ftp://login.example.com",
            "https://user@login.example.com",
            "https://:word@login.example.com",
            "https://127.0.0.1",
            "https://0.0.0.0",
            "https://10.1.2.3",
            "https://172.16.0.1",
            "https://192.168.1.1",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://224.0.0.1",
            "https://255.255.255.255",
            "https://2130706433", // 127.0.0.1 as a number
            "https://0x7f.1",
            "https://[::1]",
            "https://[::]",
            "https://[::ffff:10.0.0.1]",
            "https://[fe80::1]",
            "https://[fc00::1]",
            "https://[64:ff9b::a00:1]",
            "https://[2002:a00:1::]",
        ] {
            assert!(check(none(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_listed_may_be_asked_and_nothing_beside_it() {
        let listed = || Reach {
            hosts: vec!["10.1.2.3".to_owned()],
            ..Reach::default()
        };
        assert_eq!(check(listed(), "https://10.1.2.3:6443/openid"), Ok(()));
        assert!(check(listed(), "http://10.1.2.3").is_err(), "without TLS");
        assert!(check(listed(), "https://10.1.2.4").is_err());
        let dev = || Reach {
            this_machine: true,
            ..Reach::default()
        };
        for good in ["http://127.0.0.1:4000", "http://localhost:1", "https://[::1]/"] {
            assert_eq!(check(dev(), good), Ok(()), "{good}");
        }
        assert!(check(dev(), "http://10.0.0.1").is_err());
    }

    #[tokio::test]
    async fn a_name_that_lies_at_a_private_address_is_not_asked() {
        let outgoing = Outgoing::new(Reach::default()).unwrap();
        let url = Url::parse("https://localhost:1/").unwrap();
        let refused = outgoing.json::<serde_json::Value>(&url).await.unwrap_err();
        let mut cause: &dyn std::error::Error = &refused;
        while let Some(next) = cause.source() {
            cause = next;
        }
        assert!(cause.to_string().contains("not public"), "{cause}");
    }
}
