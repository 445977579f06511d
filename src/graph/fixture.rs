//! Manifests for tests, made of the little that a graph needs.

use crate::manifest::{
    Checksum, Config, DependsOn, DocsConfig, Exposure, GenericTest, JsonMap, Manifest, Node,
    NodeKind, QuotePolicy, RelationName, ResourceType, Source, TestedRelation, UniqueId,
};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The manifest of a graph in JSON: ids, with the fields of dbt's manifest that matter.
pub(super) fn manifest(graph: &Json) -> Manifest {
    let mut manifest = Manifest { project_name: "shop".into(), ..Manifest::default() };
    for (id, data) in graph.as_object().unwrap() {
        let id = UniqueId::from(id.as_str());
        let (kind, _) = id.as_str().split_once('.').unwrap();
        match kind {
            "source" => drop(manifest.sources.insert(id.clone(), Arc::new(source(id, data)))),
            "exposure" => {
                drop(manifest.exposures.insert(id.clone(), Arc::new(exposure(id, data))));
            }
            kind => {
                let kind = kind.to_owned();
                manifest.nodes.insert(id.clone(), Arc::new(node(id, &kind, data)));
            }
        }
    }
    manifest
}

/// Models with these edges, each `parent>child`, or just a name.
pub(super) fn models(edges: &[&str]) -> Manifest {
    let mut graph = JsonMap::new();
    for edge in edges {
        let names: Vec<&str> = edge.split('>').collect();
        for name in &names {
            let id = format!("model.shop.{name}");
            let data = json!({
                "name": name, "fqn": ["shop", name], "parents": [], "raw_code": "x",
                "original_file_path": format!("models/{name}.sql"),
            });
            graph.entry(id).or_insert(data);
        }
        if let [parent, child] = names[..] {
            let parents = &mut graph[&format!("model.shop.{child}")]["parents"];
            parents.as_array_mut().unwrap().push(json!(format!("model.shop.{parent}")));
        }
    }
    manifest(&Json::Object(graph))
}

fn text(data: &Json, key: &str) -> Arc<str> {
    data[key].as_str().unwrap_or_default().into()
}

fn texts(data: &Json, key: &str) -> Vec<String> {
    let items = data[key].as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn optional(data: &Json, key: &str) -> Option<Json> {
    Some(data[key].clone()).filter(|value| !value.is_null())
}

fn config(data: &Json) -> Config {
    Config::new(data["config"].as_object().cloned().unwrap_or_default())
}

fn depends_on(data: &Json) -> DependsOn {
    let nodes = texts(data, "parents").into_iter().map(UniqueId::from).collect();
    DependsOn { macros: Vec::new(), nodes }
}

fn relation() -> RelationName {
    RelationName { database: "d".into(), schema: "s".into(), identifier: "i".into() }
}

fn node_kind(kind: &str, data: &Json) -> NodeKind {
    match kind {
        "seed" => NodeKind::Seed { root_path: "".into() },
        "snapshot" => NodeKind::Snapshot,
        "analysis" => NodeKind::Analysis,
        "test" => match data["test_name"].as_str() {
            None => NodeKind::SingularTest,
            Some(name) => NodeKind::GenericTest(GenericTest {
                called_late: None,
                target: TestedRelation::Node(String::new(), None),
                name: name.to_owned(),
                namespace: None,
                kwargs: JsonMap::new(),
                column_name: None,
                attached_node: None,
                file_key_name: String::new(),
            }),
        },
        _ => NodeKind::Model {
            access: data["access"].as_str().unwrap_or("protected").to_owned(),
            constraints: Vec::new(),
            version: optional(data, "version"),
            latest_version: optional(data, "latest_version"),
            deprecation_date: None,
            primary_key: Vec::new(),
            time_spine: None,
            contract_checksum: None,
        },
    }
}

fn node(unique_id: UniqueId, kind: &str, data: &Json) -> Node {
    Node {
        unique_id,
        name: text(data, "name"),
        package_name: text(data, "package_name"),
        path: "".into(),
        original_file_path: text(data, "original_file_path"),
        fqn: texts(data, "fqn"),
        alias: text(data, "name"),
        relation: relation(),
        quote_policy: QuotePolicy::default(),
        checksum: Checksum::none(),
        config: config(data),
        unrendered_config: Arc::default(),
        tags: texts(data, "tags"),
        description: String::new(),
        columns: IndexMap::new(),
        meta: JsonMap::new(),
        group: data["group"].as_str().map(str::to_owned),
        docs: DocsConfig::default(),
        patch_path: data["patch_path"].as_str().map(str::to_owned),
        doc_blocks: Vec::new(),
        created_at: 0.0,
        raw_code: text(data, "raw_code"),
        language: "sql",
        refs: Vec::new(),
        sources: Vec::new(),
        metrics: Vec::new(),
        functions: Vec::new(),
        depends_on: depends_on(data),
        defined_at: None,
        template: None,
        kind: node_kind(kind, data),
    }
}

fn source(unique_id: UniqueId, data: &Json) -> Source {
    Source {
        unique_id,
        source_name: text(data, "source_name"),
        name: text(data, "name"),
        package_name: text(data, "package_name"),
        original_file_path: text(data, "original_file_path"),
        fqn: texts(data, "fqn"),
        relation: relation(),
        quoting: JsonMap::new(),
        quote_policy: QuotePolicy::default(),
        listed_quote_policy: QuotePolicy::default(),
        description: String::new(),
        source_description: String::new(),
        loader: String::new(),
        loaded_at_field: None,
        loaded_at_query: None,
        freshness: None,
        external: None,
        columns: IndexMap::new(),
        meta: JsonMap::new(),
        source_meta: JsonMap::new(),
        tags: texts(data, "tags"),
        config: config(data),
        unrendered_config: Arc::default(),
        created_at: 0.0,
        unrendered_database: None,
        unrendered_schema: None,
        doc_blocks: Vec::new(),
    }
}

fn exposure(unique_id: UniqueId, data: &Json) -> Exposure {
    Exposure {
        name: text(data, "name"),
        resource_type: ResourceType::Exposure,
        package_name: text(data, "package_name"),
        path: "".into(),
        original_file_path: text(data, "original_file_path"),
        unique_id,
        fqn: texts(data, "fqn"),
        type_: "dashboard".to_owned(),
        owner: JsonMap::new(),
        description: String::new(),
        label: None,
        maturity: None,
        meta: JsonMap::new(),
        tags: texts(data, "tags"),
        config: config(data),
        unrendered_config: Arc::default(),
        url: None,
        depends_on: depends_on(data),
        refs: Vec::new(),
        sources: Vec::new(),
        metrics: Vec::new(),
        created_at: 0.0,
    }
}
