//! Constraints of a contract as DDL
//! (<https://docs.getdbt.com/reference/resource-properties/constraints>). PostgreSQL
//! enforces all of them.

use crate::diagnostic::{Code, Diagnostic};
use crate::jinja::{Args, Error, Result, State, Value};
use crate::postgres::quote::identifier as quoted;

/// `name type constraints` for each described column.
pub(super) fn of_columns(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([columns], []) = args.bind("render_raw_columns_constraints", ["raw_columns"], [])?;
    let values = match &columns {
        Value::Dict(columns) => columns.values(),
        other => other.iterate(state)?,
    };
    let mut rendered = Vec::with_capacity(values.len());
    for column in values {
        let mut field = |name: &str| column.get_item(state, &Value::from(name));
        let name = field("name")?.to_string();
        let name = if field("quote")?.truthy() { quoted(&name) } else { name };
        let mut parts = vec![format!("{name} {}", field("data_type")?)];
        let constraints = field("constraints")?;
        for constraint in constraints.iterate(state)? {
            let constraint = Constraint::read(state, &constraint)?;
            parts.extend(constraint.of_column());
        }
        rendered.push(parts.join(" "));
    }
    Ok(Value::from(rendered))
}

/// The constraints over several columns.
pub(super) fn of_model(state: &mut State<'_>, args: Args) -> Result<Value> {
    let ([constraints], []) = args.bind("render_raw_model_constraints", ["raw_constraints"], [])?;
    let mut rendered = Vec::new();
    for constraint in constraints.iterate(state)? {
        rendered.extend(Constraint::read(state, &constraint)?.of_model());
    }
    Ok(Value::from(rendered))
}

struct Constraint {
    kind: Kind,
    name: Option<String>,
    expression: Option<String>,
    columns: Vec<String>,
    to: Option<String>,
    to_columns: Vec<String>,
}

enum Kind {
    Check,
    NotNull,
    Unique,
    PrimaryKey,
    ForeignKey,
    Custom,
}

impl Constraint {
    fn read(state: &mut State<'_>, raw: &Value) -> Result<Self> {
        let mut field = |name: &str| -> Result<Option<Value>> {
            let value = raw.get_item(state, &Value::from(name))?;
            Ok((!value.is_undefined() && value.truthy()).then_some(value))
        };
        let kind = match field("type")?.map(|kind| kind.to_string()).as_deref() {
            Some("check") => Kind::Check,
            Some("not_null") => Kind::NotNull,
            Some("unique") => Kind::Unique,
            Some("primary_key") => Kind::PrimaryKey,
            Some("foreign_key") => Kind::ForeignKey,
            Some("custom") => Kind::Custom,
            _ => return Err(unreadable(raw)),
        };
        let name = field("name")?.map(|text| text.to_string());
        let expression = field("expression")?.map(|text| text.to_string());
        let to = field("to")?.map(|text| text.to_string());
        let (columns, to_columns) = (field("columns")?, field("to_columns")?);
        let mut texts = |list: Option<Value>| -> Result<Vec<String>> {
            let items = list.map_or(Ok(Vec::new()), |list| list.iterate(state))?;
            Ok(items.iter().map(ToString::to_string).collect())
        };
        Ok(Self {
            kind,
            name,
            expression,
            to,
            columns: texts(columns)?,
            to_columns: texts(to_columns)?,
        })
    }

    /// What a foreign key refers to.
    fn target(&self) -> Option<String> {
        match (&self.to, self.to_columns.is_empty()) {
            (Some(to), false) => Some(format!("{to} ({})", self.to_columns.join(", "))),
            _ => self.expression.clone(),
        }
    }

    fn of_column(&self) -> Option<String> {
        let with_expression = |word: &str| match &self.expression {
            Some(expression) => format!("{word} {expression}"),
            None => word.to_owned(),
        };
        match self.kind {
            Kind::Check => Some(format!("check ({})", self.expression.as_ref()?)),
            Kind::NotNull => Some(with_expression("not null")),
            Kind::Unique => Some(with_expression("unique")),
            Kind::PrimaryKey => Some(with_expression("primary key")),
            Kind::ForeignKey => Some(format!("references {}", self.target()?)),
            Kind::Custom => self.expression.clone(),
        }
    }

    fn of_model(&self) -> Option<String> {
        let prefix = self.name.as_ref().map_or(String::new(), |name| format!("constraint {name} "));
        let columns = self.columns.join(", ");
        let over_columns = |word: &str| match &self.expression {
            Some(expression) => format!("{prefix}{word} {expression} ({columns})"),
            None => format!("{prefix}{word} ({columns})"),
        };
        match self.kind {
            Kind::Check => Some(format!("{prefix}check ({})", self.expression.as_ref()?)),
            Kind::Unique => Some(over_columns("unique")),
            Kind::PrimaryKey => Some(over_columns("primary key")),
            Kind::ForeignKey => {
                Some(format!("{prefix}foreign key ({columns}) references {}", self.target()?))
            }
            Kind::Custom => Some(format!("{prefix}{}", self.expression.as_ref()?)),
            Kind::NotNull => None,
        }
    }
}

fn unreadable(raw: &Value) -> Error {
    let message = format!("Could not parse constraint: {}", raw.repr());
    Diagnostic::new(Code::ConfigInvalid, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(entries: Vec<(&str, Value)>) -> Value {
        Value::dict(entries)
    }

    #[test]
    fn columns_carry_their_constraints() {
        let column = Value::dict([
            ("name", Value::from("id")),
            ("quote", Value::from(true)),
            ("data_type", Value::from("int")),
            (
                "constraints",
                Value::list([
                    constraint(vec![("type", "not_null".into())]),
                    constraint(vec![("type", "check".into()), ("expression", "id > 0".into())]),
                    constraint(vec![
                        ("type", "foreign_key".into()),
                        ("to", "dim".into()),
                        ("to_columns", Value::from(vec!["k"])),
                    ]),
                ]),
            ),
        ]);
        let columns = Value::dict([("id", column)]);
        let rendered = of_columns(&mut State::new(&()), Args::positional([columns])).unwrap();
        assert_eq!(rendered.repr(), r#"['"id" int not null check (id > 0) references dim (k)']"#);
    }

    #[test]
    fn models_have_constraints_over_columns() {
        let key = constraint(vec![
            ("type", "primary_key".into()),
            ("name", "pk".into()),
            ("columns", Value::from(vec!["a", "b"])),
        ]);
        let rendered =
            of_model(&mut State::new(&()), Args::positional([Value::list([key])])).unwrap();
        assert_eq!(rendered.repr(), "['constraint pk primary key (a, b)']");
        let wrong = Value::list([constraint(vec![("type", "typo".into())])]);
        assert!(of_model(&mut State::new(&()), Args::positional([wrong])).is_err());
    }
}
