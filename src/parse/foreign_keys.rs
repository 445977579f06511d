//! Foreign keys name other nodes: a model is built after what its contract refers to.

use super::static_reference::{self, StaticReference};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::manifest::{Node, foreign_key};

/// Adds the `ref(…)` and `source(…)` in foreign keys to what the model refers to.
pub fn capture(node: &mut Node) -> Result<()> {
    let targets: Vec<String> = foreign_key::targets(node).map(str::to_owned).collect();
    for to in targets {
        match static_reference::parse(&to) {
            Some(StaticReference::Ref(args)) => node.refs.push(args),
            Some(StaticReference::Source(args)) => node.sources.push(args),
            None => return Err(invalid(&node.name, &to)),
        }
    }
    Ok(())
}

fn invalid(model: &str, to: &str) -> Box<Diagnostic> {
    let message = format!(
        "Invalid 'ref' or 'source' syntax on foreign key constraint 'to' on model {model}: {to}."
    );
    Diagnostic::new(Code::PropertyInvalid, message)
        .with_help("Write it as ref('model') or source('source', 'table').")
}
