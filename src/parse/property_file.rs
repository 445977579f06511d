//! Reading a property file: sections, rendering, shapes.

use super::properties::{
    ExposureProperties, GroupProperties, MacroProperties, NodeProperties, SourceProperties,
    UnitTestProperties,
};
use super::semantic::shapes::{MetricProperties, SavedQueryProperties, SemanticModelProperties};
use super::versions;
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event::Warning;
use crate::project::deprecations;
use crate::project::yaml::{self, Yaml};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::sync::Arc;

/// An entry of a section, with its place.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// The entry after rendering.
    pub value: T,
    /// The entry as written.
    pub node: yaml::Node,
    /// The file it stands in.
    pub source: Arc<yaml::Source>,
}

impl<T> Entry<T> {
    /// Where the entry begins.
    pub fn span(&self) -> Span {
        self.source.span(first_line(&self.node))
    }

    /// Where a value inside the entry is; the entry itself when there is none.
    pub fn span_of(&self, path: &[Step<'_>]) -> Span {
        self.source.span(self.place_of(path))
    }

    /// The same as bytes of the file; a [`Span`] has to count lines.
    pub fn place_of(&self, path: &[Step<'_>]) -> yaml::Place {
        find(&self.node, path).map_or_else(|| first_line(&self.node), |node| node.place)
    }
}

/// A step into a YAML value.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Into a mapping.
    Key(&'a str),
    /// Into a mapping that has one of two keys.
    EitherKey(&'a str, &'a str),
    /// Into a list.
    Index(usize),
}

fn find<'n>(node: &'n yaml::Node, path: &[Step<'_>]) -> Option<&'n yaml::Node> {
    let Some((step, rest)) = path.split_first() else { return Some(node) };
    let inner = match step {
        Step::Key(key) => node.get(key)?,
        Step::EitherKey(first, second) => node.get(first).or_else(|| node.get(second))?,
        Step::Index(index) => node.as_seq()?.get(*index)?,
    };
    find(inner, rest)
}

/// A mapping's place is long; its first entry says enough.
fn first_line(node: &yaml::Node) -> yaml::Place {
    match &node.value {
        yaml::Value::Map(map) => map.entries.first().map_or(node.place, |entry| yaml::Place {
            start: entry.key.place.start,
            end: entry.value.place.end,
        }),
        _ => node.place,
    }
}

/// A property file, by section.
#[derive(Debug, Default)]
pub struct PropertyFile {
    /// The defining package.
    pub package: Arc<str>,
    /// The file, relative to the package's root.
    pub path: Arc<str>,
    /// The file, relative to the resource path it was found in.
    pub relative_path: Arc<str>,
    /// `models:`.
    pub models: Vec<Entry<NodeProperties>>,
    /// `seeds:`.
    pub seeds: Vec<Entry<NodeProperties>>,
    /// `snapshots:`.
    pub snapshots: Vec<Entry<NodeProperties>>,
    /// `analyses:`.
    pub analyses: Vec<Entry<NodeProperties>>,
    /// `data_tests:` at the top level: singular tests.
    pub singular_tests: Vec<Entry<NodeProperties>>,
    /// `sources:`.
    pub sources: Vec<Entry<SourceProperties>>,
    /// `macros:`.
    pub macros: Vec<Entry<MacroProperties>>,
    /// `exposures:`.
    pub exposures: Vec<Entry<ExposureProperties>>,
    /// `groups:`.
    pub groups: Vec<Entry<GroupProperties>>,
    /// `functions:`.
    pub functions: Vec<Entry<NodeProperties>>,
    /// `metrics:`.
    pub metrics: Vec<Entry<MetricProperties>>,
    /// `semantic_models:`.
    pub semantic_models: Vec<Entry<SemanticModelProperties>>,
    /// `saved_queries:`.
    pub saved_queries: Vec<Entry<SavedQueryProperties>>,
    /// `unit_tests:`.
    pub unit_tests: Vec<Entry<UnitTestProperties>>,
}

const KNOWN_KEYS: [&str; 18] = [
    "version",
    "models",
    "seeds",
    "snapshots",
    "analyses",
    "data_tests",
    "tests",
    "sources",
    "macros",
    "exposures",
    "groups",
    "unit_tests",
    "metrics",
    "semantic_models",
    "saved_queries",
    "functions",
    "anchors",
    "x-",
];

/// Renders a template text of a property file to a native value.
pub type RenderText<'a> = dyn Fn(&str, Span) -> Result<Json> + Sync + 'a;

/// What reading a file gives besides its sections.
#[derive(Debug, Default)]
pub struct Findings {
    /// Mistakes that stop the command.
    pub errors: Vec<Diagnostic>,
    /// Everything else worth saying.
    pub warnings: Vec<Warning>,
}

/// Reads one property file.
pub fn read(yaml: Yaml, render: &RenderText<'_>, findings: &mut Findings) -> PropertyFile {
    let mut file = PropertyFile { path: Arc::clone(&yaml.source.path), ..PropertyFile::default() };
    findings.warnings.extend(deprecations::duplicate_keys(&yaml));
    let source = yaml.source;
    let sections = match yaml.root.value {
        yaml::Value::Map(map) => map.entries,
        yaml::Value::Null => return file,
        _ => {
            let message =
                format!("Contents of file '{}' are not valid. Dictionary expected.", source.path);
            findings.errors.push(*source.error(Code::PropertyInvalid, yaml.root.place, message));
            return file;
        }
    };
    for section in sections {
        let name = section.key.scalar_text().unwrap_or_default();
        if section.value.is_null() {
            continue;
        }
        let mut reader = SectionReader { source: &source, key: &name, render, findings };
        match name.as_str() {
            "models" => file.models = reader.models(section.value),
            "seeds" => file.seeds = reader.nodes(section.value),
            "snapshots" => file.snapshots = reader.nodes(section.value),
            "analyses" => file.analyses = reader.nodes(section.value),
            "data_tests" => file.singular_tests = reader.singular_tests(section.value),
            "sources" => file.sources = reader.sources(section.value),
            "macros" => file.macros = reader.entries(section.value),
            "exposures" => file.exposures = reader.entries(section.value),
            "groups" => file.groups = reader.entries(section.value),
            "functions" => file.functions = reader.nodes(section.value),
            "metrics" => file.metrics = reader.entries(section.value),
            "semantic_models" => file.semantic_models = reader.entries(section.value),
            "saved_queries" => file.saved_queries = reader.entries(section.value),
            "unit_tests" => file.unit_tests = reader.entries(section.value),
            "version" | "anchors" => {}
            custom if custom.starts_with("x-") => {}
            // dbt takes no notice of other sections on Postgres, so only a likely typo is told.
            unknown => {
                if let Some(near) = crate::suggest::nearest(unknown, KNOWN_KEYS) {
                    let message =
                        format!("Unexpected top-level key {unknown} in file `{}`", source.path);
                    let warning = source
                        .error(Code::PropertyInvalid, section.key.place, message)
                        .with_help(format!("Did you mean '{near}'?"));
                    findings.warnings.push(Warning::new(
                        "CustomTopLevelKeyDeprecation",
                        "D025",
                        *warning,
                    ));
                }
            }
        }
    }
    file
}

struct SectionReader<'a> {
    source: &'a Arc<yaml::Source>,
    key: &'a str,
    render: &'a RenderText<'a>,
    findings: &'a mut Findings,
}

impl SectionReader<'_> {
    fn nodes(&mut self, section: yaml::Node) -> Vec<Entry<NodeProperties>> {
        let mut entries: Vec<Entry<NodeProperties>> = self.entries(section);
        entries.retain_mut(|entry| match entry.value.settle_config() {
            Ok(()) => true,
            Err(key) => {
                let message = format!(
                    "In {}: found {key} dictionary in 'config' dictionary and as top-level key. \
                     Remove the top-level key and define it under 'config' dictionary only.",
                    entry.source.path
                );
                let error = Diagnostic::new(Code::PropertyInvalid, message)
                    .with_span(entry.span_of(&[Step::Key(key)]));
                self.findings.errors.push(*error);
                false
            }
        });
        entries
    }

    /// Singular tests. dbt warns of mistakes in their section, and goes on.
    fn singular_tests(&mut self, section: yaml::Node) -> Vec<Entry<NodeProperties>> {
        let earlier = self.findings.errors.len();
        let tests = self.nodes(section);
        let path = &self.source.path;
        for mut error in self.findings.errors.drain(earlier..) {
            let why = if error.message.ends_with("does not have a name attribute.") {
                "Entry did not contain a name"
            } else {
                &error.message
            };
            error.message = format!("Unable to parse 'data_tests' section of file '{path}'\n{why}");
            self.findings.warnings.push(Warning::new("Note", "Z050", error));
        }
        tests
    }

    fn sources(&mut self, section: yaml::Node) -> Vec<Entry<SourceProperties>> {
        let mut sources: Vec<Entry<SourceProperties>> = self.entries(section);
        sources.retain(|entry| match entry.value.check_dates() {
            Ok(()) => true,
            Err(why) => {
                let (path, name) = (&entry.source.path, &entry.value.name);
                let message =
                    format!("Invalid sources config given in {path} @ sources: '{name}' - {why}");
                let error = Diagnostic::new(Code::PropertyInvalid, message);
                self.findings.errors.push(*error.with_span(entry.span()));
                false
            }
        });
        sources
    }

    /// Models; a versioned one gives an entry for each version.
    fn models(&mut self, section: yaml::Node) -> Vec<Entry<NodeProperties>> {
        let mut models = Vec::new();
        for entry in self.nodes(section) {
            match versions::expand(entry) {
                Ok(entries) => models.extend(entries),
                Err(error) => self.findings.errors.push(*error),
            }
        }
        models
    }

    fn entries<T: DeserializeOwned>(&mut self, section: yaml::Node) -> Vec<Entry<T>> {
        let place = section.place;
        let yaml::Value::Seq(items) = section.value else {
            self.error(place, self.is_invalid("the value of", "is not a list"));
            return Vec::new();
        };
        items.into_iter().filter_map(|item| self.entry(item)).collect()
    }

    fn entry<T: DeserializeOwned>(&mut self, node: yaml::Node) -> Option<Entry<T>> {
        if node.as_map().is_none() {
            let message = self.is_invalid("a list element for", "is not a dictionary");
            self.error(node.place, message);
            return None;
        }
        if node.get("name").is_none() {
            let message = self.is_invalid("a list element for", "does not have a name attribute.");
            self.error(first_line(&node), message);
            return None;
        }
        let rendered = match self.rendered(&node, &mut Vec::new()) {
            Ok(rendered) => rendered,
            Err(error) => {
                self.findings.errors.push(*error);
                return None;
            }
        };
        if let Some(place) = both_test_keys(&node, self.key) {
            let problem = "Invalid test config: cannot have both 'tests' and 'data_tests' defined";
            self.invalid(&node, place, "", problem);
            return None;
        }
        match serde_path_to_error::deserialize(rendered) {
            Ok(value) => Some(Entry { value, node, source: Arc::clone(self.source) }),
            Err(error) => {
                let place = place_at(&node, error.path());
                let at = error.path().to_string();
                let at = if at == "." { String::new() } else { format!(" - at path [{at}]") };
                self.invalid(&node, place, &at, error.inner());
                None
            }
        }
    }

    fn invalid(
        &mut self,
        node: &yaml::Node,
        place: yaml::Place,
        at: &str,
        problem: impl std::fmt::Display,
    ) {
        let name = node.get("name").and_then(yaml::Node::scalar_text).unwrap_or_default();
        let message = format!(
            "Invalid {0} config given in {1} @ {0}: '{name}'{at}: {problem}",
            self.key, self.source.path
        );
        self.error(place, message);
    }

    /// dbt's words for a section that has not the form of one.
    fn is_invalid(&self, what: &str, why: &str) -> String {
        let (path, key) = (&self.source.path, self.key);
        format!("The schema file at {path} is invalid because {what} '{key}' {why}")
    }

    fn error(&mut self, place: yaml::Place, message: String) {
        self.findings.errors.push(*self.source.error(Code::PropertyInvalid, place, message));
    }

    /// The value as JSON, its template texts rendered where dbt renders them.
    fn rendered(&self, node: &yaml::Node, path: &mut Vec<String>) -> Result<Json> {
        match &node.value {
            yaml::Value::Str(text) if is_rendered(self.key, path) => {
                if has_template(text) {
                    return (self.render)(text, self.source.span(node.place));
                }
                // Jinja drops one line feed at the end of a template, and dbt renders all texts.
                Ok(text.strip_suffix('\n').unwrap_or(text).into())
            }
            yaml::Value::Seq(items) => {
                let mut out = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    out.push(self.rendered(item, path)?);
                    path.pop();
                }
                Ok(out.into())
            }
            yaml::Value::Map(map) => {
                let mut out = serde_json::Map::with_capacity(map.len());
                for entry in map {
                    let key = entry.key.scalar_text().unwrap_or_default();
                    path.push(key);
                    let value = self.rendered(&entry.value, path)?;
                    out.insert(path.pop().unwrap_or_default(), value);
                }
                Ok(out.into())
            }
            _ => Ok(node.to_json()),
        }
    }
}

/// Whether a text can be anything but itself when rendered.
pub fn has_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Descriptions, tests, filters and hooks keep their templates: they are rendered later, when
/// more is known. Everything else is rendered while the file is read.
fn is_rendered(section: &str, path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let late = match (section, path.as_slice()) {
        (
            "sources",
            ["description" | "loaded_at_query", ..] | ["config", "loaded_at_query", ..],
        )
        | ("saved_queries", ["query_params", "where", ..])
        | ("metrics", [.., "filter"] | [.., "filter", _]) => true,
        ("sources", ["tables", _, rest @ ..]) | ("macros", ["arguments", rest @ ..]) => {
            is_late(rest)
        }
        ("sources", _) => false,
        (_, path) => is_late(path),
    };
    !late
}

/// The keys of a resource that are rendered late, wherever it stands.
fn is_late(path: &[&str]) -> bool {
    let is_text = |key: &str| matches!(key, "description" | "loaded_at_query");
    let is_test = |key: &str| matches!(key, "tests" | "data_tests");
    match path {
        [key, ..] if is_text(key) || is_test(key) => true,
        [_, key] if is_text(key) || is_test(key) => true,
        ["config", "pre_hook" | "post_hook" | "pre-hook" | "post-hook" | "loaded_at_query", ..]
        | [_, _, _, _, "description"] => true,
        ["columns" | "dimensions" | "measures" | "entities", _, key, ..] => {
            is_test(key) || *key == "description"
        }
        _ => false,
    }
}

/// Where the tests of a resource or of a column stand under both names of the key.
fn both_test_keys(node: &yaml::Node, section: &str) -> Option<yaml::Place> {
    let tables = node.get("tables").filter(|_| section == "sources");
    let tables = tables.and_then(yaml::Node::as_seq).unwrap_or_default();
    let of = |owner: &'_ yaml::Node| -> Option<yaml::Place> {
        let tests = owner.as_map()?.entry("tests")?;
        owner.get("data_tests").map(|_| tests.key.place)
    };
    let with_columns = |owner: &yaml::Node| {
        let columns = owner.get("columns").and_then(yaml::Node::as_seq).unwrap_or_default();
        of(owner).or_else(|| columns.iter().find_map(of))
    };
    with_columns(node).or_else(|| tables.iter().find_map(with_columns))
}

fn place_at(node: &yaml::Node, path: &serde_path_to_error::Path) -> yaml::Place {
    use serde_path_to_error::Segment;
    let mut at = node;
    for segment in path {
        let inner = match segment {
            Segment::Seq { index } => at.as_seq().and_then(|items| items.get(*index)),
            Segment::Map { key } => at.get(key),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match inner {
            Some(inner) => at = inner,
            None => break,
        }
    }
    first_line(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Lines of property files, right and wrong.
    const WORDS: &[&str] = &[
        "models:",
        "- name: a",
        "name: a",
        "columns:",
        "- name: id",
        "data_tests:",
        "tests:",
        "- unique",
        "- unique:",
        "- not_null: {where: x}",
        "config:",
        "config: {enabled: false}",
        "meta: {x: [1, 2]}",
        "tags: [a]",
        "tags: a",
        "versions:",
        "- v: 1",
        "- v: 2.5",
        "latest_version: 1",
        "defined_in: b",
        "include: all",
        "exclude: [id]",
        "- include: '*'",
        "sources:",
        "tables:",
        "seeds:",
        "snapshots:",
        "relation: ref('a')",
        "exposures:",
        "owner: {email: x}",
        "type: dashboard",
        "groups:",
        "macros:",
        "arguments:",
        "unit_tests:",
        "model: a",
        "given:",
        "- input: ref('b')",
        "rows: [{id: 1}]",
        "expect: {rows: []}",
        "description: '{{ doc(1) }}'",
        "- 1",
        "- null",
        "- []",
        "null",
        "x: &x {y: 1}",
        "<<: *x",
        "constraints: [{type: check}]",
        "semantic_models:",
        "metrics:",
        "saved_queries:",
        "overrides: p",
        "freshness: {warn_after: {count: 1}}",
        "quoting: {identifier: true}",
    ];

    fn read_text(text: &str) -> (PropertyFile, Findings) {
        let yaml = Yaml::parse("models/s.yml", text).unwrap();
        let mut findings = Findings::default();
        let render = |text: &str, _: Span| Ok(json!(format!("<{text}>")));
        let file = read(yaml, &render, &mut findings);
        (file, findings)
    }

    #[test]
    fn descriptions_and_tests_are_not_rendered_yet_but_config_is() {
        let (file, findings) = read_text(
            "models:\n- name: a\n  description: \"{{ doc('x') }}\"\n  config: {schema: \"{{ target.schema }}\"}\n  \
             columns:\n  - name: id\n    data_tests:\n    - unique: {where: \"{{ x }}\"}\n",
        );
        assert!(findings.errors.is_empty(), "{:?}", findings.errors);
        let model = &file.models[0].value;
        assert_eq!(model.description, "{{ doc('x') }}");
        assert_eq!(model.config["schema"], json!("<{{ target.schema }}>"));
        assert_eq!(model.columns[0].data_tests, [json!({"unique": {"where": "{{ x }}"}})]);
    }

    #[test]
    fn a_wrong_shape_is_shown_where_it_is() {
        let (_, findings) =
            read_text("models:\n- name: a\n  columns:\n  - name: id\n    quote: maybe\n");
        let error = &findings.errors[0];
        let span = error.span.as_ref().unwrap();
        assert_eq!((span.line, span.column), (5, 12), "{error}");
    }

    #[test]
    fn an_unknown_section_gets_a_hint() {
        let (_, findings) = read_text("modles: []\n");
        assert_eq!(findings.warnings[0].diagnostic.help.as_deref(), Some("Did you mean 'models'?"));
    }

    #[test]
    fn a_key_inside_and_outside_of_config_is_refused() {
        let (file, findings) =
            read_text("models:\n- name: a\n  meta: {x: 1}\n  config: {meta: {y: 1}}\n");
        assert!(file.models.is_empty());
        assert_eq!(findings.errors.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_yaml_is_read_or_refused(
            lines in proptest::collection::vec(
                (0..6_usize, proptest::sample::select(WORDS)), 0..24,
            ),
        ) {
            let lines = lines.into_iter().map(|(depth, word)| format!("{:1$}{word}\n", "", depth * 2));
            let text: String = std::iter::once("version: 2\n".to_owned()).chain(lines).collect();
            let Ok(yaml) = Yaml::parse("models/s.yml", text) else { return Ok(()) };
            let render = |text: &str, _: Span| Ok(json!(format!("<{text}>")));
            let mut findings = Findings::default();
            let file = read(yaml, &render, &mut findings);
            for entry in &file.models {
                let span = entry.span_of(&[Step::Key("columns"), Step::Index(0)]);
                proptest::prop_assert!(span.line > 0);
            }
        }
    }
}
