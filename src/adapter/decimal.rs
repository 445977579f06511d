//! Python's `Decimal`, for numeric columns: exact, and written as PostgreSQL wrote it.

use std::any::Any;
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use num_bigint::BigInt;

use crate::jinja::{Args, Error, ExceptionKind, Object, Result, State, Value};

/// Significant digits of a quotient, as in Python's default context.
const PRECISION: usize = 28;
/// Digits beyond that, to round by.
const GUARD: usize = 2;

/// Methods of Python's class that are about one number.
const METHODS: [&str; 8] = [
    "normalize",
    "as_tuple",
    "to_integral_value",
    "is_zero",
    "is_signed",
    "is_finite",
    "is_nan",
    "is_infinite",
];

/// A decimal number: `digits * 10 ** -scale`.
#[derive(Debug, Clone)]
pub struct Decimal {
    digits: BigInt,
    scale: u32,
    /// How many zeros at the end of a whole number `normalize()` took into its exponent: the
    /// number is the same, but is written `1E+2`.
    folded: u32,
}

impl Decimal {
    fn new(digits: BigInt, scale: u32) -> Self {
        Self { digits, scale, folded: 0 }
    }

    /// Reads plain or scientific notation. `None` for anything else, such as `NaN`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = number.strip_prefix(['-', '+']).unwrap_or(number);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
        if number.starts_with('-') {
            digits = -digits;
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(scale) {
            Ok(scale) => Some(Self::new(digits, scale)),
            // Kept within what a column could hold, so that a text cannot ask for gigabytes.
            Err(_) if scale < -200_000 => None,
            Err(_) => Some(Self::new(digits * ten_to(scale.unsigned_abs()), 0)),
        }
    }

    /// The number as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    /// How many significant digits there are, and how many of them stand after the point;
    /// without zeros at the end, rounded to at most this many digits.
    pub(super) fn precision(&self, most: i64) -> (i64, i64) {
        let digits = self.digits.magnitude().to_string();
        let rounded = digits.get(..usize::try_from(most).unwrap_or(usize::MAX)).unwrap_or(&digits);
        let cut = digits.len() - rounded.len();
        let kept = rounded.trim_end_matches('0').len().max(1);
        let zeros = cut + (rounded.len() - kept);
        let places = i64::from(self.scale) - i64::try_from(zeros).unwrap_or(i64::MAX);
        if self.is_zero() {
            return (1, 0);
        }
        (i64::try_from(kept).unwrap_or(i64::MAX), places)
    }

    /// Whether digits other than zero stand after the point.
    pub fn has_fraction(&self) -> bool {
        self.normalized().scale > 0
    }

    /// The number without zeros at the end of its fraction.
    pub(super) fn shortest(&self) -> String {
        self.normalized().to_str()
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::new(i64::from(*truth).into(), 0)),
            Value::Int(number) => Some(Self::new((*number).into(), 0)),
            Value::BigInt(number) => Some(Self::new((**number).clone(), 0)),
            other => other.downcast::<Self>().cloned(),
        }
    }

    /// Both with the same scale.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, u32) {
        let scale = self.scale.max(other.scale);
        (self.raised_to(scale), other.raised_to(scale), scale)
    }

    fn raised_to(&self, scale: u32) -> BigInt {
        &self.digits * ten_to(scale.saturating_sub(self.scale))
    }

    fn is_zero(&self) -> bool {
        self.digits == BigInt::ZERO
    }

    /// Without zeros at the end of the fraction.
    fn normalized(&self) -> Self {
        let (mut digits, mut scale) = (self.digits.clone(), self.scale);
        while scale > 0 && &digits % 10 == BigInt::ZERO {
            digits /= 10;
            scale -= 1;
        }
        Self::new(digits, scale)
    }

    /// Python's `normalize()`: no zero at the end, also of a whole number.
    fn folded(&self) -> Self {
        let mut number = self.normalized();
        let mut rest = number.digits.clone();
        while number.scale == 0 && rest != BigInt::ZERO && &rest % 10 == BigInt::ZERO {
            rest /= 10;
            number.folded += 1;
        }
        number
    }

    /// The digits without a sign, and the power of ten they are multiplied with.
    fn coefficient(&self) -> (String, i64) {
        let mut digits = self.digits.magnitude().to_string();
        digits.truncate(digits.len().saturating_sub(self.folded as usize).max(1));
        (digits, i64::from(self.folded) - i64::from(self.scale))
    }

    /// Python's `as_tuple()`: sign, digits, exponent.
    fn as_tuple(&self) -> Value {
        let (digits, exponent) = self.coefficient();
        let digits = digits.bytes().map(|digit| Value::from(i64::from(digit - b'0')));
        let negative = i64::from(self.digits < BigInt::ZERO);
        Value::tuple([negative.into(), Value::tuple(digits), exponent.into()])
    }

    fn divide(&self, other: &Self) -> Result<Self> {
        if other.is_zero() {
            let message = "division by zero";
            return Err(Error::new(ExceptionKind::ZeroDivisionError, message));
        }
        let length = |number: &BigInt| number.magnitude().to_string().len();
        let wanted = PRECISION + GUARD + length(&other.digits);
        let extra = wanted.saturating_sub(length(&self.digits));
        let extra = u32::try_from(extra).unwrap_or(0) + other.scale;
        let quotient = (&self.digits * ten_to(extra)) / &other.digits;
        let scale = self.scale + extra - other.scale;
        let quotient = Self::new(quotient, scale);
        let exact = quotient.times(other).compare_to(self) == Ordering::Equal;
        Ok(if exact { quotient.normalized() } else { quotient.rounded_to_precision() })
    }

    fn times(&self, other: &Self) -> Self {
        Self::new(&self.digits * &other.digits, self.scale + other.scale)
    }

    /// Cut to the context's precision.
    fn rounded_to_precision(self) -> Self {
        let length = self.digits.magnitude().to_string().len();
        let surplus = u32::try_from(length.saturating_sub(PRECISION)).unwrap_or(0);
        self.rounded(self.scale.saturating_sub(surplus))
    }

    /// With so many digits after the point, rounded half to even.
    fn rounded(&self, scale: u32) -> Self {
        let Some(surplus) = self.scale.checked_sub(scale) else {
            return Self::new(self.raised_to(scale), scale);
        };
        let unit = ten_to(surplus);
        let (mut digits, rest) = (&self.digits / &unit, &self.digits % &unit);
        let twice = BigInt::from(rest.magnitude().clone()) * 2;
        let away = twice > unit || (twice == unit && &digits % 2 != BigInt::ZERO);
        if away {
            digits += if self.digits < BigInt::ZERO { -1 } else { 1 };
        }
        Self::new(digits, scale)
    }

    fn compare_to(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }

    fn to_f64(&self) -> f64 {
        self.to_str().parse().unwrap_or(f64::NAN)
    }
}

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl Object for Decimal {
    fn type_name(&self) -> &'static str {
        "Decimal"
    }

    fn truthy(&self) -> bool {
        !self.is_zero()
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if self.has_method(name) {
            let ([], []) = args.bind(name, [], [])?;
        }
        match name {
            "normalize" => Ok(self.folded().into_value()),
            "as_tuple" => Ok(self.as_tuple()),
            "to_integral_value" => Ok(self.rounded(0).into_value()),
            "is_zero" => Ok(self.is_zero().into()),
            "is_signed" => Ok((self.digits < BigInt::ZERO).into()),
            "is_finite" => Ok(true.into()),
            "is_nan" | "is_infinite" => Ok(false.into()),
            _ => Err(Error::attribute_error("decimal.Decimal", name)),
        }
    }

    fn to_str(&self) -> String {
        let digits = self.digits.magnitude().to_string();
        let sign = if self.digits < BigInt::ZERO { "-" } else { "" };
        let scale = self.scale as usize;
        if self.folded > 0 {
            let (coefficient, power) = self.coefficient();
            let (first, rest) = coefficient.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let exponent = power + i64::try_from(rest.len()).unwrap_or(0);
            return format!("{sign}{first}{point}{rest}E+{exponent}");
        }
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{fraction}")
    }

    fn repr(&self) -> String {
        format!("Decimal('{}')", self.to_str())
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        self.compare(other).map(|order| order == Ordering::Equal).or(Some(false))
    }

    fn compare(&self, other: &Value) -> Option<Ordering> {
        match other {
            Value::Float(number) => self.to_f64().partial_cmp(number),
            other => Some(self.compare_to(&Self::from_value(other)?)),
        }
    }

    fn to_int(&self) -> Option<Value> {
        Some(Value::big_int(&self.digits / ten_to(self.scale)))
    }

    fn to_float(&self) -> Option<f64> {
        Some(self.to_f64())
    }

    fn round(&self, digits: i64) -> Option<Value> {
        let kept = u32::try_from(digits).unwrap_or(0);
        Some(self.rounded(kept).into_value())
    }

    fn abs(&self) -> Option<Value> {
        let digits = BigInt::from(self.digits.magnitude().clone());
        Some(Self::new(digits, self.scale).into_value())
    }

    fn hash_key(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        let normal = self.normalized();
        (normal.digits, normal.scale).hash(&mut hasher);
        Some(hasher.finish())
    }

    fn binary(&self, operator: &str, other: &Value, reflected: bool) -> Result<Option<Value>> {
        let Some(other) = Self::from_value(other) else { return Ok(None) };
        let (left, right) = if reflected { (&other, self) } else { (self, &other) };
        let result = match operator {
            "+" | "-" => {
                let (first, second, scale) = left.aligned(right);
                let digits = if operator == "+" { first + second } else { first - second };
                Self::new(digits, scale).rounded_to_precision()
            }
            "*" => left.times(right).rounded_to_precision(),
            "/" => left.divide(right)?,
            _ => return Ok(None),
        };
        Ok(Some(result.into_value()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn compute(left: &str, operator: &str, right: &str) -> String {
        let right = decimal(right).into_value();
        decimal(left).binary(operator, &right, false).unwrap().unwrap().to_string()
    }

    #[test]
    fn text_is_kept() {
        for text in ["0", "1.50", "-0.05", "123456789012345678901234567890.1"] {
            assert_eq!(decimal(text).to_str(), text);
        }
        assert_eq!(decimal("1.5e3").to_str(), "1500");
        assert_eq!(decimal("15e-3").to_str(), "0.015");
        for text in ["", ".", "NaN", "1.2.3", "1e999999999", "-"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn sums_and_quotients_are_pythons() {
        assert_eq!(compute("1.10", "+", "2"), "3.10");
        assert_eq!(compute("1.10", "-", "2"), "-0.90");
        assert_eq!(compute("1.5", "*", "1.5"), "2.25");
        assert_eq!(compute("1", "/", "4"), "0.25");
        assert_eq!(compute("1", "/", "3"), "0.3333333333333333333333333333");
        assert_eq!(compute("2", "/", "3"), "0.6666666666666666666666666667");
        assert!(decimal("1").binary("/", &decimal("0").into_value(), false).is_err());
    }

    #[test]
    fn conversions_are_pythons() {
        let number = decimal("-2.75");
        assert_eq!(number.to_int(), Some(Value::from(-2)));
        assert_eq!(number.to_float(), Some(-2.75));
        assert_eq!(number.abs().unwrap().to_string(), "2.75");
        let rounded = |text, digits| decimal(text).round(digits).unwrap().to_string();
        assert_eq!((rounded("2.665", 2), rounded("2.5", 0)), ("2.66".into(), "2".into()));
        assert_eq!(rounded("2.5", 3), "2.500");
    }

    #[test]
    fn equal_numbers_are_equal_however_written() {
        assert_eq!(decimal("1.50").equals(&decimal("1.5").into_value()), Some(true));
        assert_eq!(decimal("1.50").hash_key(), decimal("1.5").hash_key());
        assert_eq!(decimal("2.0").equals(&Value::from(2)), Some(true));
        assert_eq!(decimal("2.5").compare(&Value::from(2)), Some(Ordering::Greater));
        assert_eq!(decimal("2.5").compare(&Value::from("x")), None);
    }

    #[test]
    fn normalized_numbers_have_no_zero_at_the_end() {
        let shown = |text| decimal(text).folded().to_str();
        assert_eq!(
            (shown("100"), shown("-1200"), shown("1.50")),
            ("1E+2".into(), "-1.2E+3".into(), "1.5".into())
        );
        assert_eq!((shown("0.00"), shown("7")), ("0".into(), "7".into()));
        let parts = |text| decimal(text).folded().as_tuple().repr();
        assert_eq!(parts("-1.50"), "(1, (1, 5), -1)");
        assert_eq!(parts("100"), "(0, (1,), 2)");
        assert_eq!(parts("3"), "(0, (3,), 0)");
    }
}
