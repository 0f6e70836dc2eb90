//! Counts for Prometheus: how much and how often, never who or what.

use metrics::{Counter, Gauge, Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use std::sync::atomic::Ordering;
use strongroom_ledger::Ledger;

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
        Self {
            answers: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(answers),
            unauthenticated: counter(
                "strongroom_unauthenticated_total",
                "Requests without a valid token",
                None,
            ),
            panics: counter(
                "strongroom_panics_total",
                "Requests that failed by a fault of the program",
                None,
            ),
            connections: gauge("strongroom_connections", "Connections that are open"),
            connections_refused: counter(
                "strongroom_connections_refused_total",
                "Connections beyond the limit",
                None,
            ),
            commits: counter("strongroom_commits_total", "Durable commits", None),
            events: counter("strongroom_events_total", "Events in them", None),
            commit_us: counter("strongroom_commit_microseconds_total", "Time spent in commits", None),
            reads: ["recorded", "counted", "unchanged", "refused"].map(reads),
            records: gauge("strongroom_records", "Records in the log"),
            writing: gauge("strongroom_writing", "Whether writes are taken"),
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

    /// The text that Prometheus reads.
    pub(crate) fn render(&self, ledger: &Ledger) -> String {
        let counted = ledger.counters();
        self.commits.absolute(counted.commits.load(Ordering::Relaxed));
        self.events.absolute(counted.events.load(Ordering::Relaxed));
        self.commit_us.absolute(counted.commit_us.load(Ordering::Relaxed));
        let reads = [
            &counted.reads_recorded,
            &counted.reads_counted,
            &counted.reads_unchanged,
            &counted.reads_refused,
        ];
        for (counter, count) in self.reads.iter().zip(reads) {
            counter.absolute(count.load(Ordering::Relaxed));
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a double; a log of 2^53 records is far away"
        )]
        self.records.set(ledger.view().head as f64);
        self.writing.set(if ledger.has_stopped() { 0.0 } else { 1.0 });
        self.handle.render()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let _ = &self.recorder;
        f.write_str("Metrics")
    }
}
