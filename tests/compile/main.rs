//! Compiles `project` without a database and compares each file with what dbt-core wrote:
//! `expected`, which `refresh` makes.

#![allow(clippy::unwrap_used)]

use gdbt::compile::Compiler;
use gdbt::context::{Invocation, Shared};
use gdbt::event::Silent;
use gdbt::manifest::JsonMap;
use gdbt::parse::{Sources, parse};
use gdbt::project::{Env, LoadOptions, ProfileOptions, Workspace};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile")
}

/// The files below a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// Parses and compiles the project in a folder.
fn compile(folder: &Path) {
    let options = LoadOptions {
        project_dir: folder.to_owned(),
        profile: ProfileOptions {
            profiles_dir: Some(folder.to_owned()),
            ..ProfileOptions::default()
        },
        ..LoadOptions::default()
    };
    let workspace = Arc::new(Workspace::load(&options, Arc::new(Env::default())).unwrap());
    let sources = Sources::read(&workspace).unwrap();
    let flags = json!({"FULL_REFRESH": false, "WHICH": "compile"});
    let invocation = Invocation {
        id: "5a8a5d0e-9a3c-4d0b-8a57-0d3f5a1b2c3d".to_owned(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
        flags: flags.as_object().cloned().unwrap(),
        args: JsonMap::new(),
        sample: None,
    };
    let macros = sources.macros().iter().cloned();
    let shared = Shared::new(workspace, invocation, macros, Arc::new(Silent)).unwrap();
    let parsed = parse(&shared, &sources).unwrap();
    let manifest = Arc::new(parsed.manifest);
    shared.set_manifest(manifest.clone());
    let compiler = Compiler::new(&shared, true);
    for node in manifest.nodes.values() {
        compiler.compile(node, None).unwrap();
    }
}

#[test]
fn every_file_is_as_dbt_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files(&here().join("project")) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    compile(folder.path());
    let compiled = files(&folder.path().join("target/compiled"));
    let expected = files(&here().join("expected"));
    assert_eq!(
        compiled.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "the files are not those of dbt"
    );
    for (name, text) in &expected {
        let differing = compiled[name].lines().zip(text.lines()).find(|(ours, dbt)| ours != dbt);
        assert!(compiled[name] == *text, "{name} differs (ours, dbt's): {differing:#?}");
    }
}
