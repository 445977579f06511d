//! Selecting resources, as `--select`, `--exclude`, `--selector` and
//! `--indirect-selection` say.

mod glob;
pub mod method;
mod normal;
pub mod spec;
pub mod yaml;

pub use spec::{Criterion, IndirectSelection, Spec};
pub use yaml::Selectors;

use super::dag::{Dag, NodeSet};
use super::state::{Changes, PreviousState, SourceAge, with_status};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Event;
use crate::manifest::{Manifest, Node, NodeKind, Resource, ResourceType, UniqueId};
use method::Method;
use spec::{Group, Operation};
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

/// Selects resources of a manifest.
pub struct Selector<'m> {
    manifest: &'m Manifest,
    dag: &'m Dag,
    /// By position in the graph.
    resources: Vec<Resource<'m>>,
    sources: NodeSet,
    root: Option<&'m Path>,
    previous: Option<&'m PreviousState>,
    changes: Option<Changes<'m>>,
    warnings: RefCell<Vec<Event>>,
}

/// What was selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Positions in the graph.
    pub nodes: NodeSet,
    /// What is to be told: criteria that match nothing, broken contracts.
    pub warnings: Vec<Event>,
}

impl Selection {
    /// The selected resources, in the order of the graph.
    pub fn ids<'d>(&self, dag: &'d Dag) -> Vec<&'d UniqueId> {
        self.nodes.ones().map(|position| dag.id(position)).collect()
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

/// Which resources may come along with what they test.
fn is_test(resource: Resource<'_>) -> bool {
    matches!(resource.resource_type(), ResourceType::Test | ResourceType::UnitTest)
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
        Self {
            manifest,
            dag,
            resources,
            sources,
            root: None,
            previous: None,
            changes: None,
            warnings: RefCell::default(),
        }
    }

    /// Gives the root project's folder, whose files the `path` method names.
    #[must_use]
    pub fn with_root(mut self, root: &'m Path) -> Self {
        self.root = Some(root);
        self
    }

    /// Gives an earlier state, for the methods `state`, `result` and `source_status`.
    /// `more_unrendered` is dbt's `state_modified_compare_more_unrendered_values`.
    #[must_use]
    pub fn with_state(mut self, previous: &'m PreviousState, more_unrendered: bool) -> Self {
        self.previous = Some(previous);
        if previous.has_manifest() {
            self.changes = Some(Changes::new(self.manifest, previous, more_unrendered));
        }
        self
    }

    /// Everything that a spec selects and a command works on.
    ///
    /// # Errors
    /// A method needs an artifact of an earlier state that is not there; a versioned model
    /// breaks its contract.
    pub fn select(&self, spec: &Spec, filter: Filter<'_>) -> Result<Selection> {
        let mut nodes = self.evaluate(spec)?.direct;
        for (position, resource) in self.resources.iter().enumerate() {
            if !filter.accepts(*resource) {
                nodes.set(position, false);
            }
        }
        Ok(Selection { nodes, warnings: self.warnings.take() })
    }

    fn evaluate(&self, spec: &Spec) -> Result<Selected> {
        match spec {
            Spec::Criterion(criterion) => self.criterion(criterion),
            Spec::Group(group) => self.group(group),
        }
    }

    fn criterion(&self, criterion: &Criterion) -> Result<Selected> {
        let mut selected = self.matching(&criterion.method)?;
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
        Ok(self.with_tests(selected, criterion.indirect))
    }

    /// What a method matches, without relatives.
    fn matching(&self, method: &Method) -> Result<NodeSet> {
        let mut matching = self.dag.no_nodes();
        match method {
            Method::State(check) => {
                let changes = self.changes.as_ref().ok_or_else(|| {
                    let message = "Got a state selector method, but no comparison manifest";
                    Diagnostic::new(Code::SelectorInvalid, message)
                })?;
                let mut warnings = self.warnings.borrow_mut();
                for (position, resource) in self.resources.iter().enumerate() {
                    matching.set(position, changes.holds(*check, *resource, &mut warnings)?);
                }
                changes.check_removed(*check, &mut warnings)?;
            }
            Method::Result(status) => {
                let results = self.previous.and_then(|previous| with_status(previous, status));
                self.mark(&mut matching, &results.ok_or_else(|| missing("run_results"))?);
            }
            Method::SourceStatus(status) => {
                let fresher = self.fresher_sources()?;
                if status == "fresher" {
                    self.mark(&mut matching, &fresher);
                }
            }
            method => {
                let matches = method.matcher(self.manifest, self.root);
                for (position, resource) in self.resources.iter().enumerate() {
                    matching.set(position, matches(*resource));
                }
            }
        }
        Ok(matching)
    }

    fn mark(&self, set: &mut NodeSet, ids: &HashSet<&str>) {
        for (position, id) in self.dag.ids().enumerate() {
            set.set(position, ids.contains(id.as_str()));
        }
    }

    /// Sources with newer rows than before; those that could not be asked do not count.
    fn fresher_sources(&self) -> Result<HashSet<&str>> {
        let no_previous = "No previous state comparison freshness results in sources.json";
        let no_current = "No current state comparison freshness results in sources.json";
        let lacking = |message: &str| Diagnostic::new(Code::StateMissing, message);
        let previous = self.previous.and_then(PreviousState::sources);
        let previous = previous.ok_or_else(|| lacking(no_previous))?;
        let current = self.previous.and_then(PreviousState::current_sources);
        let current = current.ok_or_else(|| lacking(no_current))?;
        let is_fresher = |(id, now): &(&String, &SourceAge)| match (now, previous.get(*id)) {
            (SourceAge::LoadedAt(now), Some(SourceAge::LoadedAt(before))) => now > before,
            (SourceAge::LoadedAt(_), _) => true,
            (SourceAge::Unknown, _) => false,
        };
        Ok(current.iter().filter(is_fresher).map(|(id, _)| id.as_str()).collect())
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
            if !is_test(self.resources[child]) {
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

    fn group(&self, group: &Group) -> Result<Selected> {
        let parts: Vec<Selected> =
            group.parts.iter().map(|part| self.evaluate(part)).collect::<Result<_>>()?;
        let any = |part: &Selected| {
            let mut all = part.direct.clone();
            all.union_with(&part.indirect);
            all
        };
        let indirect = self.combine(group.operation, parts.iter().map(any));
        let direct = self.combine(group.operation, parts.into_iter().map(|part| part.direct));
        let direct = self.complete(direct, &indirect, group.indirect);
        if let Some(text) = group.expected.as_ref().filter(|_| direct.is_clear()) {
            let spec = text.clone();
            self.warnings.borrow_mut().push(Event::NoNodesForSelectionCriteria { spec });
        }
        Ok(Selected { direct, indirect })
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

fn missing(artifact: &str) -> Box<Diagnostic> {
    Diagnostic::new(Code::StateMissing, format!("No comparison {artifact}"))
}

#[cfg(test)]
mod tests;
