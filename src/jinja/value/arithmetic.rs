//! Python's arithmetic on values.

use std::sync::Arc;

use num_bigint::BigInt;

use super::super::error::{Error, ExceptionKind, Result};
use super::super::ir::BinaryOp;
use super::number::{big_int_to_float, int_to_float};
use super::{Value, printf};

/// The longest text or list an operator makes; Python would run out of memory far later.
pub const LONGEST: usize = 1 << 28;
/// The most bits a power may have.
const MOST_BITS: u64 = 1 << 24;

enum Pair {
    Ints(i64, i64),
    BigInts(BigInt, BigInt),
    Floats(f64, f64),
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_))
}

fn to_big(value: &Value) -> BigInt {
    match value {
        Value::BigInt(big) => (**big).clone(),
        other => other.as_int().unwrap_or_default().into(),
    }
}

/// A number as a float.
///
/// # Errors
/// Python's `OverflowError` for an int that is too large.
pub fn to_float(value: &Value) -> Result<f64> {
    match value {
        Value::Float(float) => Ok(*float),
        Value::BigInt(big) => big_int_to_float(big).ok_or_else(|| {
            Error::new(ExceptionKind::OverflowError, "int too large to convert to float")
        }),
        other => Ok(int_to_float(other.as_int().unwrap_or_default())),
    }
}

fn pair(a: &Value, b: &Value) -> Result<Option<Pair>> {
    if !is_number(a) || !is_number(b) {
        return Ok(None);
    }
    if matches!(a, Value::Float(_)) || matches!(b, Value::Float(_)) {
        return Ok(Some(Pair::Floats(to_float(a)?, to_float(b)?)));
    }
    Ok(Some(match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => Pair::Ints(a, b),
        _ => Pair::BigInts(to_big(a), to_big(b)),
    }))
}

/// `a op b`.
///
/// # Errors
/// Python's errors for operands that do not go together.
pub fn binary(op: BinaryOp, a: &Value, b: &Value) -> Result<Value> {
    if op == BinaryOp::Rem
        && let Value::Str(format) = a
    {
        return printf::format(format, b).map(Value::from);
    }
    for side in [a, b] {
        if let Value::Undefined(undefined) = side {
            return Err(undefined.error());
        }
    }
    if let Some(pair) = pair(a, b)? {
        return numbers(op, pair);
    }
    if let Value::Object(object) = a
        && let Some(result) = object.binary(op.symbol(), b, false)?
    {
        return Ok(result);
    }
    if let Value::Object(object) = b
        && let Some(result) = object.binary(op.symbol(), a, true)?
    {
        return Ok(result);
    }
    match op {
        BinaryOp::Add => add(a, b),
        BinaryOp::Mul => repeat(a, b),
        BinaryOp::Sub => match (a, b) {
            (Value::Set(a), Value::Set(b)) => {
                Ok(super::Set::new(a.snapshot().into_iter().filter(|item| !b.contains(item)))?
                    .into())
            }
            _ => Err(unsupported(op, a, b)),
        },
        _ => Err(unsupported(op, a, b)),
    }
}

fn unsupported(op: BinaryOp, a: &Value, b: &Value) -> Error {
    Error::type_error(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        op.symbol(),
        a.type_name(),
        b.type_name()
    ))
}

fn add(a: &Value, b: &Value) -> Result<Value> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            check_length(a.len().saturating_add(b.len()))?;
            let mut text = String::with_capacity(a.len() + b.len());
            text.push_str(a);
            text.push_str(b);
            Ok(text.into())
        }
        (Value::List(a), Value::List(b)) => {
            let mut items = a.snapshot();
            items.extend(b.snapshot());
            check_length(items.len())?;
            Ok(Value::list(items))
        }
        (Value::Tuple(a), Value::Tuple(b)) => {
            check_length(a.len().saturating_add(b.len()))?;
            Ok(Value::tuple(a.iter().chain(b.iter()).cloned()))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            Ok(Value::Bytes(a.iter().chain(b.iter()).copied().collect()))
        }
        (Value::Str(_) | Value::List(_) | Value::Tuple(_), other) => {
            let kind = a.type_name();
            let quote =
                |name: &str| format!("can only concatenate {kind} (not \"{name}\") to {kind}");
            Err(Error::type_error(quote(other.type_name())))
        }
        (Value::Bytes(_), other) => {
            Err(Error::type_error(format!("can't concat {} to bytes", other.type_name())))
        }
        _ => Err(unsupported(BinaryOp::Add, a, b)),
    }
}

/// Whether a text or list may have this length.
///
/// # Errors
/// An `OverflowError` when it may not.
pub fn check_length(length: usize) -> Result<()> {
    if length > LONGEST {
        return Err(too_large());
    }
    Ok(())
}

/// The error for a result that no memory should be spent on.
pub fn too_large() -> Error {
    Error::new(ExceptionKind::OverflowError, "the result is too large")
}

fn repeat(a: &Value, b: &Value) -> Result<Value> {
    let (sequence, count) = match (a, b) {
        (_, Value::Int(_) | Value::Bool(_) | Value::BigInt(_)) => (a, b),
        (Value::Int(_) | Value::Bool(_) | Value::BigInt(_), _) => (b, a),
        _ => {
            let sequence = |v: &Value| {
                matches!(v, Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_))
            };
            return Err(match (sequence(a), sequence(b)) {
                (true, _) => not_a_count(b),
                (_, true) => not_a_count(a),
                _ => unsupported(BinaryOp::Mul, a, b),
            });
        }
    };
    let count = match count {
        Value::BigInt(big) if super::ops::is_negative(big) => 0,
        Value::BigInt(_) => usize::MAX,
        other => usize::try_from(other.as_int().unwrap_or_default()).unwrap_or(0),
    };
    let fits = |length: usize| check_length(length.saturating_mul(count));
    match sequence {
        Value::Str(text) => {
            fits(text.len())?;
            Ok(if text.is_empty() { Value::str("") } else { text.repeat(count).into() })
        }
        Value::Bytes(bytes) => {
            fits(bytes.len())?;
            Ok(Value::Bytes(if bytes.is_empty() {
                Arc::new([])
            } else {
                bytes.repeat(count).into()
            }))
        }
        Value::List(list) => {
            let items = list.snapshot();
            fits(items.len().saturating_mul(16))?;
            Ok(Value::list(repeated(&items, count)))
        }
        Value::Tuple(items) => {
            fits(items.len().saturating_mul(16))?;
            Ok(Value::tuple(repeated(items, count)))
        }
        _ => Err(unsupported(BinaryOp::Mul, a, b)),
    }
}

fn repeated(items: &[Value], count: usize) -> Vec<Value> {
    let count = if items.is_empty() { 0 } else { count };
    std::iter::repeat_n(items, count).flatten().cloned().collect()
}

fn not_a_count(value: &Value) -> Error {
    Error::type_error(format!("can't multiply sequence by non-int of type '{}'", value.type_name()))
}

fn by_zero(message: &str) -> Error {
    Error::new(ExceptionKind::ZeroDivisionError, message)
}

fn numbers(op: BinaryOp, pair: Pair) -> Result<Value> {
    match pair {
        Pair::Floats(a, b) => floats(op, a, b).map(Value::Float),
        Pair::Ints(a, b) => ints(op, a, b),
        Pair::BigInts(a, b) => big_ints(op, a, b),
    }
}

fn floats(op: BinaryOp, a: f64, b: f64) -> Result<f64> {
    Ok(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div if b == 0.0 => return Err(by_zero("float division by zero")),
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv if b == 0.0 => return Err(by_zero("float floor division by zero")),
        BinaryOp::FloorDiv => ((a - float_rem(a, b)) / b).round(),
        BinaryOp::Rem if b == 0.0 => return Err(by_zero("float modulo")),
        BinaryOp::Rem => float_rem(a, b),
        BinaryOp::Pow if a == 0.0 && b < 0.0 => {
            return Err(by_zero("0.0 cannot be raised to a negative power"));
        }
        BinaryOp::Pow => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(Error::new(
                    ExceptionKind::OverflowError,
                    "(34, 'Numerical result out of range')",
                ));
            }
            power
        }
    })
}

/// Python's remainder has the sign of the divisor.
fn float_rem(a: f64, b: f64) -> f64 {
    let rem = a % b;
    if rem == 0.0 {
        return 0.0_f64.copysign(b);
    }
    if (rem < 0.0) == (b < 0.0) { rem } else { rem + b }
}

fn ints(op: BinaryOp, a: i64, b: i64) -> Result<Value> {
    let small = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div if b != 0 && a.unsigned_abs() < 1 << 53 && b.unsigned_abs() < 1 << 53 => {
            return Ok(Value::Float(int_to_float(a) / int_to_float(b)));
        }
        BinaryOp::FloorDiv if b != 0 => a.checked_div_euclid(b).map(|quotient| {
            // Euclid rounds so that the remainder is not negative; Python rounds down.
            if b < 0 && a.rem_euclid(b) != 0 { quotient - 1 } else { quotient }
        }),
        BinaryOp::Rem if b != 0 => {
            a.checked_rem(b).map(|rem| if rem != 0 && (rem < 0) != (b < 0) { rem + b } else { rem })
        }
        _ => None,
    };
    small.map_or_else(|| big_ints(op, a.into(), b.into()), |small| Ok(Value::Int(small)))
}

fn big_ints(op: BinaryOp, a: BigInt, b: BigInt) -> Result<Value> {
    let zero = BigInt::ZERO;
    Ok(match op {
        BinaryOp::Add => Value::big_int(a + b),
        BinaryOp::Sub => Value::big_int(a - b),
        BinaryOp::Mul => {
            if a.bits() + b.bits() > MOST_BITS {
                return Err(too_large());
            }
            Value::big_int(a * b)
        }
        BinaryOp::Div if b == zero => return Err(by_zero("division by zero")),
        BinaryOp::Div => divide(&a, &b)?,
        BinaryOp::FloorDiv if b == zero => {
            return Err(by_zero("integer division or modulo by zero"));
        }
        BinaryOp::FloorDiv => Value::big_int(floor_div(&a, &b)),
        BinaryOp::Rem if b == zero => return Err(by_zero("integer modulo by zero")),
        BinaryOp::Rem => Value::big_int(&a - floor_div(&a, &b) * &b),
        BinaryOp::Pow => power(&a, &b)?,
    })
}

fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let (quotient, rem) = (a / b, a % b);
    if rem != BigInt::ZERO && super::ops::is_negative(&rem) != super::ops::is_negative(b) {
        quotient - 1
    } else {
        quotient
    }
}

fn divide(a: &BigInt, b: &BigInt) -> Result<Value> {
    let overflow = || {
        Error::new(ExceptionKind::OverflowError, "integer division result too large for a float")
    };
    match (big_int_to_float(a), big_int_to_float(b)) {
        (Some(a), Some(b)) => Ok(Value::Float(a / b)),
        _ => big_int_to_float(&(a / b)).map(Value::Float).ok_or_else(overflow),
    }
}

fn power(a: &BigInt, b: &BigInt) -> Result<Value> {
    if super::ops::is_negative(b) {
        let base = to_float(&Value::big_int(a.clone()))?;
        let exponent = to_float(&Value::big_int(b.clone()))?;
        return floats(BinaryOp::Pow, base, exponent).map(Value::Float);
    }
    let exponent = u32::try_from(b).ok();
    if a.bits() <= 1 {
        // -1, 0 and 1 stay small whatever the exponent.
        let even = !b.bit(0);
        let one = BigInt::from(1);
        return Ok(Value::big_int(if *b == BigInt::ZERO || (even && *a != BigInt::ZERO) {
            one
        } else {
            a.clone()
        }));
    }
    let exponent = exponent.ok_or_else(too_large)?;
    if a.bits().saturating_mul(exponent.into()) > MOST_BITS {
        return Err(too_large());
    }
    Ok(Value::big_int(a.pow(exponent)))
}

/// `-a`.
///
/// # Errors
/// Python's `TypeError` for what is not a number.
pub fn negate(value: &Value) -> Result<Value> {
    match value {
        Value::Undefined(undefined) => Err(undefined.error()),
        Value::Float(float) => Ok(Value::Float(-float)),
        Value::BigInt(big) => Ok(Value::big_int(-&**big)),
        Value::Object(object) => {
            object.binary("*", &Value::Int(-1), false)?.ok_or_else(|| bad_unary(value, '-'))
        }
        other => other
            .as_int()
            .map(|int| {
                int.checked_neg().map_or_else(|| Value::big_int(-BigInt::from(int)), Value::Int)
            })
            .ok_or_else(|| bad_unary(value, '-')),
    }
}

/// `+value`.
pub fn plus(value: &Value) -> Result<Value> {
    match value {
        Value::Undefined(undefined) => Err(undefined.error()),
        Value::Float(_) | Value::BigInt(_) => Ok(value.clone()),
        Value::Object(object) => {
            object.binary("*", &Value::Int(1), false)?.ok_or_else(|| bad_unary(value, '+'))
        }
        other => other.as_int().map(Value::Int).ok_or_else(|| bad_unary(value, '+')),
    }
}

fn bad_unary(value: &Value, op: char) -> Error {
    Error::type_error(format!("bad operand type for unary {op}: '{}'", value.type_name()))
}
