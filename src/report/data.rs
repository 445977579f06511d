//! The `data` object of JSON log lines: dbt's fields of every event.

use super::clock;
use crate::event::{Event, NodeInfo, Position, ResultLine, Stats};
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// The fields of an event, named as in dbt's event definitions.
pub fn data(event: &Event) -> Json {
    match event {
        Event::Named(event) => Json::Object(event.data.clone()),
        Event::MainReportVersion => {
            json!({"version": format!("={}", crate::project::version::DBT_VERSION), "log_version": 3})
        }
        Event::MainReportArgs { args } => {
            json!({"args": texts(args)})
        }
        Event::AdapterRegistered => json!({
            "adapter_name": "postgres",
            "adapter_version": format!("={}", super::message::ADAPTER_VERSION),
        }),
        Event::MainEncounteredError { diagnostics } => {
            let texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            json!({"exc": texts.join("\n\n")})
        }
        Event::CommandCompleted { command, success, elapsed } => json!({
            "command": command, "success": success, "elapsed": seconds(*elapsed),
            "completed_at": clock::timestamp(jiff::Timestamp::now()),
        }),
        Event::FoundStats { stat_line } => json!({"stat_line": stat_line}),
        Event::Warning(warning) => {
            let mut data = warning.data.clone();
            if data.is_empty() {
                data.insert("msg".to_owned(), json!(warning.diagnostic.message));
            }
            Json::Object(data)
        }
        Event::DeprecationsSummary { summaries, show_all_hint } => {
            let summaries: Vec<Json> = summaries
                .iter()
                .map(|(name, code, count)| {
                    json!({"event_name": name, "event_code": code, "occurrences": count})
                })
                .collect();
            json!({"summaries": summaries, "show_all_hint": show_all_hint})
        }
        Event::ResourceReport { command, success, elapsed, .. } => {
            resource_report(command, *success, *elapsed)
        }
        Event::NoNodesForSelectionCriteria { spec } => json!({"spec_raw": spec}),
        Event::JinjaLog { message, node, .. } => with_node(json!({"msg": message}), node.as_ref()),
        Event::Print { message }
        | Event::Output { message }
        | Event::Formatting { message, .. }
        | Event::Note { message, .. }
        | Event::DebugCmdOut { message } => json!({"msg": message}),
        Event::NewConnection { name, node } => {
            with_node(json!({"conn_name": name, "conn_type": "postgres"}), node.as_ref())
        }
        Event::ConnectionReused { former, name } => {
            json!({"orig_conn_name": former, "conn_name": name})
        }
        Event::SqlQuery { connection, sql, node } => {
            with_node(json!({"conn_name": connection, "sql": sql}), node.as_ref())
        }
        Event::SqlQueryStatus { status, elapsed, node } => with_node(
            json!({"status": status, "elapsed": seconds(*elapsed), "query_id": ""}),
            node.as_ref(),
        ),
        Event::ConcurrencyLine { threads, target, node_count } => json!({
            "num_threads": threads, "target_name": target, "node_count": node_count,
        }),
        Event::ArtifactWritten { artifact_type, path } => json!({
            "artifact_type": artifact_type, "artifact_path": path,
        }),
        Event::SeedHeader { header } => json!({"header": header}),
        Event::DebugCmdResult { heading, diagnostics } => {
            let texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            json!({"msg": format!("{heading}\n{}", texts.join("\n\n"))})
        }
        Event::RunningOperationCaughtError { diagnostic }
        | Event::CatalogGenerationError { diagnostic } => {
            json!({"exc": diagnostic.to_string()})
        }
        Event::CheckCleanPath { path }
        | Event::ConfirmCleanPath { path }
        | Event::ProtectedCleanPath { path }
        | Event::CatalogWritten { path } => json!({"path": path}),
        Event::WriteCatalogFailure { failures } => json!({"num_exceptions": failures}),
        Event::ShowNode { name, preview, json, quiet, inline, unique_id } => json!({
            "node_name": name, "preview": preview, "is_inline": inline, "quiet": quiet,
            "output_format": if *json { "json" } else { "text" }, "unique_id": unique_id,
        }),
        Event::ParseInlineNodeError { diagnostics } => {
            let texts: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
            json!({
                "exc": texts.join("\n"),
                "node_info": {
                    "node_path": "sql/inline_query", "node_name": "inline_query",
                    "unique_id": "sqloperation.test.inline_query", "node_status": "failed",
                },
            })
        }
        Event::CompiledNode { name, compiled, json, quiet, inline, unique_id } => json!({
            "node_name": name, "compiled": compiled, "is_inline": inline, "quiet": quiet,
            "unique_id": unique_id,
            "output_format": if *json { "json" } else { "text" },
        }),
        Event::EmbeddedServer { version, directory, url, started } => json!({
            "version": version, "directory": directory, "url": url, "started": started,
        }),
        Event::SourceLoadStart { source, position, bytes } => {
            placed(json!({"source": source, "bytes": bytes}), *position)
        }
        Event::SourceLoadProgress { source, bytes } => {
            json!({"source": source, "bytes": bytes})
        }
        Event::SourceLoadResult {
            source,
            position,
            status,
            rows,
            bytes,
            execution_time,
            diagnostic,
        } => placed(
            json!({
                "source": source, "status": status, "rows": rows, "bytes": bytes,
                "execution_time": seconds(*execution_time),
                "error": diagnostic.as_ref().map(ToString::to_string),
            }),
            *position,
        ),
        _ => run_data(event),
    }
}

/// Maps of texts are dbt's form of what may be anything: each value as Python writes it.
fn texts(map: &Map<String, Json>) -> Json {
    let text = |value: &Json| Json::from(crate::context::json::from_json(value).to_string());
    map.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// dbt's `ResourceReport`: what the operating system counted for this process.
pub fn resource_report(command: &str, success: bool, elapsed: Duration) -> Json {
    let usage = super::usage::of_process();
    json!({
        "command_name": command, "command_success": success,
        "command_wall_clock_time": seconds(elapsed),
        "process_user_time": usage.user_seconds, "process_kernel_time": usage.system_seconds,
        // 64-bit counts are texts in dbt's JSON.
        "process_mem_max_rss": usage.max_resident_kb.to_string(),
        "process_in_blocks": usage.blocks_in.to_string(),
        "process_out_blocks": usage.blocks_out.to_string(),
    })
}

fn run_data(event: &Event) -> Json {
    match event {
        Event::NodeStart { node }
        | Event::WritingInjectedSql { node }
        | Event::NodeCompiling { node }
        | Event::NodeExecuting { node } => with_node(json!({}), Some(node)),
        Event::NodeFinished { node, result } => {
            with_node(json!({"run_result": result}), Some(node))
        }
        Event::LogStartLine { node, description, position } => {
            placed(with_node(json!({"description": description}), Some(node)), *position)
        }
        Event::LogStartBatch { node, description, position } => with_node(
            json!({
                "description": description, "batch_index": position.index,
                "total_batches": position.total,
            }),
            Some(node),
        ),
        Event::LogBatchResult(line) => {
            let mut data = with_group(result_data(line), &line.node);
            if let Some(map) = data.as_object_mut() {
                map.remove("index");
                map.remove("total");
            }
            set(&mut data, "batch_index", json!(line.position.index));
            set(&mut data, "total_batches", json!(line.position.total));
            data
        }
        Event::LogModelResult(line) | Event::LogFunctionResult(line) => {
            with_group(result_data(line), &line.node)
        }
        Event::LogNodeNoOpResult(line) => {
            let mut data = result_data(line);
            set(&mut data, "status", json!(""));
            data
        }
        Event::LogSnapshotResult { line, config } => {
            let mut data = with_group(result_data(line), &line.node);
            set(&mut data, "status", json!(line.status));
            set(&mut data, "result_message", json!(line.message.as_deref().unwrap_or("")));
            set(&mut data, "cfg", texts(config));
            data
        }
        Event::LogSeedResult(line) => {
            let data = json!({
                "status": line.status, "execution_time": seconds(line.execution_time),
                "result_message": line.message.as_deref().unwrap_or(""),
                "schema": line.node.node.schema, "relation": line.node.node.alias,
            });
            placed(with_group(with_node(data, Some(&line.node)), &line.node), line.position)
        }
        Event::LogFreshnessResult(line) => {
            let name = &line.description;
            let (source, table) = name.split_once('.').unwrap_or(("", name));
            let data = json!({
                "status": line.status, "execution_time": seconds(line.execution_time),
                "source_name": source, "table_name": table,
            });
            placed(with_node(data, Some(&line.node)), line.position)
        }
        Event::LogTestResult { line, attached_node } => with_group(
            with_node(
                json!({
                    "name": line.description, "status": line.status,
                    "index": line.position.index, "num_models": line.position.total,
                    "execution_time": seconds(line.execution_time),
                    "num_failures": line.failures.unwrap_or(0),
                    "attached_node": attached_node.as_deref().unwrap_or(""),
                }),
                Some(&line.node),
            ),
            &line.node,
        ),
        Event::SkippingDetails { node, position } => {
            let data = json!({
                "resource_type": node.node.resource_type, "schema": node.node.schema,
                "node_name": node.node.name,
            });
            placed(with_group(with_node(data, Some(node)), node), *position)
        }
        Event::LogSkipBecauseError { node, position, status } => {
            let data = json!({
                "schema": node.node.schema, "relation": node.node.name, "status": status,
            });
            placed(with_group(data, node), *position)
        }
        Event::MarkSkippedChildren { unique_id, status, result, .. } => json!({
            "unique_id": unique_id, "status": status, "run_result": result,
        }),
        Event::CatchableExceptionOnRun { node, message } => {
            with_node(json!({"exc": message, "exc_info": ""}), Some(node))
        }
        Event::LogHookStartLine { node, statement, position } => {
            placed(with_node(json!({"statement": statement}), Some(node)), *position)
        }
        Event::LogHookEndLine { node, statement, position, status, execution_time } => placed(
            with_node(
                json!({
                    "statement": statement, "status": status,
                    "execution_time": seconds(*execution_time),
                }),
                Some(node),
            ),
            *position,
        ),
        Event::LogCancelLine { connection } => json!({"conn_name": connection}),
        Event::GenericExceptionOnRun { node, message } => with_node(
            json!({"unique_id": node.node.unique_id, "exc": message, "build_path": ""}),
            Some(node),
        ),
        Event::FinishedRunningStats { stat_line, execution_time } => json!({
            "stat_line": stat_line, "execution_time": seconds(*execution_time),
            "execution": super::message::execution(*execution_time),
        }),
        Event::EndOfRunSummary { errors, warnings, partial_successes, interrupted } => json!({
            "num_errors": errors, "num_warnings": warnings,
            "num_partial_success": partial_successes, "keyboard_interrupt": interrupted,
        }),
        Event::RunResultWarning { node } | Event::RunResultFailure { node } => {
            let data = json!({
                "resource_type": node.node.resource_type, "node_name": node.node.name,
                "path": node.node.original_file_path,
            });
            with_group(with_node(data, Some(node)), node)
        }
        Event::RunResultError { message, node, .. } => {
            let data = with_node(json!({"msg": message}), node.as_ref());
            node.as_ref().map_or(data.clone(), |node| with_group(data, node))
        }
        Event::RunResultErrorNoMessage { status, node } => {
            with_node(json!({"status": status}), Some(node))
        }
        Event::RunResultWarningMessage { message, node } => {
            with_node(json!({"msg": message}), Some(node))
        }
        Event::SqlCompiledPath { path, node } => with_node(json!({"path": path}), Some(node)),
        Event::CheckNodeTestFailure { relation_name, node } => {
            with_node(json!({"relation_name": relation_name}), Some(node))
        }
        Event::StatsLine(stats) => json!({"stats": stats_data(*stats)}),
        Event::EndRunResult { success, elapsed, results } => json!({
            "success": success, "elapsed_time": seconds(*elapsed), "results": results,
            "generated_at": clock::timestamp(jiff::Timestamp::now()),
        }),
        _ => json!({}),
    }
}

/// dbt's `node_info`.
pub fn node_info(info: &NodeInfo) -> Json {
    let node = &info.node;
    let time = |time: Option<jiff::Timestamp>| time.map(clock::naive).unwrap_or_default();
    json!({
        "node_path": node.path,
        "node_name": node.name,
        "unique_id": node.unique_id,
        "resource_type": node.resource_type,
        "materialized": node.materialized,
        "node_status": info.status,
        "node_started_at": time(info.started_at),
        "node_finished_at": time(info.finished_at),
        "meta": node.meta,
        "node_relation": {
            "database": node.database,
            "schema": node.schema,
            "alias": node.alias,
            "relation_name": node.relation_name.as_deref().unwrap_or(""),
        },
        "node_checksum": node.checksum,
    })
}

fn result_data(line: &ResultLine) -> Json {
    let status = if line.status.is_failure() {
        line.status.as_str()
    } else {
        line.message.as_deref().unwrap_or("OK")
    };
    let data = json!({
        "description": line.description, "status": status,
        "execution_time": seconds(line.execution_time),
    });
    placed(with_node(data, Some(&line.node)), line.position)
}

fn stats_data(stats: Stats) -> Json {
    json!({
        "error": stats.error, "skip": stats.skip, "pass": stats.pass, "warn": stats.warn,
        "noop": stats.noop, "total": stats.total,
    })
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn set(data: &mut Json, key: &str, value: Json) {
    if let Some(map) = data.as_object_mut() {
        let map: &mut Map<String, Json> = map;
        map.insert(key.to_owned(), value);
    }
}

fn with_node(mut data: Json, node: Option<&NodeInfo>) -> Json {
    if let Some(node) = node {
        set(&mut data, "node_info", node_info(node));
    }
    data
}

/// dbt's `group`, for nodes that belong to one.
fn with_group(mut data: Json, node: &NodeInfo) -> Json {
    if let Some(group) = &node.node.group {
        set(&mut data, "group", Json::Object(group.clone()));
    }
    data
}

fn placed(mut data: Json, position: Position) -> Json {
    set(&mut data, "index", json!(position.index));
    set(&mut data, "total", json!(position.total));
    data
}
