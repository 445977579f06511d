//! Tests as gates: what is downstream of everything that a test reads waits for the test.

use super::dag::{Dag, NodeSet};
use crate::manifest::{Manifest, ResourceType};

impl Dag {
    /// The graph with an edge from each test to the first nodes that must wait for it, as
    /// `build` needs it. A node waits when it is downstream of all that the test reads, so
    /// no cycle can arise.
    #[must_use]
    pub fn with_test_edges(&self, manifest: &Manifest) -> Self {
        let waits = |position: usize| {
            let node = manifest.nodes.get(self.id(position));
            node.is_some_and(|node| node.resource_type() != ResourceType::Test)
        };
        let mut gated = self.clone();
        for (position, id) in self.ids().enumerate() {
            let test = manifest.nodes.get(id);
            if test.is_none_or(|node| node.resource_type() != ResourceType::Test) {
                continue;
            }
            for node in self.first_below_all(&self.parents_of(position).collect::<Vec<_>>()) {
                if waits(node) {
                    gated.add_edge(position, node);
                }
            }
        }
        gated
    }

    /// Nodes downstream of all the given ones whose own parents are not.
    fn first_below_all(&self, parents: &[usize]) -> Vec<usize> {
        if let [parent] = parents {
            return self.children_of(*parent).collect();
        }
        let below = |parent: &usize| {
            let mut one = self.no_nodes();
            one.insert(*parent);
            self.descendants(&one, None)
        };
        let Some(common) = parents.iter().map(below).reduce(|mut common: NodeSet, next| {
            common.intersect_with(&next);
            common
        }) else {
            return Vec::new();
        };
        let first = |position: &usize| !self.parents_of(*position).any(|p| common.contains(p));
        common.ones().filter(first).collect()
    }
}
