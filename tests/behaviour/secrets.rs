//! A secret of the environment, wherever a user may put one, is in nothing that gdbt says or writes.

use crate::project::Project;
use std::process::Command;

const TOKEN: &str = "t0kent0ken";
const SECRETS: [(&str, &str); 3] = [
    ("DBT_ENV_SECRET_PASSWORD", "pa55w0rdpa55w0rd"),
    ("DBT_ENV_SECRET_REPOSITORY", "rep0sitory"),
    ("DBT_ENV_SECRET_TOKEN", TOKEN),
];

/// Secrets in the profile's password, in a git URL, and as a variable in hooks, models, tests,
/// metadata and descriptions.
fn project() -> Project {
    let project = Project::new()
        .file(
            "dbt_project.yml",
            "name: shop\nversion: '1.0'\nprofile: shop\n\
             on-run-start: \"select '{{ var('token') }}' as started\"\n",
        )
        .file(
            "packages.yml",
            "packages:\n  - git: \"file://{{ env_var('PWD') }}/{{ \
             env_var('DBT_ENV_SECRET_REPOSITORY') }}\"\n    revision: HEAD\n",
        )
        .file("rep0sitory/dbt_project.yml", "name: helpers\nversion: '1.0'\n")
        .file(
            "models/kept.sql",
            "{{ config(materialized='table', meta={'token': var('token')}, \
             post_hook=\"select '\" ~ var('token') ~ \"'\") }}\n\
             {{ log('token ' ~ var('token'), info=true) }}{{ print(var('token')) }}\n\
             select '{{ var('token') }}'::text as token",
        )
        .file("models/refused.sql", "select '{{ var('token') }}'::int as n")
        .file(
            "models/schema.yml",
            "models:\n  - name: kept\n    description: \"{{ var('token') }}\"\n    data_tests:\n      \
             - accepted_values: {arguments: {column_name: token, values: [a, \"{{ var('token') }}\"]}}\n",
        )
        .file(
            "tests/found.sql",
            "select * from {{ ref('kept') }} where token = '{{ var('token') }}'",
        )
        .file(
            "macros/raise.sql",
            "{% macro fail() %}{{ exceptions.raise_compiler_error(var('token')) }}{% endmacro %}",
        );
    let profile = project.read("profiles.yml");
    let password = "password: \"{{ env_var('DBT_ENV_SECRET_PASSWORD') }}\"";
    project.write("profiles.yml", &profile.replace("password: ''", password));
    let repository = project.folder().join("rep0sitory");
    for line in ["init -q", "add -A", "-c user.name=n -c user.email=e@x commit -q -m first"] {
        let done = Command::new("git").args(line.split(' ')).current_dir(&repository).output();
        assert!(done.unwrap().status.success(), "git {line}");
    }
    project
}

/// Runs the program; gives its exit code and all that it said.
fn said(project: &Project, line: &str) -> (i32, String) {
    let vars = format!("{line} --vars '{{token: {TOKEN}}}'");
    let output =
        project.command(&vars).envs(SECRETS).env("PWD", project.folder()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

#[test]
fn a_secret_is_in_nothing_that_is_said_or_written() {
    let project = project();
    let mut texts = Vec::new();
    for (line, code) in [
        ("deps", 0),
        ("build --debug --store-failures --junit target/junit.xml", 1),
        ("--log-format json --log-format-file json build --debug", 1),
        ("retry", 1),
        ("docs generate", 0),
        ("compile --select kept --output json", 0),
        ("show --select kept", 0),
        ("run-operation fail", 1),
        ("ls --output json", 0),
        ("lineage", 0),
        ("debug", 0),
    ] {
        let (found, text) = said(&project, line);
        assert_eq!(found, code, "{line}: {text}");
        texts.push((line.to_owned(), text));
    }
    // What a mistake quotes.
    project.write("models/own.sql", "select '{{ env_var('DBT_ENV_SECRET_TOKEN') }}'");
    let (code, text) = said(&project, "parse");
    assert_eq!(code, 2);
    assert!(text.contains("'DBT_ENV_SECRET_TOKEN' referenced elsewhere"), "{text}");
    texts.push(("parse".to_owned(), text));
    project.write("rep0sitory/dbt_project.yml", "name: 1");
    std::fs::remove_dir_all(project.folder().join("rep0sitory/.git")).unwrap();
    std::fs::remove_file(project.folder().join("package-lock.yml")).unwrap();
    let (code, text) = said(&project, "deps");
    assert_eq!(code, 2, "{text}");
    texts.push(("deps again".to_owned(), text));
    for folder in ["target", "logs", "dbt_packages"] {
        for file in walkdir::WalkDir::new(project.folder().join(folder)) {
            let path = file.unwrap().into_path();
            if path.is_file() {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                texts.push((path.display().to_string(), text));
            }
        }
    }
    assert!(texts.iter().any(|(name, _)| name.ends_with("compiled/shop/models/kept.sql")));
    for (name, text) in &texts {
        for (_, secret) in SECRETS {
            let place = text.find(secret).map(|at| at.saturating_sub(60));
            let around = place.map(|at| text.chars().skip(at).take(160).collect::<String>());
            assert_eq!(around, None, "{name}");
        }
    }
    // The server got it all the same.
    assert_eq!(project.value("select token from kept"), TOKEN);
}
