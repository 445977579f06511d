//! The selected nodes of a manifest as a graph for the scheduler.

use super::scheduler::{Graph, Kind};
use crate::graph::Dag;
use crate::manifest::{Manifest, Node, UniqueId};
use crate::result::Subject;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// What to run in which order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is at each place of the graph; none for sources.
    pub subjects: Vec<Option<Subject>>,
    /// The order. Nodes that are not selected pass on order and failure.
    pub graph: Graph,
}

impl Plan {
    /// A plan for the selected nodes. With `tests_gate`, nodes wait for the tests of what
    /// they depend on, as in `build`. Sources are only run where they are selected.
    pub fn new(manifest: &Manifest, dag: &Dag, selected: &[UniqueId], tests_gate: bool) -> Self {
        let dag =
            if tests_gate { Cow::Owned(dag.with_test_edges(manifest)) } else { Cow::Borrowed(dag) };
        let selected: HashSet<&UniqueId> = selected.iter().collect();
        let subjects: Vec<Option<Subject>> = dag.ids().map(|id| subject(manifest, id)).collect();
        let kinds = subjects
            .iter()
            .map(|subject| match subject {
                Some(subject) if !selected.contains(subject.unique_id()) => Kind::Pass,
                Some(Subject::Node(node)) if node.is_ephemeral() => Kind::Uncounted,
                Some(_) => Kind::Counted,
                None => Kind::Pass,
            })
            .collect();
        let mut edges = (0..dag.len())
            .flat_map(|parent| dag.children_of(parent).map(move |child| (parent, child)))
            .collect::<Vec<_>>();
        if tests_gate {
            put_unit_tests_first(&subjects, &mut edges);
        }
        Self { subjects, graph: Graph::new(kinds, edges) }
    }

    /// A plan for one node, whatever it depends on.
    pub fn single(node: Arc<Node>) -> Self {
        let graph = Graph::new(vec![Kind::Counted], []);
        Self { subjects: vec![Some(Subject::Node(node))], graph }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.graph.places(Kind::Counted).next().is_none()
            && self.graph.places(Kind::Uncounted).next().is_none()
    }

    /// What is counted, in the manifest's order.
    pub fn counted(&self) -> impl Iterator<Item = &Subject> {
        self.graph.places(Kind::Counted).filter_map(|place| self.subject(place))
    }

    /// What is at a place.
    pub fn subject(&self, place: usize) -> Option<&Subject> {
        self.subjects.get(place)?.as_ref()
    }
}

/// In `build` a unit test runs before its model, once what the model needs is there: each test
/// takes over what comes before its model, and comes before the model itself.
fn put_unit_tests_first(subjects: &[Option<Subject>], edges: &mut Vec<(usize, usize)>) {
    let is_unit_test =
        |place: usize| matches!(subjects.get(place), Some(Some(Subject::UnitTest(_))));
    let tests: Vec<(usize, usize)> =
        edges.iter().copied().filter(|(_, child)| is_unit_test(*child)).collect();
    edges.retain(|(_, child)| !is_unit_test(*child));
    let inherited = edges.iter().flat_map(|(parent, child)| {
        let of_model = tests.iter().filter(move |(model, _)| model == child);
        of_model.map(move |(_, test)| (*parent, *test))
    });
    let inherited: Vec<(usize, usize)> = inherited.collect();
    edges.extend(inherited);
    edges.extend(tests.into_iter().map(|(model, test)| (test, model)));
}

fn subject(manifest: &Manifest, id: &UniqueId) -> Option<Subject> {
    let node = manifest.nodes.get(id).or_else(|| manifest.functions.get(id));
    let node = node.cloned().map(Subject::Node);
    node.or_else(|| manifest.exposures.get(id).cloned().map(Subject::Exposure))
        .or_else(|| manifest.sources.get(id).cloned().map(Subject::Source))
        .or_else(|| manifest.unit_tests.get(id).cloned().map(Subject::UnitTest))
}
