//! `login`, `whoami`.

mod sign_in;

use crate::args::Globals;
use crate::ask::Ask;
use crate::context::{self, Context, DEFAULT_ADDR};
use crate::doc::Doc;
use crate::failure::{Failure, Outcome, system_said};
use crate::input::{Stdin, secret_from};
use crate::output::{Facts, Output, Tone, clean, joined, time};
use crate::session::{self, Session};
use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

/// `login`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom login                                          asks for the token
  strongroom login --addr https://ledger.example < token
  strongroom login --addr https://ledger.example --sign-in  at your organisation's login page")]
pub(crate) struct LoginArgs {
    /// Sign in at an issuer in the browser, instead of entering a token
    #[arg(long)]
    sign_in: bool,
    /// By which issuer, where people sign in by several
    #[arg(long, value_name = "URL", requires = "sign_in")]
    issuer: Option<String>,
    /// The port of this machine at which the browser comes back; else a free one
    #[arg(long, value_name = "PORT", requires = "sign_in")]
    port: Option<u16>,
}

/// Keeps address and token, once the server knows the token.
pub(crate) async fn run(args: &LoginArgs, globals: &Globals, output: &Output) -> Outcome {
    let path = context::path()?;
    let addr = match &globals.addr {
        Some(addr) => context::normal_addr(addr),
        None => context::read(&path)?.map_or_else(|| context::normal_addr(DEFAULT_ADDR), |kept| kept.addr),
    };
    // Kept as it is found from anywhere.
    let ca_file = globals.ca_file.as_deref().map(std::path::absolute).transpose();
    let ca_file = ca_file.map_err(|error| Failure::local(format!("--ca-file: {}", system_said(&error))))?;
    if in_the_clear(&addr) {
        output.warn(format!(
            "{addr} is not this machine and not https: the token and every secret travel in the clear"
        ));
    }
    let token = if args.sign_in {
        let client = session::client(&addr, None, ca_file.as_deref())?;
        sign_in::token(&client, args.issuer.as_deref(), args.port.unwrap_or(0), output).await?
    } else {
        let ask = Ask::new(output);
        if ask.somebody() {
            ask.secret("token")?
        } else {
            secret_from("token", Some("-"), &ask, &mut Stdin::default())?
        }
    };
    let token = Zeroizing::new(token.trim().to_owned());
    let session = Session::with(&addr, &token, ca_file.as_deref(), output)?;
    let whoami = session.read(session.client.whoami()).await?;
    context::write(
        &path,
        &Context {
            addr: addr.clone(),
            token,
            ca_file,
        },
    )?;
    let document = json!({"addr": addr, "principal": whoami.get("handle"), "context": path, "whoami": whoami});
    output.show(&document, |look| {
        let who = clean(whoami.text("handle").unwrap_or_default());
        let kept = look.paint(&format!("(kept in {})", path.display()), Tone::Dim);
        format!("logged in to {addr} as `{who}` {kept}")
    })
}

/// `whoami`
pub(crate) async fn whoami(session: &Session) -> Outcome {
    let whoami = session.read(session.client.whoami()).await?;
    session.output.show(&whoami, |look| {
        let token = whoami.get("token").filter(|token| !token.is_null());
        let facts = Facts::default()
            .maybe("principal", whoami.text("handle"))
            .maybe("name", whoami.text("name"))
            .maybe("kind", whoami.text("kind"))
            .maybe(
                "ledger",
                whoami.text("ledger").map(|name| {
                    if whoami.is("dev") {
                        format!("{name} (dev: its keys protect nothing)")
                    } else {
                        name.to_owned()
                    }
                }),
            )
            .fact("server", session.client.base())
            .maybe("token", token.and_then(|token| token.text("id")))
            .maybe("label", token.and_then(|token| token.text("label")))
            .maybe(
                "expires",
                token.map(|token| token.text("expires_at").map_or_else(|| "never".to_owned(), time)),
            )
            .fact("rights", joined(whoami.texts("rights")));
        let grants = super::principal::grants(whoami.list("grants")).render(look, "no grants: it may do nothing");
        format!("{}\n\n{grants}", facts.render(look))
    })
}

/// Whether a token would travel where others can read it.
fn in_the_clear(addr: &str) -> bool {
    let Some(rest) = addr.strip_prefix("http://") else {
        return false;
    };
    let host = rest
        .rsplit_once(':')
        .map_or(rest, |(host, _)| host)
        .trim_matches(['[', ']']);
    let loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    !loopback && host != "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_clear_is_noticed() {
        for addr in [
            "http://127.0.0.1:7420",
            "http://[::1]:7420",
            "http://localhost:1",
            "https://ledger.example",
        ] {
            assert!(!in_the_clear(addr), "{addr}");
        }
        for addr in ["http://ledger.example", "http://10.0.0.5:7420"] {
            assert!(in_the_clear(addr), "{addr}");
        }
    }
}
