//! In which order models are analysed.

use super::is_analysed;
use crate::manifest::{Manifest, Node, UniqueId};
use std::collections::HashMap;

/// Models and snapshots in groups: each reads only from the groups before it.
pub fn levels(manifest: &Manifest) -> Vec<Vec<&Node>> {
    let mut levels: Vec<Vec<&Node>> = Vec::new();
    let mut known: HashMap<&UniqueId, usize> = HashMap::new();
    let mut stack: Vec<(&Node, bool)> = Vec::new();
    let nodes = manifest.nodes.values().map(AsRef::as_ref).filter(|node| is_analysed(node));
    for node in nodes {
        stack.push((node, false));
        while let Some((node, parents_done)) = stack.pop() {
            if known.contains_key(&node.unique_id) && !parents_done {
                continue;
            }
            let parents = node.depends_on.nodes.iter().filter_map(|id| manifest.nodes.get(id));
            if parents_done {
                let level = parents
                    .filter_map(|parent| known.get(&parent.unique_id))
                    .max()
                    .map_or(0, |level| level + 1);
                known.insert(&node.unique_id, level);
                if levels.len() <= level {
                    levels.resize_with(level + 1, Vec::new);
                }
                levels[level].push(node);
            } else {
                // A mark that it is being visited; there are no cycles.
                stack.push((node, true));
                let open = parents.map(AsRef::as_ref).filter(|parent| is_analysed(parent));
                stack.extend(
                    open.filter(|parent| !known.contains_key(&parent.unique_id))
                        .map(|parent| (parent, false)),
                );
            }
        }
    }
    levels
}
