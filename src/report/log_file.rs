//! The log file, `logs/dbt.log`, set aside when it grows too large.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many old files are kept, as dbt does.
const KEPT: u8 = 5;

/// An append-only file that is opened with the first line.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    max_bytes: u64,
    open: Option<(File, u64)>,
    /// Lines that are not written yet.
    waiting: String,
    broken: bool,
}

impl LogFile {
    /// `dbt.log` in a folder; `max_bytes` 0 means that it may grow without end.
    pub fn new(folder: &Path, max_bytes: u64) -> Self {
        Self {
            path: folder.join("dbt.log"),
            max_bytes,
            open: None,
            waiting: String::new(),
            broken: false,
        }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line, and those that were kept back.
    ///
    /// # Errors
    /// The first time that the file cannot be written; after that nothing is tried.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        self.keep_back(line);
        self.flush()
    }

    /// Takes a line that is written with the next one, or by [`LogFile::flush`].
    pub fn keep_back(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
    }

    /// Writes what was kept back.
    ///
    /// # Errors
    /// As [`LogFile::write`].
    pub fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.waiting);
        if self.broken || text.is_empty() {
            return Ok(());
        }
        let result = self.try_write(&text);
        self.broken = result.is_err();
        result
    }

    fn try_write(&mut self, text: &str) -> io::Result<()> {
        let added = text.len() as u64;
        let (mut file, mut size) = match self.open.take() {
            Some(open) => open,
            None => open(&self.path)?,
        };
        if self.max_bytes > 0 && size > 0 && size + added > self.max_bytes {
            drop(file);
            set_aside(&self.path)?;
            (file, size) = open(&self.path)?;
        }
        file.write_all(text.as_bytes())?;
        self.open = Some((file, size + added));
        Ok(())
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        // Nobody is there to be told of a failure.
        let _ = self.flush();
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn set_aside(path: &Path) -> io::Result<()> {
    let numbered = |number: u8| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..KEPT).rev() {
        if numbered(number).exists() {
            std::fs::rename(numbered(number), numbered(number + 1))?;
        }
    }
    std::fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_back_comes_before_the_next_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::new(folder.path(), 0);
        let read = || std::fs::read_to_string(folder.path().join("dbt.log")).unwrap();
        log.write("first").unwrap();
        log.keep_back("second");
        assert_eq!(read(), "first\n");
        log.write("third").unwrap();
        assert_eq!(read(), "first\nsecond\nthird\n");
        log.keep_back("fourth");
        drop(log);
        assert_eq!(read(), "first\nsecond\nthird\nfourth\n");
    }

    #[test]
    fn a_large_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::new(folder.path(), 10);
        for line in ["first", "second", "third"] {
            log.write(line).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("dbt.log"), "third\n");
        assert_eq!(read("dbt.log.1"), "second\n");
        assert_eq!(read("dbt.log.2"), "first\n");
    }
}
