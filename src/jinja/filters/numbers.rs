//! Filters on numbers.

// Every filter has the same signature.
#![allow(clippy::needless_pass_by_value)]

use super::super::error::{Error, ExceptionKind, Result};
use super::super::eval::State;
use super::super::value::{Args, Value, arithmetic, methods, number};

/// `x | abs`
pub fn abs(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    args.none_after_input("abs")?;
    let negative = match &input {
        Value::Float(number) => return Ok(Value::Float(number.abs())),
        Value::Int(number) => *number < 0,
        Value::BigInt(number) => super::super::value::ops::is_negative(number),
        Value::Bool(truth) => return Ok(i64::from(*truth).into()),
        Value::Undefined(undefined) => return Err(undefined.error()),
        Value::Object(object) if object.abs().is_some() => {
            return Ok(object.abs().unwrap_or(Value::None));
        }
        other => {
            return Err(Error::type_error(format!(
                "bad operand type for abs(): '{}'",
                other.type_name()
            )));
        }
    };
    if negative { arithmetic::negate(&input) } else { Ok(input) }
}

/// `x | int(default, base)`
pub fn int(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [default, base]) = args.bind_after(1, "do_int", [], ["default", "base"])?;
    let base = base.and_then(|base| base.as_int()).and_then(|base| u32::try_from(base).ok());
    let caught = |error: &Error| {
        matches!(error.kind(), Some(ExceptionKind::TypeError | ExceptionKind::ValueError))
    };
    match methods::to_int(&input, base.unwrap_or(10)) {
        Err(error) if caught(&error) => {}
        other => return other,
    }
    match methods::to_float(&input).and_then(|number| methods::to_int(&Value::Float(number), 10)) {
        Ok(number) => Ok(number),
        Err(error) if caught(&error) || error.kind() == Some(ExceptionKind::OverflowError) => {
            Ok(default.unwrap_or(Value::Int(0)))
        }
        Err(error) => Err(error),
    }
}

/// `x | float(default)`
pub fn float(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [default]) = args.bind_after(1, "do_float", [], ["default"])?;
    match methods::to_float(&input) {
        Ok(number) => Ok(Value::Float(number)),
        Err(error)
            if matches!(
                error.kind(),
                Some(ExceptionKind::TypeError | ExceptionKind::ValueError)
            ) =>
        {
            Ok(default.unwrap_or(Value::Float(0.0)))
        }
        Err(error) => Err(error),
    }
}

/// `x | round(precision, method)`
pub fn round(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [precision, method]) = args.bind_after(1, "do_round", [], ["precision", "method"])?;
    let digits = precision.and_then(|precision| precision.as_int()).unwrap_or(0);
    let method = method.map_or_else(|| "common".to_owned(), |method| method.to_string());
    if !matches!(&*method, "common" | "ceil" | "floor") {
        return Err(Error::new(
            ExceptionKind::TemplateRuntime,
            "method must be common, ceil or floor",
        ));
    }
    if let Value::Undefined(undefined) = &input {
        return Err(undefined.error());
    }
    if method == "common" {
        return match &input {
            Value::Float(number) => Ok(Value::Float(methods::round_half_even(*number, digits))),
            Value::Int(_) | Value::BigInt(_) | Value::Bool(_) if digits >= 0 => {
                methods::to_int(&input, 10)
            }
            Value::Int(number) => {
                let rounded = methods::round_half_even(number::int_to_float(*number), digits);
                methods::to_int(&Value::Float(rounded), 10)
            }
            Value::Object(object) if object.round(digits).is_some() => {
                Ok(object.round(digits).unwrap_or(Value::None))
            }
            other => Err(Error::type_error(format!(
                "type {} doesn't define __round__ method",
                other.type_name()
            ))),
        };
    }
    let number = methods::to_float(&input)?;
    let scale = 10f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = number * scale;
    let rounded = if method == "ceil" { scaled.ceil() } else { scaled.floor() };
    Ok(Value::Float(rounded / scale))
}

/// `x | filesizeformat(binary)`
pub fn file_size(_: &mut State<'_>, input: Value, args: Args) -> Result<Value> {
    let ([], [binary]) = args.bind_after(1, "do_filesizeformat", [], ["binary"])?;
    let binary = binary.is_some_and(|binary| binary.truthy());
    let bytes = methods::to_float(&input)?;
    let base = if binary { 1024.0 } else { 1000.0 };
    if number::float_repr(bytes) == "1.0" {
        return Ok("1 Byte".into());
    }
    if bytes < base {
        return Ok(format!("{} Bytes", bytes.trunc()).into());
    }
    let units = if binary {
        ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    } else {
        ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    };
    let mut size = bytes;
    let mut shown = "";
    for unit in units {
        size /= base;
        shown = unit;
        if size < base {
            break;
        }
    }
    Ok(format!("{size:.1} {shown}").into())
}
