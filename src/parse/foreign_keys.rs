//! Foreign keys name other nodes: a model is built after what its contract refers to.

use crate::context::calls::{ref_args, source_args};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::analysis::{StaticCall, static_calls};
use crate::jinja::{Args, Template};
use crate::manifest::{Node, foreign_key};

/// Adds the `ref(…)` and `source(…)` in foreign keys to what the model refers to.
pub fn capture(node: &mut Node) -> Result<()> {
    let targets: Vec<String> = foreign_key::targets(node).map(str::to_owned).collect();
    for to in targets {
        let call = only_call(&to).ok_or_else(|| invalid(&node.name, &to))?;
        let is_ref = &*call.name == "ref";
        let args = arguments(call).ok_or_else(|| invalid(&node.name, &to))?;
        if is_ref {
            let args = ref_args(args).map_err(|_| invalid(&node.name, &to))?;
            node.refs.push(args);
        } else {
            let args = source_args(&args).map_err(|_| invalid(&node.name, &to))?;
            node.sources.push(args);
        }
    }
    Ok(())
}

/// The call that the whole text is.
fn only_call(to: &str) -> Option<StaticCall> {
    let template = Template::from_text("to", format!("{{{{ {to} }}}}")).ok()?;
    let call = static_calls(&template, &["ref", "source"]).pop()?;
    (to.starts_with(&*call.name) && to.ends_with(')')).then_some(call)
}

fn arguments(call: StaticCall) -> Option<Args> {
    if call.has_spread {
        return None;
    }
    let args = Args::positional(call.args.into_iter().collect::<Option<Vec<_>>>()?);
    call.kwargs.into_iter().try_fold(args, |args, (name, value)| Some(args.with(name, value?)))
}

fn invalid(model: &str, to: &str) -> Box<Diagnostic> {
    let message = format!(
        "Invalid 'ref' or 'source' syntax on foreign key constraint 'to' on model {model}: {to}."
    );
    Diagnostic::new(Code::PropertyInvalid, message)
        .with_help("Write it as ref('model') or source('source', 'table').")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_call_is_a_target() {
        let args = |to| only_call(to).and_then(arguments).map(|args| args.positional.len());
        assert_eq!(args("ref('orders')"), Some(1));
        assert_eq!(args("source('raw', 'orders')"), Some(2));
        assert_eq!(args("ref(name)"), None);
        assert_eq!(args("orders"), None);
        assert_eq!(args("'x' ~ ref('orders')"), None);
        assert_eq!(args("ref('a"), None);
    }
}
