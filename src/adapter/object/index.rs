//! `adapter.parse_index`: one entry of a model's `indexes:`
//! (<https://docs.getdbt.com/reference/resource-configs/postgres-configs#indexes>).

use std::any::Any;

use jiff::Timestamp;
use md5::{Digest, Md5};

use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Object, Result, State, Value};

/// An index to create.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IndexConfig {
    columns: Vec<String>,
    unique: bool,
    method: Option<String>,
}

pub(super) fn parse(args: Args) -> Result<Value> {
    let ([raw], []) = args.bind("parse_index", ["raw_index"], [])?;
    let Value::Dict(dict) = &raw else {
        if raw.is_none() {
            return Ok(Value::None);
        }
        return Err(invalid(format!(
            "Invalid index config:\n  Got: {}\n  Expected a dictionary with at minimum a \
             \"columns\" key",
            raw.repr()
        )));
    };
    let wrong = |path: &str, message: String| {
        invalid(format!("Could not parse index config: at path [{path}]: {message}"))
    };
    let columns = match dict.get_str("columns") {
        Some(Value::List(columns)) => columns.snapshot().iter().map(ToString::to_string).collect(),
        Some(Value::Tuple(columns)) => columns.iter().map(ToString::to_string).collect(),
        Some(other) => {
            return Err(wrong("'columns'", format!("{} is not of type 'array'", other.repr())));
        }
        None => return Err(wrong("", "'columns' is a required property".to_owned())),
    };
    let unique = match dict.get_str("unique") {
        Some(Value::Bool(unique)) => unique,
        Some(other) => {
            return Err(wrong("'unique'", format!("{} is not of type 'boolean'", other.repr())));
        }
        None => false,
    };
    for key in dict.keys() {
        if !matches!(key.as_str(), Some("columns" | "unique" | "type")) {
            return Err(invalid(format!(
                "Could not parse index config: unknown key {}; known are columns, unique and type",
                key.repr()
            )));
        }
    }
    let method = dict.get_str("type").filter(|value| !value.is_none());
    Ok(Value::object(IndexConfig {
        columns,
        unique,
        method: method.map(|method| method.to_string()),
    }))
}

fn invalid(message: String) -> crate::jinja::Error {
    Diagnostic::new(Code::ConfigInvalid, message).into()
}

impl IndexConfig {
    /// A name that no index has: the index of the relation before may still exist.
    fn name(&self, relation: &str) -> String {
        let parts = [
            self.columns.join("_"),
            relation.to_owned(),
            self.unique.to_string(),
            self.method.clone().unwrap_or_default(),
            Timestamp::now().to_string(),
        ];
        format!("{:x}", Md5::digest(parts.join("_")))
    }
}

impl Object for IndexConfig {
    fn type_name(&self) -> &'static str {
        "PostgresIndexConfig"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok(match name {
            "columns" => Some(Value::from(self.columns.clone())),
            "unique" => Some(Value::from(self.unique)),
            "type" => Some(Value::from(self.method.clone())),
            _ => None,
        })
    }

    fn has_method(&self, name: &str) -> bool {
        name == "render"
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        let ([relation], []) = args.bind(name, ["relation"], [])?;
        Ok(Value::from(self.name(&relation.to_string())))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: Vec<(&str, Value)>) -> Result<Value> {
        parse(Args::positional([Value::dict(entries)]))
    }

    #[test]
    fn an_index_has_columns() {
        let index = parsed(vec![("columns", Value::from(vec!["a", "b"])), ("unique", true.into())]);
        let index = index.unwrap();
        let index = index.downcast::<IndexConfig>().unwrap();
        assert_eq!((index.columns.len(), index.unique, index.method.as_deref()), (2, true, None));
        assert_eq!(index.name("t").len(), 32);
        assert!(parsed(vec![("unique", true.into())]).is_err());
        assert!(parsed(vec![("columns", Value::from(vec!["a"])), ("typo", true.into())]).is_err());
        assert!(parse(Args::positional([Value::from("a")])).is_err());
    }
}
