//! What events are asked for: clauses that must all hold, each of a key and alternatives.
//!
//! Filters come as one text of the filter language ([`super::language`]) or as parameters; both become the same clauses.

use std::ops::Range;

macro_rules! keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What a clause looks at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FilterKey { $($(#[$doc])* $variant),+ }

        impl FilterKey {
            /// Every key, in the order in which help names them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the language, and as a parameter.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Reads its name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

keys! {
    /// A credential that the event concerns.
    Credential = "credential",
    /// A client: the client itself, its credentials, its workspaces.
    Client = "client",
    /// A service: the service itself, and credentials of it.
    Service = "service",
    /// The kind of a credential that the event concerns.
    Kind = "kind",
    /// A workspace that it concerns.
    Workspace = "workspace",
    /// The environment of a workspace that it concerns.
    Environment = "environment",
    /// A template that it concerns.
    Template = "template",
    /// A variable that was mapped, declared or served.
    Variable = "variable",
    /// A principal that it concerns.
    Principal = "principal",
    /// Who acted, or for whom.
    Actor = "actor",
    /// For whom alone.
    For = "for",
    /// The grant that allowed it, or that it is about.
    Grant = "grant",
    /// The token that was used, or that it is about.
    Token = "token",
    /// The type, or all of a category.
    Type = "type",
    /// `ok`, `denied` or `refused`.
    Outcome = "outcome",
    /// The source address, or a network.
    Source = "source",
    /// The piece of work.
    Correlation = "correlation",
    /// An incident: what its suspects did, what concerns them, what was done about it.
    Incident = "incident",
    /// The request.
    Request = "request",
    /// Text in the reason.
    Reason = "reason",
    /// From there on, inclusive.
    Since = "since",
    /// Up to there, exclusive.
    Until = "until",
    /// A position, or positions from one up to another.
    Position = "position",
}

/// Where a word of a filter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a text of the language: characters from and to.
    Text(Range<usize>),
    /// In the parameter of its key.
    Parameter(FilterKey),
}

impl Place {
    /// The JSON pointer of the parameter that it stands in.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::Text(_) => "/q".to_owned(),
            Self::Parameter(key) => format!("/{}", key.name()),
        }
    }
}

/// One alternative of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written, without quotes.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// One clause: it holds where any of its words does, or, negated, where none does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Whether it must not hold.
    pub negated: bool,
    /// What it looks at.
    pub key: FilterKey,
    /// The alternatives; never empty.
    pub words: Vec<Word>,
}

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterFault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Clauses that must all hold; none is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The clauses.
    pub clauses: Vec<Clause>,
}

impl Filter {
    /// Adds a clause that came as a parameter: words separated by commas.
    pub fn parameter(&mut self, key: FilterKey, text: &str) {
        // A reason is a person's text: a comma in it is a comma.
        let words: Vec<Word> = if key == FilterKey::Reason {
            vec![text]
        } else {
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
        }
        .into_iter()
        .map(|word| Word {
            text: word.to_owned(),
            place: Place::Parameter(key),
        })
        .collect();
        if !words.is_empty() {
            self.clauses.push(Clause {
                negated: false,
                key,
                words,
            });
        }
    }

    /// Adds the clauses of a text of the filter language.
    ///
    /// # Errors
    /// The first fault in it.
    pub fn text(&mut self, text: &str) -> Result<(), FilterFault> {
        self.clauses.extend(super::language::parse(text)?);
        Ok(())
    }
}
