//! What is printed: figures of several rounds as medians.

use crate::Result;
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;
use std::time::Duration;

/// One figure beside its bound.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Median of the rounds.
    pub(crate) ours: f64,
    /// Median of the rounds.
    pub(crate) reference: f64,
    /// Median of the rounds' ratios, better when higher.
    pub(crate) ratio: f64,
    /// Its floor.
    pub(crate) goal: f64,
    pub(crate) unit: String,
    /// Lowest and highest ratio of a round.
    pub(crate) spread: [f64; 2],
    /// What the figures were made of.
    pub(crate) note: String,
}

impl Line {
    /// Rates of rounds, ours beside the reference of the same round.
    pub(crate) fn of_rates(name: &str, rounds: &[(f64, f64)], goal: f64, unit: &str, note: String) -> Self {
        let ratios: Vec<f64> = rounds.iter().map(|(ours, reference)| ours / reference).collect();
        let fold = |pick: fn(f64, f64) -> f64| ratios.iter().copied().reduce(pick).unwrap_or_default();
        Self {
            name: name.to_owned(),
            ours: median(rounds.iter().map(|(ours, _)| *ours)),
            reference: median(rounds.iter().map(|(_, reference)| *reference)),
            ratio: median(ratios.iter().copied()),
            goal,
            unit: unit.to_owned(),
            spread: [fold(f64::min), fold(f64::max)],
            note,
        }
    }
}

/// The middle one; the mean of both middle ones of an even number.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}

/// Where lines go: at once as JSON, or into a table at the end.
pub(crate) struct Output {
    json: bool,
    lines: Vec<Line>,
}

impl Output {
    pub(crate) fn begin(json: bool) -> Self {
        Self {
            json,
            lines: Vec::new(),
        }
    }

    pub(crate) fn line(&mut self, line: Line) {
        if self.json {
            println!("{}", serde_json::json!(line));
        } else {
            eprintln!("{}: {:.2}", line.name, line.ratio);
        }
        self.lines.push(line);
    }

    pub(crate) fn end(&self) {
        if self.json {
            return;
        }
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_header(["what", "ours", "reference", "unit", "ratio", "goal", "rounds", ""]);
        for line in &self.lines {
            table.add_row([
                line.name.clone(),
                figure(line.ours),
                figure(line.reference),
                line.unit.clone(),
                format!("{:.2}", line.ratio),
                format!("≥ {}", line.goal),
                format!("{:.2}–{:.2}", line.spread[0], line.spread[1]),
                line.note.clone(),
            ]);
        }
        for column in [1, 2, 4, 5, 6] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("{table}");
    }
}

fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Processor time of this process so far, all threads: fields 14 and 15 of proc(5)'s `stat`, in ticks of 10 ms.
pub(crate) fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("stat has no name")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
