//! What inputs are made of: the cases that are compared with dbt-core, and built-in macros.

use std::path::{Path, PathBuf};

/// The texts, each split into tokens, and all tokens there are.
pub struct Corpus {
    /// Templates and macros.
    pub texts: Vec<Vec<Box<str>>>,
    /// Each token once.
    pub tokens: Vec<Box<str>>,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(())
}

/// The templates and macros of a file of cases.
fn cases(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut wanted = false;
    for line in text.lines() {
        if line.starts_with("==== ") || line.starts_with("---- ") {
            wanted = line.starts_with("==== ") || line == "---- macros";
            found.push(String::new());
        } else if let Some(text) = found.last_mut().filter(|_| wanted) {
            text.push_str(line);
            text.push('\n');
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

/// Words, numbers, runs of blanks, and marks of Jinja's each are one token; so is any other
/// character.
pub fn tokens(text: &str) -> Vec<Box<str>> {
    const MARKS: [&str; 16] = [
        "{{-", "{%-", "{#-", "-}}", "-%}", "-#}", "{{", "{%", "{#", "}}", "%}", "#}", "**", "//",
        "==", "!=",
    ];
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            mark.len()
        } else if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if first.is_whitespace() {
            rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, next) = rest.split_at(length);
        tokens.push(token.into());
        rest = next;
    }
    tokens
}

impl Corpus {
    /// Reads the files of a checkout of gdbt.
    pub fn read(root: &Path) -> std::io::Result<Self> {
        let mut texts = Vec::new();
        let mut paths = Vec::new();
        files(&root.join("tests/jinja/cases"), &mut paths)?;
        for path in paths.drain(..) {
            texts.extend(cases(&std::fs::read_to_string(path)?));
        }
        files(&root.join("src/macros"), &mut paths)?;
        for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "sql")) {
            let text = std::fs::read_to_string(path)?;
            texts.extend(text.split_inclusive("{% endmacro %}").map(str::to_owned));
        }
        let texts: Vec<_> = texts.iter().map(|text| tokens(text)).collect();
        let mut all: Vec<_> = texts.iter().flatten().cloned().collect();
        all.sort();
        all.dedup();
        Ok(Self { texts, tokens: all })
    }
}
