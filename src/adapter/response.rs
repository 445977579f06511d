//! What the server says of a statement: dbt's `AdapterResponse`.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

use serde_json::{Map, Value as Json};

use super::session::Session;
use crate::diagnostic::Result;
use crate::jinja::{self, Object, State, Value};
use crate::postgres::ResultSet;

/// The outcome of a statement, as in `run_results.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdapterResponse {
    /// The command tag, such as `SELECT 1234` or `CREATE VIEW`.
    pub message: String,
    /// The tag without numbers.
    pub code: Option<String>,
    /// Rows read or written; -1 when the tag does not say.
    pub rows_affected: Option<i64>,
}

impl AdapterResponse {
    /// As dbt-postgres reads a cursor: the last command of a text counts.
    pub(super) fn from_result(result: Option<&ResultSet>) -> Self {
        let Some(result) = result else {
            return Self { rows_affected: Some(-1), ..Self::default() };
        };
        let rows = result.tag.rows().and_then(|rows| i64::try_from(rows).ok());
        Self {
            message: result.tag.as_str().to_owned(),
            code: Some(result.tag.verb()),
            rows_affected: Some(rows.unwrap_or(-1)),
        }
    }

    /// The JSON form of `adapter_response` in artifacts.
    pub fn to_json(&self) -> Map<String, Json> {
        let mut map = Map::new();
        map.insert("_message".into(), self.message.clone().into());
        if let Some(code) = &self.code {
            map.insert("code".into(), code.clone().into());
        }
        if let Some(rows) = self.rows_affected {
            map.insert("rows_affected".into(), rows.into());
        }
        map
    }
}

/// A response that may not have arrived yet. Asking for it sends what waits.
#[derive(Debug, Clone)]
pub struct Response(Arc<Cell>);

#[derive(Debug, Default)]
struct Cell {
    value: OnceLock<AdapterResponse>,
    session: Weak<Session>,
}

impl Response {
    /// A response that is known.
    pub fn ready(response: AdapterResponse) -> Self {
        Self(Arc::new(Cell { value: OnceLock::from(response), session: Weak::new() }))
    }

    /// A response that the session will fill in.
    pub(super) fn pending(session: Weak<Session>) -> Self {
        Self(Arc::new(Cell { value: OnceLock::new(), session }))
    }

    pub(super) fn fill(&self, response: AdapterResponse) {
        // A statement is answered once.
        let _ = self.0.value.set(response);
    }

    /// The response. Empty for a statement that was never sent, because one before it
    /// failed.
    ///
    /// # Errors
    /// The failure of this statement or of one that was sent with it.
    pub fn get(&self) -> Result<AdapterResponse> {
        if self.0.value.get().is_none()
            && let Some(session) = self.0.session.upgrade()
        {
            session.flush()?;
        }
        Ok(self.0.value.get().cloned().unwrap_or_default())
    }

    /// The response for text, which cannot fail: a failure shows at the session's next use.
    fn settled(&self) -> AdapterResponse {
        if self.0.value.get().is_none()
            && let Some(session) = self.0.session.upgrade()
        {
            session.settle();
        }
        self.0.value.get().cloned().unwrap_or_default()
    }

    /// The response as a value for templates.
    pub fn into_value(self) -> Value {
        Value::object(self)
    }
}

impl Object for Response {
    fn type_name(&self) -> &'static str {
        "AdapterResponse"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> jinja::Result<Option<Value>> {
        Ok(match name {
            "code" => Some(self.get()?.code.into()),
            "rows_affected" => Some(self.get()?.rows_affected.into()),
            "query_id" => Some(Value::None),
            _ => None,
        })
    }

    fn truthy(&self) -> bool {
        true
    }

    fn to_str(&self) -> String {
        self.settled().message
    }

    fn repr(&self) -> String {
        let response = self.settled();
        format!(
            "AdapterResponse(_message={}, code={}, rows_affected={}, query_id=None)",
            Value::from(response.message).repr(),
            Value::from(response.code).repr(),
            Value::from(response.rows_affected).repr()
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
