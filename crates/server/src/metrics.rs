//! Counts for Prometheus: how much and how often, never who or what.

use crate::app::App;
use metrics::{Counter, Gauge, Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::fmt::Write as _;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use strongroom_ledger::{BUCKETS_US, LatencyCounts};

const METADATA: Metadata<'static> = Metadata::new("strongroom", Level::INFO, None);

/// Handles to all counts; a request touches an atomic and looks nothing up.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    answers: [Counter; 5],
    pub(crate) unauthenticated: Counter,
    pub(crate) panics: Counter,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    commits: Counter,
    events: Counter,
    commit_us: Counter,
    reads: [Counter; 4],
    records: Gauge,
    writing: Gauge,
    queued: Gauge,
    queued_bytes: Gauge,
    tiles_wrong: Counter,
    webhooks_active: Gauge,
    webhooks_failing: Gauge,
    webhooks_behind: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counter = |name: &'static str, what: &'static str, label: Option<(&'static str, &'static str)>| {
            recorder.describe_counter(KeyName::from(name), None, what.into());
            let labels = label
                .map(|(name, value)| Label::new(name, value))
                .into_iter()
                .collect::<Vec<_>>();
            recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
        };
        let gauge = |name: &'static str, what: &'static str| {
            recorder.describe_gauge(KeyName::from(name), None, what.into());
            recorder.register_gauge(&Key::from_name(name), &METADATA)
        };
        let answers = |class| {
            counter(
                "strongroom_answers_total",
                "Answers by class of status",
                Some(("class", class)),
            )
        };
        let reads = |outcome| {
            counter(
                "strongroom_secret_reads_total",
                "Servings of secrets by outcome",
                Some(("outcome", outcome)),
            )
        };
        let plain = |name, what| counter(name, what, None);
        Self {
            answers: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(answers),
            unauthenticated: plain("strongroom_unauthenticated_total", "Requests without a valid token"),
            panics: plain(
                "strongroom_panics_total",
                "Requests that failed by a fault of the program",
            ),
            connections: gauge("strongroom_connections", "Connections that are open"),
            connections_refused: plain("strongroom_connections_refused_total", "Connections beyond the limit"),
            commits: plain("strongroom_commits_total", "Durable commits"),
            events: plain("strongroom_events_total", "Events in them"),
            commit_us: plain("strongroom_commit_microseconds_total", "Time spent in commits"),
            reads: ["recorded", "counted", "unchanged", "refused"].map(reads),
            records: gauge("strongroom_records", "Records in the log"),
            writing: gauge("strongroom_writing", "Whether writes are taken"),
            queued: gauge("strongroom_queue_requests", "Requests that wait for the writer"),
            queued_bytes: gauge(
                "strongroom_queue_bytes",
                "Bytes of the requests that wait for the writer",
            ),
            tiles_wrong: plain(
                "strongroom_tiles_wrong_total",
                "Tiles of the log that are not the tree's: run `strongroom verify`",
            ),
            webhooks_active: gauge("strongroom_webhooks", "Webhooks that send"),
            webhooks_failing: gauge(
                "strongroom_webhooks_failing",
                "Webhooks whose receiver does not take what it is sent",
            ),
            webhooks_behind: gauge(
                "strongroom_webhook_lag_records",
                "Records that the webhook that is furthest behind has not looked at",
            ),
            handle: recorder.handle(),
            recorder,
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: u16) {
        if let Some(counter) = usize::from(status / 100)
            .checked_sub(1)
            .and_then(|class| self.answers.get(class))
        {
            counter.increment(1);
        }
    }

    /// How far those who are told are; no names, since nobody is asked who reads this.
    fn webhooks(&self, app: &App) {
        let head = app.ledger.view().head;
        let standings = app.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = standings.values().filter(|it| it.failing).count();
        let behind = standings.values().map(|it| head.saturating_sub(it.next)).max();
        self.webhooks_active.set(double(standings.len() as u64));
        self.webhooks_failing.set(double(failing as u64));
        self.webhooks_behind.set(double(behind.unwrap_or_default()));
    }

    /// The text that Prometheus reads.
    pub(crate) fn render(&self, app: &App) -> String {
        let ledger = &app.ledger;
        self.webhooks(app);
        let counted = ledger.counters();
        self.commits.absolute(counted.commits.load(Ordering::Relaxed));
        self.events.absolute(counted.events.load(Ordering::Relaxed));
        let (commit, sync) = (counted.commit.counts(), counted.sync.counts());
        self.commit_us.absolute(commit.sum_us);
        let reads = [
            &counted.reads_recorded,
            &counted.reads_counted,
            &counted.reads_unchanged,
            &counted.reads_refused,
        ];
        for (counter, count) in self.reads.iter().zip(reads) {
            counter.absolute(count.load(Ordering::Relaxed));
        }
        self.tiles_wrong.absolute(counted.tiles_wrong.load(Ordering::Relaxed));
        let queued = ledger.queued();
        self.records.set(double(ledger.view().head));
        self.queued.set(double(queued.works as u64));
        self.queued_bytes.set(double(queued.bytes as u64));
        self.writing.set(f64::from(u8::from(ledger.writes())));
        let mut text = self.handle.render();
        sinks(&mut text, app);
        histogram(
            &mut text,
            "strongroom_commit_seconds",
            "Time of commits, from batch to answers",
            &commit,
        );
        histogram(
            &mut text,
            "strongroom_sync_seconds",
            "Time that the disk takes of it",
            &sync,
        );
        text
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a double; 2^53 of anything counted here is far away"
)]
fn double(count: u64) -> f64 {
    count as f64
}

/// Appends a histogram as Prometheus reads it. The engine counts by itself: the recorder would keep each duration until
/// somebody asks.
fn histogram(text: &mut String, name: &str, what: &str, counts: &LatencyCounts) {
    let _ = writeln!(text, "# HELP {name} {what}\n# TYPE {name} histogram"); // a String takes all that fits
    for (bound_us, at_most) in BUCKETS_US.iter().zip(counts.at_most) {
        let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {at_most}", double(*bound_us) / 1e6);
    }
    let (count, sum) = (counts.count, double(counts.sum_us) / 1e6);
    let _ = writeln!(
        text,
        "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}\n"
    );
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let _ = &self.recorder;
        f.write_str("Metrics")
    }
}

/// How far each sink is. Their names are the operator's, who reads this.
fn sinks(text: &mut String, app: &App) {
    let head = app.ledger.view().head;
    let sinks = app.sinks.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if sinks.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "# HELP strongroom_sink_lag_records Records that a sink has not been handed"
    );
    let _ = writeln!(text, "# TYPE strongroom_sink_lag_records gauge");
    for (name, standing) in &sinks {
        let behind = head.saturating_sub(standing.next);
        let _ = writeln!(text, "strongroom_sink_lag_records{{sink=\"{name}\"}} {behind}");
    }
    let _ = writeln!(
        text,
        "# HELP strongroom_sink_failing Whether a sink takes nothing at present"
    );
    let _ = writeln!(text, "# TYPE strongroom_sink_failing gauge");
    for (name, standing) in &sinks {
        let failing = u8::from(standing.failing);
        let _ = writeln!(text, "strongroom_sink_failing{{sink=\"{name}\"}} {failing}");
    }
}
