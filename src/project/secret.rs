//! Values that must never reach a log, an artifact or an error text.

use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;

/// A text that cannot be printed: `Debug` and `Display` both give `***`, and it has no
/// serialisation. [`Secret::expose`] is the only way to the text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself. Hand it only to the server, never to anything that prints.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Keys of artifacts whose values are texts of the user or the server.
const FREE_TEXTS: [&str; 17] = [
    "adapter_response",
    "block_contents",
    "compiled_code",
    "description",
    "expression",
    "extra_ctes",
    "filter",
    "kwargs",
    "loaded_at_query",
    "macro_sql",
    "message",
    "meta",
    "post-hook",
    "pre-hook",
    "raw_code",
    "rows",
    "where",
];

/// Removes secret texts from whatever is about to be shown or written.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Texts that must not appear; blank ones are ignored.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::default().and(texts)
    }

    /// These and more.
    #[must_use]
    pub fn and<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets = self.0;
        secrets.extend(texts.into_iter().filter(|text| !text.trim().is_empty()).map(Secret::from));
        // A secret that contains another one must go first, or its rest would stay visible.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// The text with every secret replaced by `*****`, as dbt does.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), "*****"));
            }
        }
        text
    }

    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value with every secret in its free texts replaced. What names a resource or a relation
    /// stays: other runs and programs rely on it, and a secret may be as short as a user's name.
    pub fn scrub_free_texts(&self, value: Json) -> Json {
        match value {
            Json::Array(items) => {
                items.into_iter().map(|item| self.scrub_free_texts(item)).collect()
            }
            Json::Object(map) => map
                .into_iter()
                .map(|(key, item)| {
                    let is_free = FREE_TEXTS.contains(&key.as_str());
                    let item =
                        if is_free { self.scrub_json(item) } else { self.scrub_free_texts(item) };
                    (key, item)
                })
                .collect(),
            other => other,
        }
    }

    /// The value with every secret in its texts and keys replaced.
    pub fn scrub_json(&self, value: Json) -> Json {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Json::String(text) => Json::String(self.scrub(&text).into_owned()),
            Json::Array(items) => items.into_iter().map(|item| self.scrub_json(item)).collect(),
            Json::Object(map) => map
                .into_iter()
                .map(|(key, item)| (self.scrub(&key).into_owned(), self.scrub_json(item)))
                .collect(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_stay_when_free_texts_are_scrubbed() {
        let value = json!({"unique_id": "model.shop.a", "config": {"meta": {"shop": ["a shop"]}}});
        let scrubbed =
            json!({"unique_id": "model.shop.a", "config": {"meta": {"*****": ["a *****"]}}});
        assert_eq!(Secrets::new(["shop"]).scrub_free_texts(value), scrubbed);
    }

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }
}
