//! Findings by layer and owner.

use super::Record;
use indexmap::IndexMap;

/// What a layer's owner should look at: layer, owner, failures, warnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The layer.
    pub layer: String,
    /// The owner, when there is one.
    pub owner: Option<String>,
    /// Names of tests that failed or could not be run.
    pub failures: Vec<String>,
    /// Names of tests that warn.
    pub warnings: Vec<String>,
}

/// The groups that have findings, in the order of their first.
pub fn groups(records: &[Record]) -> Vec<Group> {
    let mut groups: IndexMap<(&str, Option<&str>), Group> = IndexMap::new();
    for record in records.iter().filter(|record| record.is_finding()) {
        let key = (record.layer.as_str(), record.owner.as_deref());
        let group = groups.entry(key).or_insert_with(|| Group {
            layer: record.layer.clone(),
            owner: record.owner.clone(),
            failures: Vec::new(),
            warnings: Vec::new(),
        });
        let list = if record.is_failure() { &mut group.failures } else { &mut group.warnings };
        list.push(record.name.clone());
    }
    groups.into_values().collect()
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let owner = self.owner.as_deref().unwrap_or("nobody");
        write!(f, "{} ({owner}): ", self.layer)?;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (failures, warnings) = (self.failures.len(), self.warnings.len());
        let mut parts = Vec::new();
        if failures > 0 {
            parts.push(format!("{failures} failure{}", plural(failures)));
        }
        if warnings > 0 {
            parts.push(format!("{warnings} warning{}", plural(warnings)));
        }
        let names: Vec<&str> =
            self.failures.iter().chain(&self.warnings).map(String::as_str).collect();
        write!(f, "{}: {}", parts.join(", "), names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_grouped_by_layer_and_owner() {
        let record = |name: &str, layer: &str, owner: Option<&str>, status: &str| Record {
            name: name.to_owned(),
            layer: layer.to_owned(),
            owner: owner.map(str::to_owned),
            status: status.to_owned(),
            ..super::super::junit::sample()
        };
        let records = [
            record("a", "dwh", Some("growth"), "warn"),
            record("b", "dwh", None, "fail"),
            record("c", "dwh", Some("growth"), "error"),
            record("d", "mart", None, "pass"),
        ];
        let lines: Vec<String> = groups(&records).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            ["dwh (growth): 1 failure, 1 warning: c, a", "dwh (nobody): 1 failure: b"]
        );
    }
}
