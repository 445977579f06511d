//! The text of an alert, cut to what webhooks accept.

use super::Findings;
use crate::quality::Record;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// Slack takes 50 blocks of 3,000 characters; the first is the headline, the last the rest.
const BLOCKS: usize = 40;
const BLOCK_LENGTH: usize = 2800;
/// The longest message of one finding.
const MESSAGE_LENGTH: usize = 200;
/// A generic payload has so many findings at most.
const ENTRIES: usize = 200;

/// What the receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Slack's incoming webhooks, and what imitates them (Mattermost, Discord's `/slack`).
    Slack,
    /// A JSON object with counts and findings.
    Generic,
}

/// The body of the request.
pub fn payload(findings: &Findings, form: Form) -> Json {
    match form {
        Form::Slack => slack(findings),
        Form::Generic => generic(findings),
    }
}

fn headline(findings: &Findings) -> String {
    let failures = findings.records.iter().filter(|record| record.is_failure()).count();
    let warnings = findings.records.len() - failures;
    let count =
        |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let mut parts = vec![count(failures, "failure"), count(warnings, "warning")];
    if !findings.errors.is_empty() {
        parts.insert(0, count(findings.errors.len(), "error"));
    }
    format!("{} ({}): {}", findings.project, findings.target, parts.join(", "))
}

/// Findings by owner and tags.
fn grouped(findings: &Findings) -> IndexMap<String, Vec<&Record>> {
    let mut groups: IndexMap<String, Vec<&Record>> = IndexMap::new();
    for record in &findings.records {
        let owner = record.owner.as_deref().unwrap_or("no owner");
        let mut tags = record.tags.clone();
        tags.sort();
        let name = if tags.is_empty() {
            owner.to_owned()
        } else {
            format!("{owner} [{}]", tags.join(", "))
        };
        groups.entry(name).or_default().push(record);
    }
    groups
}

fn slack(findings: &Findings) -> Json {
    let title = headline(findings);
    let mut blocks = vec![section(&format!("*{}*", escaped(&title)))];
    if !findings.errors.is_empty() {
        let lines = findings.errors.iter().map(|(id, message)| {
            format!(":red_circle: `{}` {}", escaped(id), escaped(&cut(message)))
        });
        blocks.push(section(&joined("*Not built*".to_owned(), lines)));
    }
    for (name, records) in grouped(findings) {
        let lines = records.iter().map(|record| {
            let mark = if record.is_failure() { ":red_circle:" } else { ":warning:" };
            let message = record.message.as_deref().unwrap_or_default();
            format!("{mark} `{}` {}", escaped(&record.name), escaped(&cut(message)))
        });
        blocks.push(section(&joined(format!("*{}*", escaped(&name)), lines)));
    }
    let left_out = blocks.len().saturating_sub(BLOCKS);
    blocks.truncate(BLOCKS);
    if left_out > 0 {
        blocks.push(section(&format!("… and {left_out} more groups")));
    }
    json!({"text": title, "blocks": blocks})
}

fn section(text: &str) -> Json {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

/// Lines under a title, as many as fit.
fn joined(title: String, lines: impl Iterator<Item = String>) -> String {
    let mut text = title;
    let mut left_out = 0;
    for line in lines {
        if left_out > 0 || text.len() + line.len() + 1 > BLOCK_LENGTH {
            left_out += 1;
        } else {
            text.push('\n');
            text.push_str(&line);
        }
    }
    if left_out > 0 {
        text.push_str("\n… and ");
        text.push_str(&left_out.to_string());
        text.push_str(" more");
    }
    text
}

/// Slack's three marks.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first line, not too long.
fn cut(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= MESSAGE_LENGTH {
        return line.to_owned();
    }
    line.chars().take(MESSAGE_LENGTH).chain(['…']).collect()
}

fn generic(findings: &Findings) -> Json {
    let groups: Vec<Json> = grouped(findings)
        .into_iter()
        .map(|(name, records)| {
            let owner = records.first().and_then(|record| record.owner.clone());
            let tags = records.first().map(|record| record.tags.clone());
            let entries: Vec<Json> = records
                .iter()
                .take(ENTRIES)
                .map(|record| {
                    json!({
                        "test": record.name, "status": record.status, "layer": record.layer,
                        "relation": record.relation, "column": record.column,
                        "failures": record.failures, "stored_relation": record.stored_relation,
                        "message": record.message.as_deref().map(cut),
                    })
                })
                .collect();
            json!({"name": name, "owner": owner, "tags": tags, "findings": entries})
        })
        .take(ENTRIES)
        .collect();
    let errors: Vec<Json> = findings
        .errors
        .iter()
        .take(ENTRIES)
        .map(|(id, message)| json!({"unique_id": id, "message": cut(message)}))
        .collect();
    json!({
        "text": headline(findings),
        "project": findings.project, "target": findings.target,
        "invocation_id": findings.invocation_id, "generated_at": findings.generated_at,
        "groups": groups, "errors": errors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::junit::sample;

    fn findings(count: usize) -> Findings {
        let record = |place: usize| Record {
            name: format!("test_{place}_{}", "x".repeat(50)),
            status: if place == 0 { "fail".into() } else { "warn".into() },
            owner: Some(format!("owner {}", place % 100)),
            message: Some("Got 2 results <b>".repeat(50)),
            ..sample()
        };
        Findings {
            project: "shop".into(),
            target: "prod".into(),
            records: (0..count).map(record).collect(),
            ..Findings::default()
        }
    }

    #[test]
    fn an_alert_says_what_is_wrong_and_whose_it_is() {
        let body = payload(&findings(2), Form::Slack);
        assert_eq!(body["text"], "shop (prod): 1 failure, 1 warning");
        let block = body["blocks"][1]["text"]["text"].as_str().unwrap_or_default();
        assert!(block.starts_with("*owner 0*\n:red_circle: `test_0_"), "{block}");
        assert!(block.contains("&lt;b&gt;"), "{block}");
    }

    #[test]
    fn an_alert_never_grows_too_large() {
        for form in [Form::Slack, Form::Generic] {
            let body = payload(&findings(5000), form);
            if form == Form::Slack {
                let blocks = body["blocks"].as_array().map(Vec::len).unwrap_or_default();
                assert!(blocks <= 50, "{blocks}");
                let length = |block: &Json| block["text"]["text"].as_str().map_or(0, str::len);
                assert!(
                    body["blocks"].as_array().into_iter().flatten().all(|it| length(it) <= 3000)
                );
            }
        }
    }
}
