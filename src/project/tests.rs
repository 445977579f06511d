//! Loading whole projects from folders.

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A throw-away project of the given files.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn options(&self) -> LoadOptions {
        let profiles = self.path().join("profiles.yml").is_file();
        LoadOptions {
            project_dir: self.path().to_owned(),
            profile: ProfileOptions {
                profiles_dir: profiles.then(|| self.path().to_owned()),
                ..ProfileOptions::default()
            },
            ..LoadOptions::default()
        }
    }

    fn load(&self) -> Result<Workspace, Vec<Diagnostic>> {
        self.load_target(None)
    }

    fn load_target(&self, target: Option<&str>) -> Result<Workspace, Vec<Diagnostic>> {
        let mut options = self.options();
        options.profile.target = target.map(str::to_owned);
        let env = [
            ("HOME", self.path().to_str().unwrap()),
            ("PG_USER", "anna"),
            ("DBT_ENV_SECRET_PG", "hunter2"),
        ];
        Workspace::load(&options, Arc::new(env.into_iter().collect()))
    }
}

fn project_error(text: &str) -> Diagnostic {
    let errors = Folder::new(&[("dbt_project.yml", text)]).load().unwrap_err();
    errors.into_iter().next().unwrap()
}

const PROFILES: &str = "
shop:
  target: dev
  outputs:
    dev: &dev {type: postgres, host: db, port: 5433, user: u, pass: p, dbname: d, schema: s, threads: 3}
    typo: {<<: *dev, thread: 4}
    snow: {type: snowflake}
    untyped: {host: x}
    short: {type: postgres, host: x}
    port: {<<: *dev, port: '5432'}
    big: {<<: *dev, port: 99999}
    twice: {<<: *dev, password: q}
    workers: {<<: *dev, threads: abc}
    list: [1]
    local: {type: postgres, embedded: true, schema: dev, threads: 2}
    mixed: {type: postgres, embedded: true, host: db}
embedded_one: {embedded: true}
empty:
no_outputs: {target: dev}
";

fn profile_error(target: &str) -> Diagnostic {
    let folder = Folder::new(&[
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("profiles.yml", PROFILES),
    ]);
    folder.load_target(Some(target)).unwrap_err().remove(0)
}

#[test]
fn a_project_has_the_defaults_of_dbt() {
    let folder = Folder::new(&[("dbt_project.yml", "name: shop\nversion: 1.0\n")]);
    let workspace = folder.load().unwrap();
    let root = &workspace.root;
    assert_eq!((&*root.name, root.version.as_deref()), ("shop", Some("1.0")));
    assert_eq!(root.paths.models, ["models"]);
    assert_eq!(root.paths.analyses, ["analyses"]);
    assert_eq!(root.clean_targets, ["target"]);
    assert_eq!(root.packages_install_path, "dbt_packages");
    assert_eq!(root.query_comment, QueryComment::default());
    let names: Vec<_> = workspace.packages.keys().map(|name| &**name).collect();
    assert_eq!(names, ["shop", "dbt_postgres", "dbt"]);
}

#[test]
fn without_a_profile_the_embedded_server_is_used() {
    let folder = Folder::new(&[("dbt_project.yml", "name: shop\nprofile: shop\n")]);
    let profile = folder.load().unwrap().profile;
    assert_eq!(profile.source, TargetSource::Embedded(EmbeddedTarget::default()));
    assert_eq!((&*profile.profile_name, &*profile.target_name), ("shop", "dev"));
    // A profile that is named on the command line must exist.
    let mut options = folder.options();
    options.profile.profile = Some("other".to_owned());
    let home = ("HOME", folder.path().to_str().unwrap());
    let errors = Workspace::load(&options, Arc::new([home].into_iter().collect())).unwrap_err();
    assert_eq!(errors[0].message, "Could not find profile named 'other'");
}

#[test]
fn a_profile_gives_the_target() {
    let folder = Folder::new(&[
        ("dbt_project.yml", "name: shop\nprofile: shop\n"),
        ("profiles.yml", PROFILES),
    ]);
    let profile = folder.load().unwrap().profile;
    assert_eq!((profile.threads, profile.source.schema()), (3, "s"));
    let TargetSource::Server(credentials) = &profile.source else { panic!("a server") };
    assert_eq!((&*credentials.host, credentials.port, &*credentials.database), ("db", 5433, "d"));
    assert_eq!(credentials.password.expose(), "p");
    assert!(!format!("{profile:?}").contains("\"p\""));
    let Value::Dict(target) = profile.target() else { panic!("a dict") };
    let text = |key: &str| target.get_str(key).map(|value| value.to_string());
    assert_eq!(text("dbname").as_deref(), Some("d"));
    assert_eq!(text("name").as_deref(), Some("dev"));
    assert_eq!(text("password"), None);
    let local = folder.load_target(Some("local")).unwrap().profile;
    assert!(matches!(&local.source, TargetSource::Embedded(target) if target.schema == "dev"));
    assert_eq!(local.threads, 2);
}

#[test]
fn wrong_profiles_are_errors_in_the_words_of_dbt() {
    let invalid = |target: &str, problem| {
        format!("Credentials in profile \"shop\", target \"{target}\" invalid: {problem}")
    };
    let cases = [
        (
            "typo",
            invalid("typo", "Additional properties are not allowed ('thread' was unexpected)"),
        ),
        ("snow", invalid("snow", "Could not find adapter type snowflake!")),
        ("untyped", "required field \"type\" not found in profile shop and target untyped".into()),
        ("short", invalid("short", "'database' is a required property")),
        ("port", invalid("port", "'5432' is not of type 'integer'")),
        ("big", invalid("big", "99999 is out of range")),
        ("twice", invalid("twice", "Got duplicate keys: (pass) all map to \"password\"")),
        ("workers", "at path ['threads']: 'abc' is not of type 'integer'".into()),
        ("list", "output 'list' of profile 'shop' is misconfigured in profiles.yml".into()),
    ];
    for (target, message) in cases {
        assert_eq!(profile_error(target).message, message);
    }
    let typo = profile_error("typo");
    assert_eq!(typo.help.as_deref(), Some("Did you mean `threads`?"));
    assert_eq!(typo.span.unwrap().line, 6);
    let missing = profile_error("dve");
    assert!(missing.message.starts_with(
        "The profile 'shop' does not have a target named 'dve'. The valid target names for this \
         profile are:\n - dev\n - typo"
    ));
    assert_eq!(missing.help.as_deref(), Some("Did you mean `dev`?"));
    assert!(profile_error("mixed").help.unwrap().contains("embedded: true"));
}

#[test]
fn profiles_that_are_not_there_are_errors() {
    let load = |name: &str| {
        let project = format!("name: shop\nprofile: {name}\n");
        Folder::new(&[("dbt_project.yml", &project), ("profiles.yml", PROFILES)]).load()
    };
    let error = |name| load(name).unwrap_err().remove(0);
    assert_eq!(error("shpo").message, "Could not find profile named 'shpo'");
    assert!(error("shpo").help.unwrap().contains("`shop`"));
    assert!(error("empty").message.contains("Profile empty in profiles.yml is empty"));
    assert_eq!(error("no_outputs").message, "outputs not specified in profile 'no_outputs'");
    assert!(matches!(load("embedded_one").unwrap().profile.source, TargetSource::Embedded(_)));
}

#[test]
fn wrong_project_files_are_errors_in_the_words_of_dbt() {
    let cases = [
        ("profile: x\n", "Required \"name\" field not present in project"),
        ("name: ref\n", "at path []: Invalid project name: ref is a reserved word"),
        ("name: my-shop\n", "at path ['name']: 'my-shop' does not match '^[^\\\\d\\\\W]\\\\w*$'"),
        ("- a\n", "dbt_project.yml does not parse to a dictionary"),
        (
            "name: shop\nversion: abc\n",
            "at path ['version']: 'abc' is not valid under any of the given schemas",
        ),
        ("name: shop\nmodel-paths: models\n", "`model-paths` must be a list of strings"),
        ("name: shop\ndispatch: [{search_order: [a]}]\n", "`macro_namespace` is required"),
        ("name: shop\nmodels: [a]\n", "`models` of dbt_project.yml must be a mapping"),
        ("name: shop\nmodels: {a: b: c}\n", "Syntax error near line 2"),
        (
            "name: shop\nrequire-dbt-version: ['>=2.0.0']\n",
            "This version of dbt is not supported with the 'shop' package.\n  Installed version \
             of dbt: =1.11.16\n  Required version of dbt for 'shop': ['>=2.0.0']\n",
        ),
    ];
    for (text, message) in cases {
        let error = project_error(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert_eq!(&*error.span.unwrap().path, "dbt_project.yml");
    }
    let missing = Folder::new(&[]).load().unwrap_err().remove(0);
    assert_eq!(missing.code, Code::ProjectMissing);
    assert!(missing.message.starts_with("No dbt_project.yml found at expected path "));
}

#[test]
fn all_mistakes_of_a_project_file_are_reported_at_once() {
    let text = "name: my shop\nmodle-paths: [m]\nquoting: {databse: true}\nseed-paths: 1\n";
    let errors = Folder::new(&[("dbt_project.yml", text)]).load().unwrap_err();
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.span.as_ref().unwrap().line, error.help.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        found,
        [
            (2, "Did you mean `model-paths`?"),
            (1, "A project's name has letters, digits and underscores, such as `my_shop`."),
            (4, ""),
            (3, "Did you mean `database`?"),
        ]
    );
}

#[test]
fn config_trees_and_hooks_are_kept() {
    let text = "
name: shop
models:
  +materialized: view
  shop:
    staging: {+schema: stg, +pre-hook: \"select '{{ this }}'\"}
tests: {+severity: warn}
on-run-start: \"{{ log('x') }}\"
on-run-end: [a, b]
query-comment:
vars: {a: \"{{ kept }}\"}
quoting: {identifier: false}
dispatch: [{macro_namespace: dbt_utils, search_order: [shop, dbt_utils]}]
";
    let root = Folder::new(&[("dbt_project.yml", text)]).load().unwrap().root;
    let models = &root.configs[&ConfigKind::Models];
    let staging = models.rendered.get("shop").unwrap().get("staging").unwrap();
    assert_eq!(staging.get("+pre-hook").unwrap().as_str(), Some("select '{{ this }}'"));
    assert!(root.configs.contains_key(&ConfigKind::DataTests));
    assert_eq!(root.on_run_start, ["{{ log('x') }}"]);
    assert_eq!(root.on_run_end, ["a", "b"]);
    assert_eq!(root.query_comment.comment.as_deref(), Some(""));
    assert_eq!(root.vars.get("a").unwrap().as_str(), Some("{{ kept }}"));
    assert_eq!(root.quoting.identifier, Some(false));
    assert_eq!(root.search_order("dbt_utils").unwrap(), ["shop", "dbt_utils"]);
}

#[test]
fn old_keys_and_duplicate_keys_are_warned_about() {
    let text =
        "name: shop\nsource-paths: [m]\nlog-path: elsewhere\ntarget-path: target\nname: shop2\n";
    let workspace = Folder::new(&[("dbt_project.yml", text)]).load().unwrap();
    let names: Vec<_> = workspace.warnings.iter().map(|warning| warning.name).collect();
    assert_eq!(
        names,
        ["DuplicateYAMLKeysDeprecation", "ConfigSourcePathDeprecation", "ConfigLogPathDeprecation"]
    );
    assert_eq!(workspace.root.paths.models, ["m"]);
    assert_eq!(&*workspace.root.name, "shop2");
}

#[test]
fn installed_packages_are_loaded() {
    let root = ("dbt_project.yml", "name: shop\nvars: {util: {a: 1}}\n");
    let util = ("dbt_packages/util/dbt_project.yml", "name: util\nvars: {a: 2, b: 3}\n");
    let wanted = ("packages.yml", "packages:\n  - {package: x/util, version: 1.0.0}\n");
    let workspace = Folder::new(&[root, util, wanted]).load().unwrap();
    assert_eq!(workspace.package("util").unwrap().origin, Origin::Installed);
    assert_eq!(workspace.vars.get("util", "a").unwrap().as_int(), Some(1));
    assert_eq!(workspace.vars.get("util", "b").unwrap().as_int(), Some(3));

    let missing = Folder::new(&[root, wanted]).load().unwrap_err().remove(0);
    assert_eq!(
        missing.message,
        "dbt found 1 package(s) specified in packages.yml, but only 0 package(s) installed in \
         dbt_packages. Run \"dbt deps\" to install package dependencies."
    );
    let twice = ("dbt_packages/other/dbt_project.yml", "name: util\n");
    let error = Folder::new(&[root, util, twice]).load().unwrap_err().remove(0);
    assert!(error.message.starts_with("dbt found more than one package with the name \"util\""));
    let broken = ("dbt_packages/util/dbt_project.yml", "name: util\nfoo: 1\n");
    let error = Folder::new(&[root, broken]).load().unwrap_err().remove(0);
    assert!(error.message.starts_with("Failed to read package: at path []"));
    assert_eq!(&*error.span.unwrap().path, "dbt_packages/util/dbt_project.yml");
}

#[test]
fn files_are_found_by_folder_and_ending() {
    let folder = Folder::new(&[
        ("dbt_project.yml", "name: shop\nmodel-paths: [models, more/models]\n"),
        (
            ".dbtignore",
            "# comment\n*.bak.sql\nmodels/old/\n!models/old/kept.sql\nmore/models/x.py\n",
        ),
        ("models/b.sql", "\n select 1 \n"),
        ("models/a/z.SQL", "select 2"),
        ("models/a/x.bak.sql", ""),
        ("models/old/y.sql", ""),
        ("models/.hidden.sql", ""),
        ("models/#temp.sql", ""),
        ("models/notes.txt", ""),
        ("models/m.yml", ""),
        ("models/docs.md", ""),
        ("more/models/x.py", ""),
        ("more/models/y.py", "def model(): pass"),
        ("seeds/s.csv", " a,b\n"),
        ("tests/one.sql", ""),
        ("tests/generic/g.sql", ""),
        ("tests/fixtures/f.csv", ""),
        ("macros/m.sql", ""),
    ]);
    let files = folder.load().unwrap().read_files().unwrap();
    let own: Vec<_> = files
        .iter()
        .filter(|file| &*file.package == "shop")
        .map(|file| format!("{:?} {}", file.kind, file.path))
        .collect();
    assert_eq!(
        own,
        [
            "Macro macros/m.sql",
            "Model models/a/z.SQL",
            "Model models/b.sql",
            "Model more/models/y.py",
            "SingularTest tests/one.sql",
            "GenericTest tests/generic/g.sql",
            "Seed seeds/s.csv",
            "Docs models/docs.md",
            "Properties models/m.yml",
            "Fixture tests/fixtures/f.csv",
        ]
    );
    let find = |path: &str| files.iter().find(|file| &*file.path == path).unwrap();
    assert_eq!(find("models/a/z.SQL").relative_path(), "a/z.SQL");
    assert_eq!(find("more/models/y.py").relative_path(), "y.py");
    assert_eq!(find("models/b.sql").stem(), "b");
    // sha256 of "select 1": dbt strips the text first.
    assert_eq!(
        find("models/b.sql").checksum.text(),
        "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f"
    );
    assert_eq!(find("seeds/s.csv").checksum, Checksum::of("a,b"));
    assert!(files.iter().any(|file| &*file.package == "dbt" && file.kind == FileKind::Macro));
}

#[test]
fn a_large_seed_has_its_path_as_checksum() {
    let rows = "a,b\n".repeat(300_000);
    let folder = Folder::new(&[("dbt_project.yml", "name: shop\n"), ("seeds/big.csv", &rows)]);
    let files = folder.load().unwrap().read_files().unwrap();
    let seed = files.iter().find(|file| file.kind == FileKind::Seed).unwrap();
    assert_eq!(seed.checksum, Checksum::Path("seeds/big.csv".into()));
}

#[test]
fn project_and_profile_values_are_rendered() {
    let project = "
name: shop
profile: \"{{ env_var('WHICH', 'shop') }}\"
models:
  shop:
    +enabled: \"{{ target.name == 'dev' }}\"
    +schema: \"{{ env_var('PG_USER') }}_{{ var('x', 'none') }}\"
    +meta: {threads: \"{{ target.threads }}\", text: \"{{ '1' }}\", since: 2024-01-02}
    +vars: \"{{ [1, 2] }}\"
snapshots: {+post-hook: \"{{ not_now }}\"}
";
    let profiles = "
shop:
  target: \"{{ env_var('STAGE', 'dev') }}\"
  outputs:
    dev:
      type: postgres
      host: \"{{ env_var('PG_HOST', 'localhost') }}\"
      port: \"{{ env_var('PG_PORT', '5433') | as_number }}\"
      user: \"{{ env_var('PG_USER') }}\"
      password: \"x{{ env_var('DBT_ENV_SECRET_PG') }}y\"
      dbname: d
      schema: s
      threads: 7
    odd: {type: postgres, host: h, port: 1, user: u, password: '{{ %}', dbname: d, schema: s}
    unset: {type: postgres, host: \"{{ env_var('NOT_SET') }}\"}
    broken: {type: postgres, host: \"{{ 1 + }}\"}
";
    let folder = Folder::new(&[("dbt_project.yml", project), ("profiles.yml", profiles)]);
    let workspace = folder.load().unwrap();
    let TargetSource::Server(credentials) = &workspace.profile.source else { panic!("a server") };
    assert_eq!((&*credentials.host, credentials.port), ("localhost", 5433));
    assert_eq!((&*credentials.user, credentials.password.expose()), ("anna", "xhunter2y"));
    assert_eq!(workspace.env.secrets().scrub("xhunter2y"), "x*****y");

    let tree = &workspace.root.configs[&ConfigKind::Models];
    let shop = tree.rendered.get("shop").unwrap().to_json();
    assert_eq!(
        shop,
        serde_json::json!({
            "+enabled": true,
            "+schema": "anna_none",
            "+meta": {"threads": 7, "text": "1", "since": "2024-01-02"},
            // Jinja folds constants into text, as dbt's does.
            "+vars": "[1, 2]",
        })
    );
    let unrendered = tree.unrendered.get("shop").unwrap();
    assert_eq!(unrendered.get("+enabled").unwrap().as_str(), Some("{{ target.name == 'dev' }}"));

    // A password that is not a template is taken as it is.
    let odd = folder.load_target(Some("odd")).unwrap().profile.source;
    assert!(matches!(&odd, TargetSource::Server(c) if c.password.expose() == "{{ %}"));
    let unset = folder.load_target(Some("unset")).unwrap_err().remove(0);
    assert_eq!(unset.message, "Env var required but not provided: 'NOT_SET'");
    assert_eq!(unset.span.unwrap().line, 15);
    let broken = folder.load_target(Some("broken")).unwrap_err().remove(0);
    assert!(broken.message.starts_with("Could not render {{ 1 + }}: "), "{}", broken.message);
    assert_eq!(broken.span.unwrap().line, 16);
}

#[test]
fn what_cannot_be_rendered_is_an_error_at_its_place() {
    let secret =
        project_error("name: shop\nmodels: {+schema: \"{{ env_var('DBT_ENV_SECRET_PG') }}\"}\n");
    assert_eq!(secret.code, Code::SecretMisplaced);
    assert_eq!(secret.span.unwrap().line, 2);
    let missing = project_error("name: shop\nmodels: {+schema: \"{{ var('start') }}\"}\n");
    assert_eq!(
        missing.message,
        "Could not render {{ var('start') }}: Required var 'start' not found in config:\nVars \
         supplied to <Configuration> = {}"
    );
}

#[test]
fn variables_of_the_command_line_are_seen_by_the_project_file() {
    let project = "name: shop\nmodels: {+schema: \"{{ var('stage') }}\"}\n";
    let folder = Folder::new(&[("dbt_project.yml", project)]);
    let mut options = folder.options();
    options.vars = Vars::parse_cli("{stage: blue}").unwrap();
    let home = ("HOME", folder.path().to_str().unwrap());
    let workspace = Workspace::load(&options, Arc::new([home].into_iter().collect())).unwrap();
    let models = &workspace.root.configs[&ConfigKind::Models].rendered;
    assert_eq!(models.get("+schema").unwrap().as_str(), Some("blue"));
}
