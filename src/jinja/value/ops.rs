//! Python's operators on values.

// Python compares floats exactly.
#![allow(clippy::float_cmp)]

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
