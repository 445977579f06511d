//! The selected nodes of a manifest as a graph for the scheduler.

use super::scheduler::{Graph, Kind};
use crate::manifest::{Manifest, Node, Resource, ResourceType, UniqueId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What to run in which order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The node at each place of the graph; none for sources and exposures.
    pub nodes: Vec<Option<Arc<Node>>>,
    /// The order.
    pub graph: Graph,
}

impl Plan {
    /// A plan for the selected nodes. With `tests_gate`, nodes wait for the tests of what
    /// they depend on, as in `build`.
    pub fn new(manifest: &Manifest, selected: &HashSet<UniqueId>, tests_gate: bool) -> Self {
        let resources: Vec<Resource<'_>> = manifest.resources().collect();
        let place: HashMap<&UniqueId, usize> =
            resources.iter().enumerate().map(|(place, it)| (it.unique_id(), place)).collect();
        let parents: Vec<Vec<usize>> = resources
            .iter()
            .map(|it| it.parents().iter().filter_map(|id| place.get(id).copied()).collect())
            .collect();
        let kinds = resources.iter().map(|it| kind(*it, selected)).collect();
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (child, parents) in parents.iter().enumerate() {
            edges.extend(parents.iter().map(|parent| (*parent, child)));
        }
        if tests_gate {
            edges.extend(gates(&resources, &parents));
        }
        let nodes = resources
            .iter()
            .map(|it| match it {
                Resource::Node(node) => Some(Arc::clone(node)),
                Resource::Source(_) | Resource::Exposure(_) => None,
            })
            .collect();
        Self { nodes, graph: Graph::new(kinds, edges) }
    }

    /// The nodes that run and are counted, in the manifest's order.
    pub fn counted(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.graph.places(Kind::Counted).filter_map(|place| self.nodes.get(place)?.as_ref())
    }
}

fn kind(resource: Resource<'_>, selected: &HashSet<UniqueId>) -> Kind {
    match resource {
        Resource::Node(node) if selected.contains(&node.unique_id) => {
            if node.is_ephemeral() {
                Kind::Uncounted
            } else {
                Kind::Counted
            }
        }
        _ => Kind::Pass,
    }
}

/// Edges from tests to the nodes that wait for them: those that come after everything the
/// test depends on. Only the first such nodes of every way are named; the rest follow.
/// A test that also needs other nodes gates no node that does not come after them all, or
/// there would be cycles (dbt does the same).
fn gates(resources: &[Resource<'_>], parents: &[Vec<usize>]) -> Vec<(usize, usize)> {
    let mut children = vec![Vec::new(); parents.len()];
    for (child, parents) in parents.iter().enumerate() {
        for parent in parents {
            children[*parent].push(child);
        }
    }
    let is_test = |place: usize| resources[place].resource_type() == ResourceType::Test;
    let waits = |place: usize| matches!(resources[place], Resource::Node(_)) && !is_test(place);
    let mut known: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
    let mut edges = Vec::new();
    for test in (0..resources.len()).filter(|place| is_test(*place)) {
        let mut tested = parents[test].clone();
        tested.sort_unstable();
        tested.dedup();
        if tested.is_empty() {
            continue;
        }
        let gated = known.entry(tested).or_insert_with_key(|tested| {
            let below = below_all(tested, &children);
            let is_first = |place: &usize| !parents[*place].iter().any(|it| below.contains(it));
            let mut first: Vec<usize> =
                below.iter().copied().filter(|place| waits(*place)).filter(is_first).collect();
            first.sort_unstable();
            first
        });
        edges.extend(gated.iter().map(|node| (test, *node)));
    }
    edges
}

/// The places that come after every one of `starts`.
fn below_all(starts: &[usize], children: &[Vec<usize>]) -> HashSet<usize> {
    let mut all: Option<HashSet<usize>> = None;
    for start in starts {
        let mut below = HashSet::new();
        let mut open = vec![*start];
        while let Some(place) = open.pop() {
            open.extend(children[place].iter().copied().filter(|child| below.insert(*child)));
        }
        all = Some(match all {
            Some(mut all) => {
                all.retain(|place| below.contains(place));
                all
            }
            None => below,
        });
    }
    all.unwrap_or_default()
}
