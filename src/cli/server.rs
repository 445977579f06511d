//! The server that a profile means: the user's, or the embedded one.

use super::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::embedded::{self, EmbeddedOptions, Server as EmbeddedServer, Step};
use crate::event::{Event, Sink};
use crate::postgres::{ConnectOptions, Error, Pool};
use crate::project::{Credentials, EmbeddedTarget, Env, Profile, TargetSource};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A server to run on. The embedded one is in use until this is dropped.
#[derive(Debug)]
pub struct Server {
    /// How to connect.
    pub options: ConnectOptions,
    embedded: Option<EmbeddedServer>,
}

impl Server {
    /// The server of a profile. The embedded one is started if need be, and named in one line.
    pub fn of(profile: &Profile, session: &Session) -> Result<Self> {
        match &profile.source {
            TargetSource::Server(credentials) => {
                Ok(Self { options: connect_options(credentials)?, embedded: None })
            }
            TargetSource::Embedded(target) => {
                let options = options_of(target, session)?;
                Self::embedded(&options, target, session.report.as_ref())
            }
        }
    }

    fn embedded(
        options: &EmbeddedOptions,
        target: &EmbeddedTarget,
        sink: &dyn Sink,
    ) -> Result<Self> {
        let server = start(options, sink)?;
        let mut options = server.connect_options();
        options.search_path.clone_from(&target.search_path);
        Ok(Self { options, embedded: Some(server) })
    }

    /// Ends the use of the embedded server; it stops when nobody else uses it.
    pub fn close(self) -> Result<()> {
        match self.embedded {
            Some(server) => server.close().map(|_| ()),
            None => Ok(()),
        }
    }
}

/// Sessions with the server of a profile. The embedded one is started when the first of them is
/// asked for, and is in use until this is dropped.
#[derive(Debug)]
pub struct LateServer {
    /// The sessions.
    pub pool: Pool,
    started: Arc<Mutex<Option<Server>>>,
}

impl LateServer {
    /// The server of a profile.
    pub fn of(profile: &Profile, session: &Session) -> Result<Self> {
        let started: Arc<Mutex<Option<Server>>> = Arc::default();
        let pool = match &profile.source {
            TargetSource::Server(credentials) => Pool::new(connect_options(credentials)?),
            TargetSource::Embedded(target) => {
                let options = options_of(target, session)?;
                let (target, report) = (target.clone(), Arc::clone(&session.report));
                let kept = Arc::clone(&started);
                Pool::late(move || {
                    let server = Server::embedded(&options, &target, report.as_ref());
                    let server = server.map_err(Error::Server)?;
                    let options = server.options.clone();
                    *kept.lock() = Some(server);
                    Ok(options)
                })
            }
        };
        Ok(Self { pool, started })
    }

    /// Ends the use of the embedded server; it stops when nobody else uses it.
    pub fn close(self) -> Result<()> {
        let server = self.started.lock().take();
        server.map_or(Ok(()), Server::close)
    }
}

/// How the embedded server of a target is run.
fn options_of(target: &EmbeddedTarget, session: &Session) -> Result<EmbeddedOptions> {
    let root = &session.settings.load.project_dir;
    let database = Some(target.database.clone());
    Ok(EmbeddedOptions { database, ..embedded_options(root, &session.settings.env)? })
}

/// Starts or joins the embedded server and says where it is.
pub fn start(options: &EmbeddedOptions, sink: &dyn Sink) -> Result<EmbeddedServer> {
    let server = embedded::ensure(options, &mut |step| {
        sink.emit(Event::note(match step {
            Step::Fetching(package) => format!("Fetching PostgreSQL: {package}"),
            Step::Initialising => "Making the embedded PostgreSQL server".to_owned(),
            Step::Starting => return,
        }));
    })?;
    sink.emit(Event::EmbeddedServer {
        version: server.version.clone(),
        directory: server.data_dir.display().to_string(),
        url: server.url(),
        started: server.started_by_us,
    });
    Ok(server)
}

/// Where the embedded server of a project is, and which programs it runs
/// (`GDBT_POSTGRES_BIN`, `GDBT_POSTGRES_VERSION`).
pub fn embedded_options(project_dir: &Path, env: &Env) -> Result<EmbeddedOptions> {
    let set = |name: &str| env.get(name).filter(|value| !value.is_empty());
    let version = set("GDBT_POSTGRES_VERSION").map(|text| {
        text.parse().map_err(|_| {
            let message = format!("GDBT_POSTGRES_VERSION: '{text}' is not a major version");
            Diagnostic::new(Code::BadArgument, message).with_help("Such as 15.")
        })
    });
    let project = if project_dir.as_os_str().is_empty() { Path::new(".") } else { project_dir };
    let root = project.canonicalize().map_err(|error| Diagnostic::io(project, &error))?;
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(set("HOME")?).join(".cache")));
    Ok(EmbeddedOptions {
        project_root: root,
        bin_dir: set("GDBT_POSTGRES_BIN").map(PathBuf::from),
        version: version.transpose()?,
        search_path: set("PATH").map(Into::into),
        cache_dir: cache.map(|folder| folder.join("gdbt")),
        database: None,
        keep: false,
        identity: None,
    })
}

fn connect_options(credentials: &Credentials) -> Result<ConnectOptions> {
    let path = |path: &Option<String>| path.as_ref().map(PathBuf::from);
    let mut options = ConnectOptions::new(
        credentials.host.clone(),
        credentials.port,
        credentials.user.clone(),
        credentials.database.clone(),
    );
    if let Some(mode) = &credentials.sslmode {
        options.sslmode =
            mode.parse().map_err(|error: String| Diagnostic::new(Code::ProfileInvalid, error))?;
    }
    options.password = credentials.password.clone();
    options.password_command.clone_from(&credentials.password_command);
    options.sslcert = path(&credentials.sslcert);
    options.sslkey = path(&credentials.sslkey);
    options.sslrootcert = path(&credentials.sslrootcert);
    options.connect_timeout = Duration::from_secs(u64::from(credentials.connect_timeout));
    options.keepalives_idle = Duration::from_secs(u64::from(credentials.keepalives_idle));
    options.search_path.clone_from(&credentials.search_path);
    options.role.clone_from(&credentials.role);
    options.application_name.clone_from(&credentials.application_name);
    options.retries = credentials.retries;
    Ok(options)
}
