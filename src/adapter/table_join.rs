//! agate's `Table.join` and `Table.pivot`
//! (<https://agate.readthedocs.io/en/latest/api/table.html>).

use std::sync::Arc;

use super::table::{ColumnType, Table};
use crate::jinja::{Args, Error, Result, State, Value};

/// `join(right_table, left_key, right_key, inner, full_outer, require_match, columns)`: rows of
/// two tables beside each other where their keys are equal; without keys, by their numbers.
pub(super) fn join(left: &Table, state: &mut State<'_>, args: Args) -> Result<Table> {
    let options = ["left_key", "right_key", "inner", "full_outer", "require_match", "columns"];
    let ([right], [left_key, right_key, inner, full_outer, require_match, columns]) =
        args.bind("join", ["right_table"], options)?;
    let right =
        right.downcast::<Table>().ok_or_else(|| Error::type_error("join() takes a table"))?;
    let given = |value: Option<Value>| value.filter(|value| !value.is_none());
    let on = |value: Option<Value>| value.is_some_and(|value| value.truthy());
    let (inner, full_outer, require_match) = (on(inner), on(full_outer), on(require_match));
    if inner && full_outer {
        return Err(Error::value_error("A join can not be both \"inner\" and \"full_outer\"."));
    }
    let left_key = given(left_key);
    let right_key = left_key.as_ref().map(|left| given(right_key).unwrap_or(left.clone()));
    let left_keys = Keys::of(left, left_key.as_ref(), state)?;
    let right_keys = Keys::of(right, right_key.as_ref(), state)?;

    let wanted = given(columns).map(|columns| columns.iterate(state)).transpose()?;
    let added: Vec<usize> = (0..right.names().len())
        .filter(|at| match &wanted {
            _ if full_outer => true,
            Some(wanted) => wanted.contains(&right.names()[*at]),
            None => !right_keys.columns.contains(at),
        })
        .collect();
    let right_rows: Vec<Arc<[Value]>> = right.rows().collect();
    let beside = |row: Option<&[Value]>, other: Option<&Arc<[Value]>>| -> Arc<[Value]> {
        let own = (0..left.names().len()).map(|at| row.map_or(Value::None, |row| row[at].clone()));
        let more = added.iter().map(|at| other.map_or(Value::None, |row| row[*at].clone()));
        own.chain(more).collect()
    };
    let mut rows = Vec::new();
    for (row, key) in left.rows().zip(&left_keys.values) {
        let before = rows.len();
        let matching = right_keys.values.iter().zip(&right_rows).filter(|(other, _)| *other == key);
        rows.extend(matching.map(|(_, other)| beside(Some(&row), Some(other))));
        if rows.len() > before {
            continue;
        }
        if require_match {
            let message = format!("Left key \"{key}\" does not have a matching right key.");
            return Err(Error::value_error(message));
        }
        if !inner {
            rows.push(beside(Some(&row), None));
        }
    }
    if full_outer {
        let alone = right_keys.values.iter().zip(&right_rows);
        let alone = alone.filter(|(key, _)| !left_keys.values.contains(key));
        rows.extend(alone.map(|(_, other)| beside(None, Some(other))));
    }
    let mut names = left.names().to_vec();
    let mut types = left.types().to_vec();
    for at in added {
        let name = &right.names()[at];
        let is_taken = left.names().contains(name);
        names.push(if is_taken { Value::from(format!("{name}2")) } else { name.clone() });
        types.push(right.types()[at]);
    }
    Ok(Table::new(names, types, rows))
}

/// What a table is joined by: the value of each row, and the columns it comes from.
struct Keys {
    values: Vec<Value>,
    columns: Vec<usize>,
}

impl Keys {
    fn of(table: &Table, key: Option<&Value>, state: &mut State<'_>) -> Result<Self> {
        let length = table.len();
        let Some(key) = key else {
            let values = table.rows().zip(0_i64..).map(|(_, at)| at.into()).collect();
            return Ok(Self { values, columns: Vec::new() });
        };
        if matches!(key, Value::List(_) | Value::Tuple(_)) {
            let names = key.iterate(state)?;
            let columns =
                names.iter().map(|name| table.position(name)).collect::<Result<Vec<_>>>()?;
            let of_row =
                |row: Arc<[Value]>| Value::tuple(columns.iter().map(|at| row[*at].clone()));
            return Ok(Self { values: table.rows().map(of_row).collect(), columns });
        }
        if key.as_str().is_some() || key.as_int().is_some() {
            let at = table.position(key)?;
            let values = table.rows().map(|row| row[at].clone()).collect();
            return Ok(Self { values, columns: vec![at] });
        }
        let of_row = |at| state.call_with(key, [table.row_value(at).unwrap_or(Value::None)]);
        Ok(Self { values: (0..length).map(of_row).collect::<Result<_>>()?, columns: Vec::new() })
    }
}

/// `pivot(key, pivot)`: how many rows have each key, one column for each value of `pivot`.
/// Templates cannot make agate's other aggregations.
pub(super) fn pivot(table: &Table, state: &mut State<'_>, args: Args) -> Result<Table> {
    let ([], [key, pivot, default]) = args.bind("pivot", [], ["key", "pivot", "default_value"])?;
    let given = |value: Option<Value>| value.filter(|value| !value.is_none());
    let key = match given(key) {
        None => Vec::new(),
        Some(keys @ (Value::List(_) | Value::Tuple(_))) => keys.iterate(state)?,
        Some(one) => vec![one],
    };
    let key = key.iter().map(|name| table.position(name)).collect::<Result<Vec<_>>>()?;
    let pivot = given(pivot).map(|name| table.position(&name)).transpose()?;
    let missing = default.unwrap_or_else(|| Value::from(0));

    let mut headings: Vec<Value> = Vec::new();
    let mut counts: Vec<(Vec<Value>, Vec<i64>)> = Vec::new();
    for row in table.rows() {
        let group: Vec<Value> = key.iter().map(|at| row[*at].clone()).collect();
        let heading = pivot.map_or_else(|| Value::from("Count"), |at| row[at].clone());
        let at = counts.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
            counts.push((group, Vec::new()));
            counts.len() - 1
        });
        let column = headings.iter().position(|known| *known == heading).unwrap_or_else(|| {
            headings.push(heading);
            headings.len() - 1
        });
        let numbers = &mut counts[at].1;
        numbers.resize(headings.len().max(numbers.len()), 0);
        numbers[column] += 1;
    }
    let rows = counts.into_iter().map(|(group, numbers)| {
        let number = |at: usize| match numbers.get(at) {
            None | Some(0) => missing.clone(),
            Some(count) => Value::from(*count),
        };
        group.into_iter().chain((0..headings.len()).map(number)).collect()
    });
    let rows = rows.collect();
    let types = key.iter().map(|at| table.types()[*at]);
    let types = types.chain(headings.iter().map(|_| ColumnType::Integer)).collect();
    let of_heading = |heading: &Value| match heading {
        Value::None => Value::from("None"),
        named => Value::from(named.to_string()),
    };
    let names = key.iter().map(|at| table.names()[*at].clone());
    let names = names.chain(headings.iter().map(of_heading)).collect();
    Ok(Table::new(names, types, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: [&str; 2], rows: &[(i64, &str)]) -> Table {
        let row =
            |(id, name): &(i64, &str)| -> Arc<[Value]> { [(*id).into(), (*name).into()].into() };
        let types = vec![ColumnType::Integer, ColumnType::Text];
        Table::new(names.map(Value::from).into(), types, rows.iter().map(row).collect())
    }

    fn shown(table: &Table) -> Vec<String> {
        table.rows().map(|row| Value::tuple(row.iter().cloned()).repr()).collect()
    }

    #[test]
    fn rows_with_equal_keys_stand_beside_each_other() {
        let left = table(["id", "name"], &[(1, "a"), (2, "b")]);
        let right = table(["id", "name"], &[(1, "x"), (1, "y"), (3, "z")]).into_value();
        let call = |keyword: &[&str]| {
            let mut args = Args::positional([right.clone(), "id".into()]);
            args.keyword = keyword.iter().map(|name| ((*name).into(), true.into())).collect();
            join(&left, &mut State::new(&()), args)
        };
        let joined = call(&[]).unwrap();
        let names: Vec<String> = joined.names().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["id", "name", "name2"]);
        assert_eq!(shown(&joined), ["(1, 'a', 'x')", "(1, 'a', 'y')", "(2, 'b', None)"]);
        assert_eq!(shown(&call(&["inner"]).unwrap()).len(), 2);
        let full = shown(&call(&["full_outer"]).unwrap());
        assert_eq!(full[2..], ["(2, 'b', None, None)", "(None, None, 3, 'z')"]);
        assert!(call(&["require_match"]).is_err() && call(&["inner", "full_outer"]).is_err());
    }

    #[test]
    fn a_pivot_counts_rows() {
        let rows = table(["id", "name"], &[(1, "a"), (1, "b"), (2, "a"), (1, "a")]);
        let args = Args::positional(["id".into(), "name".into()]);
        let counted = pivot(&rows, &mut State::new(&()), args).unwrap();
        assert_eq!(shown(&counted), ["(1, 2, 1)", "(2, 1, 0)"]);
    }
}
