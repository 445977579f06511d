//! The directed graph of a manifest: an edge goes from what is read to what reads it.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{Manifest, Resource, ResourceType, UniqueId};
use fixedbitset::FixedBitSet;
use foldhash::HashMap;
use petgraph::Direction::{self, Incoming, Outgoing};
use petgraph::graph::{DiGraph, NodeIndex};

/// A set of nodes of one [`Dag`], by position.
pub type NodeSet = FixedBitSet;

/// An acyclic graph of resources. Its nodes have positions from 0 to [`Dag::len`].
#[derive(Debug, Clone, Default)]
pub struct Dag {
    pub(super) graph: DiGraph<UniqueId, ()>,
    positions: HashMap<UniqueId, usize>,
}

impl Dag {
    /// The graph of all enabled resources: sources, nodes and everything else, in that order.
    ///
    /// # Errors
    /// `Cycle`, with the path of the first one found; `Internal` for a dependency that is
    /// not in the manifest.
    pub fn build(manifest: &Manifest) -> Result<Self> {
        let mut dag = Self::default();
        let sources = manifest.sources.values().map(Resource::Source);
        let enabled = manifest.nodes.values().filter(|node| node.config.enabled());
        let nodes = enabled.map(Resource::Node);
        let others = manifest.resources().filter(|it| {
            !matches!(it.resource_type(), ResourceType::Source)
                && !manifest.nodes.contains_key(it.unique_id())
        });
        let resources: Vec<Resource<'_>> = sources.chain(nodes).chain(others).collect();
        for resource in &resources {
            dag.add(resource.unique_id().clone());
        }
        for resource in &resources {
            for parent in resource.parents() {
                dag.connect(parent, resource.unique_id())?;
            }
        }
        match dag.find_cycle() {
            None => Ok(dag),
            Some(cycle) => Err(cycle_error(&cycle, manifest)),
        }
    }

    /// The same resources, none of which waits for another.
    #[must_use]
    pub fn unconnected(&self) -> Self {
        let mut dag = Self::default();
        self.ids().for_each(|id| dag.add(id.clone()));
        dag
    }

    pub(super) fn add(&mut self, id: UniqueId) {
        let node = self.graph.add_node(id.clone());
        self.positions.insert(id, node.index());
    }

    fn connect(&mut self, parent: &UniqueId, child: &UniqueId) -> Result<()> {
        let (Some(from), Some(to)) = (self.position(parent), self.position(child)) else {
            let message = format!("'{child}' depends on '{parent}', which is not in the graph");
            return Err(Diagnostic::new(Code::Internal, message));
        };
        self.add_edge(from, to);
        Ok(())
    }

    pub(super) fn add_edge(&mut self, from: usize, to: usize) {
        self.graph.update_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position of a resource.
    pub fn position(&self, id: &UniqueId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The resource at a position below [`Dag::len`].
    pub fn id(&self, position: usize) -> &UniqueId {
        &self.graph[NodeIndex::new(position)]
    }

    /// All resources, by position.
    pub fn ids(&self) -> impl Iterator<Item = &UniqueId> {
        self.graph.node_weights()
    }

    /// Positions of what a node reads, in the order of its dependencies.
    pub fn parents_of(&self, position: usize) -> impl Iterator<Item = usize> {
        self.neighbours(position, Incoming)
    }

    /// Positions of what reads a node, in the order of the manifest.
    pub fn children_of(&self, position: usize) -> impl Iterator<Item = usize> {
        self.neighbours(position, Outgoing)
    }

    fn neighbours(
        &self,
        position: usize,
        direction: Direction,
    ) -> impl DoubleEndedIterator<Item = usize> + use<> {
        // petgraph gives the newest edge first.
        let node = NodeIndex::new(position);
        let found: Vec<usize> =
            self.graph.neighbors_directed(node, direction).map(NodeIndex::index).collect();
        found.into_iter().rev()
    }

    /// What a resource reads.
    pub fn parents(&self, id: &UniqueId) -> Vec<&UniqueId> {
        self.position(id).map_or_else(Vec::new, |position| {
            self.parents_of(position).map(|parent| self.id(parent)).collect()
        })
    }

    /// What reads a resource.
    pub fn children(&self, id: &UniqueId) -> Vec<&UniqueId> {
        self.position(id).map_or_else(Vec::new, |position| {
            self.children_of(position).map(|child| self.id(child)).collect()
        })
    }

    /// An empty set for nodes of this graph.
    pub fn no_nodes(&self) -> NodeSet {
        NodeSet::with_capacity(self.len())
    }

    /// Everything downstream of a set, up to `depth` edges away. Nodes of the set belong to
    /// it only when they are downstream of others.
    pub fn descendants(&self, of: &NodeSet, depth: Option<usize>) -> NodeSet {
        self.reachable(of, depth, Outgoing)
    }

    /// Everything upstream of a set, up to `depth` edges away.
    pub fn ancestors(&self, of: &NodeSet, depth: Option<usize>) -> NodeSet {
        self.reachable(of, depth, Incoming)
    }

    fn reachable(&self, of: &NodeSet, depth: Option<usize>, direction: Direction) -> NodeSet {
        let mut found = self.no_nodes();
        let mut layer: Vec<usize> = of.ones().collect();
        let mut steps = 0;
        while !layer.is_empty() && depth.is_none_or(|most| steps < most) {
            let mut next = Vec::new();
            for position in layer {
                let node = NodeIndex::new(position);
                for neighbour in self.graph.neighbors_directed(node, direction) {
                    if !found.put(neighbour.index()) {
                        next.push(neighbour.index());
                    }
                }
            }
            layer = next;
            steps += 1;
        }
        found
    }

    /// Positions so that parents come before children; otherwise in the order of the graph.
    pub fn topological_order(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = (0..self.len())
            .map(|position| {
                self.graph.neighbors_directed(NodeIndex::new(position), Incoming).count()
            })
            .collect();
        let mut ready: std::collections::BinaryHeap<std::cmp::Reverse<usize>> = (0..self.len())
            .filter(|position| waiting[*position] == 0)
            .map(std::cmp::Reverse)
            .collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(std::cmp::Reverse(position)) = ready.pop() {
            order.push(position);
            for child in self.graph.neighbors_directed(NodeIndex::new(position), Outgoing) {
                waiting[child.index()] -= 1;
                if waiting[child.index()] == 0 {
                    ready.push(std::cmp::Reverse(child.index()));
                }
            }
        }
        order
    }

    /// For each node, how many nodes the longest chain below it has. A scheduler that
    /// prefers higher numbers follows the critical path.
    pub fn chain_lengths(&self) -> Vec<usize> {
        let mut lengths = vec![0; self.len()];
        for position in self.topological_order().into_iter().rev() {
            lengths[position] =
                self.children_of(position).map(|child| lengths[child] + 1).max().unwrap_or(0);
        }
        lengths
    }

    /// The graph of the selected nodes only. Two of them are connected when a path leads
    /// from one to the other without passing a third selected node.
    #[must_use]
    pub fn subset(&self, selected: &NodeSet) -> Self {
        let mut subset = Self::default();
        let mut new_positions: HashMap<usize, usize> = HashMap::default();
        for position in selected.ones() {
            new_positions.insert(position, subset.len());
            subset.add(self.id(position).clone());
        }
        // For each node, the nearest selected nodes upstream of it.
        let mut nearest: Vec<Vec<usize>> = vec![Vec::new(); self.len()];
        for position in self.topological_order() {
            let mut upstream: Vec<usize> = Vec::new();
            for parent in self.parents_of(position) {
                match new_positions.get(&parent) {
                    Some(new) => upstream.push(*new),
                    None => upstream.extend(&nearest[parent]),
                }
            }
            upstream.sort_unstable();
            upstream.dedup();
            if let Some(new) = new_positions.get(&position) {
                for parent in upstream {
                    subset.add_edge(parent, *new);
                }
            } else {
                nearest[position] = upstream;
            }
        }
        subset
    }

    /// The nodes of a cycle, first node once, or nothing.
    fn find_cycle(&self) -> Option<Vec<UniqueId>> {
        const NEW: u8 = 0;
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut state = vec![NEW; self.len()];
        for start in 0..self.len() {
            if state[start] != NEW {
                continue;
            }
            // The path being walked, each node with the children still to visit.
            let mut path = vec![(start, self.children_of(start).collect::<Vec<_>>())];
            state[start] = OPEN;
            while let Some((position, children)) = path.last_mut() {
                let position = *position;
                // Children are taken from the end; which cycle is found does not matter.
                match children.pop() {
                    None => {
                        state[position] = DONE;
                        path.pop();
                    }
                    Some(child) if state[child] == OPEN => {
                        let cycle = path.iter().map(|(node, _)| *node);
                        let cycle = cycle.skip_while(|node| *node != child);
                        return Some(cycle.map(|node| self.id(node).clone()).collect());
                    }
                    Some(child) if state[child] == NEW => {
                        state[child] = OPEN;
                        path.push((child, self.children_of(child).collect()));
                    }
                    Some(_) => {}
                }
            }
        }
        None
    }
}

fn cycle_error(cycle: &[UniqueId], manifest: &Manifest) -> Box<Diagnostic> {
    let path: Vec<&str> = cycle.iter().chain(cycle.first()).map(UniqueId::as_str).collect();
    let mut files: Vec<String> = Vec::new();
    for id in cycle {
        let file = manifest.resource(id).map(|resource| resource.original_file_path().to_string());
        files.extend(file.filter(|file| !files.contains(file)));
    }
    Diagnostic::new(Code::Cycle, format!("Found a cycle: {}", path.join(" --> "))).with_help(
        format!("Remove one of the references between these files: {}.", files.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use serde_json::json;

    fn names(dag: &Dag, positions: impl IntoIterator<Item = usize>) -> Vec<String> {
        let name = |at| dag.id(at).as_str().rsplit('.').next().unwrap().to_owned();
        positions.into_iter().map(name).collect()
    }

    fn edges(dag: &Dag) -> Vec<String> {
        let mut edges = Vec::new();
        for at in 0..dag.len() {
            let from = names(dag, [at]).remove(0);
            edges.extend(names(dag, dag.children_of(at)).iter().map(|to| format!("{from}>{to}")));
        }
        edges.sort();
        edges
    }

    fn set(dag: &Dag, names: &[&str]) -> NodeSet {
        let mut set = dag.no_nodes();
        for name in names {
            set.insert(dag.position(&format!("model.shop.{name}").into()).unwrap());
        }
        set
    }

    #[test]
    fn a_cycle_is_an_error_that_shows_its_path() {
        let error = Dag::build(&fixture::models(&["x>a", "a>b", "b>c", "c>a"])).unwrap_err();
        assert_eq!(
            error.message,
            "Found a cycle: model.shop.a --> model.shop.b --> model.shop.c --> model.shop.a"
        );
        assert!(error.help.unwrap().contains("models/a.sql, models/b.sql, models/c.sql"));
        let error = Dag::build(&fixture::models(&["a>a"])).unwrap_err();
        assert_eq!(error.message, "Found a cycle: model.shop.a --> model.shop.a");
    }

    #[test]
    fn order_and_chains_follow_dependencies() {
        let dag = Dag::build(&fixture::models(&["d>c", "c>b", "d>a", "e"])).unwrap();
        assert_eq!(names(&dag, dag.topological_order()), ["d", "c", "b", "a", "e"]);
        assert_eq!(dag.chain_lengths(), [2, 1, 0, 0, 0]);
        let parents = dag.parents(&"model.shop.b".into());
        assert_eq!(parents, [&UniqueId::from("model.shop.c")]);
    }

    #[test]
    fn a_subset_keeps_paths_across_what_is_left_out() {
        let dag = Dag::build(&fixture::models(&["a>b", "b>c", "c>d", "a>d", "x>c"])).unwrap();
        let subset = |names: &[&str]| edges(&dag.subset(&set(&dag, names)));
        assert_eq!(subset(&["a", "d"]), ["a>d"]);
        assert_eq!(subset(&["a", "c", "d"]), ["a>c", "a>d", "c>d"]);
        assert_eq!(subset(&["x", "a", "d"]), ["a>d", "x>d"]);
        assert_eq!(subset(&["b"]), [""; 0]);
    }

    #[test]
    fn what_is_below_a_test_waits_for_it() {
        let node = |parents: &[&str]| json!({"parents": parents, "raw_code": "x"});
        let graph = json!({
            "model.shop.a": node(&[]),
            "model.shop.b": node(&["model.shop.a"]),
            "model.shop.c": node(&["model.shop.b"]),
            "model.shop.side": node(&["model.shop.a"]),
            "test.shop.one": node(&["model.shop.a"]),
            "test.shop.two": node(&["model.shop.a", "model.shop.b"]),
        });
        let manifest = fixture::manifest(&graph);
        let dag = Dag::build(&manifest).unwrap().with_test_edges(&manifest);
        let gates: Vec<String> = edges(&dag)
            .into_iter()
            .filter(|edge| edge.starts_with("one") || edge.starts_with("two"))
            .collect();
        assert_eq!(gates, ["one>b", "one>side", "two>c"]);
        assert_eq!(dag.topological_order().len(), dag.len());
    }

    proptest::proptest! {
        #[test]
        fn order_and_subsets_keep_what_depends_on_what(
            pairs in proptest::collection::vec((0..9_usize, 0..9_usize), 0..20),
            selected in proptest::collection::vec(0..9_usize, 0..9),
        ) {
            let alone = (0..9).map(|node| format!("n{node}"));
            let pairs = pairs.into_iter().filter(|(a, b)| a != b);
            let edges = pairs.map(|(a, b)| format!("n{}>n{}", a.min(b), a.max(b)));
            let all: Vec<String> = alone.chain(edges).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let dag = Dag::build(&fixture::models(&all)).unwrap();
            let order = dag.topological_order();
            let place = |node: usize| order.iter().position(|it| *it == node).unwrap();
            proptest::prop_assert_eq!(order.len(), dag.len());
            let lengths = dag.chain_lengths();
            for parent in 0..dag.len() {
                for child in dag.children_of(parent) {
                    proptest::prop_assert!(place(parent) < place(child));
                    proptest::prop_assert!(lengths[parent] > lengths[child]);
                }
            }
            // A path between selected nodes is one in the subset, and the other way round.
            let mut kept = dag.no_nodes();
            for node in selected {
                kept.insert(node);
            }
            let subset = dag.subset(&kept);
            for from in kept.ones() {
                let below = |dag: &Dag, id: &UniqueId| {
                    let mut start = dag.no_nodes();
                    start.insert(dag.position(id).unwrap());
                    let found = dag.descendants(&start, None);
                    let ids: std::collections::BTreeSet<UniqueId> =
                        found.ones().map(|at| dag.id(at).clone()).collect();
                    ids
                };
                let wanted = below(&dag, dag.id(from));
                let wanted: std::collections::BTreeSet<_> = wanted
                    .into_iter()
                    .filter(|id| kept.contains(dag.position(id).unwrap()))
                    .collect();
                proptest::prop_assert_eq!(below(&subset, dag.id(from)), wanted);
            }
        }
    }
}
