//! The face of a [`Relation`] in templates, and `api.Relation`.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::relation::{
    IncludePolicy, InformationSchema, MAX_NAME_LENGTH, Part, Relation, RelationType, ephemeral_name,
};
use crate::jinja::{Args, Error, Object, Result, State, Value};
use crate::manifest::QuotePolicy;

/// The kinds as attributes: `relation.View` is `view`.
const KINDS: [(&str, RelationType); 7] = [
    ("Table", RelationType::Table),
    ("CTE", RelationType::Cte),
    ("View", RelationType::View),
    ("External", RelationType::External),
    ("MaterializedView", RelationType::MaterializedView),
    ("PointerTable", RelationType::PointerTable),
    ("Function", RelationType::Function),
];

const METHODS: [&str; 16] = [
    "get",
    "matches",
    "replace_path",
    "replace",
    "incorporate",
    "quote",
    "include",
    "information_schema",
    "information_schema_only",
    "without_identifier",
    "render",
    "render_limited",
    "quoted",
    "relation_max_name_length",
    "get_function_config",
    "get_function_macro_name",
];

const CLASS_METHODS: [&str; 4] =
    ["create", "add_ephemeral_prefix", "scd_args", "create_ephemeral_from"];

impl Relation {
    /// The relation as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    /// The relation a value is, with Python's type error when it is none.
    pub(super) fn of<'a>(value: &'a Value, method: &str, argument: &str) -> Result<&'a Self> {
        value.downcast::<Self>().ok_or_else(|| {
            Error::type_error(format!(
                "'adapter.{method}' expects argument '{argument}' to be of type \
                 '<class 'dbt.adapters.postgres.relation.PostgresRelation'>', instead got {} \
                 ({})",
                value.repr(),
                value.type_name()
            ))
        })
    }

    fn class_name(&self) -> &'static str {
        match self.information_schema {
            Some(_) => "InformationSchema",
            None => "PostgresRelation",
        }
    }

    fn attribute(&self, name: &str) -> Option<Value> {
        let is = |kind| Value::from(self.kind == Some(kind));
        let kind = || self.kind.map(RelationType::as_str);
        Some(match name {
            "database" => Value::from(self.database.clone()),
            "schema" => Value::from(self.schema.clone()),
            "identifier" | "name" | "table" => Value::from(self.identifier.clone()),
            "type" => Value::from(kind()),
            "is_table" => is(RelationType::Table),
            "is_view" => is(RelationType::View),
            "is_cte" => is(RelationType::Cte),
            "is_materialized_view" => is(RelationType::MaterializedView),
            "is_pointer" => is(RelationType::PointerTable),
            "is_function" => is(RelationType::Function),
            "can_be_renamed" | "can_be_replaced" => {
                Value::from(matches!(self.kind, Some(RelationType::Table | RelationType::View)))
            }
            "path" => self.path(),
            "quote_policy" => {
                policy([self.quote.database, self.quote.schema, self.quote.identifier])
            }
            "include_policy" => {
                policy([self.include.database, self.include.schema, self.include.identifier])
            }
            "quote_character" => Value::from("\""),
            "dbt_created" => Value::from(false),
            "limit" => Value::from(self.limit),
            "require_alias" => Value::from(true),
            "event_time_filter" => self.event_time_filter.as_ref().map_or(Value::None, |filter| {
                Value::dict([
                    ("field_name", Value::from(&filter.field_name)),
                    ("start", Value::from(filter.start.clone())),
                    ("end", Value::from(filter.end.clone())),
                ])
            }),
            "catalog" | "metadata" => Value::None,
            "information_schema_view" => {
                Value::from(self.information_schema.as_ref()?.view.clone())
            }
            _ => Value::from(KINDS.iter().find(|(known, _)| *known == name)?.1.as_str()),
        })
    }

    fn path(&self) -> Value {
        Value::dict(Part::ALL.map(|part| (part.as_str(), Value::from(self.part(part).cloned()))))
    }

    /// Takes over `{'path': {…}, 'type': …, …}`; keys that are not there stay.
    fn incorporate(&self, changes: Vec<(Arc<str>, Value)>) -> Result<Self> {
        let mut relation = self.clone();
        for (name, value) in changes {
            match &*name {
                "path" => {
                    for part in Part::ALL {
                        if let Some(text) = entry(&value, part.as_str()) {
                            relation.set_part(part, path_text(part, &text)?);
                        }
                    }
                }
                "type" => relation.kind = kind(&value)?,
                "quote_policy" => {
                    let quote = &mut relation.quote;
                    let parts = [&mut quote.database, &mut quote.schema, &mut quote.identifier];
                    set_policy(parts, |part| entry(&value, part));
                }
                "include_policy" => {
                    let include = &mut relation.include;
                    let parts =
                        [&mut include.database, &mut include.schema, &mut include.identifier];
                    set_policy(parts, |part| entry(&value, part));
                }
                "information_schema_view" => {
                    let view = value.as_str().map(Into::into);
                    relation.information_schema = Some(InformationSchema { view });
                }
                "limit" => relation.limit = value.as_int().and_then(|it| u64::try_from(it).ok()),
                _ => {}
            }
        }
        Ok(relation.checked()?)
    }

    fn call(&self, name: &str, args: Args) -> Result<Option<Value>> {
        let relation = match name {
            "get" => {
                let ([key], [default]) = args.bind("get", ["key"], ["default"])?;
                if key.as_str() == Some("metadata") {
                    return Ok(Some(Value::dict([("type", Value::from(self.class_name()))])));
                }
                let found = key.as_str().and_then(|key| self.attribute(key));
                return Ok(Some(found.or(default).unwrap_or(Value::None)));
            }
            "get_function_config" => {
                let ([model], []) = args.bind("get_function_config", ["model"], [])?;
                return Ok(Some(function_config(&model)));
            }
            "get_function_macro_name" => {
                let ([config], []) = args.bind("get_function_macro_name", ["config"], [])?;
                let part = |name| entry(&config, name).unwrap_or(Value::None);
                return Ok(Some(Value::from(format!(
                    "{}_function_{}",
                    part("type"),
                    part("language")
                ))));
            }
            "matches" => {
                let ([], parts) = args.bind("matches", [], ["database", "schema", "identifier"])?;
                let texts = parts.map(|part| part.filter(|part| !part.is_none()));
                let search: Vec<(Part, &str)> = Part::ALL
                    .into_iter()
                    .zip(&texts)
                    .filter_map(|(part, text)| Some((part, text.as_ref()?.as_str()?)))
                    .collect();
                return Ok(Some(Value::from(self.matches(&search)?)));
            }
            "render" | "render_limited" => {
                args.bind::<0, 0>(name, [], [])?;
                let limited = name == "render_limited";
                return Ok(Some(Value::from(if limited { self.to_sql() } else { self.render() })));
            }
            "quoted" => {
                let ([identifier], []) = args.bind("quoted", ["identifier"], [])?;
                return Ok(Some(Value::from(format!("\"{identifier}\""))));
            }
            "relation_max_name_length" => return Ok(Some(Value::from(MAX_NAME_LENGTH))),
            "replace_path" => {
                let path = Value::dict(args.keyword);
                self.incorporate(vec![("path".into(), path)])?
            }
            "incorporate" | "replace" => self.incorporate(args.keyword)?,
            "quote" => {
                let mut relation = self.clone();
                let quote = &mut relation.quote;
                let parts = [&mut quote.database, &mut quote.schema, &mut quote.identifier];
                set_policy_from_args(parts, name, args)?;
                relation
            }
            "include" => {
                let mut relation = self.clone();
                let include = &mut relation.include;
                let parts = [&mut include.database, &mut include.schema, &mut include.identifier];
                set_policy_from_args(parts, name, args)?;
                relation
            }
            "information_schema" => {
                let ([], [view]) = args.bind("information_schema", [], ["view_name"])?;
                self.information_schema(view.as_ref().and_then(Value::as_str))
            }
            "information_schema_only" => self.information_schema(None),
            "without_identifier" => self.without_identifier(),
            _ => return call_class_method(name, args, QuotePolicy::default()),
        };
        Ok(Some(relation.into_value()))
    }
}

fn policy(parts: [bool; 3]) -> Value {
    Value::dict(Part::ALL.into_iter().zip(parts).map(|(part, on)| (part.as_str(), on.into())))
}

/// The item of a dict, or the attribute of a path or policy.
fn entry(value: &Value, key: &str) -> Option<Value> {
    match value {
        Value::Dict(dict) => dict.get_str(key),
        _ => None,
    }
}

fn set_policy(parts: [&mut bool; 3], wanted: impl Fn(&str) -> Option<Value>) {
    for (slot, part) in parts.into_iter().zip(Part::ALL) {
        if let Some(value) = wanted(part.as_str()).filter(|value| !value.is_none()) {
            *slot = value.truthy();
        }
    }
}

fn set_policy_from_args(parts: [&mut bool; 3], method: &str, args: Args) -> Result<()> {
    let ([], values) = args.bind(method, [], ["database", "schema", "identifier"])?;
    for (slot, value) in parts.into_iter().zip(values) {
        if let Some(value) = value.filter(|value| !value.is_none()) {
            *slot = value.truthy();
        }
    }
    Ok(())
}

/// What of a function's model names the macro that makes it; none for other models.
fn function_config(model: &Value) -> Value {
    let field = |value: &Value, name: &str| entry(value, name).unwrap_or(Value::None);
    if field(model, "resource_type").as_str() != Some("function") {
        return Value::None;
    }
    let config = field(model, "config");
    Value::dict([
        ("language", field(model, "language")),
        ("type", field(&config, "type")),
        ("runtime_version", field(&config, "runtime_version")),
        ("entry_point", field(&config, "entry_point")),
    ])
}

fn path_text(part: Part, value: &Value) -> Result<Option<Arc<str>>> {
    match value {
        Value::Str(text) => Ok(Some(text.clone())),
        Value::None => Ok(None),
        other => Err(Error::value_error(format!("Got an invalid path {}: {other}", part.as_str()))),
    }
}

fn kind(value: &Value) -> Result<Option<RelationType>> {
    match value {
        Value::None | Value::Undefined(_) => Ok(None),
        other => {
            let text = other.to_string();
            RelationType::from_name(&text)
                .map(Some)
                .ok_or_else(|| Error::value_error(format!("'{text}' is not a valid RelationType")))
        }
    }
}

fn call_class_method(name: &str, args: Args, quoting: QuotePolicy) -> Result<Option<Value>> {
    Ok(Some(match name {
        "create" => create(args, quoting)?.into_value(),
        "add_ephemeral_prefix" => {
            let ([name], []) = args.bind("add_ephemeral_prefix", ["name"], [])?;
            Value::from(ephemeral_name(&name.to_string()))
        }
        "scd_args" => {
            let ([key, updated_at], []) =
                args.bind("scd_args", ["primary_key", "updated_at"], [])?;
            let mut values = match key {
                Value::List(keys) => keys.snapshot(),
                other => vec![other],
            };
            values.push(updated_at);
            Value::list(values)
        }
        _ => return Ok(None),
    }))
}

/// `api.Relation.create(database=…, schema=…, identifier=…, type=…, quote_policy=…)`.
fn create(mut args: Args, quoting: QuotePolicy) -> Result<Relation> {
    let names = ["database", "schema", "identifier", "type"];
    for (name, value) in names.into_iter().zip(std::mem::take(&mut args.positional)) {
        args.keyword.push((name.into(), value));
    }
    let path: Vec<(Arc<str>, Value)> = Part::ALL
        .into_iter()
        .filter_map(|part| Some((part.as_str().into(), args.take_keyword(part.as_str())?)))
        .collect();
    let mut changes = vec![("path".into(), Value::dict(path))];
    changes.extend(args.keyword);
    Relation { quote: quoting, include: IncludePolicy::default(), ..Relation::default() }
        .incorporate(changes)
}

fn no_attribute(class: &str, name: &str) -> Error {
    Error::attribute_error(class, name)
}

impl Object for Relation {
    fn type_name(&self) -> &str {
        self.class_name()
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(if self.has_method(name) { None } else { self.attribute(name) })
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name) || CLASS_METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        Relation::call(self, name, args)?.ok_or_else(|| no_attribute(self.class_name(), name))
    }

    fn get_item(&self, _: &mut State<'_>, key: &Value) -> Result<Option<Value>> {
        Ok(key.as_str().and_then(|name| self.attribute(name)))
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Err(Error::type_error(format!(
            "The object ({}) was used as a dictionary. This capability has been removed from \
             objects of this type.",
            self.repr()
        )))
    }

    fn contains(&self, item: &Value) -> Option<bool> {
        Some(item.as_str().is_some_and(|name| self.attribute(name).is_some()))
    }

    fn truthy(&self) -> bool {
        true
    }

    fn is_mapping(&self) -> bool {
        true
    }

    fn to_str(&self) -> String {
        self.to_sql()
    }

    fn repr(&self) -> String {
        format!("<{} {}>", self.class_name(), self.render())
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>() == Some(self))
    }

    fn hash_key(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        self.render().hash(&mut hasher);
        Some(hasher.finish())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `api.Relation`: makes relations with the project's quoting.
#[derive(Debug, Clone, Copy)]
pub struct RelationClass {
    /// The project's `quoting:`.
    pub quoting: QuotePolicy,
}

impl Object for RelationClass {
    fn type_name(&self) -> &'static str {
        "RelationProxy"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let kind = KINDS.iter().find(|(known, _)| *known == name);
        Ok(kind.map(|(_, kind)| Value::from(kind.as_str())))
    }

    fn has_method(&self, name: &str) -> bool {
        CLASS_METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        call_class_method(name, args, self.quoting)?
            .ok_or_else(|| no_attribute("PostgresRelation", name))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(value: &Value, method: &str, args: Args) -> Result<Value> {
        value.call_method(&mut State::new(&()), method, args)
    }

    fn orders() -> Value {
        let class = Value::object(RelationClass { quoting: QuotePolicy::default() });
        let args = Args::positional(["db", "dwh", "orders"].map(Value::from)).with("type", "table");
        call(&class, "create", args).unwrap()
    }

    fn attr(value: &Value, name: &str) -> Value {
        value.get_attr(&mut State::new(&()), name).unwrap()
    }

    #[test]
    fn a_relation_changes_by_making_a_new_one() {
        let path = Value::dict([("identifier", Value::from("tmp")), ("schema", Value::None)]);
        let args = Args::none().with("path", path).with("type", "view");
        let changed = call(&orders(), "incorporate", args).unwrap();
        assert_eq!(changed.to_string(), r#""db"."tmp""#);
        assert_eq!(attr(&changed, "is_view"), Value::from(true));
        assert_eq!(orders().to_string(), r#""db"."dwh"."orders""#);
    }

    #[test]
    fn policies_decide_what_is_written() {
        let shown = call(&orders(), "include", Args::none().with("database", false)).unwrap();
        let plain = call(&shown, "quote", Args::none().with("identifier", false)).unwrap();
        assert_eq!(plain.to_string(), r#""dwh".orders"#);
        assert_eq!(plain.repr(), r#"<PostgresRelation "dwh".orders>"#);
    }

    #[test]
    fn equal_relations_are_equal_and_hash_alike() {
        assert_eq!(orders(), orders());
        let view = call(&orders(), "incorporate", Args::none().with("type", "view")).unwrap();
        assert_ne!(orders(), view);
        let hash = |value: &Value| value.downcast::<Relation>().unwrap().hash_key();
        assert_eq!(hash(&orders()), hash(&view));
    }

    #[test]
    fn wrong_parts_and_kinds_are_refused() {
        let wrong = Args::none().with("path", Value::dict([("schema", Value::from(3))]));
        assert!(call(&orders(), "incorporate", wrong).is_err());
        assert!(call(&orders(), "incorporate", Args::none().with("type", "heap")).is_err());
        let long = Value::dict([("identifier", Value::from("x".repeat(64)))]);
        assert!(call(&orders(), "incorporate", Args::none().with("path", long)).is_err());
    }
}
