//! Generic tests from property files.

use super::columns::column_tags;
use super::config::{ConfigKind, merge_calls};
use super::generic_test::{TestDefinition, TestTarget, arguments_of, old_forms};
use super::layers::OwnConfig;
use super::nodes::{NodeParser, take_captured};
use super::properties::{ColumnProperties, NodeProperties, SourceProperties};
use super::property_file::{Entry, PropertyFile, RenderText, Step, has_template};
use super::sql_file::{Draft, fqn};
use crate::context::Shared;
use crate::diagnostic::{Code, Diagnostic, Family, Result, Span};
use crate::event::Warning;
use crate::jinja::Template;
use crate::manifest::{
    Checksum, GenericTest, JsonMap, Node, NodeKind, RefArgs, ResourceType, SourceArgs,
    TestedRelation, UniqueId,
};
use crate::postgres::quote;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Built-in tests whose references are known without rendering them.
const PLAIN_TESTS: [&str; 2] = ["macro.dbt.test_not_null", "macro.dbt.test_unique"];

/// A test as written, with what it is put on.
pub struct TestRequest<'a> {
    file: &'a PropertyFile,
    /// The `data_tests:` item.
    item: &'a Json,
    span: Span,
    target: TestTarget<'a>,
    /// The section and the resource: `models.orders`.
    file_key_name: String,
    column: Option<String>,
    tags: Vec<String>,
}

/// The tests of a described model, seed or snapshot: the columns' first, as in dbt.
pub fn node_tests<'a>(
    file: &'a PropertyFile,
    section: &str,
    entry: &'a Entry<NodeProperties>,
) -> Vec<TestRequest<'a>> {
    let node = &entry.value;
    let on = Described {
        file,
        target: TestTarget::Node {
            name: &node.name,
            version: node.version.as_ref().map(|version| &version.own),
        },
        file_key_name: format!("{section}.{}", node.name),
        quote_columns: node.quote_columns,
        tags: Vec::new(),
    };
    on.requests(&node.columns, &node.data_tests, |path| entry.span_of(path))
}

/// The tests of a source's tables.
pub fn source_tests<'a>(
    file: &'a PropertyFile,
    entry: &'a Entry<SourceProperties>,
) -> Vec<TestRequest<'a>> {
    let source = &entry.value;
    let tables = source.tables.iter().enumerate();
    tables
        .flat_map(|(index, table)| {
            let on = Described {
                file,
                target: TestTarget::Source { source: &source.name, table: &table.name },
                file_key_name: format!("sources.{}", source.name),
                quote_columns: [&table.quoting, &source.quoting]
                    .into_iter()
                    .find_map(|quoting| quoting.get("column").and_then(Json::as_bool))
                    .unwrap_or(table.quote_columns),
                tags: [source.tags.clone(), table.tags.clone()].concat(),
            };
            on.requests(&table.columns, &table.data_tests, |path| {
                entry.span_of(&[&[Step::Key("tables"), Step::Index(index)], path].concat())
            })
        })
        .collect()
}

/// A described relation with tests.
struct Described<'a> {
    file: &'a PropertyFile,
    target: TestTarget<'a>,
    file_key_name: String,
    quote_columns: bool,
    tags: Vec<String>,
}

impl<'a> Described<'a> {
    fn requests(
        &self,
        columns: &'a [ColumnProperties],
        tests: &'a [Json],
        span_of: impl Fn(&[Step<'_>]) -> Span,
    ) -> Vec<TestRequest<'a>> {
        const TESTS: Step<'_> = Step::EitherKey("data_tests", "tests");
        let mut requests = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let quoted = column.quote.unwrap_or(self.quote_columns);
            let name = if quoted { quote::identifier(&column.name) } else { column.name.clone() };
            for (test, item) in column.data_tests.iter().enumerate() {
                let path = [Step::Key("columns"), Step::Index(index), TESTS, Step::Index(test)];
                let tags = [self.tags.clone(), column_tags(column)].concat();
                requests.push(self.request(item, span_of(&path), Some(name.clone()), tags));
            }
        }
        for (test, item) in tests.iter().enumerate() {
            let span = span_of(&[TESTS, Step::Index(test)]);
            requests.push(self.request(item, span, None, self.tags.clone()));
        }
        requests
    }

    fn request(
        &self,
        item: &'a Json,
        span: Span,
        column: Option<String>,
        tags: Vec<String>,
    ) -> TestRequest<'a> {
        TestRequest {
            file: self.file,
            item,
            span,
            target: self.target,
            file_key_name: self.file_key_name.clone(),
            column,
            tags,
        }
    }
}

impl TestRequest<'_> {
    /// What dbt says of old forms in the entry. `nests` says whether arguments stand below
    /// `arguments`.
    pub fn deprecations(&self, nests: bool) -> Vec<Warning> {
        if !nests {
            return self.arguments_deprecation().into_iter().collect();
        }
        let file = &self.file.path;
        let (moved, test, has_old_arguments) = old_forms(self.item);
        let mut warnings: Vec<Warning> = moved
            .into_iter()
            .map(|key| {
                let path = format!("data_tests.{test}.{key}");
                let message = format!(
                    "Found `{key}` as a top-level property of `{path}` in file `{file}`. The \
                     `{key}` top-level property should be moved into the `config` of `{path}`."
                );
                let data = json!({"key": key, "file": file, "key_path": path});
                self.deprecated("PropertyMovedToConfigDeprecation", "D030", message, data)
            })
            .collect();
        if has_old_arguments {
            let test_name = format!(
                "`{test}` defined on '{}' in package '{}' ({file})",
                self.target.name(),
                self.file.package
            );
            let message = format!(
                "Found top-level arguments to test {test_name}. Arguments to generic tests should \
                 be nested under the `arguments` property."
            );
            let name = "MissingArgumentsPropertyInGenericTestDeprecation";
            let data = json!({"test_name": test_name});
            warnings.push(self.deprecated(name, "D039", message, data));
        }
        warnings
    }

    /// `arguments` will mean something else.
    fn arguments_deprecation(&self) -> Option<Warning> {
        let (test, arguments) = arguments_of(self.item)?;
        let test_name = format!("`{test}` ({})", crate::context::json::from_json(arguments).repr());
        let message = format!(
            "Found `arguments` property in test definition of {test_name} without usage of \
             `require_generic_test_arguments_property` behavior change flag. The `arguments` \
             property is deprecated for custom usage and will be used to nest keyword arguments \
             in future versions of dbt."
        );
        let data = json!({"test_name": test_name});
        Some(self.deprecated("ArgumentsPropertyInGenericTestDeprecation", "D038", message, data))
    }

    fn deprecated(
        &self,
        name: &'static str,
        code: &'static str,
        message: String,
        data: Json,
    ) -> Warning {
        let diagnostic = Diagnostic::new(Code::Deprecated, message).with_span(self.span.clone());
        Warning::new(name, code, *diagnostic).with_data(data)
    }

    /// The package whose property file asks for the test.
    pub fn package(&self) -> &Arc<str> {
        &self.file.package
    }
}

/// The models, seeds and snapshots that tests are put on.
pub struct ByName<'a>(HashMap<&'a str, Vec<&'a Node>>);

impl<'a> ByName<'a> {
    /// Indexes nodes.
    pub fn new(nodes: &'a [Arc<Node>]) -> Self {
        let mut names: HashMap<&str, Vec<&Node>> = HashMap::new();
        for node in nodes.iter().filter(|node| node.resource_type().is_refable()) {
            names.entry(&node.name).or_default().push(node);
        }
        Self(names)
    }

    /// The node of that name: the package's own, else any.
    fn find(&self, name: &str, version: Option<&Json>, package: &str) -> Option<&'a Node> {
        let nodes: Vec<&Node> =
            self.0.get(name)?.iter().filter(|node| node.version() == version).copied().collect();
        let own = nodes.iter().find(|node| &*node.package_name == package);
        own.or_else(|| nodes.first()).copied()
    }
}

/// dbt's switch: whether arguments of generic tests stand below `arguments`.
pub fn nests_arguments(shared: &Shared) -> bool {
    shared.workspace.root.flag("require_generic_test_arguments_property").unwrap_or(true)
}

impl NodeParser<'_> {
    /// The node of a generic test.
    pub fn test(
        &self,
        request: &TestRequest<'_>,
        render: &RenderText<'_>,
        attached: &ByName<'_>,
    ) -> Result<Node> {
        let place = |error: Box<Diagnostic>| error.relocated(request.span.clone());
        let definition = TestDefinition::from_entry(
            request.item,
            request.target,
            request.column.as_deref(),
            nests_arguments(self.shared),
        )
        .map_err(|error| place(misconfigured(request, error)))?;
        let config = rendered_config(&definition.config, &request.span, render)
            .map_err(|error| misconfigured(request, error))?;
        let raw_code = definition.raw_code(&config);
        let template = Template::from_text(Arc::clone(&request.file.path), raw_code.as_str())
            .map_err(place)?;
        let mut node =
            self.provisional(draft(request, &definition, raw_code, template, &config))?;
        node.unique_id = UniqueId::new(
            ResourceType::Test,
            &request.file.package,
            &format!("{}.{}", definition.name, definition.id_hash()),
        );
        let attached = match request.target {
            TestTarget::Node { name, version } => {
                attached.find(name, version, &request.file.package)
            }
            TestTarget::Source { .. } => None,
        };
        if let NodeKind::GenericTest(test) = &mut node.kind {
            test.attached_node = attached.map(|node| node.unique_id.clone());
        }
        let calls = self.capture_test(&mut node, &definition, config).map_err(place)?;
        let own = OwnConfig { properties: None, calls: &calls };
        self.configure(&mut node, ConfigKind::Test, own).map_err(place)?;
        let test_macro = node.depends_on.macros.first().map_or("", UniqueId::as_str);
        if self.compares_unrendered && !PLAIN_TESTS.contains(&test_macro) {
            self.keep_unrendered(&mut node, ConfigKind::Test, None, calls);
        }
        let describer =
            self.describer(request.package(), &definition.name).if_enabled(node.config.enabled());
        node.description =
            describer.describe(&definition.description, || request.span.clone())?.text;
        node.group = attached.and_then(|node| node.group.clone());
        self.name_relation(&mut node).map_err(place)?;
        Ok(node)
    }

    /// Notes what the test refers to. Gives its `config()` calls.
    fn capture_test(
        &self,
        node: &mut Node,
        definition: &TestDefinition,
        config: JsonMap,
    ) -> Result<JsonMap> {
        let test_macro = self.shared.macros.generic_test(
            &node.package_name,
            definition.namespace.as_deref(),
            &definition.macro_name(),
        );
        let Some(test_macro) = test_macro else {
            // Without its macro the test cannot be rendered; compiling it says so.
            add_target(node);
            return Ok(config);
        };
        node.depends_on.macros.push(test_macro.unique_id.clone());
        if PLAIN_TESTS.contains(&test_macro.unique_id.as_str()) {
            add_target(node);
            let called = self.shared.macros.resolve(&node.package_name, "get_where_subquery");
            if let NodeKind::GenericTest(test) = &mut node.kind {
                test.called_late = called.map(|called| called.unique_id.clone());
            }
            return Ok(config);
        }
        // The rendered code repeats the entry's configuration; dbt counts it twice, too.
        let mut calls = config;
        let captured = if definition.is_called_elsewhere(&test_macro.package_name) {
            let settings = TestDefinition::config_call(&calls);
            let place = Arc::clone(&node.original_file_path);
            self.capture_template(node, &*Template::from_text(place, settings.as_str())?)?
        } else {
            let mut captured = self.capture(node)?;
            // Arguments see only the macros that the test itself uses.
            let used = self.shared.macros.dependencies(test_macro);
            captured.macros.retain(|id| {
                *id == test_macro.unique_id
                    || used.contains(id)
                    || id.as_str().ends_with(".get_where_subquery")
            });
            captured
        };
        captured.configs.iter().cloned().for_each(|call| merge_calls(&mut calls, call));
        take_captured(node, captured);
        Ok(calls)
    }
}

fn draft(
    request: &TestRequest<'_>,
    definition: &TestDefinition,
    raw_code: String,
    template: Arc<Template>,
    config: &JsonMap,
) -> Draft {
    let file = request.file;
    let below_top = file.path.split_once('/').map_or(&*file.path, |(_, rest)| rest);
    let mut tags = request.tags.clone();
    match config.get("tags") {
        Some(Json::String(tag)) => tags.push(tag.clone()),
        Some(Json::Array(more)) => {
            tags.extend(more.iter().filter_map(Json::as_str).map(str::to_owned));
        }
        _ => {}
    }
    tags.sort();
    tags.dedup();
    Draft {
        name: definition.name.as_str().into(),
        package: Arc::clone(&file.package),
        path: format!("{}.sql", definition.short_name).into(),
        original_file_path: Arc::clone(&file.path),
        fqn: fqn(&file.package, below_top, &definition.name),
        raw_code: raw_code.into(),
        checksum: Checksum::none(),
        template: Some(template),
        language: "sql",
        tags,
        defined_at: Some(request.span.clone()),
        config_kind: ConfigKind::Test,
        kind: NodeKind::GenericTest(GenericTest {
            called_late: None,
            name: definition.test_name.clone(),
            namespace: definition.namespace.clone(),
            kwargs: definition.kwargs.clone(),
            column_name: request.column.clone(),
            attached_node: None,
            file_key_name: request.file_key_name.clone(),
            target: match request.target {
                TestTarget::Node { name, version } => {
                    TestedRelation::Node(name.to_owned(), version.cloned())
                }
                TestTarget::Source { source, table } => {
                    TestedRelation::Source(source.to_owned(), table.to_owned())
                }
            },
        }),
    }
}

/// The tested relation as a reference.
fn add_target(node: &mut Node) {
    let Some(test) = node.generic_test() else { return };
    match test.target.clone() {
        TestedRelation::Node(name, version) => {
            node.refs.push(RefArgs { name, package: None, version });
        }
        TestedRelation::Source(source, table) => {
            node.sources.push(SourceArgs(source, table));
        }
    }
}

/// What dbt puts before a mistake in an entry's configuration.
fn misconfigured(request: &TestRequest<'_>, mut error: Box<Diagnostic>) -> Box<Diagnostic> {
    if error.code.family() == Family::Compilation {
        let path = &request.file.path;
        error.message =
            format!("Invalid generic test configuration given in {path}: \n{}", error.message);
    }
    error
}

fn rendered_config(config: &JsonMap, span: &Span, render: &RenderText<'_>) -> Result<JsonMap> {
    let mut rendered = JsonMap::new();
    for (key, value) in config {
        let value = match value {
            Json::String(text) if has_template(text) => render(text, span.clone())?,
            other => other.clone(),
        };
        if !value.is_null() {
            rendered.insert(key.clone(), value);
        }
    }
    Ok(rendered)
}
