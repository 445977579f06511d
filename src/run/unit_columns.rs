//! The columns of what unit tests are given rows for: their types become those of the rows.
//! They are asked for together, for each test or, where this run does not change them, for all.

use super::execute::Executor;
use super::plan::Plan;
use super::unit_test::{Input, stand_in};
use crate::adapter::Session;
use crate::context::NodeContext;
use crate::diagnostic::Result;
use crate::jinja::{Args, Value};
use crate::manifest::{FixtureFormat, GivenInput, Node, UniqueId};
use crate::result::Subject;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The columns of relations, by the relations as SQL names them.
pub(super) type Columns = HashMap<String, Vec<Value>>;

impl Executor {
    /// Finds out the columns that the unit tests of a run need, in one round trip: of all that
    /// the run does not build. What cannot be found out, the test itself asks for.
    pub(super) fn learn_unit_columns(&self, plan: &Plan) {
        let found = self.columns_of_unit_tests(plan).unwrap_or_default();
        // It is asked once for each run.
        let _ = self.unit_columns.set(found);
    }

    fn columns_of_unit_tests(&self, plan: &Plan) -> Result<Columns> {
        let built: HashSet<&UniqueId> = plan
            .counted()
            .filter_map(Subject::node)
            .filter(|node| node.has_relation())
            .map(|node| &node.unique_id)
            .collect();
        let tests: Vec<_> = plan
            .counted()
            .filter_map(|subject| match subject {
                Subject::UnitTest(test) => Some((test, stand_in(test, &self.manifest).ok()?)),
                _ => None,
            })
            .collect();
        if tests.is_empty() {
            return Ok(Columns::new());
        }
        let session = self.database.session_named("unit_tests".to_owned())?;
        let mut relations = Vec::new();
        for (test, node) in &tests {
            let inputs = test.given.iter().filter_map(|given| {
                let input = self.input(test, node, given).ok()?;
                (!built.contains(input.id())).then_some((input, given))
            });
            let inputs: Vec<_> = inputs.collect();
            relations.extend(self.relations_of(node, &inputs, &session)?);
        }
        let context = NodeContext::operation(&self.shared, None, Some(&session));
        let learned = self.learn(relations, &context);
        session.finish(learned.is_ok())?;
        learned.map(|()| session.all_known_columns())
    }

    /// Finds out the columns of all that a unit test is given rows for.
    pub(super) fn learn_columns(
        &self,
        node: &Arc<Node>,
        inputs: &[(Input<'_>, &GivenInput)],
        session: &Arc<Session>,
    ) -> Result<()> {
        let relations = self.relations_of(node, inputs, session)?;
        self.learn(relations, &NodeContext::runtime(&self.shared, node, Some(session)))
    }

    /// The relations that have the columns. Rows in SQL need none, and a project's own macro
    /// asks as it wants.
    fn relations_of(
        &self,
        node: &Arc<Node>,
        inputs: &[(Input<'_>, &GivenInput)],
        session: &Arc<Session>,
    ) -> Result<Vec<Value>> {
        if !self.shared.macros.are_built_in(&["get_fixture_sql"]) {
            return Ok(Vec::new());
        }
        let typed = inputs.iter().filter(|(_, given)| given.fixture.format != FixtureFormat::Sql);
        let relation = |(input, _): &(Input<'_>, &GivenInput)| {
            let context = NodeContext::runtime(&self.shared, &input.owner(node), Some(session));
            self.call("get_fixture_relation", Args::none(), &context)
        };
        typed.map(relation).collect()
    }

    fn learn(&self, relations: Vec<Value>, context: &NodeContext) -> Result<()> {
        if relations.is_empty() {
            return Ok(());
        }
        let relations = Args::positional([Value::list(relations)]);
        self.call("learn_fixture_columns", relations, context).map(|_| ())
    }
}
