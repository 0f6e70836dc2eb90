//! Identities: who acts by another issuer's word.

use crate::harness::*;
use strongroom_domain::command::{BindIdentity, Command};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{ClaimRule, Event};
use strongroom_domain::ids::TokenId;
use strongroom_domain::limits::{CLAIM_CHARS_MAX, CLAIMS_MAX, CLOCKS_APART_US, SIGN_IN_US_MAX};
use strongroom_domain::rights::{Assertion, TokenRefused, identity_caller, issuer_is_known, token_caller};
use strongroom_domain::words::{PrincipalKind, Role};

const ISSUER: &str = "https://login.example.com";

fn rule(name: &str, values: &[&str]) -> ClaimRule {
    ClaimRule {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn bound_to(principal: &str, claims: &[(&str, &str)]) -> BindIdentity {
    BindIdentity {
        principal: principal.to_owned(),
        issuer: ISSUER.to_owned(),
        audience: "strongroom".to_owned(),
        claims: claims.iter().map(|(name, value)| rule(name, &[value])).collect(),
        label: String::new(),
        expires_at: None,
    }
}

fn bind(principal: &str, claims: &[(&str, &str)]) -> Command {
    Command::BindIdentity(Box::new(bound_to(principal, claims)))
}

fn service(name: &str) -> Command {
    Command::CreatePrincipal {
        name: name.to_owned(),
        handle: None,
        kind: PrincipalKind::Service,
    }
}

impl World {
    /// Who an assertion with these claims, for an audience, that ends then, stands for.
    fn asserted(&self, audience: &str, claims: &[(&str, &str)], end: u64) -> Result<String, TokenRefused> {
        let claim = |name: &str| {
            let of = claims.iter().filter(|(other, _)| *other == name);
            of.map(|(_, value)| (*value).to_owned()).collect()
        };
        let assertion = Assertion {
            issuer: ISSUER,
            audiences: &["other".to_owned(), audience.to_owned()],
            not_before: None,
            expires_at: end,
            claim: &claim,
        };
        let caller = identity_caller(&self.state, &assertion, self.now)?;
        Ok(self.state.principals[&caller.principal].handle.clone())
    }

    fn subject(&self, subject: &str) -> Result<String, TokenRefused> {
        self.asserted("strongroom", &[("sub", subject)], self.now + DAY)
    }

    fn identity_of(&self, handle: &str) -> TokenId {
        self.state.principals[&self.principal(handle)]
            .identities
            .last()
            .unwrap()
            .bound
            .identity
    }

    /// From now on this principal asks by its newest identity.
    fn assert_as(&mut self, handle: &str) {
        self.caller = Caller {
            principal: self.principal(handle),
            token: Some(self.identity_of(handle)),
            on_behalf_of: None,
        };
    }
}

/// `ci`, a service that may be told apart by its subject, and `eva`, a person.
fn world() -> World {
    let mut world = World::new();
    world.ok(service("ci"));
    world.person("eva", Role::Viewer, &[]);
    world.event(bind("ci", &[("sub", "repo:acme/app")]), "principal.identity_bound");
    world.event(bind("eva", &[("sub", "eva-1")]), "principal.identity_bound");
    world
}

#[test]
fn an_assertion_stands_for_the_principal_that_it_was_bound_to() {
    let world = world();
    assert_eq!(world.subject("repo:acme/app").unwrap(), "ci");
    assert_eq!(world.subject("eva-1").unwrap(), "eva");
    for other in ["repo:acme/ap", "repo:acme/app2", "REPO:ACME/APP", "", "*"] {
        assert_eq!(world.subject(other), Err(TokenRefused::Unbound), "{other}");
    }
    world.check();
}

#[test]
fn every_claim_must_be_made_and_one_value_of_it_will_do() {
    let mut world = world();
    let mut input = bound_to("ci", &[("environment", "prod")]);
    input.claims.push(rule("repository", &["acme/b", "acme/a"]));
    world.ok(Command::BindIdentity(Box::new(input)));
    let told = |claims: &[(&str, &str)]| world.asserted("strongroom", claims, NOW + DAY);
    assert_eq!(
        told(&[("environment", "prod"), ("repository", "acme/a")]).unwrap(),
        "ci"
    );
    let several = [("repository", "x/y"), ("environment", "prod"), ("repository", "acme/b")];
    assert_eq!(told(&several).unwrap(), "ci");
    assert_eq!(told(&[("environment", "prod")]), Err(TokenRefused::Unbound));
    assert_eq!(
        told(&[("environment", "dev"), ("repository", "acme/a")]),
        Err(TokenRefused::Unbound)
    );
}

#[test]
fn an_assertion_for_another_audience_or_time_counts_for_nothing() {
    let world = world();
    let claims = [("sub", "eva-1")];
    let at = |audience, end| world.asserted(audience, &claims, end);
    assert_eq!(at("somebody-else", NOW + DAY), Err(TokenRefused::Unbound));
    assert_eq!(at("strongroom", NOW - CLOCKS_APART_US), Err(TokenRefused::Expired));
    assert_eq!(at("strongroom", NOW - CLOCKS_APART_US + 1).unwrap(), "eva");
    let early = |begin| {
        let claim = |name: &str| {
            if name == "sub" {
                vec!["eva-1".to_owned()]
            } else {
                Vec::new()
            }
        };
        let assertion = Assertion {
            issuer: ISSUER,
            audiences: &["strongroom".to_owned()],
            not_before: Some(begin),
            expires_at: NOW + DAY,
            claim: &claim,
        };
        identity_caller(&world.state, &assertion, NOW).map(|_| ())
    };
    assert_eq!(early(NOW + CLOCKS_APART_US), Ok(()));
    assert_eq!(early(NOW + CLOCKS_APART_US + 1), Err(TokenRefused::NotYet));
}

#[test]
fn who_could_be_two_is_nobody() {
    let mut world = world();
    world.ok(bind("eva", &[("environment", "prod")]));
    let both = [("sub", "repo:acme/app"), ("environment", "prod")];
    assert_eq!(
        world.asserted("strongroom", &both, NOW + DAY),
        Err(TokenRefused::Ambiguous)
    );
    // Two identities of one principal are no matter.
    world.ok(bind("ci", &[("environment", "dev")]));
    let same = [("sub", "repo:acme/app"), ("environment", "dev")];
    assert_eq!(world.asserted("strongroom", &same, NOW + DAY).unwrap(), "ci");
}

#[test]
fn what_is_taken_back_ended_or_disabled_opens_nothing() {
    let mut world = world();
    world.assert_as("ci");
    world.refused(create(key("X")), "denied");
    world.become_("root");
    let identity = world.identity_of("ci");
    world.event(Command::UnbindIdentity { identity }, "principal.identity_unbound");
    world.unchanged(Command::UnbindIdentity { identity });
    assert_eq!(world.subject("repo:acme/app"), Err(TokenRefused::Unbound));
    let mut short = bound_to("ci", &[("sub", "short")]);
    short.expires_at = Some(NOW + DAY);
    world.ok(Command::BindIdentity(Box::new(short)));
    assert_eq!(world.subject("short").unwrap(), "ci");
    world.now += DAY;
    assert_eq!(world.subject("short"), Err(TokenRefused::Unbound));
    world.ok(Command::DisablePrincipal {
        principal: "eva".to_owned(),
    });
    assert_eq!(world.subject("eva-1"), Err(TokenRefused::Disabled));
    world.refused(bind("eva", &[("sub", "again")]), "not_active");
    world.check();
}

#[test]
fn an_identity_that_was_taken_back_acts_no_more() {
    let mut world = World::new();
    world.person("eva", Role::Editor, &[]);
    world.ok(bind("eva", &[("sub", "eva-1")]));
    world.assert_as("eva");
    world.ok(create(key("X")));
    assert_eq!(world.log.last().unwrap().envelope.token, world.caller.token);
    let caller = world.caller;
    world.become_("root");
    world.ok(Command::UnbindIdentity {
        identity: caller.token.unwrap(),
    });
    world.caller = caller;
    world.refused(create(key("Y")), "denied");
    world.check();
}

#[test]
fn an_issuer_counts_only_as_long_as_an_identity_of_it_does() {
    let mut world = World::new();
    world.ok(service("ci"));
    assert!(!issuer_is_known(&world.state, ISSUER, NOW));
    world.ok(bind("ci", &[("sub", "x")]));
    assert!(issuer_is_known(&world.state, ISSUER, NOW));
    assert!(!issuer_is_known(&world.state, "https://login.example.com/", NOW));
    let identity = world.identity_of("ci");
    world.ok(Command::UnbindIdentity { identity });
    assert!(!issuer_is_known(&world.state, ISSUER, NOW));
}

#[test]
fn nobody_binds_an_identity_stronger_than_himself() {
    let mut world = World::new();
    world.person("ada", Role::Admin, &[]);
    world.person("rita", Role::Reader, &[]);
    world.person("eva", Role::Viewer, &[]);
    world.become_("eva");
    world.refused(bind("eva", &[("sub", "e")]), "denied");
    world.become_("ada");
    world.refused(bind("rita", &[("sub", "r")]), "token_too_strong");
    world.refused(bind("root", &[("sub", "o")]), "denied");
    world.ok(bind("eva", &[("sub", "e")]));
    // As with a token that he issued: what he bound he does not make stronger.
    let scope = world.scope(&[]);
    let more = grant("eva", Role::Member, scope, strongroom_domain::words::Effect::Allow);
    world.refused(more, "self_escalation");
}

#[test]
fn an_identity_says_of_whom() {
    let mut world = world();
    let refused = |world: &mut World, change: &dyn Fn(&mut BindIdentity)| {
        let mut input = bound_to("ci", &[("sub", "new")]);
        change(&mut input);
        world.refused(Command::BindIdentity(Box::new(input)), "invalid");
    };
    refused(&mut world, &|it| it.claims.clear());
    refused(&mut world, &|it| it.claims = vec![rule("sub", &[])]);
    refused(&mut world, &|it| it.claims = vec![rule("aud", &["strongroom"])]);
    refused(&mut world, &|it| it.claims = vec![rule("iss", &[ISSUER])]);
    refused(&mut world, &|it| {
        it.claims = vec![rule("sub", &["a"]), rule("sub", &["b"])]
    });
    refused(&mut world, &|it| it.claims = vec![rule("", &["a"])]);
    refused(&mut world, &|it| it.claims = vec![rule("sub", &[" "])]);
    refused(&mut world, &|it| it.claims = vec![rule("sub", &["a\n"])]);
    refused(&mut world, &|it| {
        it.claims = vec![rule("sub", &[&"x".repeat(CLAIM_CHARS_MAX + 1)])];
    });
    refused(&mut world, &|it| {
        it.claims = (0..=CLAIMS_MAX).map(|n| rule(&format!("c{n}"), &["x"])).collect();
    });
    refused(&mut world, &|it| it.audience = String::new());
    refused(&mut world, &|it| it.expires_at = Some(NOW));
    for issuer in [
        "",
        "login.example.com",
        "http://login.example.com",
        "http://127.0.0.1.example.com",
        "https://",
        "https://a b",
        "https://a/?x",
        "https://a/#x",
        "https://user@a",
    ] {
        refused(&mut world, &|it| it.issuer = issuer.to_owned());
    }
    for issuer in [
        "https://a",
        "https://a:8443/realms/x",
        "http://127.0.0.1:4000",
        "http://localhost/x",
    ] {
        let mut input = bound_to("ci", &[("sub", "new")]);
        input.issuer = issuer.to_owned();
        world.ok(Command::BindIdentity(Box::new(input)));
    }
    // The very same again changes nothing; for somebody else it is refused.
    world.unchanged(bind("ci", &[("sub", "repo:acme/app")]));
    world.refused(bind("eva", &[("sub", "repo:acme/app")]), "invalid");
    world.check();
}

#[test]
fn who_signs_in_gets_a_token_that_ends_with_the_identity() {
    let mut world = world();
    let sign_in = |hash, expires_at| Command::SignIn {
        hash: [hash; 32],
        expires_at,
    };
    world.become_("eva");
    world.refused(sign_in(7, NOW + 1), "denied");
    world.assert_as("ci");
    world.refused(sign_in(7, NOW + 1), "invalid");
    world.assert_as("eva");
    world.refused(sign_in(7, NOW), "invalid");
    world.refused(sign_in(7, NOW + SIGN_IN_US_MAX + 1), "invalid");
    let Event::TokenIssued(issued) = world.event(sign_in(7, NOW + SIGN_IN_US_MAX), "principal.token_issued") else {
        panic!("a token")
    };
    assert_eq!(
        (issued.expires_at, issued.owners_only),
        (Some(NOW + SIGN_IN_US_MAX), false)
    );
    assert_eq!(
        token_caller(&world.state, &[7; 32], NOW).unwrap().principal,
        world.principal("eva")
    );
    let identity = world.identity_of("eva");
    world.become_("root");
    let events = world.ok(Command::UnbindIdentity { identity });
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["principal.identity_unbound", "principal.token_revoked"]);
    assert_eq!(token_caller(&world.state, &[7; 32], NOW), Err(TokenRefused::Revoked));
    world.check();
}
