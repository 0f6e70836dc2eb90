//! Somebody leaves: everything that he saw, entered or could have seen. An item is closed by what makes it worthless.

use super::people::roles;
use super::{Desk, Made, at, at_if, section};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use strongroom_api::report::ReportSection;
use strongroom_domain::access::{Means, how};
use strongroom_domain::find;
use strongroom_domain::ids::{CredentialId, TimeUs};
use strongroom_domain::state::{Credential, Principal};
use strongroom_domain::words::CredentialStatus;
use strongroom_ledger::{Failure, FilterKey};

/// One thing that he may still know.
struct Item {
    credential: CredentialId,
    version: u32,
    how: &'static str,
    first: Option<TimeUs>,
    last: Option<TimeUs>,
    records: u64,
}

impl Desk<'_> {
    pub(super) fn offboarding(&self, reference: &str) -> Made {
        let principal = find::principal(self.lens.state, &self.lens.seen, reference, "/principal")?;
        let (came_by, complete) = self
            .app
            .ledger
            .came_by(&self.caller, FilterKey::Actor, &principal.id.to_string())?;
        self.complete.set(self.complete.get() && complete);
        let mut items: Vec<Item> = came_by
            .iter()
            .map(|it| Item {
                credential: it.credential,
                version: it.version,
                how: if it.revealed { "saw" } else { "was served" },
                first: Some(it.first_at),
                last: Some(it.last_at),
                records: it.records,
            })
            .collect();
        items.extend(self.entered(principal));
        let known: BTreeSet<CredentialId> = items.iter().map(|it| it.credential).collect();
        items.extend(self.could(principal, &known)?);
        let mut list = section(
            "What is known to who leaves",
            "Seen, served, entered, or within reach at the end. `open` until the credential is rotated or revoked.",
            &[
                "credential",
                "version",
                "how",
                "first",
                "last",
                "records",
                "state",
                "closed",
            ],
        );
        let mut open = 0;
        for item in items {
            let said = self.closed(item.credential, item.version);
            open += u64::from(said == "open");
            list.rows.push(vec![
                json!(self.credential(item.credential)),
                json!(item.version),
                json!(item.how),
                at_if(item.first),
                at_if(item.last),
                json!(item.records),
                json!(said),
                at_if(self.closed_at(item.credential, item.version)),
            ]);
        }
        list.rows
            .sort_by_key(|row| row.get(6).and_then(|it| it.as_str()) != Some("open"));
        let (ways, still) = self.to_take_back(principal);
        Ok((vec![ways, list], Some(open + still)))
    }

    /// What lets him in or hangs on him, and how much of it is to be taken back.
    fn to_take_back(&self, principal: &Principal) -> (ReportSection, u64) {
        let here = !principal.disabled;
        let (tokens, identities) = self.ways_in(principal);
        let has_grants = principal.grants.iter().any(|it| self.counts(it));
        let stewarded = self.lens.state.credentials.values();
        let stewarded = stewarded.filter(|it| it.steward == principal.id);
        let stewarded: Vec<&str> = stewarded.map(|it| it.handle.as_str()).collect();
        let status = if here { "active" } else { "disabled" };
        let facts = [
            ("principal", status.to_owned(), here),
            ("tokens that work", tokens.to_string(), here && tokens > 0),
            ("identities", identities.to_string(), here && identities > 0),
            ("grants", roles(self, principal), here && has_grants),
            ("steward of", stewarded.join(", "), !stewarded.is_empty()),
        ];
        let mut ways = section("Ways in", "What is to be taken back.", &["what", "figure", "state"]);
        let mut open = 0;
        for (what, figure, is_open) in facts {
            open += u64::from(is_open);
            let said = if is_open { "open" } else { "closed" };
            ways.rows.push(vec![json!(what), json!(figure), json!(said)]);
        }
        let last = self.last_use(principal).map_or_else(|| json!("never"), at);
        ways.rows.push(vec![json!("last came"), last, json!("")]);
        (ways, open)
    }

    /// Whoever entered values knows them, without a record that he saw them.
    fn entered<'s>(&'s self, principal: &Principal) -> impl Iterator<Item = Item> + use<'s> {
        let id = principal.id;
        let of = move |credential: &'s std::sync::Arc<Credential>| {
            let mine = credential
                .versions
                .iter()
                .filter(move |fact| fact.entered_by == id && fact.from_version.is_none());
            mine.map(|fact| Item {
                credential: credential.id,
                version: fact.version,
                how: "entered",
                first: Some(fact.entered_at),
                last: None,
                records: 0,
            })
        };
        self.lens.state.credentials.values().flat_map(of)
    }

    /// What he could come by and never did: now, before each time that he lost rights, and before each grant that ended by
    /// itself.
    fn could(&self, principal: &Principal, known: &BTreeSet<CredentialId>) -> Result<Vec<Item>, Failure> {
        let now = self.lens.now;
        let losses = self.app.ledger.before_losses(&self.caller, principal.id)?;
        let ends = principal.grants.iter().filter_map(|fact| fact.granted.until);
        let ended = ends
            .filter(|end| *end <= now)
            .map(|end| (self.lens.state, end.saturating_sub(1)));
        let moments = std::iter::once((self.lens.state, now))
            .chain(ended)
            .chain(losses.iter().map(|then| (then.as_ref(), then.last_recorded_at)));
        let mut found: BTreeMap<CredentialId, (&'static str, u32)> = BTreeMap::new();
        for (state, at) in moments {
            let Some(then) = state.principals.get(&principal.id) else {
                continue;
            };
            let live = state
                .credentials
                .values()
                .filter(|it| it.status == CredentialStatus::Active);
            for credential in live.filter(|it| !known.contains(&it.id)) {
                let means = how(state, then, credential, at);
                let said = match means.last() {
                    None => continue,
                    Some(Means::Read { .. }) => "could read",
                    Some(Means::BreakGlass { .. }) => "could break the glass",
                    Some(Means::Served { .. }) => "could be served",
                };
                // The newest version that was within reach: what came later was not.
                let newest = found.entry(credential.id).or_insert((said, 0));
                newest.1 = newest.1.max(credential.version());
            }
        }
        let item = |(credential, (how, version))| Item {
            credential,
            version,
            how,
            first: None,
            last: None,
            records: 0,
        };
        Ok(found.into_iter().map(item).collect())
    }

    /// When the values of a version were current last: another version took their place then.
    fn closed_at(&self, id: CredentialId, version: u32) -> Option<TimeUs> {
        let credential = self.lens.state.credentials.get(&id)?;
        match self.closed(id, version) {
            "rotated" => {
                let values = credential.version_fact(version)?.values_at;
                // A roll-back may have brought them back in between.
                let last = credential.versions.iter().rposition(|fact| fact.values_at == values)?;
                credential.versions.get(last + 1).map(|fact| fact.entered_at)
            }
            "revoked" => Some(credential.head.updated_at),
            _ => None,
        }
    }
}
