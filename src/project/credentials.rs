//! How to reach the server: the keys of a dbt-postgres target
//! (<https://docs.getdbt.com/docs/core/connect-data-platform/postgres-setup>).

use super::secret::Secret;
use super::yaml::{Fields, Node, Source};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::Value;

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Host name, address, or a folder with a Unix socket.
    pub host: String,
    /// TCP port, also part of a Unix socket's name.
    pub port: u16,
    /// The role that logs in.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// A program that prints the password.
    pub password_command: Option<String>,
    /// The database.
    pub database: String,
    /// The schema that relations go to unless their config says otherwise.
    pub schema: String,
    /// Seconds to wait for each address; zero waits for ever.
    pub connect_timeout: u32,
    /// The role to switch to after login.
    pub role: Option<String>,
    /// `search_path` of the session.
    pub search_path: Option<String>,
    /// Idle seconds before TCP keepalives; zero is the system's default.
    pub keepalives_idle: u32,
    /// libpq's `sslmode`, as written.
    pub sslmode: Option<String>,
    /// File with the client's certificate.
    pub sslcert: Option<String>,
    /// File with the client's key.
    pub sslkey: Option<String>,
    /// File with trusted authorities.
    pub sslrootcert: Option<String>,
    /// `application_name` of the session.
    pub application_name: Option<String>,
    /// How many times to try again when connecting fails.
    pub retries: u32,
}

/// The embedded server, which gdbt runs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedTarget {
    /// The database.
    pub database: String,
    /// The schema that relations go to unless their config says otherwise.
    pub schema: String,
    /// `search_path` of the session.
    pub search_path: Option<String>,
}

impl Default for EmbeddedTarget {
    fn default() -> Self {
        Self { database: "gdbt".to_owned(), schema: "public".to_owned(), search_path: None }
    }
}

/// Where a run's statements go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSource {
    /// A server of the user's.
    Server(Box<Credentials>),
    /// A private server that gdbt starts.
    Embedded(EmbeddedTarget),
}

const REQUIRED: &[&str] = &["database", "schema", "host", "user", "port", "password"];
const OPTIONAL: &[&str] = &[
    "dbname",
    "pass",
    "password_command",
    "connect_timeout",
    "role",
    "search_path",
    "keepalives_idle",
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "application_name",
    "autocommit",
    "retries",
    "type",
    "threads",
    "embedded",
];
/// What a target on the embedded server may say.
const EMBEDDED: &[&str] =
    &["type", "threads", "embedded", "schema", "database", "dbname", "search_path"];

/// A rendered target of a profile, being read.
pub(super) struct TargetReader<'a> {
    pub(super) source: &'a Source,
    pub(super) node: &'a Node,
    pub(super) profile: &'a str,
    pub(super) target: &'a str,
}

impl TargetReader<'_> {
    /// Reads the target.
    ///
    /// # Errors
    /// `ProfileInvalid` with dbt's words for the first mistake.
    pub(super) fn read(&self) -> Result<TargetSource> {
        let what = format!("target '{}'", self.target);
        let fields = Fields::of(self.source, self.node, what)?.with_code(Code::ProfileInvalid);
        self.check_type(&fields)?;
        if fields.flag("embedded")?.unwrap_or(false) {
            return self.embedded(&fields).map(TargetSource::Embedded);
        }
        self.server(&fields).map(Box::new).map(TargetSource::Server)
    }

    fn check_type(&self, fields: &Fields<'_>) -> Result<()> {
        let Some(kind) = fields.get("type") else {
            let message = format!(
                "required field \"type\" not found in profile {} and target {}",
                self.profile, self.target
            );
            return Err(fields.error(message).with_help("Add `type: postgres`."));
        };
        if kind.as_str() == Some("postgres") {
            return Ok(());
        }
        let shown = kind.scalar_text().unwrap_or_default();
        Err(self
            .invalid(fields, Some(kind), &format!("Could not find adapter type {shown}!"))
            .with_help("gdbt runs on PostgreSQL only: `type: postgres`."))
    }

    fn embedded(&self, fields: &Fields<'_>) -> Result<EmbeddedTarget> {
        self.check_keys(fields, EMBEDDED)?;
        let default = EmbeddedTarget::default();
        let text = |key: &str| Ok::<_, Box<Diagnostic>>(fields.text(key)?.map(str::to_owned));
        let database = match text("database")? {
            Some(database) => Some(database),
            None => text("dbname")?,
        };
        Ok(EmbeddedTarget {
            database: database.unwrap_or(default.database),
            schema: text("schema")?.unwrap_or(default.schema),
            search_path: text("search_path")?,
        })
    }

    fn server(&self, fields: &Fields<'_>) -> Result<Credentials> {
        for (alias, key) in [("dbname", "database"), ("pass", "password")] {
            if let (Some(node), Some(_)) = (fields.map().get(alias), fields.map().get(key)) {
                let message = format!("Got duplicate keys: ({alias}) all map to \"{key}\"");
                return Err(self.invalid(fields, Some(node), &message));
            }
        }
        let known: Vec<&str> = REQUIRED.iter().chain(OPTIONAL).copied().collect();
        self.check_keys(fields, &known)?;
        for key in REQUIRED {
            let by_command = *key == "password" && fields.get("password_command").is_some();
            if find(fields, key).is_none() && !by_command {
                let message = format!("'{key}' is a required property");
                return Err(self.invalid(fields, None, &message));
            }
        }
        if fields.flag("autocommit")?.unwrap_or(false) {
            let message = "`autocommit: true` is not supported: gdbt swaps relations in \
                           transactions";
            return Err(Diagnostic::new(Code::Unsupported, message)
                .with_span(self.source.span(self.node.place)));
        }
        Ok(Credentials {
            host: self.text(fields, "host")?.unwrap_or_default(),
            port: self.number(fields, "port")?.unwrap_or_default(),
            user: self.text(fields, "user")?.unwrap_or_default(),
            password: Secret::new(self.text(fields, "password")?.unwrap_or_default()),
            password_command: self.text(fields, "password_command")?,
            database: self.text(fields, "database")?.unwrap_or_default(),
            schema: self.text(fields, "schema")?.unwrap_or_default(),
            connect_timeout: self.number(fields, "connect_timeout")?.unwrap_or(10),
            role: self.text(fields, "role")?,
            search_path: self.text(fields, "search_path")?,
            keepalives_idle: self.number(fields, "keepalives_idle")?.unwrap_or(0),
            sslmode: self.text(fields, "sslmode")?,
            sslcert: self.text(fields, "sslcert")?,
            sslkey: self.text(fields, "sslkey")?,
            sslrootcert: self.text(fields, "sslrootcert")?,
            application_name: match fields.map().get("application_name") {
                None => Some("dbt".to_owned()),
                Some(_) => self.text(fields, "application_name")?,
            },
            retries: self.number(fields, "retries")?.unwrap_or(1),
        })
    }

    fn check_keys(&self, fields: &Fields<'_>, known: &[&str]) -> Result<()> {
        let unknown = fields.unknown_keys(known, |key| {
            self.message(&format!("Additional properties are not allowed ('{key}' was unexpected)"))
        });
        let Some(first) = unknown.into_iter().next().map(Box::new) else { return Ok(()) };
        Err(if known == EMBEDDED {
            first.with_help(
                "A target with `embedded: true` only takes schema, dbname, search_path and \
                 threads.",
            )
        } else {
            first
        })
    }

    fn text(&self, fields: &Fields<'_>, key: &str) -> Result<Option<String>> {
        let Some(node) = find(fields, key) else { return Ok(None) };
        let wrong = || {
            // Never show a password, whatever its type.
            let shown = match key {
                "password" => "the password".to_owned(),
                _ => node.scalar_text().unwrap_or_else(|| node.kind().to_owned()),
            };
            self.invalid(fields, Some(node), &format!("{shown} is not of type 'string'"))
                .with_help(format!("Quote the value of `{key}`."))
        };
        node.as_str().map(|text| Some(text.to_owned())).ok_or_else(wrong)
    }

    fn number<T: TryFrom<i64>>(&self, fields: &Fields<'_>, key: &str) -> Result<Option<T>> {
        let Some(node) = find(fields, key) else { return Ok(None) };
        let wrong = |problem: &str| {
            let quote = if node.as_str().is_some() { "'" } else { "" };
            let shown = node.scalar_text().unwrap_or_else(|| node.kind().to_owned());
            self.invalid(fields, Some(node), &format!("{quote}{shown}{quote} {problem}"))
        };
        let number = node.as_int().ok_or_else(|| {
            wrong("is not of type 'integer'")
                .with_help(format!("Write `{key}` without quotes; after Jinja, add `| as_number`."))
        })?;
        T::try_from(number).map(Some).map_err(|_| wrong("is out of range"))
    }

    fn message(&self, problem: &str) -> String {
        format!(
            "Credentials in profile \"{}\", target \"{}\" invalid: {problem}",
            self.profile, self.target
        )
    }

    fn invalid(&self, fields: &Fields<'_>, node: Option<&Node>, problem: &str) -> Box<Diagnostic> {
        let message = self.message(problem);
        match node {
            Some(node) => fields.error_at(node, message),
            None => fields.error(message),
        }
    }
}

/// The value of a key under its own name or its alias.
fn find<'f>(fields: &Fields<'f>, key: &str) -> Option<&'f Node> {
    let alias = match key {
        "database" => Some("dbname"),
        "password" => Some("pass"),
        _ => None,
    };
    fields.get(key).or_else(|| fields.get(alias?))
}

impl TargetSource {
    /// The default schema.
    pub fn schema(&self) -> &str {
        match self {
            Self::Server(credentials) => &credentials.schema,
            Self::Embedded(target) => &target.schema,
        }
    }

    /// The database.
    pub fn database(&self) -> &str {
        match self {
            Self::Server(credentials) => &credentials.database,
            Self::Embedded(target) => &target.database,
        }
    }

    /// The connection's part of the `target` that templates see; the password is not there.
    pub(super) fn template_values(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &Option<String>| text.as_ref().map_or(Value::None, Value::str);
        let int = |number: u32| Value::Int(i64::from(number));
        let (embedded, server);
        let credentials = match self {
            Self::Server(credentials) => {
                server = credentials;
                &**server
            }
            Self::Embedded(target) => {
                embedded = Credentials {
                    host: String::new(),
                    port: 5432,
                    user: String::new(),
                    password: Secret::default(),
                    password_command: None,
                    database: target.database.clone(),
                    schema: target.schema.clone(),
                    connect_timeout: 10,
                    role: None,
                    search_path: target.search_path.clone(),
                    keepalives_idle: 0,
                    sslmode: None,
                    sslcert: None,
                    sslkey: None,
                    sslrootcert: None,
                    application_name: Some("dbt".to_owned()),
                    retries: 1,
                };
                &embedded
            }
        };
        vec![
            ("host", Value::str(&credentials.host)),
            ("port", Value::Int(i64::from(credentials.port))),
            ("user", Value::str(&credentials.user)),
            ("database", Value::str(&credentials.database)),
            ("schema", Value::str(&credentials.schema)),
            ("connect_timeout", int(credentials.connect_timeout)),
            ("role", text(&credentials.role)),
            ("search_path", text(&credentials.search_path)),
            ("keepalives_idle", int(credentials.keepalives_idle)),
            ("sslmode", text(&credentials.sslmode)),
            ("sslcert", text(&credentials.sslcert)),
            ("sslkey", text(&credentials.sslkey)),
            ("sslrootcert", text(&credentials.sslrootcert)),
            ("application_name", text(&credentials.application_name)),
            ("autocommit", Value::Bool(false)),
            ("retries", int(credentials.retries)),
            ("dbname", Value::str(&credentials.database)),
        ]
    }
}
