//! What all contexts of one command share.

use super::deferral::Deferral;
use super::json::from_json;
use super::macros::{MacroIndex, SearchRules};
use super::references::References;
use crate::adapter::{AdapterConfig, BehaviorFlags, RelationCache};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Sink;
use crate::event_time::TimeWindow;
use crate::jinja::{Dict, Value};
use crate::manifest::{JsonMap, MacroNode, Manifest, NodeView, QuotePolicy, UniqueId};
use crate::project::Workspace;
use crate::suggest::nearest;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// The command and its settings.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// `invocation_id`: a UUID.
    pub id: String,
    /// `run_started_at`.
    pub started_at: Timestamp,
    /// dbt's `flags` by their names in capitals, such as `FULL_REFRESH` and `WHICH`.
    pub flags: JsonMap,
    /// `invocation_args_dict`: the options in force by their names in small letters.
    pub args: JsonMap,
    /// `--sample`: the time whose rows models read.
    pub sample: Option<TimeWindow>,
}

impl Invocation {
    /// Whether a flag is on.
    pub fn flag(&self, name: &str) -> bool {
        self.flags.get(name).and_then(Json::as_bool).unwrap_or(false)
    }
}

/// What all contexts of one command share. It is made when the macros are known; the
/// manifest is added once, after parsing.
pub struct Shared {
    /// Project, packages, profile, vars and environment.
    pub workspace: Arc<Workspace>,
    /// The command.
    pub invocation: Invocation,
    /// All macros.
    pub macros: MacroIndex,
    /// Where `log`, `print` and warnings go.
    pub sink: Arc<dyn Sink>,
    /// The relations that are known to exist.
    pub cache: Arc<RelationCache>,
    pub(super) adapter: Arc<AdapterConfig>,
    parsed: OnceLock<Parsed>,
    target: Value,
    flags: Value,
    graph: OnceLock<Value>,
    selected: OnceLock<Vec<UniqueId>>,
    deferral: OnceLock<Deferral>,
}

struct Parsed {
    manifest: Arc<Manifest>,
    references: References,
}

impl Shared {
    /// The shared part for a workspace and its macros.
    ///
    /// # Errors
    /// Two macros of one name in one package.
    pub fn new(
        workspace: Arc<Workspace>,
        invocation: Invocation,
        macros: impl IntoIterator<Item = Arc<MacroNode>>,
        sink: Arc<dyn Sink>,
    ) -> Result<Arc<Self>> {
        let macros = MacroIndex::new(SearchRules::of(&workspace), macros)?;
        let target = workspace.profile.target();
        let flags = super::flags::value(&invocation.flags);
        Ok(Arc::new(Self {
            invocation,
            macros,
            sink,
            cache: Arc::new(RelationCache::new(workspace.profile.source.database())),
            adapter: Arc::new(adapter_config(&workspace)),
            workspace,
            parsed: OnceLock::new(),
            target,
            flags,
            graph: OnceLock::new(),
            selected: OnceLock::new(),
            deferral: OnceLock::new(),
        }))
    }

    /// Adds what parsing made. Only the first call counts.
    pub fn set_manifest(&self, manifest: Arc<Manifest>) {
        let references = self.references(&manifest);
        // A second call would be a defect; the first manifest stays.
        let _ = self.parsed.set(Parsed { manifest, references });
    }

    /// The index of the names in a manifest, with the project's rules.
    pub fn references(&self, manifest: &Manifest) -> References {
        let rule = "require_ref_searches_node_package_before_root";
        let node_package_first = self.workspace.root.flag(rule).unwrap_or(false);
        References::of_manifest(manifest, node_package_first)
    }

    /// The manifest, once parsing is done.
    pub fn manifest(&self) -> Option<&Arc<Manifest>> {
        self.parsed.get().map(|parsed| &parsed.manifest)
    }

    /// The manifest and the index of its names.
    ///
    /// # Errors
    /// Parsing is not done.
    pub fn parsed(&self) -> Result<(&Arc<Manifest>, &References)> {
        let parsed = self.parsed.get().ok_or_else(|| {
            Diagnostic::new(Code::Internal, "the manifest was used before parsing ended")
        })?;
        Ok((&parsed.manifest, &parsed.references))
    }

    /// Says which nodes the command selected: `selected_resources`. Only the first call
    /// counts.
    pub fn set_selected(&self, ids: Vec<UniqueId>) {
        let _ = self.selected.set(ids);
    }

    /// The nodes the command selected.
    pub fn selected(&self) -> &[UniqueId] {
        self.selected.get().map_or(&[], Vec::as_slice)
    }

    /// Says what is read from an earlier state. Only the first call counts.
    pub fn set_deferral(&self, deferral: Deferral) {
        let _ = self.deferral.set(deferral);
    }

    /// What is read from an earlier state, when the command defers.
    pub fn deferral(&self) -> Option<&Deferral> {
        self.deferral.get()
    }

    /// `target`.
    pub fn target(&self) -> Value {
        self.target.clone()
    }

    /// `flags`.
    pub fn flags(&self) -> Value {
        self.flags.clone()
    }

    /// The database that relations are in unless their config says otherwise.
    pub fn default_database(&self) -> &str {
        self.workspace.profile.source.database()
    }

    /// The schema that relations are in unless their config says otherwise.
    pub fn default_schema(&self) -> &str {
        self.workspace.profile.source.schema()
    }

    /// The project's quoting.
    pub fn quoting(&self) -> QuotePolicy {
        self.adapter.quoting
    }

    /// Adds a near match to an error about a name that nothing has.
    pub fn explain(&self, error: Box<Diagnostic>) -> Box<Diagnostic> {
        let name =
            error.message.strip_prefix('\'').and_then(|rest| rest.split_once("' is undefined"));
        let Some((name, _)) = name else { return error };
        let names = super::members::names();
        let known = self.macros.names().chain(names.iter().map(String::as_str));
        match nearest(name, known) {
            Some(near) if near != name => {
                let help = format!("Did you mean '{near}'?");
                error.with_help(help)
            }
            _ => error,
        }
    }

    /// The root project's name.
    pub fn project_name(&self) -> &Arc<str> {
        &self.workspace.root.name
    }

    /// `graph`: every resource as a dict. It is made when first asked for and then shared,
    /// so that what one template changes, others see, as in dbt.
    pub fn graph(&self) -> Value {
        let Some(parsed) = self.parsed.get() else {
            return Value::Dict(empty_graph());
        };
        self.graph.get_or_init(|| Value::Dict(graph(&parsed.manifest))).clone()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("project", self.project_name()).finish_non_exhaustive()
    }
}

fn adapter_config(workspace: &Workspace) -> AdapterConfig {
    let flags = workspace.root.flags.iter();
    let behavior =
        flags.filter_map(|entry| Some((entry.key.as_str()?.to_owned(), entry.value.as_bool()?)));
    let quoting = workspace.root.quoting;
    AdapterConfig {
        database: workspace.profile.source.database().into(),
        project_name: workspace.root.name.clone(),
        quoting: QuotePolicy {
            database: quoting.database.unwrap_or(true),
            schema: quoting.schema.unwrap_or(true),
            identifier: quoting.identifier.unwrap_or(true),
        },
        behavior: BehaviorFlags::new(behavior),
    }
}

impl SearchRules {
    /// The rules of a workspace.
    pub fn of(workspace: &Workspace) -> Self {
        let dispatch = workspace.root.dispatch.iter();
        let rule = "require_explicit_package_overrides_for_builtin_materializations";
        Self {
            root: workspace.root.name.clone(),
            projects: workspace.packages.keys().cloned().collect(),
            dispatch: dispatch
                .map(|entry| (entry.macro_namespace.clone(), entry.search_order.clone()))
                .collect(),
            packages_override_materializations: workspace.root.flag(rule) == Some(false),
        }
    }
}

const GRAPH_KEYS: [&str; 8] = [
    "exposures",
    "functions",
    "groups",
    "metrics",
    "nodes",
    "sources",
    "semantic_models",
    "saved_queries",
];

fn empty_graph() -> Dict {
    let graph = Dict::default();
    for key in GRAPH_KEYS {
        graph.insert_str(key, Value::Dict(Dict::default()));
    }
    graph
}

fn graph(manifest: &Manifest) -> Dict {
    let graph = empty_graph();
    let fill = |key: &str, entries: Vec<(UniqueId, Json)>| {
        let dict = Dict::default();
        for (id, json) in entries {
            dict.insert_str(id.as_str(), from_json(&json));
        }
        graph.insert_str(key, Value::Dict(dict));
    };
    fill(
        "nodes",
        manifest
            .nodes
            .iter()
            .map(|(id, node)| (id.clone(), to_value(&NodeView { node, compiled: None })))
            .collect(),
    );
    let entries = |map: Vec<(&UniqueId, Json)>| {
        map.into_iter().map(|(id, json)| (id.clone(), json)).collect::<Vec<_>>()
    };
    fill(
        "sources",
        entries(manifest.sources.iter().map(|(id, it)| (id, to_value(&**it))).collect()),
    );
    fill(
        "exposures",
        entries(manifest.exposures.iter().map(|(id, it)| (id, to_value(&**it))).collect()),
    );
    fill("groups", entries(manifest.groups.iter().map(|(id, it)| (id, to_value(&**it))).collect()));
    graph
}

/// A resource in its JSON form.
pub(super) fn to_value(resource: &impl serde::Serialize) -> Json {
    serde_json::to_value(resource).unwrap_or(Json::Null)
}
