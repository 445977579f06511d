//! What templates see, by phase. Expected texts are those of dbt-core 1.11.

use super::*;
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Silent, Sink};
use crate::jinja::{MacroDef, SourceFile, Template};
use crate::manifest::{
    Checksum, Config, DependsOn, DocsConfig, JsonMap, MacroNode, Manifest, Node, NodeKind,
    QuotePolicy, RelationName, ResourceType, UniqueId,
};
use crate::project::{Env, LoadOptions, ProfileOptions, Workspace};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;

/// A project with some macros and models, in a folder of its own.
pub(crate) struct TestProject {
    folder: tempfile::TempDir,
    workspace: Arc<Workspace>,
    macros: Vec<Arc<MacroNode>>,
    manifest: Manifest,
}

impl TestProject {
    pub(crate) fn new(project_yml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let yml = format!("name: shop\nversion: '1.0'\nprofile: shop\n{project_yml}");
        std::fs::write(folder.path().join("dbt_project.yml"), yml).unwrap();
        let profile = "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, port: \
                       5432, user: u, password: p, dbname: db, schema: public}\n";
        std::fs::write(folder.path().join("profiles.yml"), profile).unwrap();
        let options = LoadOptions {
            project_dir: folder.path().to_owned(),
            profile: ProfileOptions {
                profiles_dir: Some(folder.path().to_owned()),
                ..ProfileOptions::default()
            },
            ..LoadOptions::default()
        };
        let env: Env = [("REGION", "eu"), ("DBT_ENV_SECRET_X", "s3")].into_iter().collect();
        let workspace = Arc::new(Workspace::load(&options, Arc::new(env)).unwrap());
        let manifest = Manifest { project_name: "shop".into(), ..Manifest::default() };
        Self { folder, workspace, macros: Vec::new(), manifest }
    }

    /// Adds one macro of a package.
    pub(crate) fn with_macro(mut self, package: &str, text: &str) -> Self {
        let file = SourceFile::new("macros/m.sql", text);
        let definition = MacroDef::compile(&file, 0..text.len()).unwrap();
        self.macros.push(Arc::new(MacroNode::new(&package.into(), definition, 0.0)));
        self
    }

    /// Adds a model that depends on others.
    pub(crate) fn with_model(
        mut self,
        name: &str,
        config: &serde_json::Value,
        code: &str,
        depends_on: &[&str],
    ) -> Self {
        let node = model(name, config, code, depends_on);
        self.manifest.nodes.insert(node.unique_id.clone(), Arc::new(node));
        self
    }

    pub(crate) fn disabled(mut self, name: &str) -> Self {
        let node = model(name, &json!({"enabled": false}), "", &[]);
        self.manifest.disabled.insert(node.unique_id.clone(), vec![Arc::new(node)]);
        self
    }

    pub(crate) fn shared(self) -> (Arc<Shared>, tempfile::TempDir) {
        self.shared_with(Arc::new(Silent))
    }

    fn shared_with(self, sink: Arc<dyn Sink>) -> (Arc<Shared>, tempfile::TempDir) {
        let flags = json!({"FULL_REFRESH": false, "WHICH": "run"});
        let invocation = Invocation {
            id: "0".to_owned(),
            started_at: "2024-05-06T07:08:09.123456Z".parse().unwrap(),
            flags: flags.as_object().cloned().unwrap(),
            args: JsonMap::new(),
            sample: None,
        };
        let shared = Shared::new(self.workspace, invocation, self.macros, sink).unwrap();
        shared.set_manifest(Arc::new(self.manifest));
        (shared, self.folder)
    }
}

pub(crate) fn model(
    name: &str,
    config: &serde_json::Value,
    code: &str,
    depends_on: &[&str],
) -> Node {
    let path = format!("models/{name}.sql");
    let file = SourceFile::new(path.as_str(), code);
    let nodes = depends_on.iter().map(|name| UniqueId::from(format!("model.shop.{name}")));
    Node {
        unique_id: UniqueId::new(ResourceType::Model, "shop", name),
        name: name.into(),
        package_name: "shop".into(),
        path: format!("{name}.sql").into(),
        original_file_path: path.into(),
        fqn: vec!["shop".into(), name.into()],
        alias: name.into(),
        relation: RelationName {
            database: "db".into(),
            schema: "public".into(),
            identifier: name.into(),
        },
        quote_policy: QuotePolicy::default(),
        checksum: Checksum::none(),
        config: Config::new(config.as_object().cloned().unwrap()),
        unrendered_config: Arc::default(),
        tags: Vec::new(),
        description: String::new(),
        columns: indexmap::IndexMap::new(),
        meta: JsonMap::new(),
        group: None,
        docs: DocsConfig::default(),
        patch_path: None,
        doc_blocks: Vec::new(),
        created_at: 0.0,
        raw_code: code.into(),
        language: "sql",
        refs: Vec::new(),
        sources: Vec::new(),
        metrics: Vec::new(),
        functions: Vec::new(),
        depends_on: DependsOn { macros: Vec::new(), nodes: nodes.collect() },
        defined_at: None,
        template: Some(Template::compile(&file, 0..code.len()).unwrap()),
        kind: NodeKind::Model {
            access: "protected".into(),
            constraints: Vec::new(),
            version: None,
            latest_version: None,
            deprecation_date: None,
            primary_key: Vec::new(),
            time_spine: None,
            contract_checksum: None,
        },
    }
}

fn render(context: &NodeContext, text: &str) -> Result<String, Box<Diagnostic>> {
    Template::from_text("models/m.sql", text).unwrap().render(context)
}

/// Renders a text while parsing.
fn parse(project: TestProject, text: &str) -> (String, Captured) {
    let (shared, _folder) = project.shared();
    let capture = Arc::new(Capture::default());
    let node = Arc::new(model("m", &json!({}), "", &[]));
    let context = NodeContext::parse(&shared, node, capture.clone());
    let text = render(&context, text).unwrap();
    (text, capture.take())
}

/// Renders a text as the code of a model that depends on `depends_on`.
fn run(project: TestProject, text: &str, depends_on: &[&str]) -> Result<String, Box<Diagnostic>> {
    let (shared, _folder) = project.shared();
    let node = Arc::new(model("m", &json!({"materialized": "table", "x": null}), "", depends_on));
    render(&NodeContext::runtime(&shared, &node, None), text)
}

fn project() -> TestProject {
    TestProject::new("vars: {day: '2024-01-01', n: 3, rendered: '{{ target.schema }}!'}")
}

#[test]
fn parsing_notes_references_configs_and_macros_at_depth_one() {
    let project = project()
        .with_macro("shop", "{% macro outer() %}{{ inner() }}{% endmacro %}")
        .with_macro("shop", "{% macro inner() %}{{ ref('deep') }}{% endmacro %}");
    let text = "{{ config(materialized='table', pre_hook='x', meta={'a': [1, none]}) }}{{ \
                config({'tags': ['t']}) }}{{ ref('a') }} {{ ref('p', 'b', v=2) }} {{ \
                source('s', 't') }} {{ outer() }}{{ config.get('materialized') }}";
    let (_, captured) = parse(project, text);
    let refs: Vec<_> = captured.refs.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(refs, ["a", "b", "deep"]);
    assert_eq!(captured.refs[1].package.as_deref(), Some("p"));
    assert_eq!(captured.sources[0].1, "t");
    assert_eq!(captured.macros, [UniqueId::from("macro.shop.outer")]);
    let configs: Vec<_> = captured.configs.iter().map(|config| json!(config)).collect();
    let first = json!({"materialized": "table", "pre-hook": "x", "meta": {"a": [1, null]}});
    assert_eq!(configs, [first, json!({"tags": ["t"]})]);
}

#[test]
fn parsing_is_lenient_where_running_is_not() {
    let text = "{{ missing.attribute.of(x)[1] }}{{ var('none') }}{{ execute }}{{ this }}";
    let (rendered, _) = parse(project(), text);
    assert_eq!(rendered, "NoneFalse\"db\".\"public\".\"m\"");
    assert!(run(project(), text, &[]).is_err());
}

#[test]
fn a_ref_becomes_the_relation_of_the_node() {
    let project = || {
        project()
            .with_model("orders", &json!({}), "", &[])
            .with_model("eph", &json!({"materialized": "ephemeral"}), "", &[])
            .disabled("old")
    };
    let text = "{{ ref('orders') }} {{ ref('eph') }} {{ this }} {{ execute }}";
    assert_eq!(
        run(project(), text, &["orders", "eph"]).unwrap(),
        "\"db\".\"public\".\"orders\" __dbt__cte__eph \"db\".\"public\".\"m\" True"
    );
    let message = |text, depends_on: &[&str]| run(project(), text, depends_on).unwrap_err().message;
    assert_eq!(
        message("{{ ref('old') }}", &[]),
        "Model 'model.shop.m' (models/m.sql) depends on a node named 'old' which is disabled"
    );
    assert_eq!(
        message("{{ ref('orders') }}", &[]),
        "dbt was unable to infer all dependencies for the model \"m\".\nThis typically happens \
         when ref() is placed within a conditional block.\n\nTo fix this, add the following hint \
         to the top of the model \"m\":\n\n-- depends_on: {{ ref('orders') }}"
    );
}

#[test]
fn macros_hide_context_names_and_builtins_show_them() {
    let project = project()
        .with_macro("shop", "{% macro ref(x) %}<{{ builtins.ref(x) }}>{% endmacro %}")
        .with_model("orders", &json!({}), "", &[]);
    assert_eq!(
        run(project, "{{ ref('orders') }}{{ context['ref']('orders') }}", &["orders"]).unwrap(),
        "<\"db\".\"public\".\"orders\"><\"db\".\"public\".\"orders\">"
    );
}

#[test]
fn the_package_of_the_node_is_searched_before_the_root_and_the_built_in_ones() {
    let texts = [
        ("shop", "{% macro who() %}root{% endmacro %}"),
        ("dbt", "{% macro who() %}dbt{% endmacro %}"),
        ("dbt", "{% macro only() %}only{% endmacro %}"),
        ("dbt", "{% macro twice() %}core{% endmacro %}"),
        ("dbt_postgres", "{% macro twice() %}adapter{% endmacro %}"),
        ("util", "{% macro who() %}util{% endmacro %}"),
    ];
    let project =
        texts.iter().fold(project(), |project, (package, text)| project.with_macro(package, text));
    let text = "{{ who() }} {{ util.who() }} {{ dbt.who() }} {{ only() }} {{ twice() }}";
    assert_eq!(run(project, text, &[]).unwrap(), "root util dbt only adapter");
}

#[test]
fn dispatch_searches_as_configured_and_lists_what_it_tried() {
    let yml = "dispatch: [{macro_namespace: util, search_order: [shop, util]}]";
    let project = TestProject::new(yml)
        .with_macro("util", "{% macro default__x() %}util{% endmacro %}")
        .with_macro("shop", "{% macro postgres__y() %}shop{% endmacro %}");
    let (shared, _folder) = project.shared();
    let dispatch = |name, namespace| {
        let found = shared.macros.dispatch("shop", name, namespace);
        found.map(|found| found.node.unique_id.to_string()).map_err(|error| error.message)
    };
    assert_eq!(dispatch("x", Some("util")).unwrap(), "macro.util.default__x");
    assert_eq!(dispatch("y", Some("util")).unwrap(), "macro.shop.postgres__y");
    assert_eq!(
        dispatch("z", Some("util")).unwrap_err(),
        "In dispatch: No macro named 'z' found within namespace: 'util'\n    Searched for: \
         'shop.postgres__z', 'shop.default__z', 'util.postgres__z', 'util.default__z'"
    );
    assert_eq!(
        dispatch("z", None).unwrap_err(),
        "In dispatch: No macro named 'z' found within namespace: 'None'\n    Searched for: \
         'postgres__z', 'default__z'"
    );
}

#[test]
fn what_a_macro_calls_is_read_from_its_text() {
    let calls = "{% macro calls() %}{{ log(now.date()) }}{{ adapter.dispatch('x')() }}\
                 {{ adapter.dispatch('y', 'util')() }}{{ calls() }}{{ adapter.quote('a') }}{% endmacro %}";
    let project = project()
        .with_macro("shop", "{% macro log(message) %}{% endmacro %}")
        .with_macro("shop", "{% macro y() %}{% endmacro %}")
        .with_macro("another", "{% macro date() %}{% endmacro %}")
        .with_macro("another", "{% macro default__x() %}{% endmacro %}")
        .with_macro("util", "{% macro default__x() %}{% endmacro %}")
        .with_macro("util", "{% macro postgres__y() %}{% endmacro %}")
        .with_macro("util", calls);
    let (shared, _folder) = project.shared();
    let calls = shared.macros.resolve("util", "calls").unwrap();
    let found: Vec<String> =
        shared.macros.dependencies(calls).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["macro.another.date", "macro.util.default__x", "macro.shop.y", "macro.util.postgres__y"]
    );
}

#[test]
fn the_namespace_of_a_generic_test_decides_between_packages() {
    let text = "{% test fits(model) %}{% endtest %}";
    let project = project().with_macro("another", text).with_macro("util", text);
    let (shared, _folder) = project.shared();
    let find = |namespace| {
        let found = shared.macros.generic_test("shop", namespace, "test_fits").unwrap();
        found.package_name.to_string()
    };
    assert_eq!(find(Some("util")), "util");
    assert_eq!(find(Some("another")), "another");
}

#[test]
fn materializations_prefer_the_adapter_then_the_root_project() {
    let text = |name, adapter| {
        format!("{{% materialization {name}, {adapter} %}}x{{% endmaterialization %}}")
    };
    let project = project()
        .with_macro("dbt", &text("view", "default"))
        .with_macro("util", &text("view", "default"))
        .with_macro("shop", &text("table", "default"))
        .with_macro("dbt_postgres", &text("table", "adapter='postgres'"))
        .with_macro("util", &text("own", "default"));
    let (shared, _folder) = project.shared();
    let found = |name| shared.macros.materialization(name).map(|node| node.unique_id.to_string());
    assert_eq!(found("view").unwrap(), "macro.dbt.materialization_view_default");
    assert_eq!(found("table").unwrap(), "macro.dbt_postgres.materialization_table_postgres");
    assert_eq!(found("own").unwrap(), "macro.util.materialization_own_default");
    assert_eq!(found("none"), None);
}

#[test]
fn variables_and_the_environment() {
    let text = "{{ var('day') }} {{ var('n') + 1 }} {{ var('no', 'd') }} {{ var('rendered') }} {{ \
                var.has_var('n') }} {{ env_var('REGION') }} {{ env_var('NO', 'x') }}";
    assert_eq!(run(project(), text, &[]).unwrap(), "2024-01-01 4 d public! True eu x");
    let message = |text| run(project(), text, &[]).unwrap_err().message;
    assert_eq!(
        message("{{ var('gone') }}"),
        "Required var 'gone' not found in config:\nVars supplied to m = {\n    \"day\": \
         \"2024-01-01\",\n    \"n\": 3,\n    \"rendered\": \"{{ target.schema }}!\"\n}"
    );
    assert_eq!(
        message("{{ env_var('DBT_ENV_SECRET_X') }}"),
        "Secret env vars are allowed only in profiles.yml or packages.yml. Found \
         'DBT_ENV_SECRET_X' referenced elsewhere."
    );
    assert_eq!(message("{{ env_var('GONE') }}"), "Env var required but not provided: 'GONE'");
}

#[test]
fn config_reads_the_final_configuration() {
    let text = "{{ config.get('materialized') }} {{ config.get('x', 'd') }} {{ \
                config.get('y', 'd') }} {{ config.require('materialized') }}{{ config(a=1) }}";
    assert_eq!(run(project(), text, &[]).unwrap(), "table None d table");
    assert_eq!(
        run(project(), "{{ config.require('y') }}", &[]).unwrap_err().message,
        "Model 'model.shop.m' does not define a required config parameter 'y'."
    );
}

#[test]
fn values_of_the_command() {
    let text = "{{ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f%z') }} {{ flags.FULL_REFRESH }} \
                {{ flags.WHICH }} {{ target.name }} {{ project_name }} {{ dbt_version }} {{ \
                model.name }} {{ graph.nodes | length }}";
    assert_eq!(
        run(project(), text, &[]).unwrap(),
        "2024-05-06 07:08:09.123456+0000 False run dev shop 1.11.16 m 0"
    );
}

#[test]
fn functions_of_every_phase() {
    let text = "{{ fromjson('{\"a\": [1]}') }} {{ tojson({'a': none}) }} {{ fromjson('{', 'd') }} \
                {{ toyaml({'a': [1]}) }} {{ zip([1, 2], 'ab') | list }} {{ set([1, 1]) }} {{ \
                local_md5('a') }} {{ diff_of_two_dicts({'A': ['x', 'y']}, {'a': ['X']}) }}";
    assert_eq!(
        run(project(), text, &[]).unwrap(),
        "{'a': [1]} {\"a\": null} d a:\n- 1\n [(1, 'a'), (2, 'b')] {1} \
         0cc175b9c0f1b6a831c399e269772661 {'A': ['y']}"
    );
}

#[test]
fn results_can_be_loaded_once() {
    let text = "{{ store_raw_result('r', message='OK', code='SELECT', rows_affected=2) }}{{ \
                load_result('r').response.code }} {{ load_result('none') }}";
    assert_eq!(run(project(), text, &[]).unwrap(), "SELECT None");
    let twice = "{{ store_raw_result('r') }}{% do load_result('r') %}{% do load_result('r') %}";
    assert_eq!(
        run(project(), twice, &[]).unwrap_err().message,
        "The 'statement' result named 'r' has already been loaded into a variable"
    );
}

#[test]
fn users_raise_errors_and_warnings() {
    #[derive(Default)]
    struct Events(Mutex<Vec<Event>>);
    impl Sink for Events {
        fn emit(&self, event: Event) {
            self.0.lock().push(event);
        }
    }
    let events = Arc::new(Events::default());
    let (shared, _folder) = project().shared_with(events.clone());
    let node = Arc::new(model("m", &json!({}), "", &[]));
    let context = NodeContext::runtime(&shared, &node, None);
    let text = "{% do log('quiet') %}{% do log('loud', info=True) %}{% do print('out') %}{% do \
                exceptions.warn('careful') %}";
    assert_eq!(render(&context, text).unwrap(), "");
    let events: Vec<String> = events.0.lock().iter().map(|event| format!("{event:?}")).collect();
    assert!(events[0].contains("Debug") && events[1].contains("Info"), "{events:?}");
    assert!(events[2].contains("out") && events[3].contains("careful"), "{events:?}");
    let error = render(&context, "{{ exceptions.raise_compiler_error('no') }}").unwrap_err();
    assert_eq!(error.message, "no");
    let error = render(&context, "{{ try_or_compiler_error('caught', fromjson, 1) }}").unwrap_err();
    assert_eq!(error.message, "caught");
}

#[test]
fn test_arguments_are_rendered_to_their_own_types() {
    let (shared, _folder) = project().with_model("orders", &json!({}), "", &[]).shared();
    let node = Arc::new(model("m", &json!({}), "", &["orders"]));
    let kwargs = json!({
        "column_name": "{{ x }}", "model": "{{ ref('orders') }}", "to": "ref('orders')",
        "values": ["{{ var('n') }}", "{{ 1 }}", 2], "quote": false, "text": "1",
    });
    let context = NodeContext::runtime(&shared, &node, None);
    let context = context.with_test_kwargs(kwargs.as_object().unwrap()).unwrap();
    let text = "{% set k = _dbt_generic_test_kwargs %}{{ k.column_name }} {{ k.model }} {{ k.to }} \
                {{ k['values'] }} {{ k.quote }} {{ k.text is string }}";
    assert_eq!(
        render(&context, text).unwrap(),
        "{{ x }} \"db\".\"public\".\"orders\" \"db\".\"public\".\"orders\" [3, '1', 2] False True"
    );
}

#[test]
fn python_modules() {
    let text = "{% set dt = modules.datetime %}{{ dt.datetime.strptime('2024-01-31', '%Y-%m-%d') \
                + dt.timedelta(days=1) }} {{ (dt.date(2024, 3, 1) - dt.date(2024, 2, 1)).days }} \
                {{ modules.pytz.timezone('Europe/Paris').localize(dt.datetime(2024, 7, 1)) }} {{ \
                modules.re.sub('a+', 'b', 'caat') }} {{ \
                modules.itertools.chain([1], [2]) | list }} {{ \
                dt.date(2024, 1, 1) < dt.date(2024, 1, 2) }}";
    assert_eq!(
        run(project(), text, &[]).unwrap(),
        "2024-02-01 00:00:00 29 2024-07-01 00:00:00+02:00 cbt [1, 2] True"
    );
}
