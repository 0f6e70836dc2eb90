//! Events as Parquet (Apache Parquet format 2): a row group for each 10,000, so that memory does not grow with the log.

use super::{COLUMNS, cells};
use crate::time;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use strongroom_api::audit::{Event, ExportEnd};

/// Events of a row group.
const GROUP_ROWS: usize = 10_000;
/// Columns that are numbers; the others are texts.
const POSITION: usize = 0;
const RECORDED_AT: usize = 1;
/// Columns that every event has.
const REQUIRED: [&str; 7] = [
    "position",
    "recorded_at",
    "type",
    "actor",
    "actor_id",
    "event_id",
    "data",
];

/// A file that is being written.
pub(super) struct Table {
    writer: SerializedFileWriter<Pieces>,
    pieces: Pieces,
    /// Rows of the group that is not yet written.
    rows: Vec<[String; COLUMNS.len()]>,
}

/// What the writer has written and nobody has sent on.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Pieces {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Table {
    /// Begins a file.
    pub(super) fn begin() -> io::Result<Self> {
        let schema = parse_message_type(&schema()).map_err(other)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("strongroom ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let pieces = Pieces::default();
        let writer =
            SerializedFileWriter::new(pieces.clone(), Arc::new(schema), Arc::new(properties)).map_err(other)?;
        Ok(Self {
            writer,
            pieces,
            rows: Vec::with_capacity(GROUP_ROWS),
        })
    }

    /// Adds an event.
    pub(super) fn row(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        self.rows.push(cells(event));
        if self.rows.len() < GROUP_ROWS {
            return Ok(());
        }
        self.group().map_err(other)?;
        out.write_all(&self.pieces.take())
    }

    /// Ends the file. What it was true of stands in its own metadata; a file that was cut has no end and is none.
    pub(super) fn end(mut self, end: &ExportEnd, out: &mut dyn Write) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.group().map_err(other)?;
        }
        for (name, value) in [
            ("strongroom.events", end.events.to_string()),
            ("strongroom.size", end.size.to_string()),
            ("strongroom.root", end.root.clone()),
            ("strongroom.checkpoint", end.checkpoint.clone()),
        ] {
            self.writer
                .append_key_value_metadata(KeyValue::new(name.to_owned(), value));
        }
        self.writer.close().map_err(other)?;
        out.write_all(&self.pieces.take())
    }

    fn group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        for (column, name) in COLUMNS.iter().enumerate() {
            let texts = rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
            match column {
                POSITION => numbers(&mut group, texts.map(|text| text.parse().unwrap_or_default()))?,
                RECORDED_AT => numbers(&mut group, texts.map(micros))?,
                _ => strings(&mut group, texts, REQUIRED.contains(name))?,
            }
        }
        group.close().map(drop)
    }
}

/// µs since 1970 of a time as events show it.
fn micros(text: &str) -> i64 {
    time::parse(text)
        .and_then(|us| i64::try_from(us).ok())
        .unwrap_or_default()
}

fn numbers(
    group: &mut SerializedRowGroupWriter<'_, Pieces>,
    values: impl Iterator<Item = i64>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    let values: Vec<i64> = values.collect();
    column.typed::<Int64Type>().write_batch(&values, None, None)?;
    column.close()
}

/// An empty text of a column that may be missing is missing.
fn strings<'t>(
    group: &mut SerializedRowGroupWriter<'_, Pieces>,
    texts: impl Iterator<Item = &'t str>,
    required: bool,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for text in texts {
        let is_there = required || !text.is_empty();
        levels.push(i16::from(is_there));
        if is_there {
            values.push(ByteArray::from(text));
        }
    }
    let levels = (!required).then_some(levels.as_slice());
    column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
    column.close()
}

fn schema() -> String {
    let column = |(index, name): (usize, &&str)| {
        let kind = if REQUIRED.contains(name) {
            "REQUIRED"
        } else {
            "OPTIONAL"
        };
        match index {
            POSITION => format!("{kind} INT64 {name} (INTEGER(64,false));"),
            RECORDED_AT => format!("{kind} INT64 {name} (TIMESTAMP(MICROS,true));"),
            _ => format!("{kind} BYTE_ARRAY {name} (STRING);"),
        }
    };
    let columns: Vec<String> = COLUMNS.iter().enumerate().map(column).collect();
    format!("message event {{ {} }}", columns.join(" "))
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    fn event(position: u64) -> Event {
        Event {
            position,
            recorded_at: "2026-11-20T14:05:00.123456Z".to_owned(),
            type_: "credential.rotated".to_owned(),
            actor: "maria".to_owned(),
            reason: position.is_multiple_of(2).then(|| "=why".to_owned()),
            ..Event::default()
        }
    }

    /// Read back by the library that others read it with.
    #[test]
    fn a_file_of_several_groups_reads_back_and_says_what_it_was_true_of() {
        let (mut table, mut file) = (Table::begin().unwrap(), Vec::new());
        let mut largest = 0;
        for position in 0..25_000 {
            table.row(&event(position), &mut file).unwrap();
            largest = largest.max(table.rows.len());
        }
        assert!(
            largest <= GROUP_ROWS && !file.is_empty(),
            "groups are sent on as they are full"
        );
        let end = ExportEnd {
            events: 25_000,
            size: 30_000,
            root: "root".to_owned(),
            ..ExportEnd::default()
        };
        table.end(&end, &mut file).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        assert_eq!(reader.num_row_groups(), 3);
        let said = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let size = said.iter().find(|it| it.key == "strongroom.size").unwrap();
        assert_eq!(size.value.as_deref(), Some("30000"));
        let mut next = 0;
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            assert_eq!(row.get_ulong(POSITION).unwrap(), next);
            assert_eq!(
                row.get_timestamp_micros(RECORDED_AT).unwrap(),
                1_763_647_500_123_456 + 31_536_000_000_000
            );
            assert_eq!(row.get_string(3).unwrap(), "maria");
            // No spreadsheet reads it: the text is as it was.
            assert_eq!(row.get_string(8).is_ok(), next % 2 == 0);
            next += 1;
        }
        assert_eq!(next, 25_000);
    }

    #[test]
    fn nothing_is_a_file_too() {
        let mut file = Vec::new();
        Table::begin().unwrap().end(&ExportEnd::default(), &mut file).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
