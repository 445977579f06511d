//! Parser events to nodes: aliases, merge keys, duplicate keys, tags and limits.

use super::scalar;
use super::{DuplicateKey, Entry, Map, Node, Place, Source, Value, Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How many values a file may have after its aliases are expanded.
const MOST_VALUES: usize = 2_000_000;
/// How deep a file may nest after its aliases are expanded.
const MOST_DEPTH: usize = 400;

pub(super) fn compose(source: Arc<Source>) -> Result<Yaml> {
    let options = granit_parser::options! {
        // As libyaml: a block scalar at the very end gets no line feed of its own.
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: MOST_DEPTH / 2,
        block_nesting_limit: MOST_DEPTH / 2,
    };
    let text = Arc::clone(&source.text);
    let mut composer = Composer {
        source: &source,
        parser: Parser::new_from_str_with_options(&text, options),
        anchors: HashMap::new(),
        duplicates: Vec::new(),
        values: 0,
    };
    let root = composer.document()?;
    let duplicates = composer.duplicates;
    Ok(Yaml { source, root, duplicates })
}

struct Composer<'s> {
    source: &'s Source,
    parser: Parser<'s, StrInput<'s>>,
    anchors: HashMap<usize, Built>,
    duplicates: Vec<DuplicateKey>,
    values: usize,
}

/// A finished node with its cost, so that aliases cannot blow up memory or the stack.
#[derive(Clone)]
struct Built {
    node: Node,
    /// Plain `<<`: its value is merged into the mapping.
    is_merge: bool,
    values: usize,
    depth: usize,
}

impl<'s> Composer<'s> {
    fn document(&mut self) -> Result<Node> {
        let mut root = None;
        while let Some((event, place)) = self.next()? {
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.error(
                        place,
                        "expected a single document in the stream, but found another document",
                    ));
                }
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd => {}
                event => root = Some(self.node(event, place, 1)?.node),
            }
        }
        Ok(root.unwrap_or(Node { value: Value::Null, place: Place::default() }))
    }

    fn next(&mut self) -> Result<Option<(Event<'s>, Place)>> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, place(span)))),
            Some(Err(error)) => {
                let at = offset(error.marker().byte_offset());
                Err(self.error(Place { start: at, end: at }, error.kind().to_string()))
            }
        }
    }

    fn error(&self, place: Place, message: impl AsRef<str>) -> Box<Diagnostic> {
        let span = self.source.span(place);
        let message = format!("Syntax error near line {}: {}", span.line, message.as_ref());
        Diagnostic::new(Code::YamlSyntax, message).with_span(span)
    }

    fn expected(&mut self) -> Result<(Event<'s>, Place)> {
        let end = offset(Some(self.source.text.len()));
        self.next()?.ok_or_else(|| self.error(Place { start: end, end }, "unexpected end of file"))
    }

    fn node(&mut self, event: Event<'s>, place: Place, depth: usize) -> Result<Built> {
        self.values += 1;
        if depth > MOST_DEPTH {
            return Err(self.error(place, format!("more than {MOST_DEPTH} nested levels")));
        }
        let (anchor, built) = match event {
            Event::Alias(id) => return self.alias(id, place, depth),
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, self.scalar(&text, style, tag.as_deref(), place)?)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_collection_tag(tag, "seq", place)?;
                (anchor, self.sequence(place, depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_collection_tag(tag, "map", place)?;
                (anchor, self.mapping(place, depth)?)
            }
            _ => return Err(self.error(place, "expected a value")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        Ok(built)
    }

    fn alias(&mut self, id: usize, place: Place, depth: usize) -> Result<Built> {
        // An anchor is stored once its node is complete, so a node cannot contain itself.
        let Some(built) = self.anchors.get(&id).cloned() else {
            return Err(self.error(place, "an alias may not refer to a value that contains it"));
        };
        self.values += built.values;
        if self.values > MOST_VALUES || depth + built.depth > MOST_DEPTH {
            return Err(self.error(place, "the aliases of this file expand to too many values"));
        }
        Ok(built)
    }

    fn sequence(&mut self, start: Place, depth: usize) -> Result<Built> {
        let before = self.values;
        let mut items = Vec::new();
        let mut deepest = 0;
        let end = loop {
            let (event, place) = self.expected()?;
            match event {
                Event::SequenceEnd => break place.end,
                event => {
                    let built = self.node(event, place, depth + 1)?;
                    deepest = deepest.max(built.depth);
                    items.push(built.node);
                }
            }
        };
        items.shrink_to_fit();
        let place = Place { start: start.start, end };
        Ok(self.built(Value::Seq(items), place, before, deepest))
    }

    fn mapping(&mut self, start: Place, depth: usize) -> Result<Built> {
        let before = self.values;
        let mut pairs = Pairs::default();
        let mut merged: Vec<Entry> = Vec::new();
        let mut starts_with_merge = None;
        let mut deepest = 0;
        let end = loop {
            let (event, place) = self.expected()?;
            match event {
                Event::MappingEnd => break place.end,
                event => {
                    let key = self.node(event, place, depth + 1)?;
                    let value = self.value(depth + 1)?;
                    deepest = deepest.max(key.depth).max(value.depth);
                    starts_with_merge.get_or_insert(key.is_merge);
                    if key.is_merge {
                        self.merge(value.node, &mut merged)?;
                    } else {
                        let entry = Entry { key: key.node, value: value.node };
                        self.push(entry, &mut pairs, starts_with_merge == Some(true))?;
                    }
                }
            }
        };
        let mut entries = if merged.is_empty() {
            pairs.entries
        } else {
            // Merged keys come first; the mapping's own keys override them.
            let mut all = Pairs::default();
            for entry in merged.into_iter().chain(pairs.entries) {
                all.insert(entry);
            }
            all.entries
        };
        entries.shrink_to_fit();
        let place = Place { start: start.start, end };
        Ok(self.built(Value::Map(Map { entries }), place, before, deepest))
    }

    fn value(&mut self, depth: usize) -> Result<Built> {
        let (event, place) = self.expected()?;
        self.node(event, place, depth)
    }

    fn push(&mut self, entry: Entry, pairs: &mut Pairs, silent: bool) -> Result<()> {
        let place = entry.key.place;
        let Some(name) = entry.key.scalar_text() else {
            return Err(self
                .error(place, "found unhashable key: a list or a mapping cannot be a key")
                .with_help("A value that starts with `{{` must be quoted: \"{{ ... }}\"."));
        };
        if let Some(first) = pairs.insert(entry)
            && !silent
        {
            self.duplicates.push(DuplicateKey { key: name, first, second: place });
        }
        Ok(())
    }

    fn merge(&self, value: Node, into: &mut Vec<Entry>) -> Result<()> {
        let wrong = |node: &Node| {
            let found = node.kind();
            self.error(node.place, format!("`<<` merges a mapping or a list of them, not {found}"))
        };
        match value.value {
            Value::Map(map) => into.extend(map.entries),
            Value::Seq(items) => {
                // An earlier mapping of the list wins, so it is applied last.
                for item in items.into_iter().rev() {
                    match item.value {
                        Value::Map(map) => into.extend(map.entries),
                        _ => return Err(wrong(&item)),
                    }
                }
            }
            _ => return Err(wrong(&value)),
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<Built> {
        let plain = style == ScalarStyle::Plain;
        let mut is_merge = false;
        let value = match tag.map(tag_name) {
            None if plain => {
                is_merge = text == "<<";
                scalar::resolve(text)
            }
            None => Value::Str(text.to_owned()),
            Some(tag) => self.tagged(&tag, text, place)?,
        };
        Ok(Built { node: Node { value, place }, is_merge, values: 1, depth: 1 })
    }

    fn tagged(&self, tag: &str, text: &str, place: Place) -> Result<Value> {
        let value = match tag {
            "!" | "str" => Some(Value::Str(text.to_owned())),
            "null" => Some(Value::Null),
            "bool" => scalar::boolean(&text.to_ascii_lowercase()).map(Value::Bool),
            "int" => scalar::number(text).filter(|value| !matches!(value, Value::Float(_))),
            "float" => match scalar::number(text) {
                #[allow(clippy::cast_precision_loss)]
                Some(Value::Int(number)) => Some(Value::Float(number as f64)),
                other => other,
            },
            "timestamp" => super::Timestamp::parse(text).map(Value::Timestamp),
            _ => {
                return Err(
                    self.error(place, format!("could not determine a constructor for `{tag}`"))
                );
            }
        };
        value.ok_or_else(|| self.error(place, format!("this is not a `{tag}`")))
    }

    fn check_collection_tag(
        &self,
        tag: Option<Cow<'_, Tag>>,
        own: &str,
        place: Place,
    ) -> Result<()> {
        match tag.map(|tag| tag_name(&tag)) {
            Some(tag) if tag != own && tag != "!" => {
                Err(self.error(place, format!("could not determine a constructor for `{tag}`")))
            }
            _ => Ok(()),
        }
    }

    fn built(&self, value: Value, place: Place, before: usize, deepest: usize) -> Built {
        let node = Node { value, place };
        Built { node, is_merge: false, values: self.values - before + 1, depth: deepest + 1 }
    }
}

/// The short name of a core tag, or the whole tag.
fn tag_name(tag: &Tag) -> String {
    match tag.suffix_in_namespace("tag:yaml.org,2002:") {
        Some(suffix) => suffix.into_owned(),
        None => tag.original(),
    }
}

/// Entries being collected, with an index once there are too many for a search.
#[derive(Default)]
struct Pairs {
    entries: Vec<Entry>,
    index: HashMap<KeyId, usize>,
}

/// What makes two keys equal in Python: `1`, `1.0` and `true` are one key.
#[derive(PartialEq, Eq, Hash)]
enum KeyId {
    Text(String),
    Number(u64),
    Other(String),
}

impl Pairs {
    /// Adds an entry. If the key exists its value is replaced, in the first one's position,
    /// and the place of the first key is returned.
    fn insert(&mut self, entry: Entry) -> Option<Place> {
        const SEARCHABLE: usize = 12;
        let found = if self.entries.len() < SEARCHABLE {
            self.entries.iter().position(|other| same_key(&other.key, &entry.key))
        } else {
            if self.index.is_empty() {
                self.index =
                    self.entries.iter().enumerate().map(|(at, e)| (key_id(&e.key), at)).collect();
            }
            self.index.get(&key_id(&entry.key)).copied()
        };
        if let Some(at) = found {
            let first = self.entries[at].key.place;
            self.entries[at].value = entry.value;
            return Some(first);
        }
        if !self.index.is_empty() {
            self.index.insert(key_id(&entry.key), self.entries.len());
        }
        self.entries.push(entry);
        None
    }
}

fn same_key(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (Value::Str(left), Value::Str(right)) => left == right,
        (Value::Str(_), _) | (_, Value::Str(_)) => false,
        _ => key_id(left) == key_id(right),
    }
}

#[allow(clippy::cast_precision_loss)] // Only keys beyond 2^53 could collide.
fn key_id(key: &Node) -> KeyId {
    match &key.value {
        Value::Str(text) => KeyId::Text(text.clone()),
        Value::Bool(flag) => KeyId::Number(f64::from(u8::from(*flag)).to_bits()),
        Value::Int(number) => KeyId::Number((*number as f64).to_bits()),
        Value::Float(number) => KeyId::Number(number.to_bits()),
        _ => KeyId::Other(key.scalar_text().unwrap_or_default()),
    }
}

fn place(span: Span) -> Place {
    Place { start: offset(span.start.byte_offset()), end: offset(span.end.byte_offset()) }
}

fn offset(bytes: Option<usize>) -> u32 {
    bytes.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(u32::MAX)
}
