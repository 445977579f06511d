//! Where and how to connect: dbt-postgres' profile keys as one value.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::project::secret::Secret;

/// libpq's `sslmode`
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Never encrypt.
    Disable,
    /// Plain first; encrypt only when the server insists.
    Allow,
    /// Encrypt when the server can; else plain.
    #[default]
    Prefer,
    /// Always encrypt. The certificate's chain is checked only when `sslrootcert` exists.
    Require,
    /// Encrypt and check that a trusted authority signed the certificate.
    VerifyCa,
    /// As `verify-ca`, and the certificate must be for this host.
    VerifyFull,
}

impl SslMode {
    /// The name as written in a profile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl FromStr for SslMode {
    type Err = String;

    /// Reads a profile's value; the error names the value as libpq does.
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| format!("invalid sslmode value: \"{text}\""))
    }
}

/// Everything needed to open a session. The fields are dbt-postgres' profile keys with
/// its defaults; nothing is read from the environment, `~/.pgpass` or `~/.postgresql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Host name, IP address, or, when it starts with `/`, a directory with the server's
    /// Unix socket.
    pub host: String,
    /// TCP port; it also names the Unix socket.
    pub port: u16,
    /// The role that logs in.
    pub user: String,
    /// Its password; empty when there is none.
    pub password: Secret,
    /// A program that prints the password: a token that may be short-lived, so it is asked for
    /// each connection.
    pub password_command: Option<String>,
    /// The database.
    pub database: String,
    /// Whether and how strictly to encrypt. Ignored on Unix sockets, as libpq does.
    pub sslmode: SslMode,
    /// PEM file with the client's certificate chain.
    pub sslcert: Option<PathBuf>,
    /// PEM file with the client's unencrypted private key.
    pub sslkey: Option<PathBuf>,
    /// PEM file with trusted authorities, or `system` for the machine's trust store.
    pub sslrootcert: Option<PathBuf>,
    /// Limit for each address tried; zero waits for ever.
    pub connect_timeout: Duration,
    /// Idle time before TCP keepalives; zero keeps the system's default.
    pub keepalives_idle: Duration,
    /// `search_path` of the session.
    pub search_path: Option<String>,
    /// A role to switch to with `SET ROLE` after login.
    pub role: Option<String>,
    /// `application_name` of the session.
    pub application_name: Option<String>,
    /// How many times to try again when connecting fails.
    pub retries: u32,
}

impl ConnectOptions {
    /// Options with dbt-postgres' defaults and no password.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        user: impl Into<String>,
        database: impl Into<String>,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            user: user.into(),
            password: Secret::default(),
            password_command: None,
            database: database.into(),
            sslmode: SslMode::default(),
            sslcert: None,
            sslkey: None,
            sslrootcert: None,
            connect_timeout: Duration::from_secs(10),
            keepalives_idle: Duration::ZERO,
            search_path: None,
            role: None,
            application_name: Some("dbt".to_owned()),
            retries: 1,
        }
    }

    /// The path of the Unix socket when the host is a directory.
    pub fn unix_socket(&self) -> Option<PathBuf> {
        self.host
            .starts_with('/')
            .then(|| PathBuf::from(&self.host).join(format!(".s.PGSQL.{}", self.port)))
    }
}
