//! What flows where: the nodes and edges that diagrams and `lineage.json` show.

use crate::manifest::{Manifest, Resource, ResourceType, UniqueId};
use foldhash::HashMap;
use indexmap::IndexMap;

/// One node of the lineage.
#[derive(Debug, Clone)]
pub struct LineageNode<'a> {
    /// Its id.
    pub unique_id: &'a UniqueId,
    /// `name`, or `source.table`.
    pub name: String,
    /// What it is.
    pub resource_type: ResourceType,
    /// The first folder under its resource path, the name of a source, or what it is.
    pub layer: String,
    /// The schema of its relation.
    pub schema: Option<&'a str>,
    /// Its relation as it stands in SQL; none when it has none.
    pub relation: Option<String>,
    /// The defining file.
    pub path: &'a str,
}

/// Nodes and direct edges, both in the manifest's order.
#[derive(Debug, Clone, Default)]
pub struct Lineage<'a> {
    /// The nodes.
    pub nodes: Vec<LineageNode<'a>>,
    /// Pairs of places in `nodes`: parent, child.
    pub edges: Vec<(usize, usize)>,
}

impl<'a> Lineage<'a> {
    /// The lineage of the resources that `keep` accepts.
    pub fn new(manifest: &'a Manifest, keep: impl Fn(Resource<'a>) -> bool) -> Self {
        let kept: Vec<Resource<'a>> = manifest.resources().filter(|it| keep(*it)).collect();
        let place: HashMap<&UniqueId, usize> = kept
            .iter()
            .enumerate()
            .map(|(index, resource)| (resource.unique_id(), index))
            .collect();
        let mut edges = Vec::new();
        for (to, resource) in kept.iter().enumerate() {
            let mut from: Vec<usize> =
                resource.parents().iter().filter_map(|id| place.get(id).copied()).collect();
            from.sort_unstable();
            from.dedup();
            edges.extend(from.into_iter().map(|from| (from, to)));
        }
        Self { nodes: kept.into_iter().map(describe).collect(), edges }
    }

    /// The lineage of the data: without tests, analyses and hooks.
    pub fn of_data(manifest: &'a Manifest) -> Self {
        Self::new(manifest, |resource| is_data(resource.resource_type()))
    }

    /// Places of nodes by layer, in the order of first appearance.
    pub fn layers(&self) -> IndexMap<&str, Vec<usize>> {
        let mut layers: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            layers.entry(node.layer.as_str()).or_default().push(index);
        }
        layers
    }
}

/// Whether data flows through resources of this type.
pub fn is_data(kind: ResourceType) -> bool {
    matches!(
        kind,
        ResourceType::Model
            | ResourceType::Seed
            | ResourceType::Snapshot
            | ResourceType::Source
            | ResourceType::Exposure
    )
}

fn describe(resource: Resource<'_>) -> LineageNode<'_> {
    let (name, schema, relation) = match resource {
        Resource::Node(node) => {
            let relation = node.relation_name();
            let schema = relation.is_some().then_some(node.relation.schema.as_ref());
            (node.name.to_string(), schema, relation)
        }
        Resource::Source(source) => (
            format!("{}.{}", source.source_name, source.name),
            Some(source.relation.schema.as_ref()),
            Some(source.relation_name()),
        ),
        other => (other.name().to_string(), None, None),
    };
    LineageNode {
        unique_id: resource.unique_id(),
        name,
        resource_type: resource.resource_type(),
        layer: layer(resource),
        schema,
        relation,
        path: resource.original_file_path(),
    }
}

/// The layer of a resource: the first folder of a model, the name of a source, else its kind.
pub fn layer(resource: Resource<'_>) -> String {
    let kind = resource.resource_type();
    match resource {
        Resource::Source(source) => source.source_name.to_string(),
        Resource::Node(node) if kind == ResourceType::Model && node.fqn.len() > 2 => {
            node.fqn.get(1).cloned().unwrap_or_default()
        }
        _ => format!("{kind}s"),
    }
}
