//! A delimited file: opened, unpacked, freed of its byte order mark, and counted.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::{CsvFormat, LoadSpec};
use crate::diagnostic::{Code, Diagnostic, Result, Span};

/// How much is read ahead to see the first record.
const AHEAD: u64 = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that is ready to be sent.
pub(super) struct DataFile<'a> {
    shown_path: &'a str,
    format: &'a CsvFormat,
    size: u64,
    read: Rc<Cell<u64>>,
    /// The first part of the data.
    ahead: Vec<u8>,
    rest: Box<dyn Read>,
}

impl<'a> DataFile<'a> {
    pub(super) fn open(spec: &LoadSpec<'a>) -> Result<Self> {
        check_format(spec)?;
        let shown = Path::new(spec.shown_path);
        let io = |error: io::Error| Diagnostic::io(shown, &error);
        let file = File::open(spec.path).map_err(|error| {
            io(error).with_help(
                "`external.location` of the source is relative to the project's directory.",
            )
        })?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            let message = format!("{}: is a directory", spec.shown_path);
            return Err(Diagnostic::new(Code::Io, message));
        }
        let read = Rc::new(Cell::new(0));
        let mut rest = unpacked(spec.path, Counted { file, read: Rc::clone(&read) });
        let mut ahead = Vec::new();
        rest.by_ref().take(AHEAD).read_to_end(&mut ahead).map_err(io)?;
        if ahead.starts_with(BYTE_ORDER_MARK) {
            ahead.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Self {
            shown_path: spec.shown_path,
            format: spec.format,
            size: metadata.len(),
            read,
            ahead,
            rest,
        })
    }

    /// The file's size in bytes, as it is on disk.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// A counter of the file's bytes that have been read.
    pub(super) fn bytes_read(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.read)
    }

    /// The fields of the first record; none when the file is empty.
    pub(super) fn first_record(&self) -> Result<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(byte(self.format.delimiter))
            .quote(byte(self.format.quote))
            .from_reader(self.ahead.as_slice());
        let mut record = csv::ByteRecord::new();
        let invalid = |message: String| {
            Diagnostic::new(Code::RowInvalid, message).with_span(Span::line(self.shown_path, 1))
        };
        let found =
            reader.read_byte_record(&mut record).map_err(|error| invalid(error.to_string()))?;
        if !found {
            return Ok(Vec::new());
        }
        if reader.position().byte() >= AHEAD {
            return Err(invalid("The first line is too long, or a quote is not closed.".into()));
        }
        // Names in another encoding than UTF-8 cannot be matched, and then say so.
        Ok(record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
    }

    /// All the data.
    pub(super) fn into_data(self) -> impl Read + use<> {
        Cursor::new(self.ahead).chain(self.rest)
    }
}

/// The text of a line, from 1, cut after 200 characters. For messages only: where the file
/// cannot be read again there is none.
pub(super) fn line_text(path: &Path, number: u64) -> Option<String> {
    use io::BufRead;
    const LONGEST: u64 = 64 * 1024;
    let file = File::open(path).ok()?;
    let mut reader = io::BufReader::new(unpacked(path, file));
    for _ in 1..number {
        if reader.skip_until(b'\n').ok()? == 0 {
            return None;
        }
    }
    let mut line = Vec::new();
    reader.take(LONGEST).read_until(b'\n', &mut line).ok()?;
    let text = String::from_utf8_lossy(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line));
    let text = text.trim_end_matches(['\r', '\n']);
    let short: String = text.chars().take(200).collect();
    Some(if short.len() < text.len() { format!("{short}…") } else { short })
}

fn unpacked(path: &Path, file: impl Read + 'static) -> Box<dyn Read> {
    let is_packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
}

fn check_format(spec: &LoadSpec<'_>) -> Result<()> {
    for (name, value) in [("delimiter", spec.format.delimiter), ("quote", spec.format.quote)] {
        if !value.is_ascii() || matches!(value, '\n' | '\r' | '\0') {
            let message = format!(
                "`external.{name}` of {}.{} must be one ASCII character, not {value:?}.",
                spec.schema, spec.table
            );
            return Err(Diagnostic::new(Code::ExternalInvalid, message));
        }
    }
    Ok(())
}

/// A character that `check_format` let pass, as a byte.
fn byte(char: char) -> u8 {
    u8::try_from(char).unwrap_or_default()
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}
