//! The same events in PostgreSQL, in plain text, with the indexes that its users would make: what a page costs there.

use crate::Result;
use crate::history::failed;
use postgres::{Client, NoTls, Statement};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use strongroom_domain::context::Caller;
use strongroom_ledger::{EventQuery, EventView, Ledger, PAGE_EVENTS_MAX};

/// A database with the events of one ledger.
pub(crate) struct Beside {
    client: Client,
    table: String,
}

/// A question that both are asked.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// The newest or oldest events.
    Nothing,
    /// By a column of the event.
    Column(&'static str, String),
    /// By what it is about.
    Subject(&'static str, String),
    /// By what it is about, and its type.
    SubjectAndType(&'static str, String, String),
}

impl Beside {
    /// Loads all events of a ledger into new tables.
    pub(crate) fn load(reach: &str, table: &str, ledger: &Ledger, caller: &Caller) -> Result<Self> {
        let mut client = Client::connect(reach, NoTls)?;
        client.batch_execute(&format!(
            "drop table if exists {table}, {table}_about;
             create table {table} (position bigint, recorded_at bigint, type text, actor text, source text,
                 correlation text, request text, reason text, data text);
             create table {table}_about (kind text, id text, position bigint);"
        ))?;
        let mut beside = Self {
            client,
            table: table.to_owned(),
        };
        beside.copy(ledger, caller)?;
        beside.client.batch_execute(&format!(
            "alter table {table} add primary key (position);
             create index on {table} (type, position);
             create index on {table} (actor, position);
             create index on {table} (source, position);
             create index on {table} (correlation, position);
             create index on {table} (request, position);
             create index on {table}_about (kind, id, position);"
        ))?;
        // Not within a transaction.
        beside.client.batch_execute(&format!("vacuum analyze {table}"))?;
        beside.client.batch_execute(&format!("vacuum analyze {table}_about"))?;
        Ok(beside)
    }

    fn copy(&mut self, ledger: &Ledger, caller: &Caller) -> Result<()> {
        let mut query = EventQuery {
            limit: PAGE_EVENTS_MAX,
            ..EventQuery::default()
        };
        let table = self.table.clone();
        loop {
            let (mut events, mut about) = (String::new(), String::new());
            for _ in 0..100 {
                let page = ledger.events(caller, &query).map_err(failed)?;
                for event in &page.items {
                    rows(event, &mut events, &mut about);
                }
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            for (table, text) in [(table.clone(), events), (format!("{table}_about"), about)] {
                let mut writer = self.client.copy_in(&format!("copy {table} from stdin"))?;
                writer.write_all(text.as_bytes())?;
                writer.finish()?;
            }
            if query.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Prepares a question; its parameters come with [`Self::ask`].
    pub(crate) fn prepare(&mut self, asked: &Asked, newest_first: bool, limit: usize) -> Result<Statement> {
        let table = &self.table;
        let order = if newest_first { "desc" } else { "asc" };
        let about = format!("from {table}_about a join {table} e using (position) where a.kind = $1 and a.id = $2");
        let from = match asked {
            Asked::Nothing => format!("from {table} e"),
            Asked::Column(column, _) => format!("from {table} e where e.{column} = $1"),
            Asked::Subject(..) => about,
            Asked::SubjectAndType(..) => format!("{about} and e.type = $3"),
        };
        let text = format!("select e.* {from} order by position {order} limit {limit}");
        Ok(self.client.prepare(&text)?)
    }

    pub(crate) fn ask(&mut self, statement: &Statement, asked: &Asked) -> Result<usize> {
        let rows = match asked {
            Asked::Nothing => self.client.query(statement, &[])?,
            Asked::Column(_, value) => self.client.query(statement, &[value])?,
            Asked::Subject(kind, id) => self.client.query(statement, &[kind, id])?,
            Asked::SubjectAndType(kind, id, type_) => self.client.query(statement, &[kind, id, type_])?,
        };
        for row in &rows {
            black_box(row.get::<_, &str>("data"));
        }
        Ok(rows.len())
    }

    /// Bytes of its tables, and of its indexes.
    pub(crate) fn bytes(&mut self) -> Result<(i64, i64)> {
        let size = |of: &str| format!("pg_{of}_size('{t}') + pg_{of}_size('{t}_about')", t = self.table);
        let text = format!("select {}, {}", size("table"), size("indexes"));
        let row = self.client.query_one(&text, &[])?;
        Ok((row.get(0), row.get(1)))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let table = &self.table;
        let _ = self.client.batch_execute(&format!("drop table {table}, {table}_about"));
    }
}

/// One event as lines of COPY's text form.
fn rows(event: &EventView, events: &mut String, about: &mut String) {
    let null = "\\N".to_owned();
    let text = |it: &Option<String>| it.as_deref().map_or(null.clone(), escaped);
    let _ = writeln!(
        events,
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        event.position,
        event.recorded_at,
        event.type_name,
        escaped(event.actor_handle.as_deref().unwrap_or(&event.actor)),
        text(&event.source),
        event.correlation,
        escaped(&event.request_id),
        text(&event.reason),
        escaped(&event.data.to_string()),
    );
    for subject in &event.subjects {
        let id = subject.handle.as_deref().unwrap_or(&subject.id);
        let _ = writeln!(about, "{}\t{}\t{}", subject.kind, escaped(id), event.position);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}
