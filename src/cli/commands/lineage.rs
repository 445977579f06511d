//! `gdbt lineage`: what flows where, as data or as a picture.

use super::column_path;
use crate::cli::ExitStatus;
use crate::cli::args::{LineageArgs, LineageOutput};
use crate::cli::loaded::Loaded;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::docs::catalog::Catalog;
use crate::docs::er::Er;
use crate::event::{Event, Sink};
use crate::manifest::{ResourceType, UniqueId};
use crate::report::artifacts::lineage_json;
use crate::report::lineage::{Lineage, is_data};
use crate::report::{dot, er, mermaid, svg};
use serde_json::{Value as Json, json};
use std::collections::HashSet;

/// What can be selected: everything that data flows through.
const KINDS: [ResourceType; 5] = [
    ResourceType::Model,
    ResourceType::Seed,
    ResourceType::Snapshot,
    ResourceType::Source,
    ResourceType::Exposure,
];

/// Prints the selected part of the lineage.
pub fn run(args: &LineageArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    if args.check {
        return column_path::check(session, &loaded);
    }
    if let Some(column) = &args.column {
        let output = args.output.unwrap_or(LineageOutput::Text);
        let levels = (args.upstream, args.downstream);
        let text = column_path::show(column, levels, output, session, &loaded)?;
        session.emit(Event::Output { message: text.trim_end().to_owned() });
        return Ok(ExitStatus::Success);
    }
    let output = args.output.unwrap_or(LineageOutput::Json);
    let chosen = chosen(args, session, &loaded)?;
    let lineage = Lineage::new(&loaded.manifest, |resource| {
        is_data(resource.resource_type()) && chosen.contains(resource.unique_id())
    });
    if lineage.nodes.is_empty() {
        session.report.warn(Event::NoNodesSelected)?;
    }
    let text = if args.er {
        entities(output, &loaded, &lineage)?
    } else {
        match output {
            LineageOutput::Json => format!("{:#}", Json::Object(lineage_json(&lineage))),
            LineageOutput::Mermaid => mermaid::draw(&lineage),
            LineageOutput::Dot => dot::draw(&lineage),
            LineageOutput::Svg => svg::draw(&lineage),
            LineageOutput::Text => {
                let message = "Text is printed of a column, with --column.";
                return Err(Diagnostic::new(Code::BadArgument, message).into());
            }
        }
    };
    session.emit(Event::Output { message: text.trim_end().to_owned() });
    Ok(ExitStatus::Success)
}

/// The selected nodes and those around them.
fn chosen(args: &LineageArgs, session: &Session, loaded: &Loaded) -> Result<HashSet<UniqueId>> {
    let selected = loaded.selected_of(session, &KINDS, true)?;
    let dag = &loaded.dag;
    let mut start = dag.no_nodes();
    selected.iter().filter_map(|id| dag.position(id)).for_each(|at| start.insert(at));
    let mut all = start.clone();
    if let Some(levels) = args.upstream {
        all.union_with(&dag.ancestors(&start, Some(levels)));
    }
    if let Some(levels) = args.downstream {
        all.union_with(&dag.descendants(&start, Some(levels)));
    }
    Ok(all.ones().map(|at| dag.id(at).clone()).collect())
}

/// Entities among the nodes, with the columns of the last catalog.
fn entities(output: LineageOutput, loaded: &Loaded, lineage: &Lineage<'_>) -> Result<String> {
    let catalog = Catalog::read(&loaded.target_dir().join("catalog.json")).unwrap_or_default();
    let entities = Er::new(&loaded.manifest, lineage, &catalog);
    match output {
        LineageOutput::Json => Ok(format!("{:#}", json!(entities))),
        LineageOutput::Mermaid => Ok(er::draw(&entities)),
        LineageOutput::Dot | LineageOutput::Svg | LineageOutput::Text => {
            let message = "Entities are printed as JSON or Mermaid.";
            Err(Diagnostic::new(Code::BadArgument, message)
                .with_help("Say --output mermaid; `gdbt docs serve` draws them and saves SVG."))
        }
    }
}
