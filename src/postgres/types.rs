//! PostgreSQL's built-in types by OID: their SQL names, what kind of value they hold, and
//! the names psycopg2 gives them, which dbt shows in contract errors.

/// What kind of value a type holds, as far as reading its text form needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `true` or `false`, sent as `t` and `f`.
    Boolean,
    /// A whole number.
    Integer,
    /// A binary floating-point number.
    Float,
    /// An exact decimal number.
    Numeric,
    /// Text of any length rule.
    Text,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A point in time without time zone.
    Timestamp,
    /// A point in time with time zone.
    TimestampTz,
    /// A span of time.
    Interval,
    /// JSON, textual or binary.
    Json,
    /// Bytes, sent as `\x…`.
    Bytes,
    /// A UUID.
    Uuid,
    /// An array of any type.
    Array,
    /// Anything else: enums, ranges, network addresses, extension types.
    Other,
}

struct Type {
    oid: u32,
    /// OID of the array type over it; 0 when there is none.
    array: u32,
    name: &'static str,
    kind: Kind,
    psycopg: &'static str,
}

const fn ty(oid: u32, array: u32, name: &'static str, kind: Kind, psycopg: &'static str) -> Type {
    Type { oid, array, name, kind, psycopg }
}

/// The OIDs are fixed by the server's `pg_type.dat`.
const TYPES: &[Type] = &[
    ty(16, 1000, "boolean", Kind::Boolean, "BOOLEAN"),
    ty(17, 1001, "bytea", Kind::Bytes, "BINARY"),
    ty(18, 1002, "\"char\"", Kind::Text, "STRING"),
    ty(19, 1003, "name", Kind::Text, "STRING"),
    ty(20, 1016, "bigint", Kind::Integer, "LONGINTEGER"),
    ty(21, 1005, "smallint", Kind::Integer, "INTEGER"),
    ty(23, 1007, "integer", Kind::Integer, "INTEGER"),
    ty(25, 1009, "text", Kind::Text, "STRING"),
    ty(26, 1028, "oid", Kind::Integer, "ROWID"),
    ty(114, 199, "json", Kind::Json, "JSON"),
    ty(142, 143, "xml", Kind::Other, ""),
    ty(600, 1017, "point", Kind::Other, ""),
    ty(650, 651, "cidr", Kind::Other, ""),
    ty(700, 1021, "real", Kind::Float, "FLOAT"),
    ty(701, 1022, "double precision", Kind::Float, "FLOAT"),
    ty(705, 0, "unknown", Kind::Text, "UNKNOWN"),
    ty(790, 791, "money", Kind::Other, ""),
    ty(829, 1040, "macaddr", Kind::Other, ""),
    ty(869, 1041, "inet", Kind::Other, ""),
    ty(1042, 1014, "character", Kind::Text, "STRING"),
    ty(1043, 1015, "character varying", Kind::Text, "STRING"),
    ty(1082, 1182, "date", Kind::Date, "DATE"),
    ty(1083, 1183, "time without time zone", Kind::Time, "TIME"),
    ty(1114, 1115, "timestamp without time zone", Kind::Timestamp, "DATETIME"),
    ty(1184, 1185, "timestamp with time zone", Kind::TimestampTz, "DATETIMETZ"),
    ty(1186, 1187, "interval", Kind::Interval, "INTERVAL"),
    ty(1266, 1270, "time with time zone", Kind::Time, "TIME"),
    ty(1560, 1561, "bit", Kind::Other, ""),
    ty(1562, 1563, "bit varying", Kind::Other, ""),
    ty(1700, 1231, "numeric", Kind::Numeric, "DECIMAL"),
    ty(2205, 2210, "regclass", Kind::Other, ""),
    ty(2206, 2211, "regtype", Kind::Other, ""),
    ty(2278, 0, "void", Kind::Other, ""),
    ty(2249, 2287, "record", Kind::Other, ""),
    ty(2950, 2951, "uuid", Kind::Uuid, ""),
    ty(3614, 3643, "tsvector", Kind::Other, ""),
    ty(3615, 3645, "tsquery", Kind::Other, ""),
    ty(3802, 3807, "jsonb", Kind::Json, "JSONB"),
    ty(3904, 3905, "int4range", Kind::Other, "type"),
    ty(3906, 3907, "numrange", Kind::Other, "type"),
    ty(3908, 3909, "tsrange", Kind::Other, "tsrange"),
    ty(3910, 3911, "tstzrange", Kind::Other, "tstzrange"),
    ty(3912, 3913, "daterange", Kind::Other, "daterange"),
    ty(3926, 3927, "int8range", Kind::Other, "type"),
];

enum Found {
    Scalar(&'static Type),
    ArrayOf(&'static Type),
}

fn find(oid: u32) -> Option<Found> {
    TYPES.iter().find_map(|known| match oid {
        0 => None,
        _ if known.oid == oid => Some(Found::Scalar(known)),
        _ if known.array == oid => Some(Found::ArrayOf(known)),
        _ => None,
    })
}

/// What kind of value a type holds. Types that are not built in are [`Kind::Other`].
pub fn kind(oid: u32) -> Kind {
    match find(oid) {
        Some(Found::Scalar(known)) => known.kind,
        Some(Found::ArrayOf(_)) => Kind::Array,
        None => Kind::Other,
    }
}

/// What kind of value the elements of an array type hold; `None` for other types.
pub fn element_kind(oid: u32) -> Option<Kind> {
    match find(oid) {
        Some(Found::ArrayOf(known)) => Some(known.kind),
        _ => None,
    }
}

/// The type's name as `format_type` spells it, with its modifier (`numeric(10,2)`).
/// `None` for types that are not built in: only the server can name those.
pub fn name(oid: u32, modifier: i32) -> Option<String> {
    Some(match find(oid)? {
        Found::Scalar(known) => with_modifier(known, modifier),
        Found::ArrayOf(known) => format!("{}[]", with_modifier(known, modifier)),
    })
}

fn with_modifier(known: &Type, modifier: i32) -> String {
    // The modifiers' encodings are those of the types' typmodout functions.
    match known.oid {
        1042 | 1043 if modifier >= 4 => format!("{}({})", known.name, modifier - 4),
        1560 | 1562 if modifier >= 0 => format!("{}({modifier})", known.name),
        1700 if modifier >= 4 => {
            let (precision, scale) = numeric_modifier(modifier);
            format!("numeric({precision},{scale})")
        }
        1083 | 1114 | 1184 | 1266 if modifier >= 0 => {
            let (word, rest) = known.name.split_once(' ').unwrap_or((known.name, ""));
            format!("{word}({modifier}) {rest}")
        }
        _ => known.name.to_owned(),
    }
}

fn numeric_modifier(modifier: i32) -> (i32, i32) {
    let packed = modifier - 4;
    // PostgreSQL 15 allows negative scales: 11 bits, two's complement.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    ((packed >> 16) & 0xffff, scale)
}

/// The type's name in psycopg2's registry, as dbt's `data_type_code_to_name` prints it.
pub fn psycopg_name(oid: u32) -> String {
    match find(oid) {
        Some(Found::Scalar(known)) if !known.psycopg.is_empty() => known.psycopg.to_owned(),
        Some(Found::ArrayOf(known)) => match known.oid {
            26 => "ROWIDARRAY".to_owned(),
            650 | 829 | 869 => format!("{}ARRAY", known.name.to_uppercase()),
            _ if known.psycopg.is_empty() => unknown(oid),
            _ => format!("{}ARRAY", known.psycopg),
        },
        _ => unknown(oid),
    }
}

fn unknown(oid: u32) -> String {
    format!("unknown type_code {oid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_modifiers() {
        assert_eq!(name(1043, 24).as_deref(), Some("character varying(20)"));
        assert_eq!(name(1700, (10 << 16 | 2) + 4).as_deref(), Some("numeric(10,2)"));
        assert_eq!(name(1184, 3).as_deref(), Some("timestamp(3) with time zone"));
        assert_eq!(name(1009, -1).as_deref(), Some("text[]"));
        assert_eq!(name(0, -1), None);
    }

    #[test]
    fn kinds_and_psycopg_names() {
        assert_eq!((kind(20), kind(1016), kind(99_999)), (Kind::Integer, Kind::Array, Kind::Other));
        assert_eq!(psycopg_name(1184), "DATETIMETZ");
        assert_eq!(psycopg_name(1016), "LONGINTEGERARRAY");
        assert_eq!(psycopg_name(2950), "unknown type_code 2950");
    }
}
