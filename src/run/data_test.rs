//! What a data test found, and what that means
//! (<https://docs.getdbt.com/reference/resource-configs/severity>).

use super::execute::Built;
use crate::adapter::Table;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::Value;
use crate::manifest::{Config, Node, Severity};
use crate::result::NodeStatus;

/// The one row of a test's query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    failures: i64,
    should_warn: bool,
    should_error: bool,
}

impl Findings {
    /// Reads the row: `failures`, `should_warn`, `should_error`.
    pub(super) fn read(node: &Node, table: Option<&Table>) -> Result<Self> {
        let failed = |what: String| {
            let message = format!("dbt internally failed to execute {}: {what}", node.unique_id);
            Diagnostic::new(Code::TestInvalid, message).with_help(
                "A test's query must give one row with failures, should_warn and should_error.",
            )
        };
        let table = table.ok_or_else(|| failed("Returned no result".to_owned()))?;
        let row = match (table.len(), table.row(0)) {
            (1, Some(row)) => row,
            (rows, _) => return Err(failed(format!("Returned {rows} rows, but expected 1 row"))),
        };
        if row.len() != 3 {
            let message = format!("Returned {} columns, but expected 3 columns", row.len());
            return Err(failed(message));
        }
        let cell = |name: &str| {
            let place =
                table.names().iter().position(|it| it.to_string().eq_ignore_ascii_case(name));
            place
                .and_then(|place| row.get(place))
                .cloned()
                .ok_or_else(|| failed(format!("Returned no column {name}")))
        };
        let failures = cell("failures")?;
        let failures = failures.as_int().or_else(|| failures.to_string().parse().ok());
        Ok(Self {
            failures: failures.ok_or_else(|| failed("failures is not a number".to_owned()))?,
            should_warn: truth(&cell("should_warn")?)?,
            should_error: truth(&cell("should_error")?)?,
        })
    }

    /// The test's status and message, by its severity and thresholds.
    pub(super) fn judge(self, config: &Config, warnings_fail: bool) -> Built {
        let threshold = |key: &str| config.text(key).unwrap_or("!= 0").to_owned();
        let results = if self.failures == 1 { "result" } else { "results" };
        let found = format!("Got {} {results}, configured to", self.failures);
        let (status, message) = if config.severity() == Severity::Error && self.should_error {
            (NodeStatus::Fail, Some(format!("{found} fail if {}", threshold("error_if"))))
        } else if self.should_warn && warnings_fail {
            (NodeStatus::Fail, Some(format!("{found} fail if {}", threshold("warn_if"))))
        } else if self.should_warn {
            (NodeStatus::Warn, Some(format!("{found} warn if {}", threshold("warn_if"))))
        } else {
            (NodeStatus::Pass, None)
        };
        let failures = if status == NodeStatus::Pass { 0 } else { self.failures };
        Built {
            status: Some(status),
            message,
            response: None,
            failures: Some(failures),
            ..Built::default()
        }
    }
}

/// A truth value as databases give it: a boolean, a number, or a word.
fn truth(value: &Value) -> Result<bool> {
    let Some(text) = value.as_str() else { return Ok(value.truthy()) };
    match text.to_lowercase().as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Ok(true),
        "n" | "no" | "f" | "false" | "off" | "0" => Ok(false),
        _ => {
            let message = format!(
                "Macro 'get_test_sql' returns '{text}'.  It is not type 'bool' and cannot not be \
                 converted reliably to a bool."
            );
            Err(Diagnostic::new(Code::TestNotABoolean, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(config: serde_json::Value, failures: i64, warn: bool, error: bool) -> Built {
        let serde_json::Value::Object(config) = config else { panic!("an object") };
        let findings = Findings { failures, should_warn: warn, should_error: error };
        findings.judge(&Config::new(config), false)
    }

    #[test]
    fn severity_and_thresholds_decide() {
        let built = judged(json!({}), 2, true, true);
        assert_eq!(built.status, Some(NodeStatus::Fail));
        assert_eq!(built.message.as_deref(), Some("Got 2 results, configured to fail if != 0"));
        let config = json!({"severity": "warn", "warn_if": ">1"});
        let built = judged(config, 2, true, true);
        assert_eq!(built.status, Some(NodeStatus::Warn));
        assert_eq!(built.message.as_deref(), Some("Got 2 results, configured to warn if >1"));
        let built = judged(json!({"error_if": ">10"}), 1, true, false);
        assert_eq!(built.status, Some(NodeStatus::Warn));
        let built = judged(json!({"error_if": ">10", "warn_if": ">5"}), 1, false, false);
        assert_eq!((built.status, built.failures), (Some(NodeStatus::Pass), Some(0)));
    }

    #[test]
    fn a_warning_is_a_failure_where_warnings_are_errors() {
        let findings = Findings { failures: 1, should_warn: true, should_error: false };
        assert_eq!(findings.judge(&Config::default(), true).status, Some(NodeStatus::Fail));
    }

    #[test]
    fn truth_is_read_as_databases_give_it() {
        assert_eq!(truth(&Value::Bool(true)), Ok(true));
        assert_eq!(truth(&Value::Int(0)), Ok(false));
        assert_eq!(truth(&Value::str("F")), Ok(false));
        assert!(truth(&Value::str("maybe")).is_err());
    }
}
