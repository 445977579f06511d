//! Python's operators on values.

// Python compares floats exactly.
#![allow(clippy::float_cmp)]

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::super::error::{Error, Result};
use super::super::ir::CompareOp;
use super::Value;
use super::number::{big_int_to_float, float_to_big_int, int_to_float};

/// How deep containers are compared. Python raises `RecursionError` beyond its limit; here
/// what is nested deeper counts as different.
const DEPTH: usize = 200;

/// `a == b`.
pub fn equals(a: &Value, b: &Value) -> bool {
    equals_nested(a, b, 0)
}

fn equals_nested(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let all = |a: &[Value], b: &[Value]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals_nested(a, b, depth + 1))
    };
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Undefined(_), Value::Undefined(_)) | (Value::None, Value::None) => true,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.is(b) || all(&a.snapshot(), &b.snapshot()),
        (Value::Tuple(a), Value::Tuple(b)) => all(a, b),
        (Value::Dict(a), Value::Dict(b)) => {
            a.is(b)
                || a.len() == b.len()
                    && a.items().iter().all(|(key, value)| {
                        b.get(key).is_some_and(|other| equals_nested(value, &other, depth + 1))
                    })
        }
        (Value::Set(a), Value::Set(b)) => {
            a.is(b) || a.len() == b.len() && a.snapshot().iter().all(|item| b.contains(item))
        }
        (Value::Object(x), other) | (other, Value::Object(x)) => {
            if let Value::Object(y) = other
                && std::sync::Arc::ptr_eq(x, y)
            {
                return true;
            }
            x.equals(other).unwrap_or_else(|| match (a, b) {
                (Value::Object(_), Value::Object(y)) => y.equals(a).unwrap_or(false),
                _ => false,
            })
        }
        (Value::Function(a), Value::Function(b)) => std::sync::Arc::ptr_eq(a, b),
        (Value::Macro(a), Value::Macro(b)) => std::sync::Arc::ptr_eq(a, b),
        (Value::Method(a), Value::Method(b)) => {
            a.name == b.name && equals_nested(&a.receiver, &b.receiver, depth + 1)
        }
        _ => numbers_equal(a, b),
    }
}

fn numbers_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::BigInt(a), Value::BigInt(b)) => a == b,
        (Value::Float(float), other) | (other, Value::Float(float)) => match other {
            Value::BigInt(big) => {
                big_int_to_float(big).is_some()
                    && float.fract() == 0.0
                    && float_to_big_int(*float).as_ref() == Some(&**big)
            }
            other => other.as_int().is_some_and(|int| {
                int_to_float(int) == *float && float_to_big_int(*float) == Some(int.into())
            }),
        },
        _ => matches!((a.as_int(), b.as_int()), (Some(a), Some(b)) if a == b),
    }
}

/// Whether a big int is below zero.
pub fn is_negative(number: &BigInt) -> bool {
    number.sign() == Sign::Minus
}

/// `a < b`, `a <= b`, `a > b` or `a >= b`.
///
/// # Errors
/// Python's `TypeError` for values that have no order.
pub fn ordered(op: CompareOp, a: &Value, b: &Value) -> Result<bool> {
    if let (Value::Set(a), Value::Set(b)) = (a, b) {
        let within = |a: &super::Set, b: &super::Set| a.snapshot().iter().all(|x| b.contains(x));
        return Ok(match op {
            CompareOp::Lt => a.len() < b.len() && within(a, b),
            CompareOp::Le => within(a, b),
            CompareOp::Gt => b.len() < a.len() && within(b, a),
            _ => within(b, a),
        });
    }
    let ordering = compare_nested(op, a, b, 0)?;
    Ok(match op {
        CompareOp::Lt => ordering == Some(Ordering::Less),
        CompareOp::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Gt => ordering == Some(Ordering::Greater),
        _ => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    })
}

/// The order of two values for sorting; `None` when one is not a number.
///
/// # Errors
/// As [`ordered`] for `<`.
pub fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    compare_nested(CompareOp::Lt, a, b, 0)
}

fn symbol(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
        _ => "<",
    }
}

fn compare_nested(op: CompareOp, a: &Value, b: &Value, depth: usize) -> Result<Option<Ordering>> {
    let sequences = |a: &[Value], b: &[Value]| {
        if depth > DEPTH {
            return Err(Error::recursion());
        }
        for (a, b) in a.iter().zip(b) {
            if !equals(a, b) {
                return compare_nested(op, a, b, depth + 1);
            }
        }
        Ok(Some(a.len().cmp(&b.len())))
    };
    match (a, b) {
        (Value::Undefined(undefined), _) | (_, Value::Undefined(undefined)) => {
            Err(undefined.error())
        }
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) => sequences(&a.snapshot(), &b.snapshot()),
        (Value::Tuple(a), Value::Tuple(b)) => sequences(a, b),
        (Value::Object(x), other) if x.compare(other).is_some() => Ok(x.compare(other)),
        (other, Value::Object(x)) if x.compare(other).is_some() => {
            Ok(x.compare(other).map(Ordering::reverse))
        }
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        _ => match (exact(a), exact(b)) {
            (Some(Ok(a)), Some(Ok(b))) => Ok(Some(a.cmp(&b))),
            (Some(Ok(int)), Some(Err(float))) => Ok(compare_mixed(&int, float)),
            (Some(Err(float)), Some(Ok(int))) => {
                Ok(compare_mixed(&int, float).map(Ordering::reverse))
            }
            _ => match (a.as_int(), b.as_int()) {
                (Some(a), Some(b)) => Ok(Some(a.cmp(&b))),
                _ => Err(Error::type_error(format!(
                    "'{}' not supported between instances of '{}' and '{}'",
                    symbol(op),
                    a.type_name(),
                    b.type_name()
                ))),
            },
        },
    }
}

/// A number as a big int, or as a float when it is one.
fn exact(value: &Value) -> Option<Result<BigInt, f64>> {
    match value {
        Value::Float(float) => Some(Err(*float)),
        Value::BigInt(big) => Some(Ok((**big).clone())),
        other => other.as_int().map(|int| Ok(int.into())),
    }
}

fn compare_mixed(int: &BigInt, float: f64) -> Option<Ordering> {
    match float_to_big_int(float) {
        None if float.is_nan() => None,
        None => Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater }),
        Some(whole) => Some(int.cmp(&whole).then_with(|| {
            // Cutting off a fraction moves towards zero.
            0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)
        })),
    }
}
