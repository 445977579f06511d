//! The way of one column: up to its sources and down to what is made of it.

use super::{ColumnLineage, Upstream};
use crate::manifest::UniqueId;
use crate::sql::{Kind, Name, RelationId};
use std::collections::{BTreeSet, HashMap};

/// A column of a relation; `None` for all that are not known by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnRef {
    /// What has it.
    pub relation: RelationId,
    /// Its name.
    pub column: Option<Name>,
}

/// What a column takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Another column.
    Column(ColumnRef),
    /// Which rows a node has, and so all of its columns.
    Rows(UniqueId),
}

/// A step of the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The column that takes part.
    pub from: ColumnRef,
    /// In what.
    pub to: Target,
    /// How.
    pub kind: Kind,
}

/// All steps of a project, to be walked in both directions.
pub struct Paths {
    steps: Vec<Step>,
    up: HashMap<ColumnRef, Vec<usize>>,
    down: HashMap<ColumnRef, Vec<usize>>,
}

/// Where to go from a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what it is made of.
    Up,
    /// To what is made of it.
    Down,
}

impl Paths {
    /// The steps of a project.
    pub fn new(lineage: &ColumnLineage) -> Self {
        let mut paths = Self { steps: Vec::new(), up: HashMap::new(), down: HashMap::new() };
        for (id, node) in &lineage.nodes {
            let relation = RelationId::Node(id.as_str().into());
            for (name, from) in &node.columns {
                let column = Some(name.clone());
                let to = Target::Column(ColumnRef { relation: relation.clone(), column });
                for from in from {
                    paths.add(from, &to);
                }
            }
            let all = Target::Column(ColumnRef { relation, column: None });
            for (relation, _) in &node.passed_on {
                let from =
                    Upstream { relation: relation.clone(), column: None, kind: Kind::Direct };
                paths.add(&from, &all);
            }
            let rows = Target::Rows(id.clone());
            for from in &node.rows {
                paths.add(from, &rows);
            }
        }
        paths
    }

    fn add(&mut self, from: &Upstream, to: &Target) {
        let Upstream { relation, column, kind } = from.clone();
        let from = ColumnRef { relation, column };
        let at = self.steps.len();
        self.down.entry(from.clone()).or_default().push(at);
        if let Target::Column(column) = to {
            self.up.entry(column.clone()).or_default().push(at);
        }
        self.steps.push(Step { from, to: to.clone(), kind });
    }

    /// The steps directly above or below a column.
    pub fn next(&self, column: &ColumnRef, direction: Direction) -> impl Iterator<Item = &Step> {
        let steps = match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        };
        steps.get(column).into_iter().flatten().filter_map(|at| self.steps.get(*at))
    }

    /// All steps within so many levels of a column, each once. The way goes on where values are
    /// used, and ends where rows are only chosen.
    pub fn walk(&self, start: &ColumnRef, direction: Direction, levels: usize) -> Vec<&Step> {
        let mut found: BTreeSet<&Step> = BTreeSet::new();
        let mut steps = Vec::new();
        let mut open = vec![start.clone()];
        for _ in 0..levels {
            let mut further = Vec::new();
            for column in &open {
                for step in self.next(column, direction) {
                    if !found.insert(step) {
                        continue;
                    }
                    steps.push(step);
                    further.extend(beyond(step, direction).cloned());
                }
            }
            if further.is_empty() {
                break;
            }
            open = further;
        }
        steps
    }
}

/// The column at the far end of a step, if the way goes on there.
pub fn beyond(step: &Step, direction: Direction) -> Option<&ColumnRef> {
    match (direction, &step.to) {
        _ if !step.kind.is_value() => None,
        (Direction::Up, _) => Some(&step.from),
        (Direction::Down, Target::Column(column)) => Some(column),
        (Direction::Down, Target::Rows(_)) => None,
    }
}
