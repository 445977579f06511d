//! What a whole project says of itself: models on their way out, names that will not do,
//! settings that do not fit together. Names and codes of the warnings are dbt's.

use super::microbatch;
use crate::context::{MacroIndex, Shared};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::event::Warning;
use crate::manifest::{Manifest, Node, NodeKind, Resource, ResourceType, UniqueId, version_text};
use serde_json::{Value as Json, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// dbt's switches that these checks follow (`flags:` of `dbt_project.yml`).
#[derive(Debug, Clone, Copy)]
pub struct Switches {
    /// Names with spaces are errors.
    pub names_without_spaces: bool,
    /// Every name with spaces is told, not the first alone.
    pub debug: bool,
    /// `metricflow_time_spine` needs `time_spine:`; then it is not told.
    pub time_spines_in_yaml: bool,
    /// Cumulative metrics have their parameters in `cumulative_type_params`.
    pub nested_cumulative_params: bool,
    /// References search the package of the node first.
    pub node_package_first: bool,
    /// A project's own microbatch strategy is run in batches.
    pub batched_custom_strategy: bool,
    /// The microbatch strategy is the project's own.
    pub custom_strategy: bool,
}

impl Switches {
    /// Those of an invocation.
    pub fn of(shared: &Shared) -> Self {
        let root = &shared.workspace.root;
        let flag = |name: &str, default: bool| root.flag(name).unwrap_or(default);
        Self {
            names_without_spaces: flag("require_resource_names_without_spaces", true),
            debug: shared.invocation.flag("DEBUG"),
            time_spines_in_yaml: flag("require_yaml_configuration_for_mf_time_spines", false),
            nested_cumulative_params: flag("require_nested_cumulative_type_params", false),
            node_package_first: flag("require_ref_searches_node_package_before_root", false),
            batched_custom_strategy: flag(
                "require_batched_execution_for_custom_microbatch_strategy",
                false,
            ),
            custom_strategy: !shared.macros.are_built_in(&["get_incremental_microbatch_sql"]),
        }
    }
}

/// What is told and what is refused.
#[derive(Debug, Default)]
pub struct Findings {
    /// Warnings, in the order they are told.
    pub warnings: Vec<Warning>,
    /// Errors.
    pub errors: Vec<Diagnostic>,
}

impl Findings {
    /// Takes note of a warning, with dbt's data fields.
    pub(super) fn warn(
        &mut self,
        (name, code): (&'static str, &'static str),
        message: impl Into<String>,
        at: Option<Span>,
        data: Json,
    ) {
        let mut diagnostic = Diagnostic::new(Code::Deprecated, message);
        diagnostic.span = at;
        self.warnings.push(Warning::new(name, code, *diagnostic).with_data(data));
    }

    pub(super) fn refuse(&mut self, node: &Node, message: String) {
        let error = Diagnostic::new(Code::ConfigInvalid, message).with_span(place(node));
        self.errors.push(*error);
    }
}

pub(super) fn place(node: &Node) -> Span {
    node.defined_at.clone().unwrap_or_else(|| Span::line(Arc::clone(&node.original_file_path), 1))
}

/// Checks a parsed project.
pub fn check(manifest: &Manifest, switches: Switches, macros: &MacroIndex) -> Findings {
    let mut findings = Findings::default();
    replaced_materializations(manifest, macros, &mut findings);
    deprecated_models(manifest, &mut findings);
    names_with_spaces(manifest, switches, &mut findings);
    groups(manifest, &mut findings);
    for node in manifest.nodes.values() {
        node_settings(node, &mut findings);
    }
    microbatch::check(manifest, switches, &mut findings);
    functions(manifest, &mut findings);
    if !switches.node_package_first {
        root_references(manifest, &mut findings);
    }
    semantic_layer(manifest, switches, &mut findings);
    findings
}

/// Built-in materializations that an installed package replaces without the project saying so.
fn replaced_materializations(manifest: &Manifest, macros: &MacroIndex, findings: &mut Findings) {
    let used: BTreeSet<&str> =
        manifest.nodes.values().map(|node| node.config.materialized_name()).collect();
    for name in used {
        let Some(package) = macros.package_override(name) else { continue };
        let message = format!(
            "Installed package '{package}' is overriding the built-in materialization '{name}'. \
             Overrides of built-in materializations from installed packages will be deprecated in \
             future versions of dbt. For more information: \
             https://docs.getdbt.com/reference/global-configs/legacy-behaviors"
        );
        let diagnostic = Diagnostic::new(Code::Deprecated, message);
        let data = json!({ "package_name": &**package, "materialization_name": name });
        let name = "PackageMaterializationOverrideDeprecation";
        findings.warnings.push(Warning::new(name, "D016", *diagnostic).with_data(data));
    }
}

/// Models past their date, and references to models that have one.
fn deprecated_models(manifest: &Manifest, findings: &mut Findings) {
    let dated: Vec<(&Arc<Node>, &str, bool)> = manifest
        .nodes
        .values()
        .filter_map(|node| match &node.kind {
            NodeKind::Model { deprecation_date: Some(date), .. } => {
                Some((node, date.as_str(), is_past(date)))
            }
            _ => None,
        })
        .collect();
    if dated.is_empty() {
        return;
    }
    let mut readers: HashMap<&UniqueId, Vec<&Arc<Node>>> = HashMap::new();
    for node in manifest.nodes.values().filter(|it| it.resource_type() == ResourceType::Model) {
        for parent in &node.depends_on.nodes {
            readers.entry(parent).or_default().push(node);
        }
    }
    for (node, date, past) in dated {
        let version = node.version().map(|it| format!(".v{}", version_text(it)));
        let version = version.unwrap_or_default();
        let name = &node.name;
        if past {
            let message = format!(
                "Model {name}{version} has passed its deprecation date of {date}. This model \
                 should be disabled or removed."
            );
            let data = json!({
                "model_name": name, "model_version": version_of(node), "deprecation_date": date,
            });
            findings.warn(("DeprecatedModel", "I065"), message, Some(place(node)), data);
        }
        let mut children = readers.get(&node.unique_id).cloned().unwrap_or_default();
        children.sort_by(|left, right| left.unique_id.cmp(&right.unique_id));
        for child in children {
            let message = reference_message(node, &version, child, date, past);
            let event = if past {
                ("DeprecatedReference", "I067")
            } else {
                ("UpcomingReferenceDeprecation", "I066")
            };
            let data = json!({
                "model_name": child.name,
                "ref_model_package": node.package_name,
                "ref_model_name": name,
                "ref_model_version": version_of(node),
                "ref_model_latest_version": latest_version(node),
                "ref_model_deprecation_date": date,
            });
            findings.warn(event, message, Some(place(child)), data);
        }
    }
}

fn reference_message(node: &Node, version: &str, child: &Node, date: &str, past: bool) -> String {
    let name = &node.name;
    let what = if past {
        format!("which was deprecated on '{date}'. ")
    } else {
        format!("which is slated for deprecation on '{date}'. ")
    };
    let message =
        format!("While compiling '{}': Found a reference to {name}{version}, {what}", child.name);
    let latest = match &node.kind {
        NodeKind::Model { version: Some(own), latest_version: Some(latest), .. }
            if version_text(own) != version_text(latest) =>
        {
            Some(version_text(latest))
        }
        _ => None,
    };
    let Some(latest) = latest else { return message };
    let advice = if past { "Migrate now" } else { "Try it out" };
    format!(
        "{message}A new version of '{name}' is available. {advice}: {{{{ ref('{}', '{name}', \
         v='{latest}') }}}}.",
        node.package_name
    )
}

fn version_of(node: &Node) -> String {
    node.version().map(version_text).unwrap_or_default()
}

fn latest_version(node: &Node) -> String {
    match &node.kind {
        NodeKind::Model { latest_version: Some(latest), .. } => version_text(latest),
        _ => String::new(),
    }
}

fn is_past(date: &str) -> bool {
    date.parse::<jiff::Timestamp>().is_ok_and(|date| date < jiff::Timestamp::now())
}

fn names_with_spaces(manifest: &Manifest, switches: Switches, findings: &mut Findings) {
    let named: Vec<_> = manifest.nodes.values().filter(|node| node.name.contains(' ')).collect();
    if named.is_empty() {
        return;
    }
    let shown = match (switches.debug, switches.names_without_spaces) {
        (true, _) => named.len(),
        (false, false) => 1,
        (false, true) => 0,
    };
    for node in named.iter().take(shown) {
        let message = format!("Found spaces in the name of `{}`", node.unique_id);
        let data = json!({"unique_id": node.unique_id, "level": "warn"});
        let event = ("SpacesInResourceNameDeprecation", "D014");
        findings.warn(event, message, Some(place(node)), data);
    }
    if switches.names_without_spaces {
        let list: Vec<String> = named
            .iter()
            .map(|node| format!("  * '{}' ({})", node.unique_id, node.original_file_path))
            .collect();
        let message = format!(
            "Resource names cannot contain spaces:\n{}\nPlease rename the invalid model(s) so \
             that their name(s) do not contain any spaces.",
            list.join("\n")
        );
        let error = Diagnostic::new(Code::NameInvalid, message);
        findings.errors.push(*named.first().map_or(error.clone(), |it| error.with_span(place(it))));
        return;
    }
    let hint = if switches.debug { "" } else { " Run again with `--debug` to see them all." };
    let message = format!(
        "Spaces found in {} resource name(s). This is deprecated, and may lead to errors when \
         using dbt.{hint} For more information: \
         https://docs.getdbt.com/reference/global-configs/legacy-behaviors",
        named.len()
    );
    let data = json!({
        "count_invalid_names": named.len(), "show_debug_hint": !switches.debug, "level": "warn",
    });
    findings.warn(("ResourceNamesWithSpacesDeprecation", "D015"), message, None, data);
}

/// What belongs to a group belongs to one that exists.
fn groups(manifest: &Manifest, findings: &mut Findings) {
    let mut names: Vec<&str> = manifest.groups.values().map(|group| &*group.name).collect();
    names.sort_unstable();
    for resource in manifest.resources() {
        let Some(group) = resource.group().filter(|group| !names.contains(group)) else { continue };
        let known = crate::context::json::from_json(&names.iter().copied().collect::<Json>());
        let message = format!("Invalid group '{group}', expected one of {}", known.repr());
        let path = Arc::clone(resource.original_file_path());
        let label = format!("{} {} ({path})", resource.resource_type(), resource.name());
        let span = match resource {
            Resource::Node(node) => place(node),
            _ => Span::line(path, 1),
        };
        let mut error =
            Diagnostic::new(Code::PropertyInvalid, message).with_span(span).with_node(label);
        if let Some(near) = crate::suggest::nearest(group, names.iter().copied()) {
            error = error.with_help(format!("Did you mean '{near}'?"));
        }
        findings.errors.push(*error);
    }
}

fn node_settings(node: &Node, findings: &mut Findings) {
    match &node.kind {
        NodeKind::Model { access, .. } => {
            if access == "public" && node.is_ephemeral() {
                let message = format!(
                    "Node {} with 'ephemeral' materialization has an invalid value (public) for \
                     the access field",
                    node.unique_id
                );
                findings.refuse(node, message);
            }
            unsupported_constraints(node, findings);
        }
        NodeKind::Snapshot => {
            if let Some(problem) = snapshot_problem(node) {
                let error = Diagnostic::new(Code::SnapshotInvalid, problem);
                findings.errors.push(*error.with_span(place(node)));
            }
        }
        _ => {}
    }
}

/// Constraints of an enforced contract that the materialization does not make.
fn unsupported_constraints(node: &Node, findings: &mut Findings) {
    let NodeKind::Model { constraints, contract_checksum: Some(_), .. } = &node.kind else {
        return;
    };
    let materialized = node.config.materialized_name();
    let of_columns = node.columns.values().flat_map(|column| &column.constraints);
    let warns = of_columns
        .chain(constraints)
        .any(|it| it.get("warn_unsupported").and_then(Json::as_bool) == Some(true));
    if warns && !matches!(materialized, "table" | "incremental") {
        let message = format!(
            "Constraint types are not supported for {materialized} materializations and will be \
             ignored.  Set 'warn_unsupported: false' on this constraint to ignore this warning."
        );
        let at = Some(place(node));
        let data = json!({"materialized": materialized});
        findings.warn(("UnsupportedConstraintMaterialization", "I068"), message, at, data);
    }
}

/// What a snapshot's strategy needs
/// (<https://docs.getdbt.com/docs/build/snapshots#snapshot-strategies>).
fn snapshot_problem(node: &Node) -> Option<String> {
    let config = &node.config;
    let is_set = |key: &str| {
        config.get(key).is_some_and(|value| {
            value.as_str() != Some("") && value.as_array().is_none_or(|items| !items.is_empty())
        })
    };
    let message = if !is_set("strategy") || !is_set("unique_key") {
        "Snapshots must be configured with a 'strategy' and 'unique_key'."
    } else {
        match (config.text("strategy"), config.get("check_cols")) {
            (Some("check"), _) if !is_set("check_cols") => {
                "A snapshot configured with the check strategy must specify a check_cols \
                 configuration."
            }
            (Some("check"), Some(Json::String(columns))) if columns != "all" => {
                return Some(format!(
                    "Invalid value for 'check_cols': {columns}. Expected 'all' or a list of \
                     strings."
                ));
            }
            (Some("timestamp"), _) if !is_set("updated_at") => {
                "A snapshot configured with the timestamp strategy must specify an updated_at \
                 configuration."
            }
            (Some("timestamp"), _) if is_set("check_cols") => {
                "A 'timestamp' snapshot should not have 'check_cols'"
            }
            _ if config.materialized_name() != "snapshot" => {
                "A snapshot must have a materialized value of 'snapshot'"
            }
            _ => return None,
        }
    };
    Some(message.to_owned())
}

/// Arguments with defaults come last.
fn functions(manifest: &Manifest, findings: &mut Findings) {
    for function in manifest.functions.values() {
        let NodeKind::Function { arguments, .. } = &function.kind else { continue };
        let first = arguments.iter().position(|it| it.default_value.is_some());
        let late = first.and_then(|first| {
            arguments[first..].iter().find(|argument| argument.default_value.is_none())
        });
        if let Some(argument) = late {
            let message = format!(
                "Non-defaulted argument '{}' of function '{}' comes after a defaulted argument. \
                 Non-defaulted arguments cannot come after defaulted arguments. ",
                argument.name, function.name
            );
            findings.refuse(function, message);
        }
    }
}

/// A package's node that reads the root project's, unless it says so.
fn root_references(manifest: &Manifest, findings: &mut Findings) {
    let root = &manifest.project_name;
    for node in manifest.nodes.values().filter(|node| node.package_name != *root) {
        for id in &node.depends_on.nodes {
            let Some(target) = manifest.nodes.get(id).filter(|it| it.package_name == *root) else {
                continue;
            };
            let named = node
                .refs
                .iter()
                .any(|args| args.name == *target.name && args.package.as_deref() == Some(&**root));
            if named {
                continue;
            }
            let message = format!(
                "The node '{}'in package '{}' depends on the root project node '{}'.This may lead \
                 to unexpected cycles downstream. Please set the \
                 'require_ref_prefers_node_package_to_root' behavior change flag to True to avoid \
                 this issue.For more information, see the documentation at \
                 https://docs.getdbt.com/reference/global-configs/behavior-changes#require_ref_prefers_node_package_to_root",
                node.name, node.package_name, target.unique_id
            );
            let at = Some(place(node));
            let data = json!({
                "node_name": node.name,
                "package_name": node.package_name,
                "root_project_unique_id": target.unique_id,
            });
            findings.warn(("PackageNodeDependsOnRootProjectNode", "I077"), message, at, data);
        }
    }
}

/// The column that a time spine names is one of the model's.
fn time_spine_column(node: &Node) -> Option<Diagnostic> {
    let NodeKind::Model { time_spine: Some(spine), .. } = &node.kind else { return None };
    let column = spine.get("standard_granularity_column")?.as_str()?;
    let names: Vec<String> = node.columns.keys().map(|name| format!("'{name}'")).collect();
    (!node.columns.contains_key(column)).then(|| {
        let message = format!(
            "Time spine standard granularity column must be defined on the model. Got invalid column \
             name '{column}' for model '{}'. Valid names: [{}].",
            node.name,
            names.join(", ")
        );
        *Diagnostic::new(Code::SemanticInvalid, message)
    })
}

/// Old forms of the semantic layer, and the time spine that it needs.
fn semantic_layer(manifest: &Manifest, switches: Switches, findings: &mut Findings) {
    let old = |metric: &&Arc<crate::manifest::Metric>| {
        ["window", "grain_to_date"]
            .iter()
            .any(|key| metric.type_params.get(*key).is_some_and(|value| !value.is_null()))
    };
    let old: Vec<&str> =
        manifest.metrics.values().filter(old).map(|metric| &*metric.name).collect();
    let has_layer = !manifest.metrics.is_empty() && !manifest.semantic_models.is_empty();
    if has_layer && !old.is_empty() && switches.nested_cumulative_params {
        let names = old.join(", ");
        let message = format!(
            "Cumulative fields `type_params.window` and `type_params.grain_to_date` should be \
             nested under `type_params.cumulative_type_params.window` and \
             `type_params.cumulative_type_params.grain_to_date`. Invalid metrics: {names}. See \
             documentation on behavior changes: \
             https://docs.getdbt.com/reference/global-configs/behavior-changes."
        );
        findings.errors.push(*Diagnostic::new(Code::SemanticInvalid, message));
    } else if has_layer && !old.is_empty() {
        let message = "Cumulative fields `type_params.window` and `type_params.grain_to_date` \
                       have been moved and will soon be deprecated. Please nest those values \
                       under `type_params.cumulative_type_params.window` and \
                       `type_params.cumulative_type_params.grain_to_date`. See documentation on \
                       behavior changes: \
                       https://docs.getdbt.com/reference/global-configs/behavior-changes.";
        findings.warn(("MFCumulativeTypeParamsDeprecation", "D019"), message, None, json!({}));
    }
    if manifest.semantic_models.is_empty() {
        return;
    }
    manifest.nodes.values().for_each(|node| findings.errors.extend(time_spine_column(node)));
    if !findings.errors.is_empty() {
        return;
    }
    let spines = crate::parse::semantic::time_spines(manifest);
    let legacy = spines.legacy.is_some();
    if !legacy && !spines.has_day_or_finer {
        let message = "The semantic layer requires a time spine model with granularity DAY or \
                       smaller in the project, but none was found. Guidance on creating this \
                       model can be found on our docs site \
                       (https://docs.getdbt.com/docs/build/metricflow-time-spine).";
        findings.errors.push(*Diagnostic::new(Code::SemanticInvalid, message));
    }
    if has_layer && legacy && !spines.has_day && !switches.time_spines_in_yaml {
        let message = "Time spines without YAML configuration are in the process of deprecation. \
                       Please add YAML configuration for your 'metricflow_time_spine' model. See \
                       documentation on MetricFlow time spines: \
                       https://docs.getdbt.com/docs/build/metricflow-time-spine and behavior \
                       change documentation: \
                       https://docs.getdbt.com/reference/global-configs/behavior-changes.";
        let event = ("MFTimespineWithoutYamlConfigurationDeprecation", "D018");
        findings.warn(event, message, None, json!({}));
    }
}
