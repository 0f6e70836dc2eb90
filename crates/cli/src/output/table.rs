//! Tables without borders that fit the terminal; in a pipe every row is one whole line.

use super::{Look, Tone, clean};
use comfy_table::{Attribute, Color, ColumnConstraint, ContentArrangement, Width, presets};

/// One cell: text and what its colour says.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a tone.
    pub(crate) fn toned(text: impl AsRef<str>, tone: Tone) -> Self {
        let text = clean(text.as_ref());
        Self {
            text: if text.is_empty() { "–".to_owned() } else { text },
            tone,
        }
    }

    /// A status or health word in its colour.
    pub(crate) fn status(word: impl AsRef<str>) -> Self {
        let tone = Tone::of_status(word.as_ref());
        Self::toned(word, tone)
    }

    /// A less important text.
    pub(crate) fn dim(text: impl AsRef<str>) -> Self {
        Self::toned(text, Tone::Dim)
    }

    /// A text that may be missing.
    pub(crate) fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(|| Self::dim("–"), Self::from)
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// Rows under headings.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// Headings of columns that a narrow terminal does without, the first to go first.
    droppable: &'static [&'static str],
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.iter().map(|heading| (*heading).to_owned()).collect(),
            rows: Vec::new(),
            droppable: &[],
        }
    }

    /// An empty table with headings that are found out late.
    pub(crate) fn named(headings: Vec<String>) -> Self {
        Self {
            headings,
            rows: Vec::new(),
            droppable: &[],
        }
    }

    /// Names columns that a narrow terminal does without, the first to go first.
    #[must_use]
    pub(crate) fn without_if_narrow(self, droppable: &'static [&'static str]) -> Self {
        Self { droppable, ..self }
    }

    /// Adds a row; as many cells as headings.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.headings.len(), "a cell for each heading");
        self.rows.push(cells.into());
    }

    /// Adds a row whose number of cells is found out late.
    pub(crate) fn row_of(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.headings.len(), "a cell for each heading");
        self.rows.push(cells);
    }

    /// The text, or `nothing` when there are no rows.
    pub(crate) fn render(&self, look: &Look, nothing: &str) -> String {
        if self.rows.is_empty() {
            return look.paint(nothing, Tone::Dim);
        }
        let columns = self.columns(look.width());
        let mut table = bare(look);
        table.set_header(
            columns
                .iter()
                .map(|column| styled(&Cell::toned(column.heading.to_uppercase(), Tone::Head))),
        );
        for row in &self.rows {
            table.add_row(columns.iter().filter_map(|column| row.get(column.index)).map(styled));
        }
        if let Some(width) = look.width()
            && total(&columns) <= usize::from(width)
        {
            // What people copy stays whole; only sentences are wrapped.
            table.set_constraints(columns.iter().map(Column::constraint));
        } else if let Some(first) = columns.first()
            && look
                .width()
                .is_none_or(|width| first.narrowest + GAP <= usize::from(width / 2))
        {
            table.set_constraints([first.constraint()]);
        }
        text_of(&mut table)
    }

    /// The columns that are shown: all, or as many as fit.
    fn columns(&self, width: Option<u16>) -> Vec<Column> {
        let mut columns: Vec<Column> = self
            .headings
            .iter()
            .enumerate()
            .map(|(index, heading)| Column::of(index, heading, self.rows.iter().filter_map(|row| row.get(index))))
            .collect();
        let Some(width) = width else { return columns };
        for heading in self.droppable {
            if total(&columns) <= usize::from(width) {
                break;
            }
            columns.retain(|column| column.heading != *heading);
        }
        columns
    }
}

/// A column and how narrow it may be.
struct Column {
    index: usize,
    heading: String,
    /// Columns of the terminal, so that no word is broken.
    narrowest: usize,
    /// Whether it holds sentences, which may be wrapped.
    wraps: bool,
}

impl Column {
    fn of<'a>(index: usize, heading: &str, cells: impl Iterator<Item = &'a Cell>) -> Self {
        let (mut narrowest, mut wraps) = (heading.chars().count(), false);
        for cell in cells {
            let words = cell.text.split(' ');
            narrowest = narrowest.max(words.clone().map(|word| word.chars().count()).max().unwrap_or(0));
            wraps |= words.count() > 1;
        }
        Self {
            index,
            heading: heading.to_owned(),
            narrowest,
            wraps,
        }
    }

    fn constraint(&self) -> ColumnConstraint {
        if self.wraps {
            let narrowest = u16::try_from(self.narrowest + GAP).unwrap_or(u16::MAX);
            ColumnConstraint::LowerBoundary(Width::Fixed(narrowest))
        } else {
            ColumnConstraint::ContentWidth
        }
    }
}

/// Spaces between columns.
const GAP: usize = 2;

fn total(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.narrowest + GAP).sum()
}

/// Facts about one thing, one a line: name, value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    rows: Vec<(String, Cell)>,
}

impl Facts {
    /// Adds a fact.
    #[must_use]
    pub(crate) fn fact(mut self, name: &str, value: impl Into<Cell>) -> Self {
        self.rows.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a fact named by a word of the API.
    #[must_use]
    pub(crate) fn named(self, name: &str, value: Cell) -> Self {
        self.fact(&name.replace('_', " "), value)
    }

    /// Adds a fact if it is one: an empty text or none says nothing.
    #[must_use]
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) if !value.as_ref().is_empty() => self.fact(name, value.as_ref()),
            _ => self,
        }
    }

    /// The text.
    pub(crate) fn render(&self, look: &Look) -> String {
        let mut table = bare(look);
        for (name, value) in &self.rows {
            table.add_row([styled(&Cell::dim(name)), styled(value)]);
        }
        text_of(&mut table)
    }
}

fn bare(look: &Look) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING);
    match look.width() {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if look.colour() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// Columns two apart and none before the first.
fn text_of(table: &mut comfy_table::Table) -> String {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (0, 1) } else { (1, 1) });
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

fn styled(cell: &Cell) -> comfy_table::Cell {
    let styled = comfy_table::Cell::new(&cell.text);
    match cell.tone {
        Tone::Plain => styled,
        Tone::Head => styled.add_attribute(Attribute::Bold),
        Tone::Dim => styled.add_attribute(Attribute::Dim),
        Tone::Good => styled.fg(Color::Green),
        Tone::Warn => styled.fg(Color::Yellow),
        Tone::Bad => styled.fg(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["handle", "status", "tags"]);
        table.row([
            "shopify-client-a".into(),
            Cell::status("active"),
            "team=eu, owner=\u{1b}[2Jmia".into(),
        ]);
        table.row(["openai".into(), Cell::status("revoked"), "".into()]);
        table
    }

    #[test]
    fn in_a_pipe_a_row_is_one_line() {
        insta::assert_snapshot!(table().render(&Look::new(false, None), "none"), @r"
        HANDLE            STATUS   TAGS
        shopify-client-a  active   team=eu, owner=�[2Jmia
        openai            revoked  –
        ");
    }

    #[test]
    fn on_a_terminal_the_table_fits() {
        for width in [20, 36, 50, 80] {
            let text = table().render(&Look::new(false, Some(width)), "none");
            assert!(
                text.lines().all(|line| line.chars().count() <= usize::from(width)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_people_copy_is_not_broken() {
        let text = table().render(&Look::new(false, Some(48)), "none");
        assert!(text.contains("shopify-client-a"), "{text}");
        assert!(text.lines().count() > 3, "the tags are wrapped: {text}");
    }

    #[test]
    fn a_narrow_terminal_does_without_some_columns() {
        let table = table().without_if_narrow(&["tags", "status"]);
        let headings = |width| {
            table
                .columns(width)
                .iter()
                .map(|column| column.heading.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(headings(None), ["handle", "status", "tags"]);
        assert_eq!(headings(Some(80)), ["handle", "status", "tags"]);
        assert_eq!(headings(Some(30)), ["handle", "status"]);
        assert_eq!(headings(Some(20)), ["handle"]);
    }

    #[test]
    fn colours_are_shown_only_where_wanted() {
        assert!(table().render(&Look::new(true, None), "none").contains("\u{1b}["));
        assert!(!table().render(&Look::new(false, None), "none").contains('\u{1b}'));
    }

    #[test]
    fn no_rows_say_so() {
        assert_eq!(
            Table::new(&["a"]).render(&Look::new(false, None), "nothing yet"),
            "nothing yet"
        );
    }

    #[test]
    fn facts_line_up() {
        let facts = Facts::default()
            .fact("name", "Shopify")
            .maybe("client", None::<&str>)
            .fact("environment", "prod");
        insta::assert_snapshot!(facts.render(&Look::new(false, None)), @r"
        name         Shopify
        environment  prod
        ");
    }
}
