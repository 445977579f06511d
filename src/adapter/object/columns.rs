//! Methods about columns, incremental strategies and snapshots.

use super::Adapter;
use crate::adapter::column::{Column, string_type};
use crate::adapter::relation::Relation;
use crate::adapter::table::Table;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, State, Value};

/// Strategies that dbt defines, and whether they exist for PostgreSQL.
const STRATEGIES: [(&str, bool); 5] = [
    ("append", true),
    ("delete+insert", true),
    ("merge", true),
    ("insert_overwrite", false),
    ("microbatch", true),
];

/// The macros that ask for columns, which a project may have replaced.
const ASKING_FOR_COLUMNS: [&str; 6] = [
    "get_columns_in_relation",
    "postgres__get_columns_in_relation",
    "sql_convert_columns_in_relation",
    "get_columns_in_query",
    "postgres__get_columns_in_query",
    "default__get_columns_in_query",
];

impl Adapter {
    pub(super) fn get_columns_in_relation(
        &self,
        state: &mut State<'_>,
        args: Args,
    ) -> Result<Value> {
        let ([relation], []) = args.bind("get_columns_in_relation", ["relation"], [])?;
        self.asked_columns(state, &relation)
    }

    fn columns_of(&self, state: &mut State<'_>, relation: &Value) -> Result<Vec<Value>> {
        self.asked_columns(state, relation)?.iterate(state)
    }

    /// The columns of a relation, through the macro that a project may have replaced; its
    /// macro may give something else than a list. They are asked for once between two
    /// statements of the session that may change them.
    fn asked_columns(&self, state: &mut State<'_>, relation: &Value) -> Result<Value> {
        let link = self.link()?;
        let key = Relation::of(relation, "get_columns_in_relation", "relation")?.render();
        if let Some(columns) = link.session.known_columns(&key) {
            return Ok(Value::list(columns));
        }
        let args = Args::none().with("relation", relation.clone());
        let found = self.call_macro(state, "get_columns_in_relation", args)?;
        if !matches!(found, Value::List(_)) {
            return Ok(found);
        }
        let columns = found.iterate(state)?;
        link.session.learn_columns(key, columns.clone());
        Ok(Value::list(columns))
    }

    /// `adapter.learn_columns`, which dbt does not have: asks for the columns of several
    /// relations, and of a query, in one round trip. Gives the names of the query's columns; or
    /// none when the project has macros of its own for that, which are then to be used.
    pub(super) fn learn_columns(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([relations], [query]) = args.bind("learn_columns", ["relations"], ["query"])?;
        if !self.macros.are_built_in(&ASKING_FOR_COLUMNS) {
            return Ok(Value::None);
        }
        let session = &self.link()?.session;
        let (mut keys, mut queries) = (Vec::new(), Vec::new());
        for relation in relations.iterate(state)? {
            let key = Relation::of(&relation, "learn_columns", "relation")?.render();
            if keys.contains(&key) || session.known_columns(&key).is_some() {
                continue;
            }
            let args = Args::none().with("relation", relation);
            let sql = self.call_macro(state, "postgres__get_columns_in_relation_sql", args)?;
            keys.push(key);
            queries.push(sql.to_string());
        }
        let query = query.filter(|query| !query.is_none());
        if let Some(query) = &query {
            let args = Args::positional([query.clone()]);
            queries.push(self.call_macro(state, "get_empty_subquery_sql", args)?.to_string());
        }
        if queries.is_empty() {
            return Ok(Value::None);
        }
        let mut answers = session.read_together(&queries)?;
        let described = query.and_then(|_| answers.pop()).flatten();
        for (key, answer) in keys.into_iter().zip(answers) {
            let Some(set) = answer else { continue };
            let args = Args::none().with("table", Table::from_result(&set).into_value());
            let found = self.call_macro(state, "sql_convert_columns_in_relation", args)?;
            session.learn_columns(key, found.iterate(state)?);
        }
        Ok(described.map_or(Value::None, |set| {
            Value::list(set.columns.into_iter().map(|column| Value::from(column.name)))
        }))
    }

    fn column_names(&self, state: &mut State<'_>, relation: &Value) -> Result<Vec<String>> {
        let columns = self.columns_of(state, relation)?;
        columns.iter().map(|column| Ok(column.get_attr(state, "name")?.to_string())).collect()
    }

    pub(super) fn get_columns_in_table(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([schema, identifier], []) =
            args.bind("get_columns_in_table", ["schema", "identifier"], [])?;
        let relation = Relation {
            database: Some(self.config.database.clone()),
            schema: Some(schema.to_string().into()),
            identifier: Some(identifier.to_string().into()),
            quote: self.config.quoting,
            ..Relation::default()
        };
        Ok(Value::list(self.columns_of(state, &relation.into_value())?))
    }

    pub(super) fn get_missing_columns(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([from, to], []) =
            args.bind("get_missing_columns", ["from_relation", "to_relation"], [])?;
        let known = self.column_names(state, &to)?;
        let mut missing = Vec::new();
        for column in self.columns_of(state, &from)? {
            if !known.contains(&column.get_attr(state, "name")?.to_string()) {
                missing.push(column);
            }
        }
        Ok(Value::list(missing))
    }

    /// Text columns of the target grow to what the new rows need.
    pub(super) fn expand_target_column_types(
        &self,
        state: &mut State<'_>,
        args: Args,
    ) -> Result<Value> {
        let ([from, to], []) =
            args.bind("expand_target_column_types", ["from_relation", "to_relation"], [])?;
        let goals = self.columns_of(state, &from)?;
        let currents = self.columns_of(state, &to)?;
        for goal in goals.iter().filter_map(|column| column.downcast::<Column>()) {
            let current = currents
                .iter()
                .filter_map(|column| column.downcast::<Column>())
                .find(|column| column.name == goal.name);
            if let Some(current) = current.filter(|current| current.can_expand_to(goal))
                && let Some(size) = goal.string_size()
            {
                let args = Args::none()
                    .with("relation", to.clone())
                    .with("column_name", current.name.clone())
                    .with("new_column_type", string_type(size));
                self.call_macro(state, "alter_column_type", args)?;
            }
        }
        Ok(Value::None)
    }

    pub(super) fn valid_snapshot_target(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let ([relation], [names]) =
            args.bind("valid_snapshot_target", ["relation"], ["column_names"])?;
        let wanted = ["dbt_scd_id", "dbt_valid_from", "dbt_valid_to"];
        self.check_snapshot_columns(state, &relation, names.as_ref(), &wanted)?;
        Ok(Value::None)
    }

    pub(super) fn assert_valid_snapshot_target(
        &self,
        state: &mut State<'_>,
        args: Args,
    ) -> Result<Value> {
        let ([relation, names, strategy], []) = args.bind(
            "assert_valid_snapshot_target_given_strategy",
            ["relation", "column_names", "strategy"],
            [],
        )?;
        let mut wanted = vec!["dbt_scd_id", "dbt_valid_from", "dbt_valid_to"];
        let deletes = strategy.get_item(state, &Value::from("hard_deletes"))?;
        if deletes.as_str() == Some("new_record") {
            wanted.push("dbt_is_deleted");
        }
        self.check_snapshot_columns(state, &relation, Some(&names), &wanted)?;
        Ok(Value::None)
    }

    fn check_snapshot_columns(
        &self,
        state: &mut State<'_>,
        relation: &Value,
        names: Option<&Value>,
        wanted: &[&str],
    ) -> Result<()> {
        let known: Vec<String> =
            self.column_names(state, relation)?.iter().map(|name| name.to_lowercase()).collect();
        let mut missing = Vec::new();
        for column in wanted {
            let name = match names.filter(|names| names.truthy()) {
                Some(names) => names.get_item(state, &Value::from(*column))?.to_string(),
                None => (*column).to_owned(),
            };
            if !name.is_empty() && !known.contains(&name.to_lowercase()) {
                missing.push(name);
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(not_a_snapshot(&missing)) }
    }

    pub(super) fn get_incremental_strategy_macro(
        &self,
        state: &mut State<'_>,
        args: Args,
    ) -> Result<Value> {
        let ([context, strategy], []) =
            args.bind("get_incremental_strategy_macro", ["model_context", "strategy"], [])?;
        let strategy = strategy.as_str().unwrap_or("default").to_owned();
        if STRATEGIES.contains(&(strategy.as_str(), false)) {
            return Err(Diagnostic::new(
                Code::ConfigInvalid,
                format!("The incremental strategy '{strategy}' is not valid for this adapter"),
            )
            .into());
        }
        let name = format!("get_incremental_{}_sql", strategy.replace('+', "_"));
        let found = context.get_item(state, &Value::from(&name))?;
        if !found.is_undefined() && !found.is_none() {
            return Ok(found);
        }
        let known = STRATEGIES.iter().filter(|(_, valid)| *valid).map(|(name, _)| *name);
        let known: Vec<&str> = known.collect();
        Err(Diagnostic::new(
            Code::MacroUnknown,
            format!(
                "dbt could not find an incremental strategy macro with the name \"{name}\" in {}",
                self.config.project_name
            ),
        )
        .with_help(format!(
            "Write that macro, or use one of the built-in strategies: {}.",
            known.join(", ")
        ))
        .into())
    }
}

fn not_a_snapshot(columns: &[String]) -> Error {
    Diagnostic::new(
        Code::SnapshotTargetInvalid,
        format!(
            "Snapshot target is missing configured columns (missing \"{}\"). See \
             https://docs.getdbt.com/docs/build/snapshots#snapshot-meta-fields for more information.",
            columns.join("\", \"")
        ),
    )
    .into()
}

/// What a snapshot does with rows that are gone.
pub(super) fn get_hard_deletes_behavior(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([config], []) = args.bind("get_hard_deletes_behavior", ["config"], [])?;
    let mut get = |key: &str| config.call_method(state, "get", Args::positional([key.into()]));
    let (invalidate, deletes) = (get("invalidate_hard_deletes")?, get("hard_deletes")?);
    let wrong = |message: &str| Diagnostic::new(Code::ConfigInvalid, message);
    if !invalidate.is_none() && !deletes.is_none() {
        return Err(wrong(
            "You cannot set both the invalidate_hard_deletes and hard_deletes config properties \
             on the same snapshot.",
        )
        .into());
    }
    Ok(Value::from(match deletes.as_str() {
        Some("invalidate") => "invalidate",
        Some("new_record") => "new_record",
        Some("ignore") => "ignore",
        None if invalidate.truthy() => "invalidate",
        None if deletes.is_none() => "ignore",
        _ => return Err(wrong("Invalid setting for property hard_deletes.").into()),
    }))
}
