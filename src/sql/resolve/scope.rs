//! Which tables are in sight, and what a column's name means among them.

use super::output::{Found, Open, Table};
use crate::sql::influence::{Influences, Kind};
use crate::sql::ir::ColumnRef;
use crate::sql::name::Name;
use crate::sql::relations::TableName;
use crate::sql::{Place, Refusal, Result};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A table in `from`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its alias, or its own name.
    pub name: Option<Name>,
    /// Its whole name, when it has no alias.
    pub full: Option<TableName>,
    /// Its columns.
    pub table: Rc<Table>,
}

/// A part of what `*` and names without qualification see.
#[derive(Debug, Clone)]
pub enum Part {
    /// A column that a join merged.
    Merged(Name, Influences),
    /// The columns of an entry, but for those that joins merged.
    Entry(usize, BTreeSet<Name>),
}

/// The tables of a `from` list.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// All of them, for qualified names.
    pub entries: Vec<Entry>,
    /// In the order of `*`.
    pub parts: Vec<Part>,
    /// What the joins and the tables themselves contribute to which rows there are.
    pub rows: Influences,
}

impl Tables {
    /// One table.
    pub fn of(entry: Entry) -> Self {
        let rows = entry.table.rows.clone();
        Self { entries: vec![entry], parts: vec![Part::Entry(0, BTreeSet::new())], rows }
    }

    /// Adds what stands to the right.
    pub fn append(&mut self, right: Self) {
        let offset = self.entries.len();
        self.entries.extend(right.entries);
        self.parts.extend(right.parts.into_iter().map(|part| part.moved(offset)));
        self.rows.merge(&right.rows);
    }

    /// Hides columns that a join merges.
    pub fn hide(&mut self, names: &[Name]) {
        self.parts.retain(|part| !matches!(part, Part::Merged(name, _) if names.contains(name)));
        for part in &mut self.parts {
            if let Part::Entry(_, except) = part {
                except.extend(names.iter().cloned());
            }
        }
    }

    /// The names of all columns that `*` gives; none when they are not all known.
    pub fn names(&self) -> Option<Vec<Name>> {
        let star = self.star();
        star.open.is_empty().then(|| star.columns.into_iter().map(|(name, _)| name).collect())
    }

    /// What `*` gives.
    pub fn star(&self) -> Table {
        let mut all = Table::default();
        for part in &self.parts {
            match part {
                Part::Merged(name, influences) => {
                    all.columns.push((name.clone(), influences.clone()));
                }
                Part::Entry(index, except) => {
                    let Some(entry) = self.entries.get(*index) else { continue };
                    let shown = entry.table.columns.iter().filter(|(it, _)| !except.contains(it));
                    all.columns.extend(shown.cloned());
                    all.open.extend(entry.table.open.iter().map(|open| hiding(open, except)));
                }
            }
        }
        all
    }

    /// What a name without qualification means here.
    fn find(&self, name: &Name) -> Look {
        let (mut found, mut perhaps) = (Vec::new(), Vec::new());
        for part in &self.parts {
            match part {
                Part::Merged(merged, influences) if merged == name => {
                    found.push(influences.clone());
                }
                Part::Entry(index, except) if !except.contains(name) => {
                    let Some(entry) = self.entries.get(*index) else { continue };
                    match entry.table.find(name) {
                        Found::Column(influences) => found.push(influences.clone()),
                        Found::Ambiguous => return Look::Ambiguous(Vec::new()),
                        Found::Perhaps(all) => {
                            perhaps.extend(all.into_iter().map(|it| (entry.name.clone(), it)));
                        }
                    }
                }
                Part::Merged(..) | Part::Entry(..) => {}
            }
        }
        match (found.len(), perhaps.len()) {
            (1, _) => found.pop().map_or(Look::None, Look::Column),
            (0, 0) => Look::None,
            (0, 1) => perhaps.pop().map_or(Look::None, |(_, it)| Look::Perhaps(it)),
            (0, _) => Look::Ambiguous(perhaps.into_iter().filter_map(|(name, _)| name).collect()),
            _ => Look::Ambiguous(Vec::new()),
        }
    }

    /// The column that `using` names on one side of a join.
    pub fn column(&self, name: &Name, place: Place) -> Result<Influences> {
        match self.find(name) {
            Look::Column(influences) | Look::Perhaps(influences) => Ok(influences),
            Look::Ambiguous(tables) => Err(ambiguous(name, &tables, place)),
            Look::None => Err(unknown(&format!("column {name}"), place)),
        }
    }

    /// The table that a qualification means.
    fn entry(&self, parts: &[Name]) -> Option<&Entry> {
        self.entries.iter().find(|entry| match parts {
            [table] => entry.name.as_ref() == Some(table),
            [rest @ .., schema, table] => entry.full.as_ref().is_some_and(|full| {
                full.table == *table
                    && full.schema.as_ref() == Some(schema)
                    && rest.last().is_none_or(|it| full.database.as_ref().is_none_or(|db| db == it))
            }),
            [] => false,
        })
    }
}

impl Part {
    fn moved(self, offset: usize) -> Self {
        match self {
            Self::Entry(index, except) => Self::Entry(index + offset, except),
            merged @ Self::Merged(..) => merged,
        }
    }
}

fn hiding(open: &Open, hidden: &BTreeSet<Name>) -> Open {
    match open {
        Open::Relation { id, except } => Open::Relation { id: id.clone(), except: except | hidden },
        function @ Open::Function { .. } => function.clone(),
    }
}

/// The result of looking a name up in one scope.
enum Look {
    None,
    Column(Influences),
    /// Exactly one table may have it.
    Perhaps(Influences),
    /// Several have it, or may have it.
    Ambiguous(Vec<Name>),
}

/// Tables in sight, and those of the queries around.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The tables of this query.
    pub tables: &'a Tables,
    /// The query around it.
    pub outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// This scope and those around it.
    fn chain(&'a self) -> impl Iterator<Item = &'a Scope<'a>> {
        std::iter::successors(Some(self), |scope| scope.outer)
    }

    /// What a column's name means.
    pub fn column(&self, column: &ColumnRef) -> Result<Influences> {
        match column.parts.as_slice() {
            [] => Ok(Influences::default()),
            [name] => self.plain(name, column.place),
            [table @ .., name] => self.qualified(table, name, column),
        }
    }

    /// The column that a name means if it surely is one.
    pub fn column_only(&self, column: &ColumnRef) -> Option<Influences> {
        let [name] = column.parts.as_slice() else { return None };
        self.chain().find_map(|scope| match scope.tables.find(name) {
            Look::Column(influences) => Some(influences),
            _ => None,
        })
    }

    /// The columns of a table that is named.
    pub fn table(&self, column: &ColumnRef) -> Result<&'a Table> {
        self.find_table(&column.parts)
            .ok_or_else(|| unknown(&format!("table {}", dotted(&column.parts)), column.place))
    }

    fn find_table(&self, parts: &[Name]) -> Option<&'a Table> {
        let mut scope = Some(*self);
        while let Some(Scope { tables, outer }) = scope {
            if let Some(entry) = tables.entry(parts) {
                return Some(&entry.table);
            }
            scope = outer.copied();
        }
        None
    }

    /// A name without qualification. The nearest query that has it counts; where columns are
    /// not known it is only clear when no other table can have it.
    fn plain(&self, name: &Name, place: Place) -> Result<Influences> {
        let mut perhaps: Option<Influences> = None;
        for scope in self.chain() {
            match (scope.tables.find(name), &perhaps) {
                (Look::None, _) => {}
                (Look::Column(influences), None) => return Ok(influences),
                (Look::Perhaps(influences), None) => perhaps = Some(influences),
                (Look::Ambiguous(tables), None) => return Err(ambiguous(name, &tables, place)),
                // The inner query may or may not have it.
                (_, Some(_)) => return Err(ambiguous(name, &[], place)),
            }
        }
        let row = self.find_table(std::slice::from_ref(name));
        match (perhaps, row) {
            (Some(_), Some(_)) => Err(Refusal::new(
                format!(
                    "{name} may be a column or a whole row, because the columns of a table are \
                     not known"
                ),
                place,
            )),
            (Some(influences), None) => Ok(influences),
            (None, Some(table)) => Ok(table.row()),
            (None, None) => Err(unknown(&format!("column {name}"), place)),
        }
    }

    fn qualified(&self, table: &[Name], name: &Name, column: &ColumnRef) -> Result<Influences> {
        let Some(found) = self.find_table(table) else {
            return Err(unknown(&format!("table {}", dotted(table)), column.place));
        };
        field(found, name, &dotted(&column.parts), column.place)
    }
}

/// A column of a table that is known, or a field of its row.
pub fn field(table: &Table, name: &Name, shown: &str, place: Place) -> Result<Influences> {
    match table.find(name) {
        Found::Column(influences) => Ok(influences.clone()),
        Found::Ambiguous => Err(ambiguous(name, &[], place)),
        Found::Perhaps(mut all) => match (all.pop(), all.is_empty(), &table.fields) {
            (Some(only), true, _) => Ok(only),
            (Some(_), false, _) => Err(ambiguous(name, &[], place)),
            (None, _, Some(fields)) => Ok(fields.used_as(Kind::Transformed)),
            (None, ..) => Err(unknown(&format!("column {shown}"), place)),
        },
    }
}

fn dotted(parts: &[Name]) -> String {
    parts.iter().map(Name::as_str).collect::<Vec<_>>().join(".")
}

fn unknown(what: &str, place: Place) -> Refusal {
    Refusal::new(format!("there is no {what}"), place)
}

fn ambiguous(name: &Name, tables: &[Name], place: Place) -> Refusal {
    let tables = tables.iter().map(Name::as_str).collect::<Vec<_>>().join(" or ");
    let reason = match tables.as_str() {
        "" => format!("column {name} is ambiguous: several tables have it, or may have it"),
        tables => format!(
            "column {name} may be of {tables}, whose columns are not all known; qualify it, or \
             declare the columns"
        ),
    };
    Refusal::new(reason, place)
}
