//! What gdbt says when something is wrong: a stable code, a place in the user's
//! own file, what happened and what to do.
//!
//! Libraries return these values; only `report` prints them.

use std::fmt;
use std::sync::Arc;

/// The result of anything that can fail because of the user's input or world.
pub type Result<T, E = Box<Diagnostic>> = std::result::Result<T, E>;

/// dbt's error families. The family is the first line of dbt's error text
/// (`Compilation Error in model x (models/x.sql)`), which other tools match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Bad YAML, names, properties: found while reading the project.
    Parsing,
    /// A template that cannot be rendered, an unknown ref, a cycle.
    Compilation,
    /// A wrong setting, profile, selector or environment.
    Runtime,
    /// PostgreSQL refused a statement or the connection.
    Database,
    /// A value has the wrong shape.
    Validation,
    /// A contract is broken that others rely on.
    Contract,
    /// A defect of gdbt itself.
    Internal,
    /// What dbt tells without naming a family.
    Unnamed,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parsing => "Parsing",
            Self::Compilation => "Compilation",
            Self::Runtime => "Runtime",
            Self::Database => "Database",
            Self::Validation => "Validation",
            Self::Contract => "Breaking change to contract",
            Self::Internal => "Internal",
            Self::Unnamed => "",
        })
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $family:ident;)*) => {
        /// The stable codes of gdbt's errors and warnings. A code never changes its
        /// meaning; retired codes are not reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as users see and search it, such as `GD2001`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The dbt error family this code is reported under.
            pub fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)* }
            }
        }
    };
}

codes! {
    // 0xxx: gdbt itself and the machine
    /// A broken assumption inside gdbt.
    Internal = "GD0001", Internal;
    /// A file or folder cannot be read or written.
    Io = "GD0002", Runtime;
    /// The user interrupted the command.
    Interrupted = "GD0003", Runtime;

    // 1xxx: project, profile and settings
    /// No dbt_project.yml where it was looked for.
    ProjectMissing = "GD1001", Runtime;
    /// dbt_project.yml has a wrong or missing key.
    ProjectInvalid = "GD1002", Runtime;
    /// profiles.yml or the profile in it cannot be found.
    ProfileMissing = "GD1003", Runtime;
    /// A profile or target has a wrong or missing key.
    ProfileInvalid = "GD1004", Runtime;
    /// A YAML file cannot be parsed.
    YamlSyntax = "GD1005", Parsing;
    /// A required environment variable is not set.
    EnvVarMissing = "GD1006", Parsing;
    /// A required variable (`var`) has no value.
    VarMissing = "GD1007", Compilation;
    /// A command-line value cannot be understood.
    BadArgument = "GD1008", Runtime;
    /// Something dbt has and gdbt does not (yet) support.
    Unsupported = "GD1009", Runtime;
    /// A secret is read where it could leak.
    SecretMisplaced = "GD1010", Parsing;
    /// Packages are listed but not installed.
    PackagesMissing = "GD1012", Compilation;
    /// An old form that dbt deprecates.
    Deprecated = "GD1011", Runtime;

    // 2xxx: Jinja
    /// A template cannot be parsed.
    JinjaSyntax = "GD2001", Compilation;
    /// A template failed while it was evaluated.
    JinjaRuntime = "GD2002", Compilation;
    /// A macro or template recursed too deeply.
    JinjaDepth = "GD2003", Compilation;
    /// `exceptions.raise_compiler_error` was called by the user's code.
    RaisedByUser = "GD2004", Compilation;

    // 3xxx: nodes, references, configuration
    /// A property file is not of dbt's form.
    PropertyInvalid = "GD3001", Parsing;
    /// A `ref` names no node.
    RefUnknown = "GD3002", Compilation;
    /// A `source` names no declared source table.
    SourceUnknown = "GD3003", Compilation;
    /// The graph has a cycle.
    Cycle = "GD3004", Runtime;
    /// Two resources share one name or one relation.
    Duplicate = "GD3005", Compilation;
    /// A config has a wrong value.
    ConfigInvalid = "GD3006", Parsing;
    /// The values of a config do not go together.
    ConfigRefused = "GD3043", Unnamed;
    /// A macro, materialization or generic test cannot be found.
    MacroUnknown = "GD3007", Compilation;
    /// A property file describes something that does not exist.
    PatchTargetMissing = "GD3008", Parsing;
    /// A reference crosses an access boundary.
    AccessDenied = "GD3009", Parsing;
    /// A model's columns are not those of its contract.
    ContractBroken = "GD3010", Compilation;
    /// A materialization does not return what it must.
    MaterializationInvalid = "GD3021", Compilation;
    /// The table of a snapshot lacks columns that snapshots have.
    SnapshotTargetInvalid = "GD3023", Compilation;
    /// A query of the command line cannot be understood.
    InlineInvalid = "GD3024", Runtime;
    /// A test's query does not give what it must.
    TestInvalid = "GD3022", Internal;
    /// A test's query gives no truth value where it must.
    TestNotABoolean = "GD3025", Compilation;
    /// A test has the same setting beside its configuration and in it.
    TestKeyTwice = "GD3026", Compilation;
    /// A source cannot tell how fresh it is.
    FreshnessUnknown = "GD3031", Runtime;
    /// What dates a source is no timestamp.
    FreshnessNotATime = "GD3032", Database;
    /// An alert could not be posted.
    AlertFailed = "GD3034", Runtime;
    /// A unit test could not be run.
    UnitTestFailed = "GD3033", Runtime;
    /// A resource's name is one that dbt does not take.
    NameInvalid = "GD3040", Validation;
    /// A unit test does not fit its model, or its rows cannot be read.
    UnitTestInvalid = "GD3030", Parsing;
    /// A metric, semantic model or saved query is wrong, or made of what does not exist.
    SemanticInvalid = "GD3041", Parsing;
    /// A snapshot lacks settings of its strategy, or they do not fit together.
    SnapshotInvalid = "GD3042", Unnamed;
    /// A warning that `--warn-error` makes an error.
    WarningAsError = "GD3020", Compilation;

    // 4xxx: PostgreSQL
    /// The server cannot be reached or refused the login.
    ConnectFailed = "GD4001", Database;
    /// The server refused a statement.
    SqlFailed = "GD4002", Database;
    /// The connection broke while it was in use.
    ConnectionLost = "GD4003", Database;
    /// A relation has another type or shape than it must have.
    RelationMismatch = "GD4004", Runtime;
    /// Views that the project does not build would go with a relation.
    DependentsDropped = "GD4005", Runtime;

    // 5xxx: the embedded server
    /// No PostgreSQL server programs were found.
    ServerMissing = "GD5001", Runtime;
    /// The embedded server could not be initialised or started.
    ServerFailed = "GD5002", Runtime;

    // 6xxx: selection
    /// A selector expression cannot be understood.
    SelectorInvalid = "GD6001", Runtime;
    /// An earlier state is missing or cannot be read.
    StateInvalid = "GD6002", Runtime;
    /// A selector needs artifacts that are not there.
    StateMissing = "GD6003", Internal;
    /// A contract changed in a way that breaks what reads the model.
    ContractBreaking = "GD6004", Contract;

    // 7xxx: loading files
    /// A data row does not fit its table.
    RowInvalid = "GD7001", Runtime;
    /// A source has no usable `external:` property.
    ExternalInvalid = "GD7002", Runtime;

    // 8xxx: packages
    /// A package is missing or cannot be installed.
    PackageFailed = "GD8001", Runtime;

    // 9xxx: documentation and lineage
    /// What a column is made of cannot be told.
    LineageUnknown = "GD9001", Runtime;
    /// What `get_catalog` returned is not a catalog.
    CatalogInvalid = "GD9002", Compilation;
}

/// A place in one of the user's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The file, relative to the project's root where it lies inside it.
    pub path: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1; 0 when only the line is known.
    pub column: u32,
    /// How many characters the trouble covers on that line; at least 1.
    pub length: u32,
    /// The text of that line, for the excerpt.
    pub text: Option<Arc<str>>,
}

impl Span {
    /// A span from a byte range of `source`; it is cut at the end of its first line.
    pub fn from_bytes(path: impl Into<Arc<str>>, source: &str, start: usize, end: usize) -> Self {
        let newlines = |before: &str| before.bytes().filter(|byte| *byte == b'\n').count();
        Self::after_lines(path, source, (start, end), newlines)
    }

    /// As [`Span::from_bytes`], where it is known how many lines end before the range:
    /// `newlines` is given the text before.
    pub fn after_lines(
        path: impl Into<Arc<str>>,
        source: &str,
        (start, end): (usize, usize),
        newlines: impl FnOnce(&str) -> usize,
    ) -> Self {
        let start = floor_char_boundary(source, start);
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let end = floor_char_boundary(source, end).clamp(start, line_end);
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let newlines = newlines(before);
        Self {
            path: path.into(),
            line: u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1),
            column: count(&source[line_start..start]).saturating_add(1),
            length: count(&source[start..end]).max(1),
            text: Some(source[line_start..line_end].trim_end_matches('\r').into()),
        }
    }

    /// A span that only knows its line.
    pub fn line(path: impl Into<Arc<str>>, line: u32) -> Self {
        Self { path: path.into(), line, column: 0, length: 1, text: None }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One error or warning for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code; it also decides dbt's error family.
    pub code: Code,
    /// What went wrong, in dbt's words where other tools read them. May have many lines.
    pub message: String,
    /// dbt's "in ..." part of the header, such as `model orders (models/orders.sql)`.
    pub node: Option<String>,
    /// Where, in the user's own file.
    pub span: Option<Span>,
    /// Other places that explain it, each with a few words (the first definition of a
    /// duplicate, the macros that led here).
    pub related: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with only a message; add the rest with the `with_*` methods.
    pub fn new(code: Code, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            code,
            message: message.into(),
            node: None,
            span: None,
            related: Vec::new(),
            help: None,
        })
    }

    /// Says where, unless a more exact place is already known.
    #[must_use]
    pub fn with_span(mut self: Box<Self>, span: Span) -> Box<Self> {
        self.span.get_or_insert(span);
        self
    }

    /// Puts the trouble elsewhere: for texts that stand inside another file, such as a
    /// template in YAML, where the place inside the text is not the place in the file.
    #[must_use]
    pub fn relocated(mut self: Box<Self>, span: Span) -> Box<Self> {
        self.span = Some(span);
        self
    }

    /// Says in which node, unless already known.
    #[must_use]
    pub fn with_node(mut self: Box<Self>, node: impl Into<String>) -> Box<Self> {
        self.node.get_or_insert_with(|| node.into());
        self
    }

    /// Says what to do, unless already known.
    #[must_use]
    pub fn with_help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help.get_or_insert_with(|| help.into());
        self
    }

    /// Adds another place that explains the trouble.
    #[must_use]
    pub fn with_related(mut self: Box<Self>, span: Span, note: impl Into<String>) -> Box<Self> {
        self.related.push((span, note.into()));
        self
    }

    /// An input-output failure on a path.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Box<Self> {
        Self::new(Code::Io, format!("{}: {error}", path.display()))
    }
}

/// dbt's plain text: header, then the body indented by two spaces.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.family() == Family::Unnamed {
            return f.write_str(&self.message);
        }
        write!(f, "{} Error", self.code.family())?;
        if let Some(node) = &self.node {
            write!(f, " in {node}")?;
        }
        for line in self.message.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

impl From<Box<Diagnostic>> for Vec<Diagnostic> {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        vec![*diagnostic]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<&str> =
            Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
    }

    #[test]
    fn a_span_counts_characters_and_stops_at_its_line() {
        let source = "select 1\nsélect {{ x }}\nfrom y";
        let start = source.find("{{").unwrap();
        let span = Span::from_bytes("a.sql", source, start, source.len());
        assert_eq!((span.line, span.column, span.length), (2, 8, 7));
        assert_eq!(span.text.as_deref(), Some("sélect {{ x }}"));
    }
}
