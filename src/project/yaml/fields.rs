//! Reading the fields of a mapping, with errors that say where and what.

use super::{Entry, Map, Node, Place, Source};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::suggest;

/// A mapping whose fields have known types.
#[derive(Clone)]
pub struct Fields<'a> {
    source: &'a Source,
    map: &'a Map,
    place: Place,
    what: String,
    code: Code,
}

impl<'a> Fields<'a> {
    /// Reads a node as a mapping; `what` names it in errors, such as `model 'orders'`.
    ///
    /// # Errors
    /// `PropertyInvalid` when it is not a mapping.
    pub fn of(source: &'a Source, node: &'a Node, what: impl Into<String>) -> Result<Self> {
        let what = what.into();
        let Some(map) = node.as_map() else {
            let message = format!("{what} must be a mapping, not {}", node.kind());
            return Err(source.error(Code::PropertyInvalid, node.place, message));
        };
        Ok(Self { source, map, place: node.place, what, code: Code::PropertyInvalid })
    }

    /// Reports errors under another code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The mapping itself.
    pub fn map(&self) -> &'a Map {
        self.map
    }

    /// The file.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// A field; null counts as absent, as it does in dbt.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.map.get(key).filter(|node| !node.is_null())
    }

    /// An error about the mapping as a whole.
    pub fn error(&self, message: impl Into<String>) -> Box<Diagnostic> {
        // The first key is a better place to point at than the whole block.
        let place = self.map.entries.first().map_or(self.place, |entry| entry.key.place);
        self.source.error(self.code, place, message)
    }

    /// An error about one field's value.
    pub fn error_at(&self, node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
        self.source.error(self.code, node.place, message)
    }

    fn wrong(&self, key: &str, node: &Node, expected: &str) -> Box<Diagnostic> {
        let what = &self.what;
        self.error_at(node, format!("{what}: `{key}` must be {expected}, not {}", node.kind()))
    }

    /// A field that must be there.
    pub fn required(&self, key: &str) -> Result<&'a Node> {
        self.get(key).ok_or_else(|| self.error(format!("{}: `{key}` is required", self.what)))
    }

    /// A text field.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.get(key)
            .map(|node| node.as_str().ok_or_else(|| self.wrong(key, node, "a string")))
            .transpose()
    }

    /// A text field that must be there.
    pub fn required_text(&self, key: &str) -> Result<&'a str> {
        let node = self.required(key)?;
        node.as_str().ok_or_else(|| self.wrong(key, node, "a string"))
    }

    /// A true-or-false field.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key)
            .map(|node| node.as_bool().ok_or_else(|| self.wrong(key, node, "true or false")))
            .transpose()
    }

    /// An integer field.
    pub fn int(&self, key: &str) -> Result<Option<i64>> {
        self.get(key)
            .map(|node| node.as_int().ok_or_else(|| self.wrong(key, node, "an integer")))
            .transpose()
    }

    /// A list field; empty when absent.
    pub fn list(&self, key: &str) -> Result<&'a [Node]> {
        self.get(key)
            .map_or(Ok(&[]), |node| node.as_seq().ok_or_else(|| self.wrong(key, node, "a list")))
    }

    /// A list of texts.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(node) = self.get(key) else { return Ok(None) };
        let items = node.as_seq().ok_or_else(|| self.wrong(key, node, "a list of strings"))?;
        let text = |item: &Node| {
            let text = item.as_str().map(str::to_owned);
            text.ok_or_else(|| self.wrong(key, item, "a list of strings"))
        };
        items.iter().map(text).collect::<Result<_>>().map(Some)
    }

    /// A text or a list of texts.
    pub fn text_or_texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        match self.get(key).and_then(Node::as_str) {
            Some(text) => Ok(Some(vec![text.to_owned()])),
            None => self.texts(key),
        }
    }

    /// A mapping field.
    pub fn fields(&self, key: &str) -> Result<Option<Fields<'a>>> {
        let what = format!("`{key}` of {}", self.what);
        self.get(key)
            .map(|node| Fields::of(self.source, node, what).map(|it| it.with_code(self.code)))
            .transpose()
    }

    /// One error for each key that is not among `known`, with the nearest known key.
    pub fn unknown(&self, known: &[&str]) -> Vec<Diagnostic> {
        self.unknown_keys(known, |key| format!("{}: unknown key `{key}`", self.what))
    }

    /// As [`Fields::unknown`], with another message.
    pub fn unknown_keys(
        &self,
        known: &[&str],
        message: impl Fn(&str) -> String,
    ) -> Vec<Diagnostic> {
        let is_known = |entry: &&Entry| entry.key.as_str().is_some_and(|key| known.contains(&key));
        let error = |entry: &Entry| {
            let key = entry.key.scalar_text().unwrap_or_default();
            let error = self.error_at(&entry.key, message(&key));
            *match suggest::nearest(&key, known.iter().copied()) {
                Some(near) => error.with_help(format!("Did you mean `{near}`?")),
                None => error,
            }
        };
        self.map.iter().filter(|entry| !is_known(entry)).map(error).collect()
    }
}
