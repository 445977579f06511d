//! A project with one node at a time: just enough context for the built-in macros.

use std::any::Any;
use std::sync::Arc;

use gdbt::adapter::{
    Adapter, AdapterConfig, AdapterResponse, BehaviorFlags, Dependents, Macros, QueryComment,
    Relation, RelationCache, Response, Session, SessionOptions, Table, api,
};
use gdbt::context::{MacroIndex, SearchRules};
use gdbt::event::Silent;
use gdbt::jinja::blocks::{self, BlockKind};
use gdbt::jinja::{Args, Dict, Error, Globals, Object, Result, SourceFile, State, Value};
use gdbt::manifest::{MacroNode, QuotePolicy, RelationName};
use gdbt::postgres::Pool;

use crate::database::{Database, value};
use crate::proxy::Proxy;

/// The built-in macros, and those of a project.
fn index(project: &str) -> Arc<MacroIndex> {
    let mut macros: Vec<Arc<MacroNode>> = Vec::new();
    let mut add = |package: &str, path: &str, text: &str| {
        let file = Arc::new(SourceFile { path: path.into(), text: text.into() });
        let kinds = [BlockKind::Macro, BlockKind::Test, BlockKind::Materialization];
        for block in blocks::scan(&file, &kinds).unwrap() {
            macros.push(Arc::new(MacroNode::new(
                &package.into(),
                block.macro_def(&file).unwrap(),
                0.0,
            )));
        }
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/macros");
    for package in ["dbt", "dbt_postgres"] {
        for entry in walkdir::WalkDir::new(root.join(package)) {
            let entry = entry.unwrap();
            if entry.path().extension().is_some_and(|extension| extension == "sql") {
                let path = entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                add(package, &path, &std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    add("shop", "macros/own.sql", project);
    let rules = SearchRules { root: "shop".into(), ..SearchRules::default() };
    Arc::new(MacroIndex::new(rules, macros).unwrap())
}

#[derive(Debug)]
struct Finder(Arc<MacroIndex>);

impl Macros for Finder {
    fn dispatch(&self, _: &mut State<'_>, args: Args) -> Result<Value> {
        let ([name], [namespace]) = args.bind("dispatch", ["macro_name"], ["macro_namespace"])?;
        let namespace = namespace.as_ref().and_then(Value::as_str);
        Ok(self.0.dispatch("shop", &name.to_string(), namespace)?.value.clone())
    }

    fn find(&self, name: &str) -> Option<Value> {
        self.0.find("shop", name).map(|entry| entry.value.clone())
    }

    fn are_built_in(&self, names: &[&str]) -> bool {
        self.0.are_built_in(names)
    }
}

/// `config` as macros use it.
#[derive(Debug)]
struct Config(Dict);

impl Object for Config {
    fn type_name(&self) -> &'static str {
        "RuntimeConfigObject"
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "get" | "persist_relation_docs" | "persist_column_docs")
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let docs = |key: &str| match self.0.get_str("persist_docs") {
            Some(Value::Dict(docs)) => docs.get_str(key).unwrap_or(Value::from(false)),
            _ => Value::from(false),
        };
        Ok(match name {
            "persist_relation_docs" => docs("relation"),
            "persist_column_docs" => docs("columns"),
            _ => {
                let ([key], [default]) = args.bind("get", ["name"], ["default"])?;
                self.0.get(&key).unwrap_or(default.unwrap_or(Value::None))
            }
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One run of one node.
pub struct Node {
    index: Arc<MacroIndex>,
    pub values: std::collections::HashMap<&'static str, Value>,
    session: Arc<Session>,
    cache: Arc<RelationCache>,
}

impl Globals for Node {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.index.lookup("shop", name).or_else(|| match name {
            "context" => Some(Value::dict(
                self.index
                    .names()
                    .filter_map(|name| Some((name, self.index.lookup("shop", name)?))),
            )),
            other => self.values.get(other).cloned(),
        })
    }
}

/// A project with its database.
pub struct Project {
    pub database: Database,
    pub proxy: Proxy,
    pub pool: Pool,
    pub cache: Arc<RelationCache>,
    index: Arc<MacroIndex>,
}

impl Project {
    pub fn new(macros: &str) -> Self {
        let database = Database::new();
        let proxy = Proxy::start(&database.options);
        let pool = Pool::new(proxy.options.clone());
        let cache = Arc::new(RelationCache::new(database.options.database.clone()));
        let mut connection = pool.get().unwrap();
        connection.query("create schema dwh").unwrap();
        cache.fill(&mut connection, &["dwh"]).unwrap();
        drop(connection);
        Self { database, proxy, pool, cache, index: index(macros) }
    }

    pub fn relation(&self, identifier: &str) -> Relation {
        let name = RelationName {
            database: self.database.options.database.as_str().into(),
            schema: "dwh".into(),
            identifier: identifier.into(),
        };
        Relation::new(&name, QuotePolicy::default())
    }

    pub fn node(&self, name: &str, sql: &str, config: &[(&str, Value)]) -> Node {
        let session = Session::open(
            &self.pool,
            SessionOptions {
                name: format!("model.shop.{name}"),
                comment: QueryComment::new("{\"app\": \"dbt\"}", false).unwrap(),
                node: None,
                lock: None,
                dependents: Dependents::default(),
                introspects: true,
                sink: Arc::new(Silent),
            },
        );
        let adapter_config = Arc::new(AdapterConfig {
            database: self.database.options.database.as_str().into(),
            project_name: "shop".into(),
            quoting: QuotePolicy::default(),
            behavior: BehaviorFlags::default(),
        });
        let macros = Arc::new(Finder(self.index.clone()));
        let adapter = Adapter::running(adapter_config, macros, session.clone(), self.cache.clone());
        let config = Value::dict(config.iter().map(|(key, value)| (*key, value.clone())));
        let Value::Dict(settings) = &config else { unreachable!() };
        let materialized = settings.get_str("materialized").unwrap_or(Value::from("view"));
        settings.insert_str("materialized", materialized);
        let hooks = |key: &str| settings.get_str(key).unwrap_or(Value::list([]));
        let model = Value::dict([
            ("unique_id", Value::from(format!("model.shop.{name}"))),
            ("name", Value::from(name)),
            ("alias", Value::from(name)),
            ("config", config.clone()),
            ("description", Value::from("It's a model")),
            ("columns", settings.get_str("columns").unwrap_or(Value::dict::<&str>([]))),
            ("constraints", Value::list([])),
        ]);
        let results = Dict::default();
        let (stored, raw) = (results.clone(), results.clone());
        let nothing = |name: &'static str| Value::function(name, |_, _| Ok(Value::from("")));
        let mut values = std::collections::HashMap::from([
            ("adapter", adapter.into_value()),
            ("api", api(QuotePolicy::default())),
            ("this", self.relation(name).into_value()),
            ("execute", Value::from(true)),
            ("sql", Value::from(sql)),
            ("database", Value::from(&self.database.options.database)),
            ("schema", Value::from("dwh")),
            ("pre_hooks", hooks("pre_hooks")),
            ("post_hooks", hooks("post_hooks")),
            ("model", model),
            ("config", Value::object(Config(settings.clone()))),
            ("log", nothing("log")),
            ("write", nothing("write")),
        ]);
        values.extend([
            (
                "return",
                Value::function("return", |_, args| {
                    let ([value], []) = args.bind("return", ["data"], [])?;
                    Err(Error::Return(value))
                }),
            ),
            (
                "render",
                Value::function("render", |_, args| {
                    Ok(args.positional.into_iter().next().unwrap_or(Value::None))
                }),
            ),
            (
                "store_result",
                Value::function("store_result", move |_, args| {
                    let ([name, response], [table]) =
                        args.bind("store_result", ["name", "response"], ["agate_table"])?;
                    let table = table.unwrap_or(Value::None);
                    let data = match table.downcast::<Table>() {
                        Some(table) => {
                            Value::list(table.rows().map(|row| Value::tuple(row.to_vec())))
                        }
                        None => Value::list([]),
                    };
                    let result = [("response", response), ("table", table), ("data", data)];
                    stored.insert(name, Value::dict(result))?;
                    Ok(Value::from(""))
                }),
            ),
            (
                "store_raw_result",
                Value::function("store_raw_result", move |_, args| {
                    let ([name], [message, code, rows, _]) = args.bind(
                        "store_raw_result",
                        ["name"],
                        ["message", "code", "rows_affected", "agate_table"],
                    )?;
                    let response = Response::ready(AdapterResponse {
                        message: message.map_or_else(String::new, |it| it.to_string()),
                        code: code.map(|it| it.to_string()),
                        rows_affected: rows.and_then(|it| it.as_int()),
                    });
                    raw.insert(name, Value::dict([("response", response.into_value())]))?;
                    Ok(Value::from(""))
                }),
            ),
            (
                "load_result",
                Value::function("load_result", move |_, args| {
                    let ([name], []) = args.bind("load_result", ["name"], [])?;
                    Ok(results.get(&name).unwrap_or(Value::None))
                }),
            ),
            (
                "diff_of_two_dicts",
                Value::function("diff_of_two_dicts", |_, args| {
                    let ([left, right], []) = args.bind("diff_of_two_dicts", ["a", "b"], [])?;
                    let (Value::Dict(left), Value::Dict(right)) = (left, right) else {
                        return Ok(Value::None);
                    };
                    let rest = left
                        .items()
                        .into_iter()
                        .filter(|(key, value)| right.get(key).as_ref() != Some(value));
                    Ok(Value::Dict(rest.fold(Dict::default(), |dict, (key, value)| {
                        dict.insert(key, value).unwrap();
                        dict
                    })))
                }),
            ),
            (
                "exceptions",
                Value::dict([(
                    "raise_compiler_error",
                    Value::function("raise_compiler_error", |_, args| {
                        let ([message], _) =
                            args.bind("raise_compiler_error", ["msg"], ["node"])?;
                        Err(Error::value_error(message.to_string()))
                    }),
                )]),
            ),
            (
                "flags",
                Value::dict([
                    ("FULL_REFRESH", settings.get_str("full_refresh").unwrap_or(false.into())),
                    ("STORE_FAILURES", false.into()),
                ]),
            ),
        ]);
        Node { index: self.index.clone(), values, session, cache: self.cache.clone() }
    }

    /// Runs a node's materialization; the main response and the round trips.
    pub fn run(&self, name: &str, sql: &str, config: &[(&str, Value)]) -> (Result<String>, usize) {
        let node = self.node(name, sql, config);
        self.proxy.count(|| node.run())
    }

    /// Runs it and expects it to work.
    pub fn build(&self, name: &str, sql: &str, config: &[(&str, Value)]) -> (String, usize) {
        let (response, trips) = self.run(name, sql, config);
        (response.map_err(Error::into_diagnostic).unwrap(), trips)
    }

    pub fn value(&self, sql: &str) -> Option<String> {
        value(&mut self.database.connect(), sql)
    }

    /// Everything in the schema, with its kind.
    pub fn relations(&self) -> String {
        self.value(
            "select coalesce(string_agg(relkind::text || ' ' || relname, ', ' order by relname), '') \
             from pg_class where relnamespace = 'dwh'::regnamespace and relkind <> 'i' \
             and relname not like 'pg_toast%'",
        )
        .unwrap()
    }
}

impl Node {
    pub fn run(&self) -> Result<String> {
        let mut state = State::new(self);
        let outcome = self.materialize(&mut state);
        let finished = self.session.finish(outcome.is_ok());
        let response = outcome?;
        finished?;
        Ok(response.to_string())
    }

    fn materialize(&self, state: &mut State<'_>) -> Result<Value> {
        let Some(Value::Dict(model)) = self.values.get("model") else { unreachable!() };
        let config = model.get_str("config").unwrap();
        let materialized = config.get_attr(state, "materialized")?.to_string();
        let definition = self.index.materialization(&materialized).unwrap().definition.clone();
        let relations = Value::from_macro(definition).call(state, Args::none())?;
        // As a run does with what a materialization returns.
        for relation in relations.get_attr(state, "relations")?.iterate(state)? {
            self.cache.add(relation.downcast::<Relation>().unwrap().clone());
        }
        let load = self.lookup("load_result").unwrap();
        let main = load.call(state, Args::positional([Value::from("main")]))?;
        main.get_attr(state, "response")
    }
}
