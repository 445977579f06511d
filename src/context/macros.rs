//! Which macro a name means.
//!
//! dbt's order of search: the package of the node being rendered, the root project, the
//! names of packages, then the built-in packages `dbt_postgres` and `dbt`
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/dispatch>). A macro that is
//! called from another macro is searched from the node's package, too.

use super::members;
use super::namespace::PackageNamespace;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::analysis::{MacroCall, macro_calls};
use crate::jinja::{MacroDef, Value};
use crate::manifest::{MacroNode, UniqueId};
use foldhash::{HashMap, HashMapExt};
use std::sync::Arc;

/// The adapter's own built-in package; it overrides [`CORE_PACKAGE`].
pub const ADAPTER_PACKAGE: &str = "dbt_postgres";
/// The built-in package.
pub const CORE_PACKAGE: &str = "dbt";

/// Whether a package is one of gdbt's own.
pub fn is_built_in_package(name: &str) -> bool {
    matches!(name, CORE_PACKAGE | ADAPTER_PACKAGE)
}
/// Materializations of dbt that the built-in packages do not have yet.
const NOT_YET_BUILT: [&str; 5] = ["snapshot", "materialized_view", "clone", "unit", "function"];
/// The prefixes that `adapter.dispatch` tries, in order.
const PREFIXES: [&str; 2] = ["postgres", "default"];

/// A macro as a resource and as a value.
#[derive(Debug, Clone)]
pub struct MacroEntry {
    /// The resource.
    pub node: Arc<MacroNode>,
    /// The callable value.
    pub value: Value,
}

/// The macros of one package by name.
pub type PackageMacros = HashMap<Arc<str>, MacroEntry>;

/// Where a macro is defined, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Locality {
    Core,
    Imported,
    Root,
}

/// How a project's settings change the search for macros.
#[derive(Debug, Clone, Default)]
pub struct SearchRules {
    /// The root project's name.
    pub root: Arc<str>,
    /// All projects that can be a namespace of `adapter.dispatch`: root and packages.
    pub projects: Vec<Arc<str>>,
    /// `dispatch:` of dbt_project.yml: the search order of each namespace.
    pub dispatch: std::collections::HashMap<String, Vec<String>>,
    /// Whether a package may replace a built-in materialization without the root project's
    /// saying so: dbt's `require_explicit_package_overrides_for_builtin_materializations`,
    /// turned off.
    pub packages_override_materializations: bool,
}

/// All macros of a project, its packages and the built-in packages.
#[derive(Debug)]
pub struct MacroIndex {
    rules: SearchRules,
    packages: HashMap<Arc<str>, Arc<PackageMacros>>,
    namespaces: HashMap<Arc<str>, Value>,
    internal: Arc<PackageMacros>,
    by_name: HashMap<Arc<str>, Vec<Arc<MacroNode>>>,
    ids: HashMap<usize, UniqueId>,
}

impl MacroIndex {
    /// Indexes the macros.
    ///
    /// # Errors
    /// Two macros of one name in one package.
    pub fn new(
        rules: SearchRules,
        macros: impl IntoIterator<Item = Arc<MacroNode>>,
    ) -> Result<Self> {
        let mut packages: HashMap<Arc<str>, PackageMacros> = HashMap::new();
        let mut by_name: HashMap<Arc<str>, Vec<Arc<MacroNode>>> = HashMap::new();
        let mut ids = HashMap::new();
        for node in macros {
            ids.insert(address(&node.definition), node.unique_id.clone());
            by_name.entry(node.name.clone()).or_default().push(node.clone());
            let value = Value::from_macro(node.definition.clone());
            let entry = MacroEntry { node, value };
            let package = packages.entry(entry.node.package_name.clone()).or_default();
            if let Some(first) = package.insert(entry.node.name.clone(), entry.clone()) {
                return Err(duplicate(&first.node, &entry.node));
            }
        }
        let mut internal = packages.remove(CORE_PACKAGE).unwrap_or_default();
        internal.extend(packages.remove(ADAPTER_PACKAGE).unwrap_or_default());
        let internal = Arc::new(internal);
        let packages: HashMap<_, _> =
            packages.into_iter().map(|(name, macros)| (name, Arc::new(macros))).collect();
        let mut namespaces: HashMap<Arc<str>, Value> = packages
            .iter()
            .map(|(name, macros)| (name.clone(), PackageNamespace::value(macros.clone())))
            .collect();
        namespaces.insert(CORE_PACKAGE.into(), PackageNamespace::value(internal.clone()));
        Ok(Self { rules, packages, namespaces, internal, by_name, ids })
    }

    /// What a name means in a node of `package`: a macro, or a package as a namespace.
    pub fn lookup(&self, package: &str, name: &str) -> Option<Value> {
        if let Some(entry) = self.own(package, name) {
            return Some(entry.value.clone());
        }
        if let Some(namespace) = self.namespaces.get(name) {
            return Some(namespace.clone());
        }
        self.internal.get(name).map(|entry| entry.value.clone())
    }

    /// The macro that a name means in a node of `package`.
    pub fn find(&self, package: &str, name: &str) -> Option<&MacroEntry> {
        self.own(package, name).or_else(|| self.internal.get(name))
    }

    /// A macro of the node's package or of the root project.
    fn own(&self, package: &str, name: &str) -> Option<&MacroEntry> {
        let found = self.of_project(package, name);
        if found.is_some() || package == &*self.rules.root {
            return found;
        }
        self.of_project(&self.rules.root, name)
    }

    fn of_project(&self, package: &str, name: &str) -> Option<&MacroEntry> {
        self.packages.get(package)?.get(name)
    }

    /// A macro of exactly this package; `dbt` also stands for the adapter's package.
    pub fn find_in(&self, package: &str, name: &str) -> Option<&MacroEntry> {
        match package {
            CORE_PACKAGE => self.internal.get(name),
            _ => self.of_project(package, name),
        }
    }

    /// The macro of a generic test (`test_x`) or another call that may name its package:
    /// that package first, then the root project, other packages and the built-in ones.
    pub fn resolve(&self, package: &str, name: &str) -> Option<&Arc<MacroNode>> {
        let of_package = self.by_name.get(name)?.iter().find(|node| *node.package_name == *package);
        of_package.or_else(|| self.strongest(name))
    }

    /// The macro of a name wherever it is defined: of the root project, else of another
    /// package, else a built-in one. The adapter finds its macros so.
    pub fn strongest(&self, name: &str) -> Option<&Arc<MacroNode>> {
        let candidates = self.by_name.get(name)?;
        candidates.iter().rev().max_by_key(|node| match self.locality(node) {
            Locality::Core if &*node.package_name == CORE_PACKAGE => 0,
            Locality::Core => 1,
            Locality::Imported => 2,
            Locality::Root => 3,
        })
    }

    /// As [`Self::strongest`]. Of several packages that define it, `package` goes first; dbt
    /// takes any of them.
    fn strongest_beside(&self, package: &str, name: &str) -> Option<&Arc<MacroNode>> {
        let strongest = self.strongest(name)?;
        let beside = (self.locality(strongest) == Locality::Imported)
            .then(|| self.of_project(package, name).map(|entry| &entry.node));
        beside.flatten().or(Some(strongest))
    }

    /// The macro of a generic test in a file of `package`. Of several packages that define
    /// it, the test's `namespace` goes first.
    pub fn generic_test(
        &self,
        package: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&Arc<MacroNode>> {
        match self.of_project(package, name) {
            Some(own) => Some(&own.node),
            None => self.strongest_beside(namespace.unwrap_or(package), name),
        }
    }

    /// Whether neither the project nor a package of it has a macro of one of these names.
    pub fn are_built_in(&self, names: &[&str]) -> bool {
        let mut found = names.iter().filter_map(|name| self.strongest(name));
        found.all(|node| is_built_in_package(&node.package_name))
    }

    /// The installed package whose materialization of this name goes before the built-in one.
    pub fn package_override(&self, name: &str) -> Option<&Arc<str>> {
        let best = self.materialization(name)?;
        let name = format!("materialization_{name}_");
        let is_built_in = |node: &Arc<MacroNode>| {
            is_built_in_package(&node.package_name)
                && PREFIXES.iter().any(|prefix| *node.name == *format!("{name}{prefix}"))
        };
        let replaces = self.locality(best) == Locality::Imported
            && self.by_name.values().flatten().any(is_built_in);
        replaces.then_some(&best.package_name)
    }

    /// The id of a macro that was called.
    pub fn id_of(&self, definition: &Arc<MacroDef>) -> Option<&UniqueId> {
        self.ids.get(&address(definition))
    }

    /// The macros that a macro's text may call: what dbt writes as its `depends_on`. Whatever
    /// is called is searched as a macro, methods of values included: `now.date()` is read as
    /// the macro `date` of a package `now`, which any package's `date` stands in for.
    pub fn dependencies(&self, of: &MacroNode) -> Vec<UniqueId> {
        let mut ids = Vec::new();
        let mut add = |found: Option<&Arc<MacroNode>>| {
            if let Some(found) = found.filter(|found| !ids.contains(&found.unique_id)) {
                ids.push(found.unique_id.clone());
            }
        };
        for call in macro_calls(&of.definition) {
            match &call {
                MacroCall::Plain(name) if *name == of.name || members::is_common(name) => {}
                MacroCall::Plain(name) => add(self.resolve(&of.package_name, name)),
                MacroCall::Qualified(package, name) => add(self.resolve(package, name)),
                MacroCall::Dispatch { name, namespace } => {
                    if **name != *of.name {
                        add(self.resolve(&of.package_name, name));
                    }
                    add(self.dispatched(&of.package_name, name, namespace.as_deref()));
                }
            }
        }
        ids
    }

    /// What `adapter.dispatch(name, namespace)` finds in a macro of `package`, whatever node
    /// calls it.
    fn dispatched(
        &self,
        package: &str,
        name: &str,
        namespace: Option<&str>,
    ) -> Option<&Arc<MacroNode>> {
        self.search_packages(namespace).into_iter().find_map(|search| {
            PREFIXES.iter().find_map(|prefix| {
                let full = format!("{prefix}__{name}");
                match search {
                    None => self.strongest_beside(package, &full),
                    Some(search) => self.find_in(search, &full).map(|entry| &entry.node),
                }
            })
        })
    }

    /// `adapter.dispatch(name, namespace)` in a node of `package`.
    ///
    /// # Errors
    /// dbt's text, which lists the names that were tried.
    pub fn dispatch(
        &self,
        package: &str,
        name: &str,
        namespace: Option<&str>,
    ) -> Result<&MacroEntry> {
        if let Some((wrong_namespace, wrong_name)) = name.split_once('.') {
            return Err(Diagnostic::new(
                Code::MacroUnknown,
                format!(
                    "In adapter.dispatch, got a macro name of \"{name}\", but \".\" is not a \
                     valid macro name component. Did you mean `adapter.dispatch(\"{wrong_name}\", \
                     macro_namespace=\"{wrong_namespace}\")`?"
                ),
            ));
        }
        let mut attempts = Vec::new();
        for search in self.search_packages(namespace) {
            for prefix in PREFIXES {
                let full = format!("{prefix}__{name}");
                let found = match search {
                    None => self.find(package, &full),
                    Some(search) => self.find_in(search, &full),
                };
                if let Some(found) = found {
                    return Ok(found);
                }
                attempts.push(match search {
                    None => format!("'{full}'"),
                    Some(search) => format!("'{search}.{full}'"),
                });
            }
        }
        Err(Diagnostic::new(
            Code::MacroUnknown,
            format!(
                "In dispatch: No macro named '{name}' found within namespace: '{}'\n    Searched \
                 for: {}",
                namespace.unwrap_or("None"),
                attempts.join(", ")
            ),
        ))
    }

    /// The macro of any package that `dispatch` may mean.
    pub fn dispatch_anywhere(&self, name: &str) -> Option<&MacroEntry> {
        let mut names = PREFIXES.iter().map(|prefix| format!("{prefix}__{name}"));
        let node = names.find_map(|name| self.strongest(&name))?;
        self.find_in(&node.package_name, &node.name)
    }

    fn search_packages<'a>(&'a self, namespace: Option<&'a str>) -> Vec<Option<&'a str>> {
        let Some(namespace) = namespace else { return vec![None] };
        if let Some(order) = self.rules.dispatch.get(namespace).filter(|order| !order.is_empty()) {
            return order.iter().map(|package| Some(package.as_str())).collect();
        }
        if is_built_in_package(namespace)
            || self.rules.projects.iter().any(|project| **project == *namespace)
        {
            return vec![Some(&self.rules.root), Some(namespace)];
        }
        vec![None]
    }

    /// The macro of a materialization. One for postgres is stronger than a default one,
    /// then one of the root project than one of a package and a built-in one.
    pub fn materialization(&self, name: &str) -> Option<&Arc<MacroNode>> {
        let of_prefix = |prefix: &str| {
            let name = format!("materialization_{name}_{prefix}");
            self.by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice)
        };
        let [postgres, default] = PREFIXES.map(of_prefix);
        let candidates = || {
            let postgres = postgres.iter().map(|node| (1_u8, node));
            postgres.chain(default.iter().map(|node| (0, node)))
        };
        let rank = |(specificity, node): &(u8, &Arc<MacroNode>)| {
            (*specificity, self.locality(node), &*node.package_name == ADAPTER_PACKAGE)
        };
        let (_, best) = candidates().max_by_key(rank)?;
        let core_exists = candidates().any(|(_, node)| self.locality(node) == Locality::Core);
        let replaces_core = self.locality(best) == Locality::Imported && core_exists;
        if replaces_core && !self.rules.packages_override_materializations {
            let own = candidates().filter(|(_, node)| self.locality(node) != Locality::Imported);
            return own.max_by_key(rank).map(|(_, node)| node);
        }
        Some(best)
    }

    /// The error for a materialization that does not exist, in dbt's words.
    pub fn materialization_missing(name: &str) -> Box<Diagnostic> {
        let error = Diagnostic::new(
            Code::MacroUnknown,
            format!(
                "No materialization '{name}' was found for adapter postgres! (searched types \
                 'default' and 'postgres')"
            ),
        );
        if NOT_YET_BUILT.contains(&name) {
            return error.with_help(format!(
                "This version of gdbt does not build what dbt calls '{name}'. Leave such nodes \
                 out with --exclude config.materialized:{name}."
            ));
        }
        error
    }

    /// `generate_schema_name` and its like for nodes of `package`: a package's own macro
    /// applies to its nodes; else the root project's, else the built-in one
    /// (<https://docs.getdbt.com/docs/build/custom-schemas>). `component` is `schema`,
    /// `database` or `alias`.
    pub fn generate_name(&self, component: &str, package: &str) -> Option<&MacroEntry> {
        let name = format!("generate_{component}_name");
        self.find(package, &name)
    }

    fn locality(&self, node: &MacroNode) -> Locality {
        match &*node.package_name {
            CORE_PACKAGE | ADAPTER_PACKAGE => Locality::Core,
            package if *package == *self.rules.root => Locality::Root,
            _ => Locality::Imported,
        }
    }

    /// Names of macros for near matches.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// The root project's name.
    pub fn root(&self) -> &Arc<str> {
        &self.rules.root
    }
}

/// Macros are told apart by where they are in memory: the index keeps them alive.
fn address(definition: &Arc<MacroDef>) -> usize {
    Arc::as_ptr(definition) as usize
}

fn duplicate(first: &MacroNode, second: &MacroNode) -> Box<Diagnostic> {
    let (name, package) = (&second.name, &second.package_name);
    let place = |node: &MacroNode| format!("- {} ({})", node.unique_id, node.original_file_path);
    let span = |node: &MacroNode| node.definition.file.span(node.definition.range.clone());
    Diagnostic::new(
        Code::Duplicate,
        format!(
            "dbt found multiple macros named \"{name}\" in the project \"{package}\".\nAll macros \
             require unique names, to fix this error rename or remove any duplicates. They can be \
             found in these files:\n{}\n{}",
            place(first),
            place(second)
        ),
    )
    .with_span(span(second))
    .with_related(span(first), "first defined here")
}
