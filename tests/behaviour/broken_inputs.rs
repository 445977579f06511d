//! Broken projects: the code and the place of each mistake, from `broken_inputs.txt`.

use crate::project::Project;
use std::fmt::Write as _;

struct Case<'a> {
    name: &'a str,
    files: Vec<(&'a str, &'a str)>,
    expected: &'a str,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let sections = text.split("\n=== ").skip(1);
    sections
        .map(|section| {
            let (name, rest) = section.split_once('\n').expect("a name");
            let (files, expected) = rest.split_once("\n>>>").expect("what is expected");
            let files = files.split("--- ").skip(1).map(|file| {
                let (path, text) = file.split_once('\n').unwrap_or((file, ""));
                (path, text.strip_suffix('\n').unwrap_or(text))
            });
            Case { name, files: files.collect(), expected: expected.trim() }
        })
        .collect()
}

/// The code of the first error that is told, and its place.
fn told(output: &str) -> String {
    let mut place = "";
    for line in output.lines().map(str::trim_start) {
        if let Some(rest) = line.strip_prefix("--> ") {
            place = rest.split(" [").next().unwrap_or(rest);
        }
        let code = line.rsplit_once('[').and_then(|(_, code)| code.strip_suffix(']'));
        if let Some(code) = code.filter(|code| code.starts_with("GD")) {
            return format!("{code} {place}").trim_end().to_owned();
        }
    }
    "nothing".to_owned()
}

#[test]
fn every_mistake_has_a_code_and_a_place() {
    let text = include_str!("broken_inputs.txt");
    let cases = cases(text);
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut wrong = String::new();
    for case in &cases {
        let project = Project::offline();
        for (path, text) in &case.files {
            project.write(path, text);
        }
        let said = project.run("parse --no-use-colors");
        let all = format!("{}{}", said.stdout, said.stderr);
        let told = told(&all);
        if said.code != 2 || told != case.expected || all.contains("panicked") {
            let _ = writeln!(wrong, "=== {}: {}\n>>> {told}\n{all}", case.name, said.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
