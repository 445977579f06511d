//! Jinja's tests: what may stand after `is`.

use super::error::{Error, Result};
use super::eval::State;
use super::filters;
use super::ir::{BinaryOp, CompareOp};
use super::value::{Args, Value, arithmetic, ops};

/// `input is test(args)`.
pub type Test = fn(&mut State<'_>, &Value, Args) -> Result<bool>;

/// The test of a name.
pub fn find(name: &str) -> Option<Test> {
    Some(match name {
        "boolean" => |_, input, args| plain("boolean", args, matches!(input, Value::Bool(_))),
        "callable" => |_, input, args| plain("callable", args, is_callable(input)),
        "defined" => |_, input, args| plain("defined", args, !input.is_undefined()),
        "undefined" => |_, input, args| plain("undefined", args, input.is_undefined()),
        "none" => |_, input, args| plain("none", args, input.is_none()),
        "true" => |_, input, args| plain("true", args, matches!(input, Value::Bool(true))),
        "false" => |_, input, args| plain("false", args, matches!(input, Value::Bool(false))),
        "escaped" => |_, _, args| plain("escaped", args, false),
        "string" => |_, input, args| plain("string", args, matches!(input, Value::Str(_))),
        "integer" => |_, input, args| {
            plain("integer", args, matches!(input, Value::Int(_) | Value::BigInt(_)))
        },
        "float" => |_, input, args| plain("float", args, matches!(input, Value::Float(_))),
        "number" => |_, input, args| plain("number", args, is_number(input)),
        "mapping" => |_, input, args| plain("mapping", args, is_mapping(input)),
        "sequence" => |state, input, args| {
            let holds = is_sequence(state, input);
            plain("sequence", args, holds)
        },
        "iterable" => |state, input, args| {
            let holds = input.iterate(state).is_ok();
            plain("iterable", args, holds)
        },
        "lower" => |state, input, args| {
            let ([], []) = args.bind_after(1, "test_lower", [], [])?;
            cased(state, input, "islower")
        },
        "upper" => |state, input, args| {
            let ([], []) = args.bind_after(1, "test_upper", [], [])?;
            cased(state, input, "isupper")
        },
        "odd" => |_, input, args| parity("test_odd", input, args, 1),
        "even" => |_, input, args| parity("test_even", input, args, 0),
        "divisibleby" => |_, input, args| {
            let ([number], []) = args.bind_after(1, "test_divisibleby", ["num"], [])?;
            Ok(arithmetic::binary(BinaryOp::Rem, input, &number)? == Value::Int(0))
        },
        "eq" | "equalto" | "==" => |_, input, args| Ok(*input == other("eq", args)?),
        "ne" | "!=" => |_, input, args| Ok(*input != other("ne", args)?),
        "lt" | "lessthan" | "<" => {
            |_, input, args| ops::ordered(CompareOp::Lt, input, &other("lt", args)?)
        }
        "le" | "<=" => |_, input, args| ops::ordered(CompareOp::Le, input, &other("le", args)?),
        "gt" | "greaterthan" | ">" => {
            |_, input, args| ops::ordered(CompareOp::Gt, input, &other("gt", args)?)
        }
        "ge" | ">=" => |_, input, args| ops::ordered(CompareOp::Ge, input, &other("ge", args)?),
        "in" => |state, input, args| {
            let ([sequence], []) = args.bind_after(1, "test_in", ["seq"], [])?;
            sequence.contains(state, input)
        },
        "sameas" => |_, input, args| Ok(same(input, &same_as(args)?)),
        "filter" => {
            |_, input, args| plain("filter", args, filters::find(&input.to_string()).is_some())
        }
        "test" => |_, input, args| plain("test", args, find(&input.to_string()).is_some()),
        _ => return None,
    })
}

fn plain(name: &str, args: Args, holds: bool) -> Result<bool> {
    if name == "callable" {
        args.none_after_input(name)?;
    } else {
        let ([], []) = args.bind_after(1, &format!("test_{name}"), [], [])?;
    }
    Ok(holds)
}

/// The other argument of a function of Python's `operator`.
fn other(name: &str, mut args: Args) -> Result<Value> {
    if !args.keyword.is_empty() {
        return Err(Error::type_error(format!("{name}() takes no keyword arguments")));
    }
    match (args.positional.pop(), args.positional.len()) {
        (Some(other), 0) => Ok(other),
        (last, before) => Err(Error::type_error(format!(
            "{name} expected 2 arguments, got {}",
            1 + before + usize::from(last.is_some())
        ))),
    }
}

fn same_as(args: Args) -> Result<Value> {
    let ([other], []) = args.bind_after(1, "test_sameas", ["other"], [])?;
    Ok(other)
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => true,
        // A native class with a float value is one of Python's numbers, such as `Decimal`.
        Value::Object(object) => object.to_float().is_some(),
        _ => false,
    }
}

fn is_mapping(value: &Value) -> bool {
    match value {
        Value::Dict(_) => true,
        Value::Object(object) => object.is_mapping(),
        _ => false,
    }
}

fn is_callable(value: &Value) -> bool {
    match value {
        Value::Function(_) | Value::Method(_) | Value::Macro(_) | Value::Undefined(_) => true,
        Value::Object(object) => object.is_callable(),
        _ => false,
    }
}

/// Jinja asks for a length and for items.
fn is_sequence(state: &mut State<'_>, value: &Value) -> bool {
    match value {
        Value::Str(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Tuple(_)
        | Value::Dict(_)
        | Value::Undefined(_) => true,
        Value::Object(object) => {
            object.is_sequence()
                && object.length().is_some()
                && matches!(object.iterate(state), Ok(Some(_)))
        }
        _ => false,
    }
}

fn cased(state: &mut State<'_>, input: &Value, method: &str) -> Result<bool> {
    let text = Value::from(input.to_string());
    Ok(text.call_method(state, method, Args::none())?.truthy())
}

fn parity(name: &str, input: &Value, args: Args, wanted: i64) -> Result<bool> {
    let ([], []) = args.bind_after(1, name, [], [])?;
    if matches!(input, Value::Str(_)) {
        return Err(Error::type_error("not all arguments converted during string formatting"));
    }
    Ok(arithmetic::binary(BinaryOp::Rem, input, &Value::Int(2))? == Value::Int(wanted))
}

/// Python's `is`. Small values have no identity here, so equal ones of a type are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.is(b),
        (Value::Dict(a), Value::Dict(b)) => a.is(b),
        (Value::Set(a), Value::Set(b)) => a.is(b),
        (Value::Undefined(a), Value::Undefined(b)) => std::sync::Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => std::sync::Arc::ptr_eq(a, b),
        _ => a.type_name() == b.type_name() && a == b,
    }
}
