//! Tests as JUnit XML, which CI systems list one by one. There is one suite for each layer;
//! a warning is a test that passed and said something.

use super::Record;
use indexmap::IndexMap;
use std::fmt::Write as _;

/// The whole file.
pub fn xml(records: &[Record]) -> String {
    let mut suites: IndexMap<&str, Vec<&Record>> = IndexMap::new();
    for record in records {
        suites.entry(record.layer.as_str()).or_default().push(record);
    }
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let all: Vec<&Record> = records.iter().collect();
    let _ = writeln!(text, "<testsuites{}>", counts(&all));
    for (layer, records) in suites {
        let counts = counts(&records);
        let _ = writeln!(text, "  <testsuite name=\"{}\"{counts}>", escaped(layer));
        for record in &records {
            write_case(&mut text, record);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn counts(records: &[&Record]) -> String {
    let of = |status: &str| records.iter().filter(|record| record.status == status).count();
    let time: f64 = records.iter().map(|record| record.duration).sum();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{time:.3}\"",
        records.len(),
        of("fail"),
        of("error"),
        of("skipped")
    )
}

fn write_case(text: &mut String, record: &Record) {
    let tested = record.relation.as_deref().or(record.tested.as_deref()).unwrap_or(&record.path);
    let _ = write!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{:.3}\"",
        escaped(&record.name),
        escaped(tested),
        escaped(&record.path),
        record.duration
    );
    let message = record.message.as_deref().unwrap_or(&record.status);
    let element = match record.status.as_str() {
        "fail" => "failure",
        "error" => "error",
        "skipped" => {
            text.push_str("><skipped/></testcase>\n");
            return;
        }
        "warn" => {
            let _ = writeln!(text, "><system-out>{}</system-out></testcase>", escaped(message));
            return;
        }
        _ => {
            text.push_str("/>\n");
            return;
        }
    };
    let _ = write!(text, "><{element} message=\"{}\">", escaped(first_line(message)));
    let mut details = vec![message.to_owned()];
    details.extend(record.compiled_path.iter().map(|path| format!("compiled code at {path}")));
    details.extend(record.stored_relation.iter().map(|name| format!("failing rows in {name}")));
    let _ = writeln!(text, "{}</{element}></testcase>", escaped(&details.join("\n")));
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

/// Text that XML may hold: marks written out, characters that it forbids replaced.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(character),
            '\r' => {}
            _ if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                safe.push('\u{fffd}');
            }
            _ => safe.push(character),
        }
    }
    safe
}

/// A record for tests.
#[cfg(test)]
pub fn sample() -> Record {
    Record {
        unique_id: "test.shop.a.1".into(),
        name: "a".into(),
        kind: "unique".into(),
        layer: "dwh".into(),
        tested: Some("model.shop.m".into()),
        relation: Some("\"db\".\"dwh\".\"m\"".into()),
        column: Some("id".into()),
        owner: None,
        tags: Vec::new(),
        severity: "error".into(),
        status: "pass".into(),
        failures: Some(0),
        failure_rate: None,
        warn_if: Some("!= 0".into()),
        error_if: Some("!= 0".into()),
        duration: 0.25,
        stored_relation: None,
        message: None,
        compiled_path: None,
        path: "models/m.yml".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::sample as record;
    use super::*;

    #[test]
    fn each_test_is_a_case_of_its_layer() {
        let failed = Record {
            name: "b <&>".into(),
            status: "fail".into(),
            message: Some("Got 2 results, configured to fail if != 0".into()),
            compiled_path: Some("target/compiled/b.sql".into()),
            ..record()
        };
        let warned = Record { status: "warn".into(), message: Some("Got 1".into()), ..record() };
        let text = xml(&[record(), failed, warned]);
        assert!(
            text.contains("<testsuite name=\"dwh\" tests=\"3\" failures=\"1\" errors=\"0\""),
            "{text}"
        );
        assert!(text.contains(
            "name=\"b &lt;&amp;&gt;\" classname=\"&quot;db&quot;.&quot;dwh&quot;.&quot;m&quot;\""
        ));
        assert!(text.contains("<failure message=\"Got 2 results, configured to fail if != 0\">"));
        assert!(text.contains("compiled code at target/compiled/b.sql</failure>"));
        assert!(text.contains("<system-out>Got 1</system-out>"));
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(escaped("a\u{1b}[31m\u{0}"), "a\u{fffd}[31m\u{fffd}");
    }
}
