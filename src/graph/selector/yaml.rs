//! selectors.yml: named selections
//! (<https://docs.getdbt.com/reference/node-selection/yaml-selectors>).

use super::method::Method;
use super::normal;
use super::spec::{Criterion, Depth, Group, IndirectSelection, Operation, Spec};
use crate::diagnostic::{Code, Diagnostic, Result};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

/// The selectors of a project, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Selectors {
    by_name: IndexMap<String, Named>,
}

#[derive(Debug, Clone)]
struct Named {
    spec: Spec,
    default: bool,
    /// Its entry in the form of the manifest.
    entry: Json,
}

impl Selectors {
    /// Reads the rendered content of selectors.yml. `mode` is the indirect selection of
    /// criteria that do not say their own.
    ///
    /// # Errors
    /// `SelectorInvalid`, in dbt's words.
    pub fn read(file: &Json, mode: IndirectSelection) -> Result<Self> {
        let Some(list) = file.get("selectors").and_then(Json::as_array) else {
            return Err(malformed(file));
        };
        let entries: Vec<Entry<'_>> = list.iter().map(Entry::read).collect::<Result<_>>()?;
        check_default(&entries)?;
        let mut selectors = Self::default();
        for entry in &entries {
            let reader = Reader { known: &selectors.by_name, mode };
            let spec = reader
                .root(entry.definition)
                .map_err(|error| invalid(format!("Could not read selector file data: {error}")))?;
            let mut whole = entry.whole.clone();
            let known =
                |name: &str| Some(selectors.by_name.get(name)?.entry.get("definition")?.clone());
            whole.insert("definition".to_owned(), normal::definition(entry.definition, &known));
            let named = Named { spec, default: entry.default, entry: Json::Object(whole) };
            selectors.by_name.insert(entry.name.to_owned(), named);
        }
        Ok(selectors)
    }

    /// The selection of a name.
    ///
    /// # Errors
    /// `SelectorInvalid` when there is none.
    pub fn get(&self, name: &str) -> Result<&Spec> {
        let found = self.by_name.get(name).map(|named| &named.spec);
        found.ok_or_else(|| {
            let names: Vec<String> = self.by_name.keys().map(|it| format!("'{it}'")).collect();
            invalid(format!(
                "Could not find selector named {name}, expected one of [{}]",
                names.join(", ")
            ))
        })
    }

    /// The selector that is used when the command line selects nothing.
    pub fn default_name(&self) -> Option<&str> {
        self.by_name.iter().find(|(_, named)| named.default).map(|(name, _)| name.as_str())
    }

    /// `selectors` of manifest.json.
    pub fn to_json(&self) -> Json {
        let entries = self.by_name.iter();
        Json::Object(entries.map(|(name, named)| (name.clone(), named.entry.clone())).collect())
    }
}

/// An entry of the file.
struct Entry<'f> {
    name: &'f str,
    definition: &'f Json,
    default: bool,
    whole: &'f Map<String, Json>,
}

impl<'f> Entry<'f> {
    fn read(entry: &'f Json) -> Result<Self> {
        let read = || {
            let whole = entry.as_object()?;
            let definition = whole.get("definition")?;
            (definition.is_string() || definition.is_object()).then_some(())?;
            let default = match whole.get("default") {
                None => false,
                Some(default) => default.as_bool()?,
            };
            Some(Self { name: whole.get("name")?.as_str()?, definition, default, whole })
        };
        read().ok_or_else(|| malformed(entry))
    }
}

fn check_default(entries: &[Entry<'_>]) -> Result<()> {
    let mut defaults = entries.iter().filter(|entry| entry.default);
    if let (Some(first), Some(second)) = (defaults.next(), defaults.next()) {
        return Err(invalid(format!(
            "Error when parsing the selector file. Found multiple selectors with `default: \
             true`:{} and {}",
            first.name, second.name
        )));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::SelectorInvalid, message)
}

fn malformed(data: &Json) -> Box<Diagnostic> {
    invalid(format!(
        "Could not parse selector file data: \n{data:#}\nValid root-level selector definitions: \
         union, intersection, string, dictionary. No lists. \n\
         https://docs.getdbt.com/reference/node-selection/yaml-selectors"
    ))
}

/// Reads definitions; they may name selectors that were defined before.
struct Reader<'s> {
    known: &'s IndexMap<String, Named>,
    mode: IndirectSelection,
}

impl Reader<'_> {
    fn root(&self, definition: &Json) -> Result<Spec> {
        if let Json::Object(map) = definition
            && (map.contains_key("union") || map.contains_key("intersection"))
            && map.len() > 1
        {
            let keys: Vec<&str> = map.keys().map(String::as_str).collect();
            return Err(invalid(format!(
                "Only a single 'union' or 'intersection' key is allowed in a root level selector \
                 definition; found {}.",
                keys.join(",")
            )));
        }
        self.definition(definition)
    }

    fn definition(&self, definition: &Json) -> Result<Spec> {
        match definition {
            Json::String(text) => Criterion::parse(text, self.mode).map(Spec::Criterion),
            Json::Object(map) if map.contains_key("union") => {
                self.set(map, "union", Operation::Union)
            }
            Json::Object(map) if map.contains_key("intersection") => {
                self.set(map, "intersection", Operation::Intersection)
            }
            Json::Object(map) => self.criterion(map),
            other => Err(invalid(format!(
                "Expected to find union, intersection, str or dict, instead found {other}"
            ))),
        }
    }

    /// `union` or `intersection`, perhaps with one `exclude` among its parts.
    fn set(&self, map: &Map<String, Json>, key: &str, operation: Operation) -> Result<Spec> {
        let mut parts = Vec::new();
        let mut excluded = None;
        for part in list(map, key)? {
            match part.as_object().filter(|part| part.contains_key("exclude")) {
                Some(_) if excluded.is_some() => {
                    return Err(invalid(format!(
                        "You cannot provide multiple exclude arguments to the same selector set \
                         operator:\n{part:#}"
                    )));
                }
                Some(part) => excluded = self.exclusions(part)?,
                None => parts.push(self.definition(part)?),
            }
        }
        Ok(without(group(operation, parts), excluded))
    }

    fn exclusions(&self, map: &Map<String, Json>) -> Result<Option<Spec>> {
        let mut parts = list(map, "exclude")?
            .iter()
            .map(|part| self.definition(part))
            .collect::<Result<Vec<_>>>()?;
        Ok(match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(group(Operation::Union, parts)),
        })
    }

    /// `{tag: nightly}`, `{method: tag, value: nightly, …}` or a reference to a selector.
    fn criterion(&self, map: &Map<String, Json>) -> Result<Spec> {
        let method = map.get("method").and_then(Json::as_str);
        if map.len() == 1
            && let Some((method, value)) = map.iter().next()
        {
            return self.by_method(method, value, &Map::new()).map(Spec::Criterion);
        }
        match (method, map.get("value")) {
            (Some("selector"), value) => {
                let name = value.and_then(Json::as_str).unwrap_or_default();
                let found = self.known.get(name).map(|named| named.spec.clone());
                found.ok_or_else(|| {
                    invalid(format!("Existing selector definition for {name} not found."))
                })
            }
            (Some(method), Some(value)) => {
                let excluded =
                    if map.contains_key("exclude") { self.exclusions(map)? } else { None };
                let base = self.by_method(method, value, map)?;
                Ok(without(Spec::Criterion(base), excluded))
            }
            _ => {
                let keys: Vec<String> = map.keys().map(|key| format!("'{key}'")).collect();
                Err(invalid(format!(
                    "Expected either 1 key or else \"method\" and \"value\" keys, but got [{}]",
                    keys.join(", ")
                )))
            }
        }
    }

    fn by_method(
        &self,
        method: &str,
        value: &Json,
        options: &Map<String, Json>,
    ) -> Result<Criterion> {
        let text = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut parsed = Method::parse(method, &text)?;
        if let Method::Config { value: wanted, .. } = &mut parsed {
            wanted.clone_from(value);
        }
        let flag = |key: &str| options.get(key).is_some_and(|value| *value != Json::Bool(false));
        let depth = |key: &str, depth_key: &str| {
            flag(key).then(|| match options.get(depth_key) {
                Some(depth) => {
                    let edges = depth.as_u64().or_else(|| depth.as_str()?.parse().ok());
                    edges.filter(|edges| *edges > 0).map_or(Depth::All, |edges| {
                        Depth::Most(usize::try_from(edges).unwrap_or(usize::MAX))
                    })
                }
                None => Depth::All,
            })
        };
        let indirect = match options.get("indirect_selection").and_then(Json::as_str) {
            Some(mode) => mode.parse()?,
            None => self.mode,
        };
        let criterion = Criterion {
            method: parsed,
            childrens_parents: flag("childrens_parents"),
            parents: depth("parents", "parents_depth"),
            children: depth("children", "children_depth"),
            indirect,
        };
        if criterion.childrens_parents && criterion.children.is_some() {
            let raw = Json::Object(options.clone());
            return Err(invalid(format!(
                "Invalid node spec {raw} - \"@\" prefix and \"+\" suffix are incompatible"
            )));
        }
        Ok(criterion)
    }
}

fn list<'m>(map: &'m Map<String, Json>, key: &str) -> Result<&'m [Json]> {
    let Some(list) = map.get(key).and_then(Json::as_array) else {
        return Err(invalid(format!("Invalid value for key \"{key}\". Expected a list.")));
    };
    match list.iter().find(|item| !item.is_string() && !item.is_object()) {
        None => Ok(list),
        Some(item) => Err(invalid(format!(
            "Invalid value type in key \"{key}\", expected dict or str (value: {item})."
        ))),
    }
}

fn group(operation: Operation, parts: Vec<Spec>) -> Spec {
    Spec::Group(Group { operation, parts, expected: None, indirect: IndirectSelection::Eager })
}

fn without(base: Spec, excluded: Option<Spec>) -> Spec {
    match excluded {
        None => base,
        Some(excluded) => group(Operation::Difference, vec![base, excluded]),
    }
}
