//! How old the newest row of a source is
//! (<https://docs.getdbt.com/reference/resource-properties/freshness>), and, in the same
//! form, of a model whose configuration has `freshness:` thresholds and `loaded_at_field`.

use super::execute::{Executor, Phase};
use crate::adapter::{Relation, Response, Session, Table};
use crate::context::NodeContext;
use crate::context::modules::datetime::DateTime;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Level, NamedEvent, NodeInfo, Warning};
use crate::jinja::{Args, State, Template, Value};
use crate::manifest::{Manifest, Node, QuotePolicy, RelationName, Source};
use crate::result::{Freshness, NodeResult, NodeStatus, Subject};
use jiff::civil;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Instant;

/// What is asked of a table.
struct Question<'a> {
    name: &'a str,
    label: String,
    package: &'a Arc<str>,
    relation: &'a RelationName,
    quoting: QuotePolicy,
    loaded_at_field: Option<&'a str>,
    loaded_at_query: Option<&'a str>,
    thresholds: &'a Json,
}

/// The thresholds of a source or model; none when it declares none that can be exceeded.
pub fn thresholds(subject: &Subject) -> Option<&Json> {
    let declared = match subject {
        Subject::Source(source) => source.freshness.as_ref(),
        // The settled configuration has dbt's `build_after` alone.
        Subject::Node(node) => node.unrendered_config.get("freshness"),
        _ => None,
    }?;
    let has = |key: &str| seconds(declared.get(key)).is_some();
    (has("warn_after") || has("error_after")).then_some(declared)
}

/// The sources and models of a project that have thresholds.
pub fn subjects(manifest: &Manifest) -> impl Iterator<Item = Subject> {
    let sources = manifest.sources.values().cloned().map(Subject::Source);
    let models = manifest.nodes.values().cloned().map(Subject::Node);
    sources.chain(models).filter(|subject| thresholds(subject).is_some())
}

/// Sources with thresholds that nothing dates: one event for each.
pub fn undated_sources(manifest: &Manifest) -> impl Iterator<Item = Event> {
    let undated = manifest.sources.values().filter(|source| {
        source.loaded_at_field.is_none()
            && source.loaded_at_query.is_none()
            && thresholds(&Subject::Source(Arc::clone(source))).is_some()
    });
    undated.map(|source| {
        let message = format!(
            "The configured adapter does not support metadata-based freshness. A loaded_at_field \
             must be specified for source '{}.{}'.",
            source.source_name, source.name
        );
        let event = NamedEvent::new("FreshnessConfigProblem", "I073", Level::Warn, message.clone());
        event.with("msg", message).into()
    })
}

/// A threshold such as `{count: 12, period: hour}`.
fn seconds(threshold: Option<&Json>) -> Option<f64> {
    let threshold = threshold?;
    let count = threshold.get("count")?.as_f64()?;
    let period = match threshold.get("period")?.as_str()? {
        "minute" => 60.0,
        "hour" => 3600.0,
        "day" => 86_400.0,
        _ => return None,
    };
    Some(count * period)
}

impl<'a> Question<'a> {
    fn of_source(source: &'a Source, thresholds: &'a Json) -> Self {
        Self {
            name: &source.name,
            label: format!("source {} ({})", source.name, source.original_file_path),
            package: &source.package_name,
            relation: &source.relation,
            quoting: source.quote_policy,
            loaded_at_field: source.loaded_at_field.as_deref(),
            loaded_at_query: source.loaded_at_query.as_deref(),
            thresholds,
        }
    }

    fn of_node(node: &'a Node, thresholds: &'a Json) -> Self {
        let text = |key: &str| {
            node.config.text(key).or_else(|| node.config.get("meta")?.get(key)?.as_str())
        };
        Self {
            name: &node.name,
            label: node.label(),
            package: &node.package_name,
            relation: &node.relation,
            quoting: node.quote_policy,
            loaded_at_field: text("loaded_at_field"),
            loaded_at_query: text("loaded_at_query"),
            thresholds,
        }
    }

    fn status(&self, age: f64) -> NodeStatus {
        let exceeded = |key: &str| seconds(self.thresholds.get(key)).is_some_and(|it| age > it);
        if exceeded("error_after") {
            NodeStatus::Error
        } else if exceeded("warn_after") {
            NodeStatus::Warn
        } else {
            NodeStatus::Pass
        }
    }
}

impl Executor {
    /// Asks how old a source or model is. Whatever goes wrong is in the result.
    pub fn check_freshness(&self, subject: &Subject, info: &NodeInfo) -> NodeResult {
        let begun = Instant::now();
        let at = |status| NodeInfo { status, ..info.clone() };
        let mut result = NodeResult::begun(subject.clone());
        self.sink.emit(Event::NodeCompiling { node: at("compiling") });
        result.timing.push(Phase::begin("compile").end());
        self.sink.emit(Event::NodeExecuting { node: at("executing") });
        let phase = Phase::begin("execute");
        let none = Json::Null;
        let declared = thresholds(subject).unwrap_or(&none);
        let question = match subject {
            Subject::Source(source) => Some(Question::of_source(source, declared)),
            Subject::Node(node) => Some(Question::of_node(node, declared)),
            _ => None,
        };
        let answer = question.map(|question| {
            let answer = self.ask(&question, subject, info);
            answer.map(|found| (question.status(found.0.age()), found)).map_err(|error| {
                super::execute::explain(
                    error.with_node(question.label),
                    None,
                    self.shared.manifest(),
                )
            })
        });
        result.timing.push(phase.end());
        match answer {
            Some(Ok((status, (freshness, response)))) => {
                result.status = status;
                result.freshness = Some(freshness);
                let response = response.and_then(|response| response.get().ok());
                result.adapter_response =
                    response.map(|response| response.to_json()).unwrap_or_default();
            }
            Some(Err(error)) => {
                let node = at("executing");
                let event = Event::CatchableExceptionOnRun { node, message: error.to_string() };
                self.sink.emit(event);
                result.status = NodeStatus::RuntimeError;
                result.message = Some(error.to_string());
                result.diagnostic = Some(Arc::from(error));
            }
            None => {}
        }
        result.execution_time = begun.elapsed();
        result
    }

    fn ask(
        &self,
        question: &Question<'_>,
        subject: &Subject,
        info: &NodeInfo,
    ) -> Result<(Freshness, Option<Response>)> {
        let session = self.database.session_for(subject, info)?;
        let answer = self.ask_with(question, &session);
        session.finish(answer.is_ok())?;
        answer
    }

    fn ask_with(
        &self,
        question: &Question<'_>,
        session: &Arc<Session>,
    ) -> Result<(Freshness, Option<Response>)> {
        let relation = Relation::new(question.relation, question.quoting).into_value();
        let context =
            NodeContext::operation(&self.shared, Some(Arc::clone(question.package)), Some(session))
                .with("this", relation.clone());
        let args = Args::none().with("source", relation);
        let (name, args) = match (question.loaded_at_query, question.loaded_at_field) {
            (Some(query), _) => {
                let query = Template::from_text("loaded_at_query", query)?.render(&context)?;
                ("collect_freshness_custom_sql", args.with("loaded_at_query", Value::from(query)))
            }
            (None, Some(field)) => {
                let filter = question.thresholds.get("filter").and_then(Json::as_str);
                let filter = filter.map_or(Value::None, Value::str);
                let args = args.with("loaded_at_field", Value::str(field)).with("filter", filter);
                ("collect_freshness", args)
            }
            (None, None) => return Err(undated(question.name)),
        };
        let found = self.shared.macros.strongest(name).cloned();
        let definition = found.ok_or_else(|| {
            let message =
                format!("dbt could not find a macro with the name '{name}' in any package");
            Diagnostic::new(Code::MacroUnknown, message)
        })?;
        let returned = definition.definition.call(args, &context)?;
        let part = |part: &str| returned.get_attr(&mut State::new(&context), part).ok();
        let (table, response) = match returned.downcast::<Table>() {
            Some(table) => {
                self.sink.warn(Event::Warning(old_signature()))?;
                (Some(table.clone()), None)
            }
            None => (
                part("table").and_then(|table| table.downcast::<Table>().cloned()),
                part("response").and_then(|response| response.downcast::<Response>().cloned()),
            ),
        };
        Ok((read(name, table.as_ref())?, response))
    }
}

fn undated(name: &str) -> Box<Diagnostic> {
    let message = format!(
        "Could not compute freshness for source {name}: no 'loaded_at_field' provided and \
         postgres adapter does not support metadata-based freshness checks."
    );
    Diagnostic::new(Code::FreshnessUnknown, message)
        .with_help("Give a `loaded_at_field` or a `loaded_at_query`.")
}

fn old_signature() -> Warning {
    let message = "The 'collect_freshness' macro signature has changed to return the full query \
                   result, rather than just a table of values. See the v1.5 migration guide for \
                   details on how to update your custom macro: \
                   https://docs.getdbt.com/guides/migration/versions/upgrading-to-v1.5";
    let diagnostic = *Diagnostic::new(Code::Deprecated, message);
    Warning::new("CollectFreshnessReturnSignature", "D012", diagnostic)
}

/// The one row: when the newest row was loaded, and when that was asked.
fn read(name: &str, table: Option<&Table>) -> Result<Freshness> {
    let row = table.filter(|table| table.len() == 1).and_then(|table| table.row(0));
    let Some(row) = row.filter(|row| row.len() == 2) else {
        let rows = table.map(|table| table.rows().map(|row| Value::tuple(row.to_vec())));
        let rows: Vec<Value> = rows.into_iter().flatten().collect();
        let message = format!("Got an invalid result from \"{name}\" macro: {}", Value::list(rows));
        return Err(Diagnostic::new(Code::FreshnessUnknown, message));
    };
    // A table without rows was loaded infinitely long ago.
    let never = || DateTime::naive(civil::DateTime::constant(1, 1, 1, 0, 0, 0, 0));
    let max_loaded_at = match &row[0] {
        Value::None => never(),
        value => moment(value, "last_modified")?,
    };
    let timestamp =
        |moment: DateTime| moment.timestamp().map_err(crate::jinja::Error::into_diagnostic);
    Ok(Freshness {
        max_loaded_at: timestamp(max_loaded_at)?,
        snapshotted_at: timestamp(moment(&row[1], "snapshotted_at")?)?,
    })
}

fn moment(value: &Value, field: &str) -> Result<DateTime> {
    if value.is_none() {
        let message = format!(
            "Expected a non-null value when querying field '{field}' of table  None but received \
             value 'null' instead"
        );
        return Err(Diagnostic::new(Code::FreshnessNotATime, message));
    }
    value.downcast::<DateTime>().cloned().ok_or_else(|| {
        let message = format!(
            "Expected a timestamp value when querying field '{field}' of table None but received \
             value of type '{}' instead",
            crate::context::calls::type_of(value)
        );
        Diagnostic::new(Code::FreshnessNotATime, message)
    })
}
