//! Selecting resources, as `--select`, `--exclude` and `--indirect-selection` say.

mod glob;
pub mod method;
pub mod spec;

pub use spec::{Criterion, IndirectSelection, Spec};

use super::dag::{Dag, NodeSet};
use crate::event::Event;
use crate::manifest::{Manifest, Node, NodeKind, Resource, ResourceType, UniqueId};
use spec::{Group, Operation};

/// Selects resources of a manifest.
pub struct Selector<'m> {
    manifest: &'m Manifest,
    dag: &'m Dag,
    /// By position in the graph.
    resources: Vec<Resource<'m>>,
    sources: NodeSet,
}

/// What was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Positions in the graph.
    pub nodes: NodeSet,
    /// Criteria that match nothing, as written.
    pub unmatched: Vec<String>,
}

impl Selection {
    /// The selected resources, in the order of the graph.
    pub fn ids<'d>(&self, dag: &'d Dag) -> Vec<&'d UniqueId> {
        self.nodes.ones().map(|position| dag.id(position)).collect()
    }

    /// dbt's warnings about criteria that match nothing.
    pub fn warnings(&self) -> impl Iterator<Item = Event> {
        self.unmatched.iter().map(|spec| Event::NoNodesForSelectionCriteria { spec: spec.clone() })
    }
}

/// Which of the selected resources a command works on.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// The kinds it works on.
    pub types: &'a [ResourceType],
    /// Whether files without any text count; `ls` lists them.
    pub include_empty: bool,
}

impl Filter<'_> {
    fn accepts(&self, resource: Resource<'_>) -> bool {
        let empty = matches!(resource, Resource::Node(node) if is_empty(node));
        self.types.contains(&resource.resource_type()) && (self.include_empty || !empty)
    }
}

fn is_empty(node: &Node) -> bool {
    !matches!(node.kind, NodeKind::Seed { .. }) && node.raw_code.trim().is_empty()
}

/// Nodes that are selected, and tests that may become so when all their parents are.
struct Selected {
    direct: NodeSet,
    indirect: NodeSet,
}

impl<'m> Selector<'m> {
    /// A selector for the graph of a manifest.
    pub fn new(manifest: &'m Manifest, dag: &'m Dag) -> Self {
        let resources: Vec<Resource<'m>> =
            dag.ids().filter_map(|id| manifest.resource(id)).collect();
        let mut sources = dag.no_nodes();
        for (position, resource) in resources.iter().enumerate() {
            sources.set(position, matches!(resource, Resource::Source(_)));
        }
        Self { manifest, dag, resources, sources }
    }

    /// Everything that a spec selects and a command works on.
    pub fn select(&self, spec: &Spec, filter: Filter<'_>) -> Selection {
        let mut unmatched = Vec::new();
        let mut nodes = self.evaluate(spec, &mut unmatched).direct;
        for (position, resource) in self.resources.iter().enumerate() {
            if !filter.accepts(*resource) {
                nodes.set(position, false);
            }
        }
        Selection { nodes, unmatched }
    }

    fn evaluate(&self, spec: &Spec, unmatched: &mut Vec<String>) -> Selected {
        match spec {
            Spec::Criterion(criterion) => self.criterion(criterion),
            Spec::Group(group) => self.group(group, unmatched),
        }
    }

    fn criterion(&self, criterion: &Criterion) -> Selected {
        let mut selected = self.dag.no_nodes();
        let matches = criterion.method.matcher(self.manifest);
        for (position, resource) in self.resources.iter().enumerate() {
            selected.set(position, matches(*resource));
        }
        let mut relatives = self.dag.no_nodes();
        if criterion.childrens_parents {
            let mut below = self.dag.descendants(&selected, None);
            below.union_with(&selected);
            relatives.union_with(&self.dag.ancestors(&below, None));
            relatives.union_with(&below);
        }
        if let Some(depth) = criterion.parents {
            relatives.union_with(&self.dag.ancestors(&selected, depth.limit()));
        }
        if let Some(depth) = criterion.children {
            relatives.union_with(&self.dag.descendants(&selected, depth.limit()));
        }
        selected.union_with(&relatives);
        self.with_tests(selected, criterion.indirect)
    }

    /// Adds the tests of selected nodes, or notes them for later.
    fn with_tests(&self, selected: NodeSet, mode: IndirectSelection) -> Selected {
        let mut indirect = self.dag.no_nodes();
        if mode == IndirectSelection::Empty {
            return Selected { direct: selected, indirect };
        }
        let mut enough = selected.clone();
        if mode == IndirectSelection::Buildable {
            enough.union_with(&self.dag.ancestors(&selected, None));
            enough.union_with(&self.sources);
        }
        let mut direct = selected.clone();
        for child in self.dag.descendants(&selected, Some(1)).ones() {
            if self.resources[child].resource_type() != ResourceType::Test {
                continue;
            }
            if mode == IndirectSelection::Eager || self.has_parents_in(child, &enough) {
                direct.insert(child);
            } else {
                indirect.insert(child);
            }
        }
        Selected { direct, indirect }
    }

    fn has_parents_in(&self, position: usize, set: &NodeSet) -> bool {
        self.dag.parents_of(position).all(|parent| set.contains(parent))
    }

    fn group(&self, group: &Group, unmatched: &mut Vec<String>) -> Selected {
        let parts: Vec<Selected> =
            group.parts.iter().map(|part| self.evaluate(part, unmatched)).collect();
        let any = |part: &Selected| {
            let mut all = part.direct.clone();
            all.union_with(&part.indirect);
            all
        };
        let indirect = self.combine(group.operation, parts.iter().map(any));
        let direct = self.combine(group.operation, parts.into_iter().map(|part| part.direct));
        let direct = self.complete(direct, &indirect, group.indirect);
        if let Some(text) = group.expected.as_ref().filter(|_| direct.is_clear()) {
            unmatched.push(text.clone());
        }
        Selected { direct, indirect }
    }

    fn combine(&self, operation: Operation, sets: impl Iterator<Item = NodeSet>) -> NodeSet {
        sets.reduce(|mut left, right| {
            match operation {
                Operation::Union => left.union_with(&right),
                Operation::Intersection => left.intersect_with(&right),
                Operation::Difference => left.difference_with(&right),
            }
            left
        })
        .unwrap_or_else(|| self.dag.no_nodes())
    }

    /// Adds noted tests whose parents are all selected by now.
    fn complete(&self, direct: NodeSet, indirect: &NodeSet, mode: IndirectSelection) -> NodeSet {
        let mut selected = direct.clone();
        let enough = match mode {
            IndirectSelection::Eager | IndirectSelection::Empty => return direct,
            IndirectSelection::Cautious => direct,
            IndirectSelection::Buildable => {
                let mut enough = self.dag.ancestors(&direct, None);
                enough.union_with(&direct);
                enough
            }
        };
        for position in indirect.ones() {
            if matches!(self.resources[position], Resource::Node(_))
                && self.has_parents_in(position, &enough)
            {
                selected.insert(position);
            }
        }
        selected
    }
}

#[cfg(test)]
mod tests;
