//! How columns make other columns.

use super::name::Name;
use super::relations::RelationId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How a column takes part in another one. In order of strength: of several ways, the
/// strongest is told. Up to `Window` a column decides which rows there are or how they are
/// arranged (OpenLineage calls these indirect); from `Direct` on its values are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Rows are sorted by it.
    Order,
    /// Rows are grouped or made distinct by it.
    Group,
    /// Rows are joined by it.
    Join,
    /// Rows are chosen by it: `where`, `having`, `filter`, `exists`.
    Filter,
    /// It partitions or sorts the rows of a window.
    Window,
    /// Its value is passed on as it is.
    Direct,
    /// The value is computed from it, row by row.
    Transformed,
    /// The value is computed from it over many rows.
    Aggregated,
}

impl Kind {
    /// Whether values are used, rather than only rows chosen.
    pub fn is_value(self) -> bool {
        self >= Self::Direct
    }

    /// The kind when what was of this kind is used in another way.
    fn then(self, way: Self) -> Self {
        match (self.is_value(), way.is_value()) {
            (true, true) => self.max(way),
            (true, false) => way,
            (false, _) => self,
        }
    }
}

/// A column of a relation outside the query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The relation.
    pub relation: RelationId,
    /// Its column; `None` for the whole row of a relation whose columns are not known.
    pub column: Option<Name>,
}

/// The columns that take part in something, each with the strongest way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Influences(BTreeMap<Origin, Kind>);

impl Influences {
    /// A column as it is.
    pub fn direct(origin: Origin) -> Self {
        Self(BTreeMap::from([(origin, Kind::Direct)]))
    }

    /// Adds a column, or strengthens its kind; tells whether anything changed.
    pub fn add(&mut self, origin: Origin, kind: Kind) -> bool {
        match self.0.entry(origin) {
            Entry::Vacant(entry) => {
                entry.insert(kind);
                true
            }
            Entry::Occupied(mut entry) => {
                let stronger = kind > *entry.get();
                if stronger {
                    entry.insert(kind);
                }
                stronger
            }
        }
    }

    /// Adds all of the others; tells whether anything changed.
    pub fn merge(&mut self, others: &Self) -> bool {
        others
            .iter()
            .fold(false, |changed, (origin, kind)| self.add(origin.clone(), kind) || changed)
    }

    /// Adds all of the others as used in some way.
    pub fn merge_as(&mut self, others: &Self, way: Kind) {
        for (origin, kind) in others.iter() {
            self.add(origin.clone(), kind.then(way));
        }
    }

    /// These, used in some way.
    #[must_use]
    pub fn used_as(&self, way: Kind) -> Self {
        let mut all = Self::default();
        all.merge_as(self, way);
        all
    }

    /// All of them, in order of relation and column.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, Kind)> {
        self.0.iter().map(|(origin, kind)| (origin, *kind))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
