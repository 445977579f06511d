//! `exceptions.raise_contract_error`: how a model's columns differ from its contract.

use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Result, State, Value};

/// The columns of the table in the message.
const HEADER: [&str; 4] = ["column_name", "definition_type", "contract_type", "mismatch_reason"];

/// A column's name and type.
type Column = (String, String);

/// `raise_contract_error(yaml_columns, sql_columns)`; both are lists of dicts with `name`
/// and `data_type`.
pub fn raise_contract_error(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([declared, actual], []) =
        args.bind("raise_contract_error", ["yaml_columns", "sql_columns"], [])?;
    let declared = columns(state, &declared)?;
    if declared.is_empty() {
        let message =
            "This model has an enforced contract, and its 'columns' specification is missing";
        return Err(Diagnostic::new(Code::ContractBroken, message).into());
    }
    let actual = columns(state, &actual)?;
    let message = format!(
        "This model has an enforced contract that failed.\nPlease ensure the name, data_type, and \
         number of columns in your contract match the columns in your model's definition.\n\n{}",
        table(&mismatches(&declared, &actual))
    );
    Err(Diagnostic::new(Code::ContractBroken, message).into())
}

fn columns(state: &mut State<'_>, value: &Value) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    for column in value.iterate(state)? {
        let name = column.get_item(state, &"name".into())?.to_string();
        let data_type = column.get_item(state, &"data_type".into())?.to_string();
        columns.push((name, data_type));
    }
    Ok(columns)
}

fn mismatches(declared: &[Column], actual: &[Column]) -> Vec<[String; 4]> {
    let row = |name: &str, definition: &str, contract: &str, reason: &str| {
        [name, definition, contract, reason].map(str::to_owned)
    };
    let of_actual = actual.iter().filter_map(|(name, actual_type)| {
        match declared.iter().find(|(declared, _)| declared == name) {
            Some((_, declared_type)) if declared_type == actual_type => None,
            Some((_, declared_type)) => {
                Some(row(name, actual_type, declared_type, "data type mismatch"))
            }
            None => Some(row(name, actual_type, "", "missing in contract")),
        }
    });
    let missing = declared.iter().filter(|(name, _)| actual.iter().all(|(other, _)| other != name));
    let missing =
        missing.map(|(name, data_type)| row(name, "", data_type, "missing in definition"));
    let mut rows: Vec<[String; 4]> = of_actual.chain(missing).collect();
    rows.sort_by(|left, right| left[0].cmp(&right[0]));
    rows
}

/// A table as dbt prints it.
fn table(rows: &[[String; 4]]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([HEADER[at].len()]).max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3].map(width);
    let line = |cells: [&str; 4]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rules = widths.map(|width| "-".repeat(width));
    let mut text = line(HEADER);
    text.push_str(&line([&rules[0], &rules[1], &rules[2], &rules[3]].map(String::as_str)));
    for row in rows {
        text.push_str(&line([&row[0], &row[1], &row[2], &row[3]].map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_listed() {
        let column = |name: &str, data_type: &str| (name.to_owned(), data_type.to_owned());
        let declared = [column("id", "integer"), column("old", "text")];
        let actual = [column("id", "text"), column("new", "date")];
        assert_eq!(
            table(&mismatches(&declared, &actual)),
            "| column_name | definition_type | contract_type | mismatch_reason       |\n\
             | ----------- | --------------- | ------------- | --------------------- |\n\
             | id          | text            | integer       | data type mismatch    |\n\
             | new         | date            |               | missing in contract   |\n\
             | old         |                 | text          | missing in definition |\n"
        );
    }
}
