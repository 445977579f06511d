//! What a table, query or function gives to the query that reads it.

use crate::sql::Place;
use crate::sql::influence::{Influences, Kind, Origin};
use crate::sql::name::Name;
use crate::sql::relations::{Relation, RelationId};
use std::collections::BTreeSet;

/// Columns that are not known by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// All columns of a relation but these.
    Relation {
        /// The relation.
        id: RelationId,
        /// What is known or hidden.
        except: BTreeSet<Name>,
    },
    /// The columns of a function's row type.
    Function {
        /// What it is, in words.
        what: String,
        /// What the function is given.
        from: Influences,
        /// Where it stands.
        place: Option<Place>,
    },
}

impl Open {
    /// What a column of this name would be made of; none if it cannot be among these.
    pub fn column(&self, name: &Name) -> Option<Influences> {
        match self {
            Self::Relation { id, except } => (!except.contains(name)).then(|| {
                let column = Some(name.clone());
                Influences::direct(Origin { relation: id.clone(), column })
            }),
            Self::Function { from, .. } => Some(from.clone()),
        }
    }

    /// What the whole of it is made of.
    fn whole(&self) -> Influences {
        match self {
            Self::Relation { id, .. } => {
                Influences::direct(Origin { relation: id.clone(), column: None })
            }
            Self::Function { from, .. } => from.clone(),
        }
    }
}

/// The result of a table, query or function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Known columns in order, and what they are made of.
    pub columns: Vec<(Name, Influences)>,
    /// Where further columns come from.
    pub open: Vec<Open>,
    /// What a field of this table's row may be made of if it is no column: a scalar
    /// function's result may be of a row type.
    pub fields: Option<Influences>,
    /// What decides which rows there are.
    pub rows: Influences,
}

/// What a name may be in a table.
pub enum Found<'a> {
    /// A column.
    Column(&'a Influences),
    /// Several columns have the name.
    Ambiguous,
    /// Not known; these may have it.
    Perhaps(Vec<Influences>),
}

impl Table {
    /// A relation outside the query.
    pub fn of_relation(relation: Relation) -> Self {
        let Relation { id, columns, complete } = relation;
        let except: BTreeSet<Name> = columns.iter().cloned().collect();
        let named = columns.into_iter().map(|name| {
            let origin = Origin { relation: id.clone(), column: Some(name.clone()) };
            (name, Influences::direct(origin))
        });
        let columns = named.collect();
        let open = if complete { Vec::new() } else { vec![Open::Relation { id, except }] };
        Self { columns, open, ..Self::default() }
    }

    /// Looks a column up.
    pub fn find(&self, name: &Name) -> Found<'_> {
        let mut named = self.columns.iter().filter(|(column, _)| column == name);
        match (named.next(), named.next()) {
            (Some((_, influences)), None) => Found::Column(influences),
            (Some(_), Some(_)) => Found::Ambiguous,
            (None, _) => {
                Found::Perhaps(self.open.iter().filter_map(|open| open.column(name)).collect())
            }
        }
    }

    /// What the whole row is made of.
    pub fn row(&self) -> Influences {
        let mut all = Influences::default();
        for (_, influences) in &self.columns {
            all.merge_as(influences, Kind::Transformed);
        }
        for open in &self.open {
            all.merge_as(&open.whole(), Kind::Transformed);
        }
        all
    }

    /// Gives the first columns other names. False when there are more names than columns,
    /// or the columns are not known.
    pub fn rename(&mut self, names: &[Name]) -> bool {
        for (at, name) in names.iter().enumerate() {
            match self.columns.get_mut(at) {
                Some(column) => column.0 = name.clone(),
                None => return false,
            }
        }
        // Columns that are known of an open relation are not known to be its first ones.
        names.is_empty() || self.open.is_empty()
    }
}
