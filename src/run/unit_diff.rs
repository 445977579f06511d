//! How the rows of a unit test differ from those that were expected, as a table in the form
//! that dbt prints: a mark in front of each row, changed cells as `expected→actual`, and one
//! equal row around what differs.

use crate::jinja::Value;
use std::collections::HashMap;

/// A row as text; none for null.
type Row = Vec<Option<String>>;

/// So many columns at most are tried as keys.
const KEY_COLUMNS: usize = 5;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    mark: &'static str,
    cells: Vec<String>,
}

/// What differs; none when nothing does. The order of rows does not count.
pub fn diff(
    columns: &[String],
    expected: Vec<Vec<Value>>,
    actual: Vec<Vec<Value>>,
) -> Option<String> {
    let (expected, actual) = (sorted(expected), sorted(actual));
    if expected == actual {
        return None;
    }
    let partners = align(&expected, &actual);
    let lines = lines(columns, &expected, &actual, &partners);
    Some(format!("\n\nactual differs from expected:\n\n{}\n", table(&lines)))
}

/// Rows in the order of their values, nulls last.
fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Row> {
    rows.sort_by(|left, right| {
        let pairs = left.iter().zip(right);
        pairs
            .map(|(left, right)| match (left.is_none(), right.is_none()) {
                (false, false) => order(left, right),
                (left, right) => left.cmp(&right),
            })
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let text = |value: Value| (!value.is_none()).then(|| value.to_string());
    rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect()
}

/// Values of one column are of one type; what has no order is compared as text.
fn order(left: &Value, right: &Value) -> std::cmp::Ordering {
    let by_text = || left.to_string().cmp(&right.to_string());
    crate::jinja::compare(left, right).ok().flatten().unwrap_or_else(by_text)
}

/// For each actual row the expected one it is compared with: an equal one, else one that is
/// the only one to have the same values in some columns, the fewer the earlier.
fn align(expected: &[Row], actual: &[Row]) -> Vec<Option<usize>> {
    let mut partners = vec![None; actual.len()];
    let mut taken = vec![false; expected.len()];
    let mut link = |partners: &mut Vec<Option<usize>>, at: usize, to: usize| {
        partners[at] = Some(to);
        taken[to] = true;
    };
    let mut by_row: HashMap<&Row, Vec<usize>> = HashMap::new();
    for (place, row) in expected.iter().enumerate().rev() {
        by_row.entry(row).or_default().push(place);
    }
    for (at, row) in actual.iter().enumerate() {
        if let Some(to) = by_row.get_mut(row).and_then(Vec::pop) {
            link(&mut partners, at, to);
        }
    }
    let width = expected.iter().chain(actual).map(Vec::len).max().unwrap_or(0);
    let columns = key_columns(expected, actual, width);
    for subset in 1..1_usize << columns.len() {
        let chosen: Vec<usize> = columns
            .iter()
            .enumerate()
            .filter(|(bit, _)| subset >> bit & 1 == 1)
            .map(|(_, column)| *column)
            .collect();
        for (at, to) in unique_pairs(expected, actual, &chosen) {
            if partners[at].is_none() && !taken[to] {
                partners[at] = Some(to);
                taken[to] = true;
            }
        }
    }
    partners
}

/// The columns with the most different values, in their order when there are few.
fn key_columns(expected: &[Row], actual: &[Row], width: usize) -> Vec<usize> {
    let mut columns: Vec<usize> = (0..width).collect();
    if width > KEY_COLUMNS {
        let distinct = |rows: &[Row], column: usize| {
            rows.iter().map(|row| &row[column]).collect::<std::collections::HashSet<_>>().len()
        };
        columns.sort_by_key(|column| {
            std::cmp::Reverse(distinct(expected, *column) + distinct(actual, *column))
        });
        columns.truncate(KEY_COLUMNS);
    }
    columns
}

/// Pairs of (actual, expected) rows whose values in these columns no other row has. Columns
/// with so few different values that they identify nothing give none.
fn unique_pairs(expected: &[Row], actual: &[Row], columns: &[usize]) -> Vec<(usize, usize)> {
    let index = |rows: &[Row]| {
        let mut index: HashMap<Vec<Option<String>>, Vec<usize>> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            let key: Vec<_> = columns.iter().map(|column| row[*column].clone()).collect();
            if key.iter().any(Option::is_some) {
                index.entry(key).or_default().push(place);
            }
        }
        index
    };
    let (left, right) = (index(expected), index(actual));
    let most = left.values().chain(right.values()).map(Vec::len).max().unwrap_or(0);
    let height = expected.len().max(actual.len()) + 1;
    if most * 10 >= height + 20 {
        return Vec::new();
    }
    let mut pairs: Vec<(usize, usize)> = right
        .iter()
        .filter_map(|(key, at)| match (at.as_slice(), left.get(key)?.as_slice()) {
            ([at], [to]) => Some((*at, *to)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

/// All lines: the header, and the rows that differ with one equal row around them.
fn lines(
    columns: &[String],
    expected: &[Row],
    actual: &[Row],
    partners: &[Option<usize>],
) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    let mut told = vec![false; expected.len()];
    let is_partner = |place: usize| partners.contains(&Some(place));
    let mut tell_missing = |all: &mut Vec<Line>, before: usize| {
        for (place, row) in expected.iter().enumerate().take(before) {
            if !told[place] && !is_partner(place) {
                told[place] = true;
                all.push(Line { mark: "---", cells: plain(row) });
            }
        }
    };
    for (row, partner) in actual.iter().zip(partners) {
        match partner {
            None => all.push(Line { mark: "+++", cells: plain(row) }),
            Some(place) => {
                tell_missing(&mut all, *place);
                let before = &expected[*place];
                if before == row {
                    all.push(Line { mark: "", cells: plain(row) });
                } else {
                    all.push(Line { mark: "→", cells: changed(before, row) });
                }
            }
        }
    }
    tell_missing(&mut all, expected.len());
    let header = Line { mark: "@@", cells: columns.iter().map(|name| quoted(name)).collect() };
    std::iter::once(header).chain(with_context(all, columns.len())).collect()
}

/// Leaves out equal rows that are not next to one that differs.
fn with_context(all: Vec<Line>, width: usize) -> Vec<Line> {
    let differs = |place: Option<usize>| {
        place.and_then(|place| all.get(place)).is_some_and(|line| !line.mark.is_empty())
    };
    let keep: Vec<bool> = (0..all.len())
        .map(|place| {
            differs(Some(place)) || differs(place.checked_sub(1)) || differs(Some(place + 1))
        })
        .collect();
    let mut kept: Vec<Line> = Vec::new();
    for (line, keep) in all.into_iter().zip(keep) {
        if keep {
            kept.push(line);
        } else if kept.last().is_none_or(|last| last.mark != "...") {
            kept.push(Line { mark: "...", cells: vec!["...".to_owned(); width] });
        }
    }
    kept
}

fn plain(row: &Row) -> Vec<String> {
    row.iter().map(|cell| cell.as_ref().map_or("NULL".to_owned(), |text| quoted(text))).collect()
}

fn changed(before: &Row, after: &Row) -> Vec<String> {
    let shown = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
    let cell = |(before, after): (&Option<String>, &Option<String>)| {
        if before == after {
            return before.as_ref().map_or("NULL".to_owned(), |text| quoted(text));
        }
        quoted(&format!("{}→{}", shown(before), shown(after)))
    };
    before.iter().zip(after).map(cell).collect()
}

/// A cell as CSV has it.
fn quoted(text: &str) -> String {
    let needs =
        text.starts_with(' ') || text.ends_with(' ') || text.contains(['"', '\r', '\n', '\t', ',']);
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Cells padded so that columns stand under each other.
fn table(lines: &[Line]) -> String {
    let width = lines.first().map_or(0, |line| line.cells.len());
    let length = |text: &str| text.chars().count();
    let mark = lines.iter().map(|line| length(line.mark)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..width)
        .map(|column| {
            lines.iter().filter_map(|line| line.cells.get(column)).map(|it| length(it)).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for line in lines {
        let pad = |text: &mut String, from: usize, to: usize| {
            text.extend(std::iter::repeat_n(' ', to.saturating_sub(from)));
        };
        text.push_str(line.mark);
        pad(&mut text, length(line.mark), mark);
        for (place, cell) in line.cells.iter().enumerate() {
            text.push(',');
            text.push_str(cell);
            if place + 1 < width {
                pad(&mut text, length(cell), widths[place]);
            }
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expected: &[[&str; 2]], actual: &[[&str; 2]]) -> String {
        let values = |rows: &[[&str; 2]]| {
            let value = |text: &&str| match text.parse() {
                Ok(number) => Value::Int(number),
                Err(_) if *text == "NULL" => Value::None,
                Err(_) => Value::str(text),
            };
            rows.iter().map(|row| row.iter().map(value).collect()).collect()
        };
        let columns = ["id".to_owned(), "name".to_owned()];
        let text = diff(&columns, values(expected), values(actual)).unwrap_or_default();
        let text = text.replace('\r', "");
        text.trim_start_matches("\n\nactual differs from expected:\n\n").trim_end().to_owned()
    }

    /// The expected tables are those that dbt-core 1.11 printed for the same rows.
    #[test]
    fn tables_are_those_of_dbt() {
        assert_eq!(shown(&[["1", "y"]], &[["1", "x"]]), "@@,id,name\n→ ,1 ,y→x");
        assert_eq!(
            shown(&[["1", "y"], ["2", "z"]], &[["1", "y"]]),
            "@@ ,id,name\n   ,1 ,y\n---,2 ,z"
        );
        assert_eq!(
            shown(&[["1", "y"]], &[["1", "y"], ["2", "z"], ["3", "w"]]),
            "@@ ,id,name\n   ,1 ,y\n+++,2 ,z\n+++,3 ,w"
        );
        let many = |third| [["1", "a"], ["2", "b"], ["3", third], ["4", "d"], ["5", "e"]];
        assert_eq!(
            shown(&many("c"), &many("x")),
            "@@ ,id ,name\n...,...,...\n   ,2  ,b\n→  ,3  ,c→x\n   ,4  ,d\n...,...,..."
        );
        assert_eq!(shown(&[["1", "NULL"]], &[["1", "2"]]), "@@,id,name\n→ ,1 ,NULL→2");
        assert_eq!(
            shown(&[["1", "1"], ["1", "2"]], &[["1", "3"], ["1", "4"]]),
            "@@ ,id,name\n+++,1 ,3\n+++,1 ,4\n---,1 ,1\n---,1 ,2"
        );
        assert_eq!(shown(&[["x,y", "1"]], &[["x,y", "2"]]), "@@,id   ,name\n→ ,\"x,y\",1→2");
        assert_eq!(shown(&[["2", "a"], ["1", "b"]], &[["1", "b"], ["2", "a"]]), "");
    }
}
