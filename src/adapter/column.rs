//! dbt's `Column`: a column's name and type.

use std::any::Any;

use crate::jinja::{Args, Error, Object, Result, State, Value};

/// A column of a relation or query
/// (<https://docs.getdbt.com/reference/dbt-classes#column>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type without length, precision and scale.
    pub dtype: String,
    /// Longest text, where the type has a limit.
    pub char_size: Option<i64>,
    /// Precision of a number.
    pub numeric_precision: Option<i64>,
    /// Scale of a number.
    pub numeric_scale: Option<i64>,
    /// The whole type as written in DDL, where `dtype` cannot be: arrays and user-defined
    /// types, which information_schema only calls `ARRAY` and `USER-DEFINED`.
    pub sql_type: Option<String>,
}

impl Column {
    /// A column of a type without parameters.
    pub fn new(name: impl Into<String>, dtype: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            dtype: dtype.into(),
            char_size: None,
            numeric_precision: None,
            numeric_scale: None,
            sql_type: None,
        }
    }

    /// The name in double quotes, as dbt writes it.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }

    fn is_type(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.dtype.eq_ignore_ascii_case(name))
    }

    /// Whether it holds text.
    pub fn is_string(&self) -> bool {
        self.is_type(&["text", "character varying", "character", "varchar"])
    }

    /// Whether it holds whole numbers.
    pub fn is_integer(&self) -> bool {
        self.is_type(&[
            "smallint",
            "integer",
            "bigint",
            "smallserial",
            "serial",
            "bigserial",
            "int2",
            "int4",
            "int8",
            "serial2",
            "serial4",
            "serial8",
        ])
    }

    /// Whether it holds exact decimal numbers.
    pub fn is_numeric(&self) -> bool {
        self.is_type(&["numeric", "decimal"])
    }

    /// Whether it holds floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.is_type(&["real", "float4", "float", "double precision", "float8", "double"])
    }

    /// The longest text it takes; dbt counts unlimited text as 256. `None` when it holds
    /// something else.
    pub fn string_size(&self) -> Option<i64> {
        let size = if self.dtype == "text" { 256 } else { self.char_size.unwrap_or(256) };
        self.is_string().then_some(size)
    }

    /// The type as written in SQL.
    pub fn data_type(&self) -> String {
        if let (Some(sql_type), "ARRAY" | "USER-DEFINED") = (&self.sql_type, self.dtype.as_str()) {
            return sql_type.clone();
        }
        let unlimited = self.is_type(&["text"])
            || (self.is_type(&["character varying"]) && self.char_size.is_none());
        match self.string_size() {
            Some(size) if !unlimited => string_type(size),
            None if self.is_numeric() => {
                numeric_type(&self.dtype, self.numeric_precision, self.numeric_scale)
            }
            _ => self.dtype.clone(),
        }
    }

    /// Whether it is text that must grow to hold the other's.
    pub fn can_expand_to(&self, other: &Self) -> bool {
        matches!((self.string_size(), other.string_size()), (Some(own), Some(goal)) if goal > own)
    }

    /// The column as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }

    /// `api.Column(column, dtype, char_size, numeric_precision, numeric_scale)`.
    pub(super) fn from_args(args: Args) -> Result<Self> {
        let ([name, dtype], [size, precision, scale, sql_type]) = args.bind(
            "Column",
            ["column", "dtype"],
            ["char_size", "numeric_precision", "numeric_scale", "sql_type"],
        )?;
        let number = |value: Option<Value>| value.and_then(|value| value.as_int());
        Ok(Self {
            char_size: number(size),
            numeric_precision: number(precision),
            numeric_scale: number(scale),
            sql_type: sql_type.as_ref().and_then(Value::as_str).map(str::to_owned),
            ..Self::new(name.to_string(), dtype.to_string())
        })
    }
}

/// The type for text of at most this length.
pub fn string_type(size: i64) -> String {
    format!("character varying({size})")
}

fn numeric_type(dtype: &str, precision: Option<i64>, scale: Option<i64>) -> String {
    match (precision, scale) {
        (Some(precision), Some(scale)) => format!("{dtype}({precision},{scale})"),
        _ => dtype.to_owned(),
    }
}

/// The database's name of a type that dbt names for all databases.
pub fn translate_type(name: &str) -> &str {
    if name.eq_ignore_ascii_case("string") { "TEXT" } else { name }
}

/// The same as a dict.
fn type_labels() -> Value {
    Value::dict([("STRING", Value::from(translate_type("string")))])
}

/// Splits `name(size)` or `name(precision,scale)`.
fn from_description(name: &str, described: &str) -> Result<Column> {
    let wrong = || Error::value_error(format!("Could not interpret data type \"{described}\""));
    let (dtype, parameters) = match described.split_once('(') {
        Some((dtype, rest)) => (dtype, rest.split_once(')').map(|(inside, _)| inside)),
        None => (described, None),
    };
    if dtype.is_empty() {
        return Err(wrong());
    }
    let mut column = Column::new(name, dtype);
    let numbers: Vec<i64> = match parameters {
        Some(list) => list
            .split(',')
            .map(|number| number.trim().parse().map_err(|_| wrong()))
            .collect::<Result<_>>()?,
        None => Vec::new(),
    };
    match numbers.as_slice() {
        [size] => column.char_size = Some(*size),
        [precision, scale] => {
            column.numeric_precision = Some(*precision);
            column.numeric_scale = Some(*scale);
        }
        _ => {}
    }
    Ok(column)
}

const CLASS_METHODS: [&str; 5] =
    ["create", "translate_type", "string_type", "numeric_type", "from_description"];

fn call_class_method(name: &str, args: Args) -> Result<Option<Value>> {
    Ok(Some(match name {
        "create" => {
            let ([name, label], []) = args.bind("create", ["name", "label_or_dtype"], [])?;
            Column::new(name.to_string(), translate_type(&label.to_string())).into_value()
        }
        "translate_type" => {
            let ([dtype], []) = args.bind("translate_type", ["dtype"], [])?;
            Value::from(translate_type(&dtype.to_string()))
        }
        "string_type" => {
            let ([size], []) = args.bind("string_type", ["size"], [])?;
            Value::from(format!("character varying({size})"))
        }
        "numeric_type" => {
            let ([dtype, precision, scale], []) =
                args.bind("numeric_type", ["dtype", "precision", "scale"], [])?;
            Value::from(if precision.is_none() || scale.is_none() {
                dtype.to_string()
            } else {
                format!("{dtype}({precision},{scale})")
            })
        }
        "from_description" => {
            let ([name, described], []) =
                args.bind("from_description", ["name", "raw_data_type"], [])?;
            from_description(&name.to_string(), &described.to_string())?.into_value()
        }
        _ => return Ok(None),
    }))
}

fn no_method(name: &str) -> Error {
    Error::attribute_error("PostgresColumn", name)
}

impl Object for Column {
    fn type_name(&self) -> &'static str {
        "PostgresColumn"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(Some(match name {
            "name" | "column" => Value::from(&self.name),
            "dtype" => Value::from(&self.dtype),
            "char_size" => Value::from(self.char_size),
            "numeric_precision" => Value::from(self.numeric_precision),
            "numeric_scale" => Value::from(self.numeric_scale),
            "quoted" => Value::from(self.quoted()),
            "data_type" | "expanded_data_type" => Value::from(self.data_type()),
            "TYPE_LABELS" => type_labels(),
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        CLASS_METHODS.contains(&name)
            || matches!(
                name,
                "is_string"
                    | "is_number"
                    | "is_float"
                    | "is_integer"
                    | "is_numeric"
                    | "string_size"
                    | "can_expand_to"
                    | "literal"
            )
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        Ok(match name {
            "is_string" => Value::from(self.is_string()),
            "is_integer" => Value::from(self.is_integer()),
            "is_numeric" => Value::from(self.is_numeric()),
            "is_float" => Value::from(self.is_float()),
            "is_number" => Value::from(self.is_integer() || self.is_numeric() || self.is_float()),
            "string_size" => self
                .string_size()
                .map(Value::from)
                .ok_or_else(|| Error::value_error("Called string_size() on non-string field!"))?,
            "can_expand_to" => {
                let ([other], []) = args.bind("can_expand_to", ["other_column"], [])?;
                let other = other.downcast::<Self>().ok_or_else(|| {
                    Error::type_error(format!(
                        "can_expand_to() takes a column, not '{}'",
                        other.type_name()
                    ))
                })?;
                Value::from(self.can_expand_to(other))
            }
            "literal" => {
                let ([value], []) = args.bind("literal", ["value"], [])?;
                Value::from(format!("{value}::{}", self.data_type()))
            }
            _ => return call_class_method(name, args)?.ok_or_else(|| no_method(name)),
        })
    }

    fn repr(&self) -> String {
        format!(
            "PostgresColumn(column={}, dtype={}, char_size={}, numeric_precision={}, \
             numeric_scale={})",
            Value::from(&self.name).repr(),
            Value::from(&self.dtype).repr(),
            Value::from(self.char_size).repr(),
            Value::from(self.numeric_precision).repr(),
            Value::from(self.numeric_scale).repr()
        )
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(other.downcast::<Self>() == Some(self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `api.Column`.
#[derive(Debug, Clone, Copy)]
pub struct ColumnClass;

impl Object for ColumnClass {
    fn type_name(&self) -> &'static str {
        "type"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok((name == "TYPE_LABELS").then(type_labels))
    }

    fn has_method(&self, name: &str) -> bool {
        CLASS_METHODS.contains(&name)
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        call_class_method(name, args)?.ok_or_else(|| no_method(name))
    }

    fn call(&self, _: &mut State<'_>, args: Args) -> Result<Value> {
        Column::from_args(args).map(Column::into_value)
    }

    fn is_callable(&self) -> bool {
        true
    }

    fn repr(&self) -> String {
        "<class 'dbt.adapters.postgres.column.PostgresColumn'>".to_owned()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_dbt_does() {
        let varchar = Column { char_size: Some(20), ..Column::new("a", "character varying") };
        assert_eq!(varchar.data_type(), "character varying(20)");
        assert_eq!(Column::new("a", "character varying").data_type(), "character varying");
        assert_eq!(Column::new("a", "character").data_type(), "character varying(256)");
        assert_eq!(Column::new("a", "text").data_type(), "text");
        let numeric = Column {
            numeric_precision: Some(10),
            numeric_scale: Some(2),
            ..Column::new("a", "numeric")
        };
        assert_eq!(numeric.data_type(), "numeric(10,2)");
        assert_eq!(Column::new("a", "numeric").data_type(), "numeric");
        let array = Column { sql_type: Some("integer[]".into()), ..Column::new("a", "ARRAY") };
        assert_eq!(array.data_type(), "integer[]");
    }

    #[test]
    fn text_grows_only_to_longer_text() {
        let size = |size| Column { char_size: Some(size), ..Column::new("a", "varchar") };
        assert!(size(10).can_expand_to(&size(20)));
        assert!(!size(20).can_expand_to(&size(10)));
        assert!(size(10).can_expand_to(&Column::new("a", "text")));
        assert!(!size(10).can_expand_to(&Column::new("a", "integer")));
    }

    #[test]
    fn descriptions_are_split() {
        let column = from_description("a", "numeric(10, 2)").unwrap();
        assert_eq!((column.numeric_precision, column.numeric_scale), (Some(10), Some(2)));
        assert_eq!(from_description("a", "varchar(5)").unwrap().char_size, Some(5));
        assert!(from_description("a", "varchar(x)").is_err());
    }
}
