//! The selected nodes of a manifest as a graph for the scheduler.

use super::scheduler::{Graph, Kind};
use crate::graph::Dag;
use crate::manifest::{Manifest, Node, UniqueId};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// What to run in which order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The node at each place of the graph; none for sources and exposures.
    pub nodes: Vec<Option<Arc<Node>>>,
    /// The order. Nodes that are not selected pass on order and failure.
    pub graph: Graph,
}

impl Plan {
    /// A plan for the selected nodes. With `tests_gate`, nodes wait for the tests of what
    /// they depend on, as in `build`.
    pub fn new(manifest: &Manifest, dag: &Dag, selected: &[UniqueId], tests_gate: bool) -> Self {
        let dag =
            if tests_gate { Cow::Owned(dag.with_test_edges(manifest)) } else { Cow::Borrowed(dag) };
        let selected: HashSet<&UniqueId> = selected.iter().collect();
        let nodes: Vec<Option<Arc<Node>>> =
            dag.ids().map(|id| manifest.nodes.get(id).cloned()).collect();
        let kinds = nodes
            .iter()
            .map(|node| match node {
                Some(node) if !selected.contains(&node.unique_id) => Kind::Pass,
                Some(node) if node.is_ephemeral() => Kind::Uncounted,
                Some(_) => Kind::Counted,
                None => Kind::Pass,
            })
            .collect();
        let edges = (0..dag.len())
            .flat_map(|parent| dag.children_of(parent).map(move |child| (parent, child)))
            .collect::<Vec<_>>();
        Self { nodes, graph: Graph::new(kinds, edges) }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.graph.places(Kind::Counted).next().is_none()
            && self.graph.places(Kind::Uncounted).next().is_none()
    }

    /// The nodes that run and are counted, in the manifest's order.
    pub fn counted(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.graph.places(Kind::Counted).filter_map(|place| self.nodes.get(place)?.as_ref())
    }
}
