//! Column lineage as JSON.

use crate::manifest::{JsonMap, Manifest, Resource, UniqueId};
use crate::sql::project::{ColumnLineage, NodeColumns, Unanalysed, Upstream, column_name};
use crate::sql::{Kind, Name, RelationId};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

/// What stands for all columns of a relation whose columns are not known.
const ALL: &str = "*";

/// The parts `columns`, `rows` and `unanalysed` of lineage.json. Nodes become JSON one after
/// the other: together they take more memory than all else.
pub fn write<M: SerializeMap>(
    map: &mut M,
    lineage: &ColumnLineage,
    manifest: &Manifest,
) -> Result<(), M::Error> {
    map.serialize_entry("columns", &Columns(lineage, manifest))?;
    map.serialize_entry("rows", &Rows(lineage))?;
    let unanalysed: Json = lineage.unanalysed.iter().map(unanalysed).collect();
    map.serialize_entry("unanalysed", &unanalysed)
}

struct Columns<'a>(&'a ColumnLineage, &'a Manifest);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(lineage, manifest) = self;
        let nodes = lineage.nodes.iter();
        serializer.collect_map(nodes.map(|(id, node)| (id, node_columns(id, node, manifest))))
    }
}

struct Rows<'a>(&'a ColumnLineage);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes = self.0.nodes.iter().filter(|(_, node)| !node.rows.is_empty());
        let upstreams = |node: &NodeColumns| node.rows.iter().map(upstream).collect::<Json>();
        serializer.collect_map(nodes.map(|(id, node)| (id, upstreams(node))))
    }
}

/// The same as a list of columns, as the site reads it. Tables outside the project are left
/// out.
pub fn list(lineage: &ColumnLineage) -> Json {
    let columns = lineage.nodes.iter().flat_map(|(id, node)| {
        node.columns.iter().map(move |(name, from)| {
            let known = from.iter().filter(|it| matches!(it.relation, RelationId::Node(_)));
            let from: Vec<Json> = known.map(upstream).collect();
            json!({"node": id, "column": name.as_str(), "upstream": from})
        })
    });
    columns.collect()
}

fn node_columns(id: &UniqueId, node: &NodeColumns, manifest: &Manifest) -> Json {
    let mut all: JsonMap = node
        .columns
        .iter()
        .map(|(name, from)| {
            let from: Vec<Json> = from.iter().map(upstream).collect();
            let mut column = json!({"upstream": from});
            if let Some(data_type) = data_type(id, name, manifest) {
                column["type"] = Json::from(data_type);
            }
            (name.to_string(), column)
        })
        .collect();
    if !node.passed_on.is_empty() {
        let whole = node.passed_on.iter().map(|(relation, _)| Upstream {
            relation: relation.clone(),
            column: None,
            kind: Kind::Direct,
        });
        let from: Vec<Json> = whole.map(|from| upstream(&from)).collect();
        all.insert(ALL.to_owned(), json!({"upstream": from}));
    }
    Json::Object(all)
}

/// The type that the properties declare for a column.
fn data_type<'a>(id: &UniqueId, name: &Name, manifest: &'a Manifest) -> Option<&'a str> {
    let Resource::Node(node) = manifest.resource(id)? else { return None };
    node.columns.values().find(|it| column_name(it) == *name)?.data_type.as_deref()
}

fn upstream(from: &Upstream) -> Json {
    let column = from.column.as_ref().map_or(ALL, Name::as_str);
    match &from.relation {
        RelationId::Node(id) => json!({"node": **id, "column": column, "kind": from.kind}),
        RelationId::Unknown(name) => {
            json!({"node": null, "relation": **name, "column": column, "kind": from.kind})
        }
    }
}

fn unanalysed(node: &Unanalysed) -> Json {
    let span = node.span.as_ref();
    json!({
        "node": node.node,
        "reason": node.reason,
        "file": span.map(|span| &span.path),
        "line": span.map(|span| span.line),
        "column": span.map(|span| span.column).filter(|column| *column > 0),
    })
}
