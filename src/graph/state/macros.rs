//! Which macros have changed, and what uses them.

use super::previous::PreviousState;
use crate::context::{ADAPTER_PACKAGE, CORE_PACKAGE};
use crate::manifest::{MacroNode, Manifest, UniqueId};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};

/// The macros whose text has changed, or that use one whose text has.
#[derive(Debug)]
pub(super) struct ModifiedMacros {
    modified: HashSet<UniqueId>,
}

impl ModifiedMacros {
    /// Compares the project's macros. Those that are part of gdbt are not compared: a new
    /// version of gdbt is no change of the project, and dbt's have another text.
    pub(super) fn new(manifest: &Manifest, previous: &PreviousState) -> Self {
        let old = previous.section("macros");
        let text = |id: &UniqueId| old?.get(id.as_str())?.get("macro_sql").and_then(Json::as_str);
        let changed = manifest
            .macros
            .values()
            .filter(|it| ![CORE_PACKAGE, ADAPTER_PACKAGE].contains(&&*it.package_name))
            .filter(|it| text(&it.unique_id) != Some(&*it.macro_sql));
        let mut modified: HashSet<UniqueId> = HashSet::new();
        let mut pending: Vec<&UniqueId> = changed.map(|it| &it.unique_id).collect();
        let callers = callers(manifest.macros.values());
        while let Some(id) = pending.pop() {
            if modified.insert(id.clone()) {
                pending.extend(callers.get(id).into_iter().flatten());
            }
        }
        Self { modified }
    }

    /// Whether any of these macros, or one that they use, has changed.
    pub(super) fn any_of(&self, macros: &Json) -> bool {
        let ids = macros.as_array().into_iter().flatten().filter_map(Json::as_str);
        !self.modified.is_empty() && ids.into_iter().any(|id| self.modified.contains(id))
    }
}

fn callers<'m>(
    macros: impl Iterator<Item = &'m std::sync::Arc<MacroNode>>,
) -> HashMap<&'m UniqueId, Vec<&'m UniqueId>> {
    let mut callers: HashMap<&UniqueId, Vec<&UniqueId>> = HashMap::new();
    for caller in macros {
        for called in &caller.depends_on.macros {
            callers.entry(called).or_default().push(&caller.unique_id);
        }
    }
    callers
}
