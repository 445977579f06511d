//! What the server sends back: columns, rows, command tags and notices.

use super::DbError;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name in the result.
    pub name: String,
    /// The type's OID in `pg_type`.
    pub type_oid: u32,
    /// The type modifier (length of a varchar, precision and scale of a numeric), or -1.
    pub type_modifier: i32,
}

/// Rows in text format, packed into one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    text: String,
    /// The end of each cell in `text`; [`NULL`] marks a missing value.
    ends: Vec<usize>,
    width: usize,
    count: usize,
}

/// Set in a cell's end when the cell is SQL NULL (the other bits still hold the end).
const NULL: usize = 1 << (usize::BITS - 1);

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    pub(super) fn push_cell(&mut self, value: Option<&[u8]>) {
        match value {
            Some(bytes) => {
                match std::str::from_utf8(bytes) {
                    Ok(text) => self.text.push_str(text),
                    // Only a SQL_ASCII database can send this.
                    Err(_) => self.text.push_str(&String::from_utf8_lossy(bytes)),
                }
                self.ends.push(self.text.len());
            }
            None => self.ends.push(self.text.len() | NULL),
        }
    }

    pub(super) fn end_row(&mut self) {
        self.count += 1;
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The cell at a row and column; `None` when it is NULL or outside the result.
    pub fn get(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.width {
            return None;
        }
        let at = row.checked_mul(self.width)?.checked_add(column)?;
        let end = *self.ends.get(at)?;
        if end & NULL != 0 {
            return None;
        }
        let start = match at.checked_sub(1) {
            Some(previous) => self.ends.get(previous)? & !NULL,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.count).map(|index| Row { rows: self, index })
    }
}

/// One row of a result.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    index: usize,
}

impl<'a> Row<'a> {
    /// The value of a column; `None` when it is NULL or there is no such column.
    pub fn get(&self, column: usize) -> Option<&'a str> {
        self.rows.get(self.index, column)
    }

    /// The values in column order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Option<&'a str>> {
        (0..self.rows.width).map(move |column| self.get(column))
    }
}

/// A command tag such as `SELECT 12` or `CREATE VIEW`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandTag(Box<str>);

impl CommandTag {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The tag as the server sent it; empty for a text without a command.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag without its numbers (`INSERT` of `INSERT 0 5`): dbt's `code`.
    pub fn verb(&self) -> String {
        let words: Vec<&str> = self
            .0
            .split(' ')
            .filter(|word| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        words.join(" ")
    }

    /// How many rows the command touched, where the tag says so.
    pub fn rows(&self) -> Option<u64> {
        self.0.rsplit(' ').next()?.parse().ok()
    }
}

/// The outcome of one command of a statement text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultSet {
    /// The columns; empty for a command that returns no rows.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Rows,
    /// The command tag.
    pub tag: CommandTag,
}

impl ResultSet {
    /// The position of a column by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The outcome of one statement text, which may hold several commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementResult {
    /// One per command, in order. Empty when the text holds no command.
    pub sets: Vec<ResultSet>,
    /// Notices and warnings sent while it ran.
    pub notices: Vec<DbError>,
}

impl StatementResult {
    /// The last command's outcome: what a DB-API cursor, and so dbt, reports.
    pub fn last(&self) -> Option<&ResultSet> {
        self.sets.last()
    }

    /// The last command's outcome by value.
    pub fn into_last(mut self) -> Option<ResultSet> {
        self.sets.pop()
    }

    /// The tag of the last command; empty when there was none.
    pub fn tag(&self) -> &str {
        self.last().map_or("", |set| set.tag.as_str())
    }
}

/// Whether the session is in a transaction, from the server's last ready message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Not in a transaction.
    Idle,
    /// In a transaction.
    InTransaction,
    /// In a transaction that failed and can only be rolled back.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_null_and_empty_apart() {
        let mut rows = Rows::new(2);
        for (left, right) in [(Some("a"), None), (None, Some("")), (Some("ü"), Some("z"))] {
            rows.push_cell(left.map(str::as_bytes));
            rows.push_cell(right.map(str::as_bytes));
            rows.end_row();
        }
        let read: Vec<Vec<Option<&str>>> = rows.iter().map(|row| row.iter().collect()).collect();
        assert_eq!(
            read,
            [[Some("a"), None], [None, Some("")], [Some("ü"), Some("z")]].map(Vec::from)
        );
        assert_eq!(rows.get(0, 2), None);
        assert_eq!(rows.get(3, 0), None);
    }

    #[test]
    fn tags_give_verb_and_rows() {
        let tag = CommandTag::new("INSERT 0 5");
        assert_eq!((tag.verb().as_str(), tag.rows()), ("INSERT", Some(5)));
        let tag = CommandTag::new("CREATE VIEW");
        assert_eq!((tag.verb().as_str(), tag.rows()), ("CREATE VIEW", None));
    }
}
