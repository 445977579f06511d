//! Python's numbers: text of floats, and conversions between ints and floats.

use num_bigint::BigInt;

/// `repr(x)` of a float: the shortest text that reads back as the same number.
pub fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// The whole part of a float; `None` for infinities and not-a-number.
pub fn float_to_big_int(number: f64) -> Option<BigInt> {
    if !number.is_finite() {
        return None;
    }
    let bits = number.abs().to_bits();
    let exponent = i64::try_from(bits >> 52).unwrap_or(0) - 1075;
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if bits >> 52 == 0 { fraction << 1 } else { fraction | (1 << 52) };
    let magnitude = BigInt::from(mantissa);
    let whole = if exponent >= 0 { magnitude << exponent } else { magnitude >> -exponent };
    Some(if number < 0.0 { -whole } else { whole })
}

/// The nearest float; `None` when it is too large, where Python raises `OverflowError`.
pub fn big_int_to_float(number: &BigInt) -> Option<f64> {
    // The decimal text is read with correct rounding, which a cast by limbs is not.
    let float: f64 = number.to_string().parse().ok()?;
    float.is_finite().then_some(float)
}

/// An int that fits as a float.
#[allow(clippy::cast_precision_loss)]
pub fn int_to_float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_python() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(float_repr(number), text);
        }
    }

    #[test]
    fn whole_parts_are_exact() {
        assert_eq!(float_to_big_int(-2.75), Some(BigInt::from(-2)));
        assert_eq!(float_to_big_int(1e20), "100000000000000000000".parse().ok());
        assert_eq!(float_to_big_int(0.5), Some(BigInt::from(0)));
    }
}
