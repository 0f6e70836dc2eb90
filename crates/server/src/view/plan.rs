//! Plans as they are shown, and what became of them.

use super::{Lens, written};
use strongroom_api::Written;
use strongroom_api::plan::{Change, Planned};
use strongroom_domain::plan::Touched;
use strongroom_ledger::{Outcome, Planned as Tried, Receipt};

/// A plan of which nothing is done yet.
pub(crate) fn plan_shown(lens: &Lens<'_>, tried: &Tried, checkpoint: &str) -> Planned {
    let line = |line: &strongroom_ledger::PlannedLine| {
        let (outcome, why, detail) = match &line.outcome {
            Outcome::Ok => ("ok", None, None),
            Outcome::Kept(why) => ("kept", None, Some((*why).to_owned())),
            Outcome::Blocked(why) => ("refused", Some(why.as_str()), Some(why.sentence().to_owned())),
            Outcome::Refused(rejection) => ("refused", Some(rejection.kind()), Some(rejection.message())),
        };
        let detail = match (detail, &line.remark) {
            (Some(detail), Some(remark)) => Some(format!("{detail}: {remark}")),
            (detail, remark) => detail.or_else(|| remark.clone()),
        };
        Change {
            outcome: outcome.to_owned(),
            why: why.map(str::to_owned),
            detail,
            fitting: line
                .fitting
                .iter()
                .filter_map(|id| lens.credential_handle(*id))
                .collect(),
            ..change(lens, &line.touched)
        }
    };
    Planned {
        dry_run: true,
        correlation: None,
        digest: Some(format!("{:032x}", tried.digest)),
        changes: tried.lines.iter().map(line).collect(),
        hidden: u32::try_from(tried.hidden).unwrap_or(u32::MAX),
        saw: Vec::new(),
        rotate: Vec::new(),
        written: Written {
            checkpoint: checkpoint.to_owned(),
            ..Written::default()
        },
    }
}

/// What was done: a function of the events, so that a repeat is answered the same.
pub(crate) fn plan_done(lens: &Lens<'_>, receipt: &Receipt) -> Planned {
    let done = |touched: Touched| Change {
        outcome: "ok".to_owned(),
        ..change(lens, &touched)
    };
    Planned {
        dry_run: false,
        correlation: receipt
            .events
            .first()
            .map(|event| event.envelope.correlation.to_string()),
        digest: None,
        changes: receipt.events.iter().map(|event| done(Touched::of(event))).collect(),
        hidden: 0,
        saw: Vec::new(),
        rotate: Vec::new(),
        written: written(receipt),
    }
}

fn change(lens: &Lens<'_>, touched: &Touched) -> Change {
    let credential = |id: &Option<_>| id.and_then(|id| lens.credential_handle(id));
    match touched {
        Touched::Mapping {
            workspace,
            template,
            variable,
            instance,
            from,
            to,
        } => Change {
            workspace: lens.workspace_handle(*workspace),
            template: lens.template_handle(*template),
            variable: Some(variable.clone()),
            instance: instance.clone(),
            from: credential(from),
            to: credential(to),
            ..blank("mapping")
        },
        Touched::Default {
            workspace,
            service,
            kind,
            from,
            to,
        } => Change {
            workspace: workspace.and_then(|id| lens.workspace_handle(id)),
            variable: Some(format!("{service} {kind}")),
            from: credential(from),
            to: credential(to),
            ..blank("default")
        },
        Touched::Admission {
            workspace,
            template,
            from,
            to,
        } => Change {
            workspace: lens.workspace_handle(*workspace),
            template: lens.template_handle(*template),
            from: from.map(|revision| revision.to_string()),
            to: to.map(|revision| revision.to_string()),
            ..blank("admission")
        },
        Touched::Reach { .. } | Touched::Steward { .. } | Touched::Credential { .. } => of_a_credential(lens, touched),
        Touched::Token { .. } | Touched::Grant { .. } | Touched::Disabled { .. } | Touched::Other(_) => {
            of_people(lens, touched)
        }
    }
}

fn blank(what: &str) -> Change {
    Change {
        what: what.to_owned(),
        ..Change::default()
    }
}

/// What a credential itself was and is.
fn of_a_credential(lens: &Lens<'_>, touched: &Touched) -> Change {
    let principal = |id| lens.principal_handle(id);
    match touched {
        Touched::Reach { credential, shared } => Change {
            subject: lens.credential_handle(*credential),
            to: Some(if *shared { "shared" } else { "not shared" }.to_owned()),
            ..blank("reach")
        },
        Touched::Steward { credential, from, to } => Change {
            subject: lens.credential_handle(*credential),
            from: principal(*from),
            to: to.and_then(principal),
            ..blank("steward")
        },
        Touched::Credential {
            credential,
            what,
            from,
            to,
        } => Change {
            subject: lens.credential_handle(*credential),
            from: from.clone(),
            to: to.clone(),
            ..blank(what)
        },
        Touched::Mapping { .. }
        | Touched::Default { .. }
        | Touched::Admission { .. }
        | Touched::Token { .. }
        | Touched::Grant { .. }
        | Touched::Disabled { .. }
        | Touched::Other(_) => Change::default(), // shown elsewhere
    }
}

/// What a principal had, and what is not shown further.
fn of_people(lens: &Lens<'_>, touched: &Touched) -> Change {
    let (what, subject, to) = match touched {
        Touched::Token { token, .. } => ("token", Some(token.to_string()), "revoked"),
        Touched::Grant { grant, .. } => ("grant", Some(grant.to_string()), "withdrawn"),
        Touched::Disabled { principal } => ("principal", lens.principal_handle(*principal), "disabled"),
        Touched::Other(name) => {
            return Change {
                what: (*name).to_owned(),
                ..Change::default()
            };
        }
        Touched::Mapping { .. }
        | Touched::Default { .. }
        | Touched::Admission { .. }
        | Touched::Reach { .. }
        | Touched::Credential { .. }
        | Touched::Steward { .. } => return Change::default(), // shown above
    };
    Change {
        what: what.to_owned(),
        subject,
        to: Some(to.to_owned()),
        ..Change::default()
    }
}
