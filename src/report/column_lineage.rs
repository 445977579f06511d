//! Column lineage as JSON.

use crate::manifest::{JsonMap, Manifest, Resource, UniqueId};
use crate::sql::project::{ColumnLineage, NodeColumns, Unanalysed, Upstream, column_name};
use crate::sql::{Kind, Name, RelationId};
use serde_json::{Value as Json, json};

/// What stands for all columns of a relation whose columns are not known.
const ALL: &str = "*";

/// The parts `columns`, `rows` and `unanalysed` of lineage.json.
pub fn json(lineage: &ColumnLineage, manifest: &Manifest) -> JsonMap {
    let (mut columns, mut rows) = (JsonMap::new(), JsonMap::new());
    for (id, node) in &lineage.nodes {
        columns.insert(id.to_string(), node_columns(id, node, manifest));
        if !node.rows.is_empty() {
            rows.insert(id.to_string(), node.rows.iter().map(upstream).collect());
        }
    }
    let unanalysed: Json = lineage.unanalysed.iter().map(unanalysed).collect();
    JsonMap::from_iter([
        ("columns".to_owned(), Json::Object(columns)),
        ("rows".to_owned(), Json::Object(rows)),
        ("unanalysed".to_owned(), unanalysed),
    ])
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
