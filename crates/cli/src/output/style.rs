//! Colours, where there are any.

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// A heading.
    Head,
    /// Less important.
    Dim,
    /// As it should be.
    Good,
    /// Look at this.
    Warn,
    /// Not as it should be.
    Bad,
}

impl Tone {
    /// The tone of a status or health word.
    pub(crate) fn of_status(word: &str) -> Self {
        match word {
            "active" | "ok" | "mapped" | "created" | "done" => Self::Good,
            "disabled" | "archived" | "retired" | "untested" | "expiring" | "rotation_due" | "unchanged" => Self::Warn,
            "revoked" | "shredded" | "expired" | "failing" | "missing" | "refused" | "deny" => Self::Bad,
            _ => Self::Plain,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Head => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

/// How text for people looks on this output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    colour: bool,
    width: Option<u16>,
}

impl Look {
    /// With or without colour; fitted to so many columns, or as wide as it gets.
    pub(crate) fn new(colour: bool, width: Option<u16>) -> Self {
        Self { colour, width }
    }

    /// Whether colours are shown.
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// Columns to fit.
    pub(crate) fn width(&self) -> Option<u16> {
        self.width
    }

    /// Colours a text, if colours are shown.
    pub(crate) fn paint(&self, text: &str, tone: Tone) -> String {
        if !self.colour || tone == Tone::Plain {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code())
    }
}
