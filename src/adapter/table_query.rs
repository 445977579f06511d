//! The methods of agate's `Table` that look into its rows or write them to a file.

use std::sync::Arc;

use super::table::Table;
use super::table_sequence::Sequence;
use super::{table_join, table_text};
use crate::jinja::{Args, Error, Result, State, Value};

/// The names of these methods.
pub(super) const METHODS: [&str; 7] =
    ["where", "find", "group_by", "join", "pivot", "to_csv", "to_json"];

/// Calls one of them.
pub(super) fn call(
    table: &Table,
    state: &mut State<'_>,
    name: &str,
    args: Args,
) -> Result<Option<Value>> {
    Ok(Some(match name {
        "where" => {
            let ([test], []) = args.bind(name, ["test"], [])?;
            table.with_rows(matching(table, state, &test, usize::MAX)?).into_value()
        }
        "find" => {
            let ([test], []) = args.bind(name, ["test"], [])?;
            let found = matching(table, state, &test, 1)?;
            table.with_rows(found).row_value(0).unwrap_or(Value::None)
        }
        "group_by" => {
            let ([key], _) = args.bind(name, ["key"], ["key_name", "key_type"])?;
            group_by(table, state, &key)?
        }
        "join" => table_join::join(table, state, args)?.into_value(),
        "pivot" => table_join::pivot(table, state, args)?.into_value(),
        "to_csv" => {
            let ([path], _) = args.bind(name, ["path"], [])?;
            write(&path, table_text::csv(table) + "\n")?
        }
        "to_json" => {
            let ([path], _) = args.bind(name, ["path"], ["key", "newline", "indent"])?;
            write(&path, table_text::json(table)?)?
        }
        _ => return Ok(None),
    }))
}

/// The first `most` rows of which `test` says yes.
fn matching(
    table: &Table,
    state: &mut State<'_>,
    test: &Value,
    most: usize,
) -> Result<Vec<Arc<[Value]>>> {
    let mut found = Vec::new();
    for (at, values) in table.rows().enumerate() {
        if found.len() >= most {
            break;
        }
        let row = table.row_value(at).unwrap_or(Value::None);
        if state.call_with(test, [row])?.truthy() {
            found.push(values);
        }
    }
    Ok(found)
}

/// A `TableSet`: a table for each value of a column, or of what a function gives for a row.
fn group_by(table: &Table, state: &mut State<'_>, key: &Value) -> Result<Value> {
    let column = table.column(key);
    if column.is_none() && key.as_str().is_some() {
        return Err(Error::value_error(format!("{} is not a column of the table", key.repr())));
    }
    let mut keys: Vec<Value> = Vec::new();
    let mut groups: Vec<Vec<Arc<[Value]>>> = Vec::new();
    for (at, values) in table.rows().enumerate() {
        let value = match column {
            Some(column) => values[column].clone(),
            None => state.call_with(key, [table.row_value(at).unwrap_or(Value::None)])?,
        };
        if let Some(group) = keys.iter().position(|known| *known == value) {
            groups[group].push(values);
        } else {
            keys.push(value);
            groups.push(vec![values]);
        }
    }
    let values = groups.into_iter().map(|rows| table.with_rows(rows).into_value()).collect();
    Ok(Sequence { class: "TableSet", values, keys: Some(keys.into()) }.into_value())
}

fn write(path: &Value, text: String) -> Result<Value> {
    let path = path.to_string();
    if let Some(folder) = std::path::Path::new(&path).parent() {
        // What is wrong with the folder, writing the file will tell.
        let _ = std::fs::create_dir_all(folder);
    }
    match std::fs::write(&path, text) {
        Ok(()) => Ok(Value::None),
        Err(error) => Err(Error::value_error(format!("{path}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::table::ColumnType;

    fn table() -> Table {
        let row = |id: i64, name: &str| -> Arc<[Value]> { [id.into(), name.into()].into() };
        Table::new(
            vec!["id".into(), "name".into()],
            vec![ColumnType::Integer, ColumnType::Text],
            vec![row(1, "a"), row(2, "b"), row(3, "a")],
        )
    }

    #[test]
    fn groups_are_in_the_order_of_their_first_rows() {
        let mut state = State::new(&());
        let groups = group_by(&table(), &mut state, &"name".into()).unwrap();
        let keys = groups.call_method(&mut state, "keys", Args::none()).unwrap();
        assert_eq!(keys.repr(), "('a', 'b')");
        let first = groups.get_item(&mut state, &"a".into()).unwrap();
        assert_eq!(first.length().unwrap(), 2);
    }

    #[test]
    fn rows_are_picked_by_a_function() {
        let mut state = State::new(&());
        let odd = Value::function("odd", |state, args| {
            let id = args.positional[0].get_attr(state, "id")?;
            Ok((id.as_int().unwrap_or(0) % 2 == 1).into())
        });
        let picked = call(&table(), &mut state, "where", Args::positional([odd.clone()]));
        assert_eq!(picked.unwrap().unwrap().length().unwrap(), 2);
        let found = call(&table(), &mut state, "find", Args::positional([odd])).unwrap().unwrap();
        assert_eq!(found.get_attr(&mut state, "id").unwrap(), Value::from(1));
    }

    #[test]
    fn a_table_is_written_to_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/t.csv").display().to_string();
        let mut state = State::new(&());
        call(&table(), &mut state, "to_csv", Args::positional([Value::str(&path)])).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "id,name\n1,a\n2,b\n3,a\n");
    }
}
