//! `ref`, `source`, `metric` and `function`.

use super::calls::{compilation, function_args, metric_args, ref_args, source_args};
use super::event_filter;
use super::metric::MetricReference;
use super::node::{Inner, Phase, parse_relation};
use super::references::{Found, describe};
use super::relations;
use super::runtime_config::RuntimeConfig;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Object, Result, State, Value};
use crate::manifest::{Node, NodeKind, RefArgs, ResourceType, SourceArgs, UniqueId, version_text};
use serde_json::Value as Json;
use std::any::Any;
use std::sync::Arc;

/// `ref` of a context: a function that carries the invocation's configuration.
#[derive(Debug)]
pub struct Reference(pub Arc<Inner>);

impl Object for Reference {
    fn type_name(&self) -> &'static str {
        "RuntimeRefResolver"
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok((name == "config").then(|| RuntimeConfig::root(&self.0.shared)))
    }

    fn call(&self, state: &mut State<'_>, args: Args) -> Result<Value> {
        let inner = &self.0;
        let args = ref_args(args)?;
        match &inner.phase {
            Phase::Parse { node, capture } => {
                capture.add_ref(args);
                // What is meant is not known yet: the relation of the node itself stands in.
                Ok(parse_relation(node, &inner.shared))
            }
            Phase::Exposure { capture } => {
                capture.add_ref(args);
                Ok(Value::str(""))
            }
            Phase::Run(run) => resolve_ref(inner, &run.node, &args, state),
            Phase::Operation => operation_ref(inner, &args),
            Phase::GenerateName | Phase::Properties { .. } => {
                Err(compilation("'ref' cannot be used here"))
            }
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn resolve_ref(
    inner: &Arc<Inner>,
    node: &Arc<Node>,
    args: &RefArgs,
    state: &mut State<'_>,
) -> Result<Value> {
    let target = find_node(inner, &label(node), &node.package_name, args)?;
    if inner.unit().is_some() {
        return given(inner, &target.unique_id)
            .ok_or_else(|| not_given(inner, "node", &args.name).into());
    }
    check_access(inner, node, &target)?;
    if !node.depends_on.nodes.contains(&target.unique_id) {
        return Err(not_inferred(node, args).into());
    }
    if target.is_ephemeral() {
        if let Phase::Run(run) = &inner.phase {
            run.add_ephemeral(&target.unique_id);
        }
        return Ok(relations::ephemeral(inner, &target));
    }
    if let Some(elsewhere) = deferred(inner, &target, state)? {
        return Ok(elsewhere);
    }
    Ok(relations::of_node(inner, &target))
}

/// The rows that a unit test gives for a node or source.
fn given(inner: &Inner, id: &UniqueId) -> Option<Value> {
    let value = inner.unit()?.input(id)?;
    if let Phase::Run(run) = &inner.phase {
        run.add_ephemeral(id);
    }
    Some(value)
}

/// A model under test reads something that no rows are given for.
fn not_given(inner: &Inner, kind: &str, name: &str) -> Box<Diagnostic> {
    let label = inner.node().map_or_else(String::new, |node| {
        describe("unit_test", &node.unique_id, &node.original_file_path)
    });
    let message = format!("{label} depends on a {kind} named '{name}' which was not found");
    Diagnostic::new(Code::RefUnknown, message)
        .with_help("Give rows for it under `given:`; `rows: []` when none are needed.")
}

/// Where an earlier state has the node, when that is to be read: because nothing is built
/// here, or because `--favor-state` asks for it and the node is not selected.
fn deferred(inner: &Arc<Inner>, target: &Node, state: &mut State<'_>) -> Result<Option<Value>> {
    let shared = &inner.shared;
    if !shared.invocation.flag("DEFER") {
        return Ok(None);
    }
    let Some(deferral) = shared.deferral() else { return Ok(None) };
    let Some(elsewhere) = deferral.relation(&target.unique_id) else { return Ok(None) };
    let favored = deferral.favor_state && !shared.selected().contains(&target.unique_id);
    if favored || !is_built(inner, target, state)? {
        let filter = event_filter::of_node(inner, target);
        let relation = &elsewhere.relation;
        return Ok(Some(relations::named(shared, relation, shared.quoting(), filter)));
    }
    Ok(None)
}

/// Whether the node's relation is in the database.
fn is_built(inner: &Arc<Inner>, target: &Node, state: &mut State<'_>) -> Result<bool> {
    let Some(adapter) = relations::adapter_name(inner, "adapter") else { return Ok(false) };
    let name = &target.relation;
    let args = [&name.database, &name.schema, &name.identifier];
    let args = Args::positional(args.map(|part| Value::Str(part.clone())).to_vec());
    let found = adapter.call_method(state, "get_relation", args)?;
    Ok(!found.is_none())
}

fn operation_ref(inner: &Inner, args: &RefArgs) -> Result<Value> {
    let label = format!("Macro '{}'", inner.package);
    let target = find_node(inner, &label, &inner.package, args)?;
    if target.is_ephemeral() {
        return Err(compilation(format!(
            "Operations can not ref() ephemeral nodes, but {} is ephemeral",
            target.name
        )));
    }
    Ok(relations::of_node(inner, &target))
}

fn label(node: &Node) -> String {
    describe(node.resource_type().as_str(), &node.unique_id, &node.original_file_path)
}

fn find_node(inner: &Inner, label: &str, package: &str, args: &RefArgs) -> Result<Arc<Node>> {
    let (manifest, references) = inner.shared.parsed()?;
    let found = references.resolve_ref(args, package);
    if let Some(error) = references.ref_error(&found, label, args) {
        return Err(error.into());
    }
    let node = match &found {
        Found::Enabled(id) => manifest.nodes.get(id),
        _ => None,
    };
    node.cloned().ok_or_else(|| {
        Diagnostic::new(Code::Internal, format!("{} is in the index only", args.name)).into()
    })
}

/// dbt's access rules of `private` and `protected` models
/// (<https://docs.getdbt.com/docs/mesh/govern/model-access>).
fn check_access(inner: &Inner, node: &Node, target: &Node) -> Result<()> {
    let NodeKind::Model { access, .. } = &target.kind else { return Ok(()) };
    if node.resource_type() == ResourceType::SqlOperation {
        return Ok(());
    }
    let foreign = node.package_name != target.package_name
        && inner
            .shared
            .workspace
            .package(&target.package_name)
            .is_some_and(|package| package.restrict_access);
    let (allowed, scope) = match access.as_str() {
        "private" => {
            let same_group = node.group.is_some() && node.group == target.group;
            let group = target.group.as_deref().unwrap_or_default();
            (same_group && !foreign, format!("'{group}' group"))
        }
        "protected" => (!foreign, format!("'{}' package", target.package_name)),
        _ => return Ok(()),
    };
    if allowed {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::AccessDenied,
        format!(
            "Node {} attempted to reference node {}, which is not allowed because the referenced \
             node is {access} to the {scope}.",
            node.unique_id, target.unique_id
        ),
    )
    .into())
}

/// A `ref` that was not seen while parsing, because a condition hid it.
fn not_inferred(node: &Node, args: &RefArgs) -> Box<Diagnostic> {
    let mut call: Vec<String> =
        args.package.iter().chain([&args.name]).map(|arg| format!("'{arg}'")).collect();
    if let Some(version) = &args.version {
        call.push(format!("version='{}'", version_text(version)));
    }
    // dbt joins keyword arguments without a space.
    let call = call.join(", ").replace(", version=", ",version=");
    let name = &node.name;
    Diagnostic::new(
        Code::RefUnknown,
        format!(
            "dbt was unable to infer all dependencies for the model \"{name}\".\nThis typically \
             happens when ref() is placed within a conditional block.\n\nTo fix this, add the \
             following hint to the top of the model \"{name}\":\n\n-- depends_on: {{{{ \
             ref({call}) }}}}"
        ),
    )
}

/// `source(…)` of a context.
pub fn source(inner: Arc<Inner>) -> Value {
    Value::function("source", move |_, args| {
        let args = source_args(&args)?;
        match &inner.phase {
            Phase::Parse { node, capture } => {
                capture.add_source(args);
                Ok(parse_relation(node, &inner.shared))
            }
            Phase::Exposure { capture } => {
                capture.add_source(args);
                Ok(Value::str(""))
            }
            Phase::Run(run) => resolve_source(&inner, &label(&run.node), &args),
            Phase::Operation => {
                resolve_source(&inner, &format!("Macro '{}'", inner.package), &args)
            }
            Phase::GenerateName | Phase::Properties { .. } => {
                Err(compilation("'source' cannot be used here"))
            }
        }
    })
}

fn resolve_source(inner: &Inner, label: &str, args: &SourceArgs) -> Result<Value> {
    let SourceArgs(name, table) = args;
    let (manifest, references) = inner.shared.parsed()?;
    let found = references.resolve_source(name, table, &inner.package);
    if let Some(error) = references.source_error(&found, label, name, table) {
        return Err(error.into());
    }
    let source = match &found {
        Found::Enabled(id) => manifest.sources.get(id),
        _ => None,
    };
    let source = source.ok_or_else(|| {
        Diagnostic::new(Code::Internal, format!("{name}.{table} is in the index only"))
    })?;
    if inner.unit().is_some() {
        return given(inner, &source.unique_id)
            .ok_or_else(|| not_given(inner, "source", &format!("{name}.{table}")).into());
    }
    Ok(relations::of_source(inner, source))
}

/// `metric(…)`: a metric that exists.
pub fn metric(inner: Arc<Inner>) -> Value {
    Value::function("metric", move |_, args: Args| {
        let args = metric_args(&args)?;
        if let Some(capture) = inner.phase.capture() {
            let package = (args.len() > 1).then(|| args[0].as_str().into());
            let name = args.last().map_or_else(|| Arc::from(""), |name| name.as_str().into());
            capture.add_metric(args);
            return Ok(Value::object(MetricReference { name, package, known: Json::Null }));
        }
        let (manifest, references) = inner.shared.parsed()?;
        let found = references.resolve_metric(&args, &inner.package);
        let label =
            inner.node().map_or_else(|| format!("Macro '{}'", inner.package), |it| label(it));
        if let Some(error) = references.named_error(&found, &label, "metric", &args) {
            return Err(error.into());
        }
        let metric = match &found {
            Found::Enabled(id) => manifest.metrics.get(id),
            _ => None,
        };
        Ok(metric.map_or(Value::None, |metric| {
            Value::object(MetricReference {
                name: Arc::clone(&metric.name),
                package: Some(Arc::clone(&metric.package_name)),
                known: serde_json::to_value(metric).unwrap_or_default(),
            })
        }))
    })
}

/// `function(…)`: the name of a user-defined function in the database.
pub fn function(inner: Arc<Inner>) -> Value {
    Value::function("function", move |_, args: Args| {
        let args = function_args(&args)?;
        match &inner.phase {
            Phase::Parse { node, capture } => {
                capture.add_function(args);
                Ok(parse_relation(node, &inner.shared))
            }
            Phase::Exposure { capture } => {
                capture.add_function(args);
                Ok(Value::str(""))
            }
            Phase::Run(run) => resolve_function(&inner, &label(&run.node), &args),
            Phase::Operation => {
                resolve_function(&inner, &format!("Macro '{}'", inner.package), &args)
            }
            Phase::GenerateName | Phase::Properties { .. } => {
                Err(compilation("'function' cannot be used here"))
            }
        }
    })
}

fn resolve_function(inner: &Inner, label: &str, args: &[String]) -> Result<Value> {
    let (manifest, references) = inner.shared.parsed()?;
    let found = references.resolve_function(args, &inner.package);
    if let Some(error) = references.named_error(&found, label, "function", args) {
        return Err(error.into());
    }
    let function = match &found {
        Found::Enabled(id) => manifest.functions.get(id),
        _ => None,
    };
    let function = function.ok_or_else(|| {
        Diagnostic::new(Code::Internal, format!("{} is in the index only", args.join(".")))
    })?;
    let shared = &inner.shared;
    let selected = shared.selected().contains(&function.unique_id);
    let deferral = shared.deferral().filter(|_| shared.invocation.flag("DEFER") && !selected);
    // Whether a function is in the database is not asked: one that this run does not make is
    // the earlier state's.
    let elsewhere = deferral.and_then(|deferral| deferral.relation(&function.unique_id));
    let relation = elsewhere.map_or(&function.relation, |elsewhere| &elsewhere.relation);
    Ok(relations::this(relation, function.quote_policy))
}
