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
        "boolean" => |_, input, args| plain(args, matches!(input, Value::Bool(_))),
        "callable" => |_, input, args| plain(args, is_callable(input)),
        "defined" => |_, input, args| plain(args, !input.is_undefined()),
        "undefined" => |_, input, args| plain(args, input.is_undefined()),
        "none" => |_, input, args| plain(args, input.is_none()),
        "true" => |_, input, args| plain(args, matches!(input, Value::Bool(true))),
        "false" => |_, input, args| plain(args, matches!(input, Value::Bool(false))),
        "escaped" => |_, _, args| plain(args, false),
        "string" => |_, input, args| plain(args, matches!(input, Value::Str(_))),
        "integer" => {
            |_, input, args| plain(args, matches!(input, Value::Int(_) | Value::BigInt(_)))
        }
        "float" => |_, input, args| plain(args, matches!(input, Value::Float(_))),
        "number" => |_, input, args| plain(args, is_number(input)),
        "mapping" => |_, input, args| plain(args, is_mapping(input)),
        "sequence" => |state, input, args| {
            let holds = is_sequence(state, input);
            plain(args, holds)
        },
        "iterable" => |state, input, args| {
            let holds = input.iterate(state).is_ok();
            plain(args, holds)
        },
        "lower" => |state, input, args| {
            let ([], []) = args.bind("test_lower", [], [])?;
            cased(state, input, "islower")
        },
        "upper" => |state, input, args| {
            let ([], []) = args.bind("test_upper", [], [])?;
            cased(state, input, "isupper")
        },
        "odd" => |_, input, args| parity(input, args, 1),
        "even" => |_, input, args| parity(input, args, 0),
        "divisibleby" => |_, input, args| {
            let ([number], []) = args.bind("test_divisibleby", ["num"], [])?;
            Ok(arithmetic::binary(BinaryOp::Rem, input, &number)? == Value::Int(0))
        },
        "eq" | "equalto" | "==" => |_, input, args| Ok(*input == other(args)?),
        "ne" | "!=" => |_, input, args| Ok(*input != other(args)?),
        "lt" | "lessthan" | "<" => {
            |_, input, args| ops::ordered(CompareOp::Lt, input, &other(args)?)
        }
        "le" | "<=" => |_, input, args| ops::ordered(CompareOp::Le, input, &other(args)?),
        "gt" | "greaterthan" | ">" => {
            |_, input, args| ops::ordered(CompareOp::Gt, input, &other(args)?)
        }
        "ge" | ">=" => |_, input, args| ops::ordered(CompareOp::Ge, input, &other(args)?),
        "in" => |state, input, args| {
            let ([sequence], []) = args.bind("test_in", ["seq"], [])?;
            sequence.contains(state, input)
        },
        "sameas" => |_, input, args| Ok(same(input, &other(args)?)),
        "filter" => |_, input, args| plain(args, filters::find(&input.to_string()).is_some()),
        "test" => |_, input, args| plain(args, find(&input.to_string()).is_some()),
        _ => return None,
    })
}

fn plain(args: Args, holds: bool) -> Result<bool> {
    let ([], []) = args.bind("test", [], [])?;
    Ok(holds)
}

fn other(args: Args) -> Result<Value> {
    let ([other], []) = args.bind("test", ["other"], [])?;
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

fn parity(input: &Value, args: Args, wanted: i64) -> Result<bool> {
    let ([], []) = args.bind("test", [], [])?;
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
