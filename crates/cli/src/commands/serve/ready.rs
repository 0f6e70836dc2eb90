//! What is done and said when a server is ready: the context file, the sample, one line for programs, a few for people.

use super::{OpenedLedger, ServeArgs};
use crate::context::{self, Context};
use crate::failure::{Failure, Outcome};
use crate::output::{Facts, Output, Tone};
use crate::{sample, session};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use strongroom_client::Client;
use zeroize::Zeroizing;

/// Makes a dev ledger ready for whoever comes next, and says that the server is ready.
pub(super) async fn get_ready(args: &ServeArgs, addr: SocketAddr, opened: &OpenedLedger, output: &Output) -> Outcome {
    if let Some(token) = &opened.token {
        output.warn(format!(
            "this is a dev ledger: its root key lies beside the data in {} and protects nothing. Put no real secret into it.",
            args.data.display()
        ));
        if args.sample {
            load_sample(addr, token, output).await?;
        }
        keep_context(addr, args.tls.tls_cert.is_some(), token, output);
    }
    say_ready(args, addr, opened, output)
}

/// After this the next command in another terminal just works. Where the file can't be written the server serves all the same.
fn keep_context(addr: SocketAddr, tls: bool, token: &Zeroizing<String>, output: &Output) {
    let context = Context {
        addr: url(addr, tls),
        token: token.clone(),
        ca_file: None,
    };
    let kept = context::path().and_then(|path| context::write(&path, &context));
    if let Err(failure) = kept {
        output.warn(format!(
            "{failure}; other commands need STRONGROOM_ADDR and STRONGROOM_TOKEN"
        ));
    }
}

async fn load_sample(addr: SocketAddr, token: &str, output: &Output) -> Outcome {
    let client = Client::new(&reachable(addr).to_string(), Some(token)).map_err(session::failure)?;
    let loaded = sample::load(&client).await?;
    output.talk(if loaded {
        "the sample agency is loaded"
    } else {
        "the sample agency is there already"
    });
    Ok(())
}

fn say_ready(args: &ServeArgs, addr: SocketAddr, opened: &OpenedLedger, output: &Output) -> Outcome {
    let addr = reachable(addr);
    let token = opened.token.as_ref().map(|token| token.as_str());
    let data = args
        .data
        .to_str()
        .ok_or_else(|| Failure::local("the directory's name is not UTF-8"))?;
    let tls = args.tls.tls_cert.is_some();
    let shown = if tls { url(addr, tls) } else { addr.to_string() };
    let mut document = json!({"addr": shown, "data": data});
    if let (Some(members), Some(token)) = (document.as_object_mut(), token) {
        members.insert("token".to_owned(), json!(token));
    }
    output.show(&document, |look| {
        let facts = Facts::default()
            .fact("address", url(addr, tls))
            .maybe("token", token)
            .fact(
                "data",
                if opened.made {
                    format!("{data} (made just now)")
                } else {
                    data.to_owned()
                },
            )
            .fact("records", opened.ledger.view().head.to_string())
            .maybe(
                "reads only",
                args.without_secrets
                    .then_some("what happened, no values, nothing is written"),
            );
        format!(
            "{}\n\n{}\n",
            look.paint("Strongroom is ready.", Tone::Good),
            facts.render(look)
        )
    })?;
    // For systemd, where it started us; elsewhere it does nothing.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let next = match (token.is_some(), args.sample) {
        (true, true) => "in another terminal: strongroom credential list",
        (true, false) => "in another terminal: strongroom credential create, or strongroom --help",
        (false, _) => "in another terminal: strongroom login",
    };
    output.talk(format!("{next}\nCtrl-C stops it"));
    Ok(())
}

fn url(addr: SocketAddr, tls: bool) -> String {
    format!("{}://{}", if tls { "https" } else { "http" }, reachable(addr))
}

/// Where this machine reaches a listener: one on all addresses is reached by loopback.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), addr.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), addr.port()),
        _ => addr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_loopback() {
        for (listening, reached) in [
            ("0.0.0.0:7420", "127.0.0.1:7420"),
            ("[::]:1", "[::1]:1"),
            ("192.168.1.5:2", "192.168.1.5:2"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), reached);
        }
    }
}
