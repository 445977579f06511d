//! Which rows of a relation a batch of a microbatch model, or a sample, reads
//! (<https://docs.getdbt.com/docs/build/sample-flag>).

use super::node::{Inner, Phase};
use crate::adapter::EventTimeFilter;
use crate::event_time::{TimeWindow, python_text};
use crate::manifest::{Column, Config, Node, ResourceType, Source};
use crate::postgres::quote;
use indexmap::IndexMap;

/// The filter for a node that is read.
pub(super) fn of_node(inner: &Inner, target: &Node) -> Option<EventTimeFilter> {
    filter(inner, &target.config, &target.columns, false)
}

/// The filter for a source that is read.
pub(super) fn of_source(inner: &Inner, target: &Source) -> Option<EventTimeFilter> {
    let quoted = target.quoting.get("column").and_then(serde_json::Value::as_bool);
    filter(inner, &target.config, &target.columns, quoted.unwrap_or(false))
}

fn filter(
    inner: &Inner,
    config: &Config,
    columns: &IndexMap<String, Column>,
    quoted: bool,
) -> Option<EventTimeFilter> {
    let field = config.text("event_time").filter(|field| !field.is_empty())?;
    let TimeWindow { start, end } = window(inner)?;
    let column = columns.values().find(|column| column.name == field);
    let quoted = column.and_then(|column| column.quote).unwrap_or(quoted);
    Some(EventTimeFilter {
        field_name: if quoted { quote::identifier(field) } else { field.to_owned() },
        start: Some(python_text(start)),
        end: Some(python_text(end)),
    })
}

/// The time whose rows the node reads: that of its batch, of the sample, or of both.
fn window(inner: &Inner) -> Option<TimeWindow> {
    let Phase::Run(run) = &inner.phase else { return None };
    if !matches!(run.node.resource_type(), ResourceType::Model | ResourceType::Snapshot) {
        return None;
    }
    match (run.batch.map(|batch| batch.window), inner.shared.invocation.sample) {
        (Some(batch), Some(sample)) => Some(batch.intersection(sample)),
        (batch, sample) => batch.or(sample),
    }
}
