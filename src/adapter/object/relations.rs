//! Methods that look for, create, rename and drop relations and schemas.

use super::{Adapter, Link};
use crate::adapter::relation::{Part, Relation, RelationType};
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, State, Value};
use crate::manifest::QuotePolicy;

impl Adapter {
    pub(super) fn get_relation(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([database, schema, identifier], []) =
            args.bind("get_relation", ["database", "schema", "identifier"], [])?;
        let found = self.find_relation(state, &database, &schema, &identifier)?;
        Ok(found.map_or(Value::None, Relation::into_value))
    }

    fn find_relation(
        &self,
        state: &mut State<'_>,
        database: &Value,
        schema: &Value,
        identifier: &Value,
    ) -> Result<Option<Relation>> {
        let (Some(schema), Some(identifier)) = (schema.as_str(), identifier.as_str()) else {
            return Ok(None);
        };
        // A session sees one database only.
        if database.as_str().is_some_and(|name| !name.eq_ignore_ascii_case(&self.config.database)) {
            return Ok(None);
        }
        let fold = |text: &str, quoted| if quoted { text.to_owned() } else { text.to_lowercase() };
        let quoting = self.config.quoting;
        let (schema_name, name) =
            (fold(schema, quoting.schema), fold(identifier, quoting.identifier));
        let search = [(Part::Schema, schema_name.as_str()), (Part::Identifier, name.as_str())];
        let mut matching = Vec::new();
        for relation in self.relations_of(state, schema)? {
            if relation.matches(&search)? {
                matching.push(relation);
            }
        }
        if matching.len() > 1 {
            let names: Vec<String> = matching.iter().map(Relation::render).collect();
            return Err(Diagnostic::new(
                Code::RelationMismatch,
                format!("get_relation returned more than one relation: {}", names.join(", ")),
            )
            .into());
        }
        Ok(matching.pop())
    }

    /// The relations of a schema; a schema that the cache does not know is listed first.
    fn relations_of(&self, state: &mut State<'_>, schema: &str) -> Result<Vec<Relation>> {
        let cache = &self.link()?.cache;
        if !cache.knows_schema(schema) {
            let schema_relation = self.schema_relation(schema);
            let listed = self.listed(state, schema_relation)?;
            cache.add_schema(schema, listed);
        }
        Ok(cache.relations(schema))
    }

    fn schema_relation(&self, schema: &str) -> Relation {
        let mut relation = Relation {
            database: Some(self.config.database.clone()),
            schema: Some(schema.into()),
            quote: self.config.quoting,
            ..Relation::default()
        };
        relation.include.identifier = false;
        relation
    }

    /// Asks the database, through the macro that a project may have replaced.
    fn listed(&self, state: &mut State<'_>, schema: Relation) -> Result<Vec<Relation>> {
        let args = Args::none().with("schema_relation", schema.into_value());
        let table = self.call_macro(state, "list_relations_without_caching", args)?;
        let mut relations = Vec::new();
        for row in table.iterate(state)? {
            let values = row.iterate(state)?;
            let [_, name, schema, kind] = values.as_slice() else {
                return Err(Error::value_error(
                    "list_relations_without_caching must give database, name, schema and type",
                ));
            };
            let kind = RelationType::from_name(&kind.to_string()).unwrap_or(RelationType::External);
            relations.push(Relation {
                database: Some(self.config.database.clone()),
                schema: Some(schema.to_string().into()),
                identifier: Some(name.to_string().into()),
                kind: Some(kind),
                quote: QuotePolicy::default(),
                ..Relation::default()
            });
        }
        Ok(relations)
    }

    pub(super) fn already_exists(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([schema, name], []) = args.bind("already_exists", ["schema", "name"], [])?;
        let found = self.find_relation(state, &Value::None, &schema, &name)?;
        Ok(Value::from(found.is_some()))
    }

    pub(super) fn list_relations(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([_, schema], []) = args.bind("list_relations", ["database", "schema"], [])?;
        let relations = self.relations_of(state, &schema.to_string())?;
        Ok(Value::list(relations.into_iter().map(Relation::into_value)))
    }

    pub(super) fn list_without_caching(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let name = "list_relations_without_caching";
        let ([schema], []) = args.bind(name, ["schema_relation"], [])?;
        let schema = Relation::of(&schema, name, "schema_relation")?.clone();
        let relations = self.listed(state, schema)?;
        Ok(Value::list(relations.into_iter().map(Relation::into_value)))
    }

    pub(super) fn list_schemas(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([database], []) = args.bind("list_schemas", ["database"], [])?;
        let table =
            self.call_macro(state, "list_schemas", Args::none().with("database", database))?;
        let mut names = Vec::new();
        for row in table.iterate(state)? {
            names.push(row.get_item(state, &Value::from(0))?);
        }
        Ok(Value::list(names))
    }

    pub(super) fn check_schema_exists(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([_, schema], []) = args.bind("check_schema_exists", ["database", "schema"], [])?;
        let information_schema =
            self.schema_relation(&schema.to_string()).information_schema(None).into_value();
        let args =
            Args::none().with("information_schema", information_schema).with("schema", schema);
        let table = self.call_macro(state, "check_schema_exists", args)?;
        let first = table.get_item(state, &Value::from(0))?;
        let count = first.get_item(state, &Value::from(0))?;
        Ok(Value::from(count.as_int().is_some_and(|count| count > 0)))
    }

    pub(super) fn create_schema(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("create_schema", ["relation"], [])?;
        let schema = Relation::of(&relation, "create_schema", "relation")?.without_identifier();
        let args = Args::none().with("relation", schema.into_value());
        self.call_macro(state, "create_schema", args)?;
        self.link()?.session.commit()?;
        // The cache is not told: the schema may have been there, with relations in it.
        Ok(Value::None)
    }

    pub(super) fn drop_schema(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("drop_schema", ["relation"], [])?;
        let schema = Relation::of(&relation, "drop_schema", "relation")?.without_identifier();
        let args = Args::none().with("relation", schema.clone().into_value());
        self.call_macro(state, "drop_schema", args)?;
        let Link { session, cache, .. } = self.link()?;
        session.commit()?;
        if let Some(name) = &schema.schema {
            cache.drop_schema(name);
        }
        Ok(Value::None)
    }

    pub(super) fn drop_relation(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([value], []) = args.bind("drop_relation", ["relation"], [])?;
        let relation = Relation::of(&value, "drop_relation", "relation")?;
        if relation.kind.is_none() {
            return Err(Diagnostic::new(
                Code::RelationMismatch,
                format!("Tried to drop relation {}, but its type is null.", relation.render()),
            )
            .into());
        }
        let link = self.link()?;
        if relation.schema.is_none() {
            link.session.temporary_dropped();
        }
        self.dependents_fall(relation)?;
        self.call_macro(state, "drop_relation", Args::none().with("relation", value.clone()))?;
        Ok(Value::None)
    }

    pub(super) fn truncate_relation(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("truncate_relation", ["relation"], [])?;
        self.call_macro(state, "truncate_relation", Args::none().with("relation", relation))?;
        Ok(Value::None)
    }

    pub(super) fn rename_relation(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let name = "rename_relation";
        let ([from, to], []) = args.bind(name, ["from_relation", "to_relation"], [])?;
        let old = Relation::of(&from, name, "from_relation")?;
        let new = Relation::of(&to, name, "to_relation")?;
        let link = self.link()?;
        link.session.cache_changed(link.cache.rename(old, new)?);
        let args = Args::none().with("from_relation", from.clone()).with("to_relation", to.clone());
        self.call_macro(state, name, args)?;
        self.dependents_rise(Some(new))?;
        Ok(Value::None)
    }

    /// `adapter.replacing_relation(relation)`: SQL that follows drops the relation and makes
    /// another of its name.
    pub(super) fn replacing_relation(&self, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("replacing_relation", ["relation"], [])?;
        let relation = Relation::of(&relation, "replacing_relation", "relation")?;
        self.dependents_fall(relation)?;
        let link = self.link()?;
        link.session.cache_changed(link.cache.add(relation.clone()));
        Ok(Value::None)
    }

    pub(super) fn cache_added(&self, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("cache_added", ["relation"], [])?;
        let relation = Relation::of(&relation, "cache_added", "relation")?;
        let link = self.link()?;
        link.session.cache_changed(link.cache.add(relation.clone()));
        Ok(Value::from(""))
    }

    pub(super) fn cache_dropped(&self, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind("cache_dropped", ["relation"], [])?;
        let relation = Relation::of(&relation, "cache_dropped", "relation")?;
        let link = self.link()?;
        link.session.cache_changed(link.cache.remove(relation));
        Ok(Value::from(""))
    }

    pub(super) fn cache_renamed(&self, args: Args) -> Result<Value> {
        let name = "cache_renamed";
        let ([from, to], []) = args.bind(name, ["from_relation", "to_relation"], [])?;
        let old = Relation::of(&from, name, "from_relation")?;
        let new = Relation::of(&to, name, "to_relation")?;
        let link = self.link()?;
        link.session.cache_changed(link.cache.rename(old, new)?);
        Ok(Value::from(""))
    }
}
