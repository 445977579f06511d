//! `ref('…')` and `source('…', '…')` written as plain text, as in foreign keys, unit tests
//! and semantic models.

use crate::context::calls::{ref_args, source_args};
use crate::jinja::analysis::{StaticCall, static_calls};
use crate::jinja::{Args, Template};
use crate::manifest::{RefArgs, SourceArgs};

/// What the text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaticReference {
    /// `ref(…)`.
    Ref(RefArgs),
    /// `source(…)`.
    Source(SourceArgs),
}

/// The call that the whole text is, with constant arguments.
pub fn parse(text: &str) -> Option<StaticReference> {
    let call = only_call(text.trim())?;
    let is_ref = &*call.name == "ref";
    let args = arguments(call)?;
    if is_ref {
        ref_args(args).ok().map(StaticReference::Ref)
    } else {
        source_args(&args).ok().map(StaticReference::Source)
    }
}

fn only_call(text: &str) -> Option<StaticCall> {
    let template = Template::from_text("text", format!("{{{{ {text} }}}}")).ok()?;
    let call = static_calls(&template, &["ref", "source"]).pop()?;
    (text.starts_with(&*call.name) && text.ends_with(')')).then_some(call)
}

fn arguments(call: StaticCall) -> Option<Args> {
    if call.has_spread {
        return None;
    }
    let args = Args::positional(call.args.into_iter().collect::<Option<Vec<_>>>()?);
    call.kwargs.into_iter().try_fold(args, |args, (name, value)| Some(args.with(name, value?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_call_is_a_reference() {
        let orders = RefArgs { name: "orders".into(), package: None, version: None };
        assert_eq!(parse("ref('orders')"), Some(StaticReference::Ref(orders)));
        let source = SourceArgs("raw".into(), "orders".into());
        assert_eq!(parse(" source('raw', 'orders') "), Some(StaticReference::Source(source)));
        for text in ["ref(name)", "orders", "'x' ~ ref('orders')", "ref('a"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
