//! The context of one render, in each of dbt's phases.

use super::capture::Capture;
use super::json::from_map;
use super::namespace::{LazyDict, NameMap};
use super::relations;
use super::results::SqlResults;
use super::shared::{Shared, to_value};
use super::test_kwargs;
use super::unit_scope::UnitScope;
use crate::adapter::Session;
use crate::diagnostic::Result;
use crate::event_time::Batch;
use crate::jinja::{Globals, MacroDef, UndefinedMode, Value};
use crate::manifest::{Compiled, JsonMap, MacroNode, Node, NodeKind, RelationName, UniqueId};
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The names a template sees. Clones are the same context.
#[derive(Debug, Clone)]
pub struct NodeContext(pub(super) Arc<Inner>);

/// What `ref`, `source` and `this` give while a node is parsed: the relation it would have
/// without any configuration.
pub(super) fn parse_relation(node: &Node, shared: &Shared) -> Value {
    let name = RelationName {
        database: node.relation.database.clone(),
        schema: node.relation.schema.clone(),
        identifier: node.alias.clone(),
    };
    relations::this(&name, shared.quoting())
}

/// A node being compiled or run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) node: Arc<Node>,
    pub(super) compiled: Option<Arc<Compiled>>,
    /// Of a microbatch model.
    pub(super) batch: Option<Batch>,
    /// Of a unit test.
    pub(super) unit: Option<Arc<UnitScope>>,
    ephemerals: Mutex<Vec<UniqueId>>,
}

impl Run {
    /// The rows given for `this`; none when there are none, as in dbt.
    pub(super) fn this_of_unit_test(&self) -> Value {
        let unit = self.unit.as_ref();
        let Some(id) = unit.and_then(|unit| unit.this.as_ref()) else { return Value::None };
        self.add_ephemeral(id);
        unit.and_then(|unit| unit.input(id)).unwrap_or(Value::None)
    }

    pub(super) fn add_ephemeral(&self, id: &UniqueId) {
        let mut ephemerals = self.ephemerals.lock();
        if !ephemerals.contains(id) {
            ephemerals.push(id.clone());
        }
    }
}

/// For what a context is, and what only this use has.
#[derive(Debug)]
pub(super) enum Phase {
    /// A file is parsed.
    Parse { node: Arc<Node>, capture: Arc<Capture> },
    /// `depends_on` of an exposure is read.
    Exposure { capture: Arc<Capture> },
    /// A property file is rendered.
    Properties { docs: Option<Arc<super::docs::DocsScope>> },
    /// A `generate_…_name` macro is called while parsing.
    GenerateName,
    /// A node, a test or a hook is compiled or run.
    Run(Run),
    /// A macro is run by itself: `run-operation`, query comments.
    Operation,
}

impl Phase {
    pub(super) fn capture(&self) -> Option<&Arc<Capture>> {
        match self {
            Self::Parse { capture, .. } | Self::Exposure { capture } => Some(capture),
            _ => None,
        }
    }

    pub(super) fn is_parse(&self) -> bool {
        matches!(self, Self::Parse { .. })
    }

    /// Whether a generic test is rendered.
    pub(super) fn is_generic_test(&self) -> bool {
        let node = match self {
            Self::Parse { node, .. } => node,
            Self::Run(run) => &run.node,
            _ => return false,
        };
        matches!(node.kind, NodeKind::GenericTest(_))
    }

    /// `execute`.
    pub(super) fn executes(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Operation)
    }

    /// Who is rendered, for messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Parse { node, .. } => &node.name,
            Self::Run(run) => &run.node.name,
            _ => "<Configuration>",
        }
    }
}

/// What the functions of a context hold on to.
pub(super) struct Inner {
    pub(super) shared: Arc<Shared>,
    /// Where macros and variables are searched first.
    pub(super) package: Arc<str>,
    pub(super) phase: Phase,
    /// Values that go before all others.
    pub(super) extras: HashMap<&'static str, Value>,
    pub(super) results: SqlResults,
    pub(super) model: OnceLock<Value>,
    /// The database, when the node may use it.
    pub(super) session: Option<Arc<Session>>,
    pub(super) adapter: OnceLock<Value>,
    pub(super) written: Mutex<Option<String>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl NodeContext {
    fn new(shared: &Arc<Shared>, package: Arc<str>, phase: Phase) -> Self {
        Self(Arc::new(Inner {
            shared: shared.clone(),
            package,
            phase,
            extras: HashMap::new(),
            results: SqlResults::default(),
            model: OnceLock::new(),
            session: None,
            adapter: OnceLock::new(),
            written: Mutex::new(None),
        }))
    }

    /// To render a file while parsing: `execute` is false, `ref` and its like are noted in
    /// `capture`, undefined values stay undefined whatever is done with them.
    /// The node is as far as it is known: its configuration is that of the project file.
    pub fn parse(shared: &Arc<Shared>, node: Arc<Node>, capture: Arc<Capture>) -> Self {
        Self::new(shared, node.package_name.clone(), Phase::Parse { node, capture })
    }

    /// To read `depends_on` of an exposure of this package: only `ref`, `source` and
    /// `metric`.
    pub fn exposure(shared: &Arc<Shared>, package: Arc<str>, capture: Arc<Capture>) -> Self {
        Self::new(shared, package, Phase::Exposure { capture })
    }

    /// To render values of a property file of this package.
    pub fn properties(shared: &Arc<Shared>, package: Arc<str>) -> Self {
        Self::new(shared, package, Phase::Properties { docs: None })
    }

    /// To render descriptions of a property file: as [`NodeContext::properties`], and `doc`.
    pub fn descriptions(shared: &Arc<Shared>, docs: Arc<super::docs::DocsScope>) -> Self {
        let package = docs.package().clone();
        Self::new(shared, package, Phase::Properties { docs: Some(docs) })
    }

    /// To call `generate_schema_name`, `generate_database_name` and `generate_alias_name`.
    pub fn generate_name(shared: &Arc<Shared>) -> Self {
        Self::new(shared, shared.project_name().clone(), Phase::GenerateName)
    }

    /// To compile or run a node, a test or a hook. Without a session `adapter` answers as
    /// it does while parsing.
    pub fn runtime(shared: &Arc<Shared>, node: &Arc<Node>, session: Option<&Arc<Session>>) -> Self {
        let package = node.package_name.clone();
        let run = Run {
            node: node.clone(),
            compiled: None,
            batch: None,
            unit: None,
            ephemerals: Mutex::default(),
        };
        Self::new(shared, package, Phase::Run(run)).with_session(session)
    }

    /// To compile a model as a unit test wants it.
    pub fn unit_test(
        shared: &Arc<Shared>,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
        scope: &Arc<UnitScope>,
    ) -> Self {
        Self::runtime(shared, node, session).changed(|inner| {
            if let Phase::Run(run) = &mut inner.phase {
                run.unit = Some(Arc::clone(scope));
            }
        })
    }

    /// To run a macro by itself. Macros are searched from `package`, or from the root project.
    pub fn operation(
        shared: &Arc<Shared>,
        package: Option<Arc<str>>,
        session: Option<&Arc<Session>>,
    ) -> Self {
        let package = package.unwrap_or_else(|| shared.project_name().clone());
        Self::new(shared, package, Phase::Operation).with_session(session)
    }

    /// Gives the macro that is run by itself: it is `model` then.
    #[must_use]
    pub fn of_macro(self, definition: &MacroNode) -> Self {
        let Json::Object(mut fields) = to_value(definition) else { return self };
        fields.retain(|_, value| !value.is_null());
        self.with("model", Value::Dict(from_map(&fields)))
    }

    fn with_session(self, session: Option<&Arc<Session>>) -> Self {
        self.changed(|inner| inner.session = session.cloned())
    }

    /// Adds a value that goes before all others of its name, such as `results` in hooks.
    #[must_use]
    pub fn with(self, name: &'static str, value: Value) -> Self {
        self.changed(|inner| {
            inner.extras.insert(name, value);
        })
    }

    /// Gives the compiled code: `sql`, `compiled_code` and the parts of `model`.
    #[must_use]
    pub fn with_compiled(self, compiled: Arc<Compiled>) -> Self {
        self.changed(|inner| {
            if let Phase::Run(run) = &mut inner.phase {
                run.compiled = Some(compiled);
            }
        })
    }

    /// Narrows what the node reads to a batch's time: `model.batch`.
    #[must_use]
    pub fn with_batch(self, batch: Option<Batch>) -> Self {
        self.changed(|inner| {
            if let Phase::Run(run) = &mut inner.phase {
                run.batch = batch;
            }
        })
    }

    /// Renders the arguments of a generic test with this context and adds them, so that the
    /// test's template can pass them on.
    ///
    /// # Errors
    /// What rendering raised.
    pub fn with_test_kwargs(self, kwargs: &JsonMap) -> Result<Self> {
        let rendered = test_kwargs::render(&self, kwargs)?;
        Ok(self.with(test_kwargs::NAME, rendered))
    }

    /// Contexts are changed only while they are made, when nobody else has them.
    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// Ephemeral models that were referred to, in order of first use.
    pub fn ephemerals(&self) -> Vec<UniqueId> {
        match &self.0.phase {
            Phase::Run(run) => run.ephemerals.lock().clone(),
            _ => Vec::new(),
        }
    }

    /// A result that a statement stored, such as `main`.
    pub fn result(&self, name: &str) -> Option<Value> {
        self.0.results.peek(name)
    }

    /// Where `write` wrote the node's SQL: `build_path`.
    pub fn written(&self) -> Option<String> {
        self.0.written.lock().clone()
    }

    /// What all contexts share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

impl Globals for NodeContext {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0.value(name)
    }

    fn undefined_mode(&self) -> UndefinedMode {
        if self.0.phase.is_parse() { UndefinedMode::Permissive } else { UndefinedMode::Strict }
    }

    fn macro_called(&self, definition: &Arc<MacroDef>, depth: usize) {
        let inner = &self.0;
        if depth == 0
            && let Some(capture) = inner.phase.capture()
            && let Some(id) = inner.shared.macros.id_of(definition)
        {
            capture.add_macro(id);
        }
    }
}

impl Inner {
    /// The value of a name: macros go before the context's own names, as in dbt.
    fn value(self: &Arc<Self>, name: &str) -> Option<Value> {
        let original = self.own_value(name);
        let changed = self.unit().and_then(|unit| unit.overridden(name, original.as_ref()));
        changed.or(original)
    }

    fn own_value(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Some(value) = self.extras.get(name) {
            return Some(value.clone());
        }
        if self.has_macros()
            && let Some(value) = self.shared.macros.lookup(&self.package, name)
        {
            return Some(value);
        }
        match name {
            "context" => Some(Value::object(LazyDict(WholeContext(self.clone())))),
            "builtins" => Some(Value::object(LazyDict(Builtins(self.clone())))),
            _ => self.member(name),
        }
    }

    /// The node that is compiled or run.
    pub(super) fn node(&self) -> Option<&Arc<Node>> {
        match &self.phase {
            Phase::Run(run) => Some(&run.node),
            _ => None,
        }
    }

    fn has_macros(&self) -> bool {
        !matches!(self.phase, Phase::Exposure { .. } | Phase::Properties { .. })
    }
}

/// `context`: everything a template sees.
#[derive(Debug)]
struct WholeContext(Arc<Inner>);

impl NameMap for WholeContext {
    fn value_of(&self, name: &str) -> Option<Value> {
        self.0.value(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names = super::members::names();
        names.push("builtins".to_owned());
        names.extend(self.0.extras.keys().map(|name| (*name).to_owned()));
        names.extend(self.0.shared.macros.names().map(str::to_owned));
        names.sort_unstable();
        names.dedup();
        names.retain(|name| self.value_of(name).is_some());
        names
    }
}

/// `builtins`: the context's own names, also where a macro hides them.
#[derive(Debug)]
struct Builtins(Arc<Inner>);

impl NameMap for Builtins {
    fn value_of(&self, name: &str) -> Option<Value> {
        self.0.member(name)
    }

    fn names(&self) -> Vec<String> {
        super::members::names()
    }
}
