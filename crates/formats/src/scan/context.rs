//! What a name, a header or a URL says about the value beside it.

use std::collections::HashSet;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use regex::{Captures, Regex};

use super::value::{self, Place};
use crate::catalogue::{self, Class};
use crate::names;

type Named = (&'static str, &'static str);

pub(super) const ASSIGNED: Named = (
    "assigned-secret",
    "a value that looks random, in a field that calls for a secret",
);
const URL_PASSWORD: Named = ("url-password", "a password in an address");
const URL_QUERY: Named = ("url-query-secret", "a key in the query of an address");
const AUTHORIZATION: Named = ("authorization-header", "the value of an authorization header");

/// The first secret that the text around it gives away.
pub(super) fn find(text: &str) -> Option<Named> {
    if text.len() < 8 {
        return None;
    }
    let patterns = patterns();
    let any = |regex: &Regex, is_secret: &dyn Fn(&Captures<'_>) -> bool| {
        regex.captures_iter(text).any(|found| is_secret(&found))
    };
    if text.contains("://") && any(&patterns.userinfo, &|c| is_url_password(group(c, 1))) {
        return Some(URL_PASSWORD);
    }
    if text.contains('=') && any(&patterns.query, &|c| is_query_secret(group(c, 1), group(c, 2))) {
        return Some(URL_QUERY);
    }
    if any(&patterns.authorization, &|c| is_authorization(group(c, 1), group(c, 2))) {
        return Some(AUTHORIZATION);
    }
    let assigned = |c: &Captures<'_>| place_of(group(c, 1)).is_some_and(|place| value::is_secret(group(c, 2), place));
    let told = |c: &Captures<'_>| {
        let value = group(c, 2);
        let place = place_of(group(c, 1)).unwrap_or(Place::Strong);
        is_telling(value) && value::is_secret(value, place)
    };
    (any(&patterns.assigned, &assigned) || any(&patterns.passed, &assigned) || any(&patterns.told, &told))
        .then_some(ASSIGNED)
}

/// What a field, parameter or header of this name calls for.
pub(super) fn place_of(name: &str) -> Option<Place> {
    let name = names::squeeze(name);
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    if ends(&[
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "passwort",
        "kennwort",
    ]) {
        return Some(Place::Password);
    }
    if ends(&[
        "pagetoken",
        "nexttoken",
        "continuationtoken",
        "synctoken",
        "csrftoken",
        "devicetoken",
        "canceltoken",
        "cancellationtoken",
        "publickey",
        "publishablekey",
        "primarykey",
        "foreignkey",
        "idempotencykey",
        "anontoken",
    ]) {
        return None;
    }
    if ends(&[
        "apikey",
        "secretkey",
        "clientsecret",
        "accesskey",
        "privatekey",
        "accesstoken",
        "authtoken",
        "bearertoken",
        "refreshtoken",
        "apitoken",
        "bottoken",
        "apisecret",
        "secret",
        "authkey",
        "subscriptionkey",
        "masterkey",
        "encryptionkey",
        "signingkey",
        "sessiontoken",
        "usertoken",
        "authorization",
        "xauthtoken",
        "appkey",
        "servicekey",
        "hmackey",
        "xtoken",
        "connectionstring",
        "apipass",
    ]) {
        return Some(Place::Strong);
    }
    if ends(&["token", "auth", "credential", "credentials", "signature", "bearer"]) || secret_fields().contains(&name) {
        return Some(Place::Weak);
    }
    None
}

/// Names of the catalogue's secret fields, but for those that say nothing by themselves.
fn secret_fields() -> &'static HashSet<String> {
    static FIELDS: OnceLock<HashSet<String>> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let vague = [
            "value",
            "key",
            "json",
            "headers",
            "template",
            "args",
            "ca",
            "cert",
            "clientcertificate",
            "cacertificate",
            "publickey",
            "encryptionpublickey",
            "appid",
            "cookie",
            "headervalue",
            "externalid",
            "passphrase",
            "environments",
        ];
        catalogue::n8n_types()
            .iter()
            .flat_map(|row| row.fields.iter())
            .filter(|field| field.class == Class::Secret)
            .flat_map(|field| [names::squeeze(field.from), names::squeeze(field.name)])
            .filter(|name| name.len() >= 5 && !vague.contains(&name.as_str()))
            .collect()
    })
}

struct Patterns {
    userinfo: Regex,
    query: Regex,
    authorization: Regex,
    assigned: Regex,
    passed: Regex,
    told: Regex,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: OnceLock<Patterns> = OnceLock::new();
    PATTERNS.get_or_init(|| Patterns {
        userinfo: compile(
            r#"[A-Za-z][A-Za-z0-9+.-]+://[^\s/?\#@:"'<>\\`]*:([^\s/?\#@"'<>\\`]+)@[A-Za-z0-9\[_]"#,
        ),
        query: compile(r#"[?&;]([A-Za-z_.-]{2,40})=([A-Za-z0-9_.~%+/-]{8,})"#),
        authorization: compile(
            r#"(?i)(?-u:\b)(bearer|basic)[ \t]{1,4}([A-Za-z0-9._~+/-]{8,})"#,
        ),
        // `apiKey: "…"`, `token => '…'`, `\"token\":\"…\"`
        assigned: compile(concat!(
            r#"(?i)([A-Za-z0-9_$-]*(?:pass|pwd|secret|token|key|authorization|credential|connection)[A-Za-z]{0,12})"#,
            r#"\\{0,3}["'`]?\]?\s{0,4}(?::|=>?)\s{0,4}\\{0,3}["'`]"#,
            r#"((?:(?:bearer|basic|token|bot)\s{1,2})?[^"'`\s\\]{6,})\\{0,3}["'`]"#,
        )),
        // `headers.set('Authorization', 'Bearer …')`
        passed: compile(concat!(
            r#"(?i)(?:header|headers|set|append|add|property)\(\s{0,4}["'`]([A-Za-z0-9_-]+)["'`]\s{0,4},\s{0,4}["'`]"#,
            r#"((?:(?:bearer|basic|token|bot)\s{1,2})?[^"'`\s\\]{6,})["'`]"#,
        )),
        // `password: …` in prose
        told: compile(
            r#"(?i)(?-u:\b)(password|passwort|passwd|pwd|passphrase|api[ _-]?key|secret[ _-]?key|access[ _-]?token|client[ _-]?secret|auth[ _-]?token)\s{0,2}(?:is|:|=)\s{0,2}([A-Za-z0-9!@\#%^&*_+/=~-]{8,})(?:[\s,;)]|\.\s|\.?$)"#,
        ),
    })
}

fn compile(pattern: &str) -> Regex {
    match Regex::new(pattern) {
        Ok(regex) => regex,
        Err(error) => panic!("a compiled-in pattern doesn't compile: {error}"),
    }
}

fn group<'t>(captures: &Captures<'t>, at: usize) -> &'t str {
    captures.get(at).map_or("", |found| found.as_str())
}

fn is_url_password(password: &str) -> bool {
    password.len() >= 4
        && !value::is_word_for_secret(password)
        && !value::is_placeholder(password)
        && !password.starts_with(['$', '{', '%'])
}

fn is_query_secret(name: &str, given: &str) -> bool {
    let squeezed = names::squeeze(name);
    let place = match squeezed.as_str() {
        // Signed addresses of object stores end within days.
        name if name.starts_with("xamz") || name.starts_with("xgoog") => None,
        "key" | "sig" | "appid" | "auth" | "apitoken" => Some(Place::Weak),
        _ => place_of(name),
    };
    place.is_some_and(|place| value::is_secret(given, place))
}

/// Prose and code are full of `token: word2`: what isn't in quotes must look more like a secret.
fn is_telling(given: &str) -> bool {
    let has = |test: fn(&char) -> bool| given.chars().any(|c| test(&c));
    let digit = has(char::is_ascii_digit);
    let letter = has(char::is_ascii_alphabetic);
    let mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    let symbol = given.contains(['!', '@', '#', '%', '^', '&', '*', '+', '~']);
    // A variable of a program: `apiKey = storedKey2`.
    let identifier = given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let few = given.chars().filter(char::is_ascii_digit).count() < 3;
    letter && digit && !(identifier && few) && (mixed || symbol || given.len() >= 16)
}

fn is_authorization(scheme: &str, given: &str) -> bool {
    if !scheme.eq_ignore_ascii_case("basic") {
        return value::is_secret(given, Place::Weak);
    }
    let Ok(decoded) = STANDARD_NO_PAD.decode(given) else {
        return false;
    };
    let Ok(text) = std::str::from_utf8(&decoded) else {
        return false;
    };
    text.split_once(':').is_some_and(|(user, password)| {
        let printable = !text.chars().any(char::is_control);
        let real = |part: &str| !value::is_placeholder(part) && !value::is_word_for_secret(part);
        printable
            && ((password.len() >= 4 && real(password)) || (password.is_empty() && value::is_secret(user, Place::Weak)))
    })
}
