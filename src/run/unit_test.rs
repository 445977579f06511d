//! Unit tests: a model's query on given rows, beside the rows that it must give
//! (<https://docs.getdbt.com/docs/build/unit-tests>).
//!
//! No table is made: the server describes the query, so that the expected rows get the types
//! of its columns, and then runs it.

use super::execute::{Executor, Phase, explain, member};
use super::unit_diff;
use crate::adapter::relation::{Relation, RelationType};
use crate::adapter::{Column, Response, Session, Table};
use crate::compile::CompiledNode;
use crate::context::{Found, MacroIndex, NodeContext, UnitScope};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, NodeInfo};
use crate::jinja::{Args, Template, Value};
use crate::manifest::{
    Config, Fixture, FixtureFormat, GivenInput, Manifest, Node, Source, SourceArgs, UniqueId,
    UnitTest,
};
use crate::parse::static_reference::{self, StaticReference};
use crate::postgres::types;
use crate::result::{NodeResult, NodeStatus, Subject};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Instant;

/// What rows are given for.
pub(super) enum Input<'a> {
    Node(&'a Arc<Node>),
    Source(&'a Arc<Source>),
}

impl Input<'_> {
    pub(super) fn id(&self) -> &UniqueId {
        match self {
            Self::Node(node) => &node.unique_id,
            Self::Source(source) => &source.unique_id,
        }
    }

    /// The node in whose context its rows are made: for a source, the tested model under the
    /// source's name.
    pub(super) fn owner(&self, tested: &Node) -> Arc<Node> {
        match self {
            Self::Node(node) => Arc::clone(node),
            Self::Source(source) => Arc::new(Node {
                unique_id: source.unique_id.clone(),
                name: Arc::clone(&source.name),
                package_name: Arc::clone(&source.package_name),
                alias: Arc::clone(&source.relation.identifier),
                relation: source.relation.clone(),
                quote_policy: source.quote_policy,
                ..Node::clone(tested)
            }),
        }
    }

    /// The name of the expression that stands for it.
    fn expression(&self) -> Arc<str> {
        match self {
            Self::Node(node) => Arc::clone(&node.alias),
            Self::Source(source) => format!("{}__{}", source.source_name, source.name).into(),
        }
    }
}

/// A unit test while it is being worked on.
struct Attempt<'a> {
    test: &'a UnitTest,
    /// The model with the test's name, place and configuration.
    node: Arc<Node>,
    result: NodeResult,
}

/// What running the query gave.
struct Ran {
    difference: Option<String>,
    response: Option<Response>,
}

impl Executor {
    /// Runs a unit test. Whatever goes wrong is in the result.
    pub fn run_unit_test(&self, test: &Arc<UnitTest>, info: &NodeInfo) -> NodeResult {
        let begun = Instant::now();
        let subject = Subject::UnitTest(Arc::clone(test));
        let mut result = NodeResult::begun(subject);
        let outcome = match stand_in(test, &self.manifest) {
            Ok(node) => {
                let mut attempt = Attempt { test, node, result };
                let outcome = self.attempt_unit_test(&mut attempt, info);
                result = attempt.result;
                outcome
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Ran { difference, response }) => {
                let failed = difference.is_some();
                result.status = if failed { NodeStatus::Fail } else { NodeStatus::Pass };
                result.failures = Some(i64::from(failed));
                result.message = difference;
                let response = response.and_then(|response| response.get().ok());
                result.adapter_response = response.map(|it| it.to_json()).unwrap_or_default();
            }
            Err(error) => {
                let label = format!("unit_test {} ({})", test.name, test.original_file_path);
                let error = explain(error.with_node(label), None, self.shared.manifest());
                let node = NodeInfo { status: "executing", ..info.clone() };
                let message = error.to_string();
                self.sink.emit(Event::CatchableExceptionOnRun { node, message: message.clone() });
                result.status = NodeStatus::Error;
                result.message = Some(message);
                result.diagnostic = Some(Arc::from(error));
            }
        }
        result.execution_time = begun.elapsed();
        result
    }

    fn attempt_unit_test(&self, attempt: &mut Attempt<'_>, info: &NodeInfo) -> Result<Ran> {
        check_name(&attempt.node)?;
        let at = |status| NodeInfo { status, ..info.clone() };
        let session = self.database.session_for(&attempt.result.subject, info)?;
        if let Some(known) = self.unit_columns.get() {
            session.know_columns(known);
        }
        self.sink.emit(Event::NodeCompiling { node: at("compiling") });
        // dbt compiles what it tests while it executes.
        attempt.result.timing.push(Phase::begin("compile").end());
        self.sink.emit(Event::NodeExecuting { node: at("executing") });
        let phase = Phase::begin("execute");
        let compiled = self.compile_unit_test(attempt, &session);
        let outcome = compiled.and_then(|compiled| {
            attempt.result.compiled = Some(Arc::clone(&compiled.compiled));
            self.sink.emit(Event::WritingInjectedSql { node: at("executing") });
            self.run_compiled(attempt, &compiled, &session)
                .map_err(|error| in_execution(attempt.test, error))
        });
        let finished = session.finish(outcome.is_ok());
        attempt.result.timing.push(phase.end());
        finished.and(outcome)
    }

    fn compile_unit_test(
        &self,
        attempt: &Attempt<'_>,
        session: &Arc<Session>,
    ) -> Result<CompiledNode> {
        let test = attempt.test;
        let overrides = test.overrides.clone().unwrap_or_default();
        let mut scope = UnitScope { overrides, ..UnitScope::default() };
        let mut fixtures: Vec<(Input<'_>, &GivenInput)> = Vec::new();
        for given in &test.given {
            let input = self.input(test, &attempt.node, given)?;
            if given.input.trim() == "this" || Some(input.id()) == test.tested_node() {
                scope.this = Some(input.id().clone());
            }
            scope.inputs.insert(input.id().clone(), input.expression());
            fixtures.push((input, given));
        }
        let scope = Arc::new(scope);
        self.learn_columns(&attempt.node, &fixtures, session)?;
        self.compiler.compile_unit_test(&attempt.node, session, &scope, &|id| {
            let found = fixtures.iter().rev().find(|(input, _)| input.id() == id);
            found.map_or_else(
                || Ok(String::new()),
                |(input, given)| self.fixture(&attempt.node, input, &given.fixture, session),
            )
        })
    }

    /// Calls a macro of the project, a package or gdbt.
    pub(super) fn call(&self, name: &str, args: Args, context: &NodeContext) -> Result<Value> {
        let found = self.shared.macros.strongest(name).cloned();
        let found = found.ok_or_else(|| macro_missing(name))?;
        found.definition.call(args, context)
    }

    /// What the `input:` of given rows names.
    pub(super) fn input(
        &self,
        test: &UnitTest,
        node: &Node,
        given: &GivenInput,
    ) -> Result<Input<'_>> {
        let manifest = self.manifest.as_ref();
        let missing = || {
            let message = format!(
                "Unit test '{}' had an input ({}) which was not found in the manifest.",
                test.name, given.input
            );
            Diagnostic::new(Code::UnitTestInvalid, message)
        };
        let tested = || test.tested_node().and_then(|id| manifest.nodes.get(id));
        if given.input.trim() == "this" {
            return tested().map(Input::Node).ok_or_else(missing);
        }
        let (_, references) = self.shared.parsed()?;
        match static_reference::parse(&given.input) {
            Some(StaticReference::Ref(reference)) => {
                match references.resolve_ref(&reference, &node.package_name) {
                    Found::Enabled(id) => manifest.nodes.get(&id).map(Input::Node),
                    _ => None,
                }
            }
            Some(StaticReference::Source(SourceArgs(source, table))) => {
                match references.resolve_source(&source, &table, &node.package_name) {
                    Found::Enabled(id) => manifest.sources.get(&id).map(Input::Source),
                    _ => None,
                }
            }
            None => {
                let message = format!(
                    "Unit test given inputs must be either a 'ref', 'source' or 'this' call. \
                     Got: '{}'.",
                    given.input
                );
                return Err(Diagnostic::new(Code::UnitTestInvalid, message));
            }
        }
        .ok_or_else(missing)
    }

    /// The SQL of given rows.
    fn fixture(
        &self,
        node: &Arc<Node>,
        input: &Input<'_>,
        fixture: &Fixture,
        session: &Arc<Session>,
    ) -> Result<String> {
        let context = NodeContext::runtime(&self.shared, &input.owner(node), Some(session));
        if fixture.format == FixtureFormat::Sql {
            let text = fixture.rows.as_str().unwrap_or_default();
            return Template::from_text("rows", text)?.render(&context);
        }
        let rows = crate::context::json::from_json(&fixture.rows);
        let args = Args::positional([rows, Value::None]);
        self.call("get_fixture_sql", args, &context).map(|sql| sql.to_string())
    }

    fn run_compiled(
        &self,
        attempt: &Attempt<'_>,
        compiled: &CompiledNode,
        session: &Arc<Session>,
    ) -> Result<Ran> {
        let columns = self.describe(&attempt.node, &compiled.compiled.code, session)?;
        let context = NodeContext::runtime(&self.shared, &attempt.node, Some(session))
            .with_compiled(Arc::clone(&compiled.compiled))
            .with("unit_test_columns", Value::list(columns.into_iter().map(Column::into_value)));
        let unit = self.shared.macros.materialization("unit");
        let unit = unit.ok_or_else(|| MacroIndex::materialization_missing("unit"))?;
        unit.definition.call(Args::none(), &context)?;
        let main = context.result("main");
        let part = |name: &str| main.as_ref().and_then(|main| member(main, name, &context));
        let table = part("table");
        let table = table.as_ref().and_then(Value::downcast::<Table>).ok_or_else(|| {
            let message = "main is not being called during running unit test";
            Diagnostic::new(Code::MaterializationInvalid, message)
        })?;
        let response = part("response").and_then(|it| it.downcast::<Response>().cloned());
        Ok(Ran { difference: difference(table), response })
    }

    /// The columns of a query and their types, as the server describes them.
    fn describe(&self, node: &Arc<Node>, sql: &str, session: &Arc<Session>) -> Result<Vec<Column>> {
        let context = NodeContext::runtime(&self.shared, node, Some(session));
        let args = Args::positional([Value::str(sql)]);
        let empty = self.call("get_empty_subquery_sql", args, &context)?.to_string();
        let set = session.execute(&empty, false, true)?.1;
        let Some(set) = set else { return Ok(Vec::new()) };
        let mut columns = Vec::with_capacity(set.columns.len());
        for column in &set.columns {
            let known = types::name(column.type_oid, column.type_modifier);
            let name = match known {
                Some(name) => name,
                None => named_by_server(column.type_oid, column.type_modifier, session)?,
            };
            columns.push(Column::new(column.name.clone(), name));
        }
        Ok(columns)
    }
}

/// The name of a type that is not built in.
fn named_by_server(oid: u32, modifier: i32, session: &Arc<Session>) -> Result<String> {
    let sql = format!("select format_type({oid}, {modifier})");
    let set = session.execute(&sql, false, true)?.1;
    let name = set.as_ref().and_then(|set| set.rows.get(0, 0));
    Ok(name.unwrap_or("text").to_owned())
}

fn macro_missing(name: &str) -> Box<Diagnostic> {
    let message = format!("dbt could not find a macro with the name '{name}' in any package");
    Diagnostic::new(Code::MacroUnknown, message)
}

/// The tested model under the test's name, with the test's rows as its configuration.
pub(super) fn stand_in(test: &UnitTest, manifest: &Manifest) -> Result<Arc<Node>> {
    let tested = test.tested_node().and_then(|id| manifest.nodes.get(id)).ok_or_else(|| {
        let message = format!("Unit test '{}' has no model", test.name);
        Diagnostic::new(Code::UnitTestInvalid, message)
    })?;
    let name: Arc<str> = test.versioned_name().into();
    let mut node = Node::clone(tested);
    let folder = test.original_file_path.rsplit_once('/').map_or("", |parts| parts.0);
    node.path = format!("{folder}/{name}.sql").trim_start_matches('/').into();
    node.original_file_path = Arc::clone(&test.original_file_path);
    node.unique_id = test.unique_id.clone();
    node.package_name = Arc::clone(&test.package_name);
    node.alias = Arc::clone(&name);
    node.relation.identifier = Arc::clone(&name);
    node.name = name;
    let expect = &test.expect;
    let is_sql = expect.format == FixtureFormat::Sql;
    let config = [
        ("enabled", Json::Bool(true)),
        ("materialized", json!("unit")),
        ("expected_rows", if is_sql { json!([]) } else { expect.rows.clone() }),
        ("expected_sql", if is_sql { expect.rows.clone() } else { Json::Null }),
    ];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value));
    node.config = Config::new(config.collect());
    Ok(Arc::new(node))
}

/// In dbt, a table bears the name of a unit test while it runs.
fn check_name(node: &Node) -> Result<()> {
    let relation = Relation::new(&node.relation, node.quote_policy);
    let checked = relation.with_kind(RelationType::Table).checked();
    checked.map(drop).map_err(|error| error.with_help("Give the unit test a shorter name."))
}

/// dbt's words around whatever goes wrong when the query runs.
fn in_execution(test: &UnitTest, error: Box<Diagnostic>) -> Box<Diagnostic> {
    let message = format!(
        "An error occurred during execution of unit test '{}'. There may be an error in the unit \
         test definition: check the data types.\n {error}",
        test.name
    );
    Box::new(Diagnostic { code: Code::UnitTestFailed, message, node: None, ..*error })
}

/// How the rows of both sides differ.
fn difference(table: &Table) -> Option<String> {
    let names: Vec<String> = table.names().iter().map(|it| it.to_string().to_lowercase()).collect();
    let side = names.iter().position(|name| name == "actual_or_expected")?;
    let (mut expected, mut actual) = (Vec::new(), Vec::new());
    for row in table.rows() {
        let cells = row.iter().enumerate().filter(|(place, _)| *place != side);
        let cells: Vec<Value> = cells.map(|(_, cell)| cell.clone()).collect();
        match row.get(side).and_then(Value::as_str) {
            Some("actual") => actual.push(cells),
            _ => expected.push(cells),
        }
    }
    let columns = names.iter().enumerate().filter(|(place, _)| *place != side);
    let columns: Vec<String> = columns.map(|(_, name)| name.clone()).collect();
    unit_diff::diff(&columns, expected, actual)
}
