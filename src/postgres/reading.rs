//! Collecting the messages of one statement into its outcome.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::RowDescriptionBody;

use super::error::DbError;
use super::result::{Column, CommandTag, ResultSet, Rows, StatementResult};

/// What ended the reading of one statement's messages.
pub(super) enum Outcome {
    /// ReadyForQuery: the statement is over.
    Done(StatementResult),
    /// ReadyForQuery after an error.
    Failed(Box<DbError>),
    /// The server waits for COPY data.
    CopyIn,
}

/// What has been read of one statement's outcome.
#[derive(Default)]
pub(super) struct Reading {
    columns: Option<Vec<Column>>,
    rows: Rows,
    pub(super) result: StatementResult,
    pub(super) error: Option<Box<DbError>>,
}

impl Reading {
    pub(super) fn start(&mut self, columns: Vec<Column>) {
        self.rows = Rows::new(columns.len());
        self.columns = Some(columns);
    }

    /// Takes a DataRow's body.
    pub(super) fn row(&mut self, body: &[u8]) -> io::Result<()> {
        read_row(body, &mut self.rows)
    }

    pub(super) fn finish(&mut self, tag: &str) {
        self.result.sets.push(ResultSet {
            columns: self.columns.take().unwrap_or_default(),
            rows: std::mem::take(&mut self.rows),
            tag: CommandTag::new(tag),
        });
    }

    pub(super) fn end(mut self) -> Outcome {
        if let Some(error) = self.error {
            return Outcome::Failed(error);
        }
        // A statement that was only described has columns and no command tag.
        if self.columns.is_some() {
            self.finish("");
        }
        Outcome::Done(self.result)
    }
}

pub(super) fn columns(body: &RowDescriptionBody) -> io::Result<Vec<Column>> {
    body.fields()
        .map(|field| {
            Ok(Column {
                name: field.name().to_owned(),
                type_oid: field.type_oid(),
                type_modifier: field.type_modifier(),
            })
        })
        .collect()
}

/// Reads a DataRow's body: a count, then each cell's length (-1 for NULL) and bytes.
fn read_row(body: &[u8], rows: &mut Rows) -> io::Result<()> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "malformed DataRow");
    let (_count, mut rest) = body.split_first_chunk::<2>().ok_or_else(malformed)?;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
        rest = after;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Err(_) => rows.push_cell(None),
            Ok(length) => {
                let (value, after) = rest.split_at_checked(length).ok_or_else(malformed)?;
                rows.push_cell(Some(value));
                rest = after;
            }
        }
    }
    rows.end_row();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_rows_are_errors() {
        for body in [&b""[..], &[0, 1, 0, 0], &[0, 1, 0, 0, 0, 9, 1]] {
            assert!(read_row(body, &mut Rows::new(1)).is_err());
        }
    }
}
