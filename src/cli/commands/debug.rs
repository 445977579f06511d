//! `gdbt debug`: the settings in force, and whether the server can be reached.

use crate::cli::ExitStatus;
use crate::cli::args::DebugArgs;
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Family};
use crate::event::Event;
use crate::postgres::Connection;
use crate::project::profiles::exposed_file;
use crate::project::version::DBT_VERSION;
use crate::project::{Profile, RawProject, TargetSource, Workspace};
use std::path::Path;

/// Checks the project, the profile and the connection. Exits with 1 if one fails. As in dbt, only
/// a warning that is to be an error and a template that fails are returned as errors.
pub fn run(args: &DebugArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let say = |message: String| session.emit(Event::DebugCmdOut { message });
    let profiles_dir = profiles_dir(session);
    if args.config_dir {
        say(format!("To view your profiles.yml file, run:\n\nls {profiles_dir}"));
        return Ok(ExitStatus::Success);
    }
    say(format!("gdbt version: {} (dbt {DBT_VERSION} compatible)", env!("CARGO_PKG_VERSION")));
    say(format!("os info: {} {}", std::env::consts::OS, std::env::consts::ARCH));
    say(format!("Using profiles dir at {profiles_dir}"));
    say(format!(
        "Using profiles.yml file at {}",
        Path::new(&profiles_dir).join("profiles.yml").display()
    ));
    let project_dir = &session.settings.load.project_dir;
    say(format!("Using dbt_project.yml file at {}", project_dir.join("dbt_project.yml").display()));
    say("adapter type: postgres".to_owned());
    let checks = Checks::new(session);
    if let Checks::Project(errors) = &checks
        && errors.iter().any(|error| {
            error.code == Code::WarningAsError || error.code.family() == Family::Compilation
        })
    {
        return Err(errors.clone());
    }
    if args.connection {
        say("Skipping steps before connection verification".to_owned());
    } else {
        let state = |check: Option<bool>| match check {
            Some(true) => "OK found and valid",
            Some(false) => "ERROR invalid",
            None => "ERROR not checked",
        };
        say("Configuration:".to_owned());
        say(format!("  profiles.yml file [{}]", state(checks.profile_is_valid())));
        say(format!("  dbt_project.yml file [{}]", state(checks.project_is_valid())));
        if let Some(file) = exposed_file(&session.settings.load.profile, &session.settings.env) {
            say(format!(
                "  {file} holds a password and others can read it: `chmod 600 {file}`, or take the \
                 password from the environment with env_var()",
                file = file.display()
            ));
        }
    }
    Ok(match checks {
        Checks::Project(errors) => failed(session, PROJECT_FAILED, errors),
        Checks::Profile(error) => {
            say("Connection test skipped since no profile was found".to_owned());
            let heading = missing_file(session).unwrap_or_else(|| PROFILE_FAILED.to_owned());
            failed(session, &heading, vec![*error])
        }
        Checks::Passed(workspace) => match connect(&workspace.profile, session) {
            Ok(()) => {
                say("All checks passed!".to_owned());
                ExitStatus::Success
            }
            Err(error) => failed(session, "The server cannot be reached:", vec![*error]),
        },
    })
}

const PROFILE_FAILED: &str = "Profile loading failed for the following reason:";
const PROJECT_FAILED: &str = "Project loading failed for the following reason:";

/// How far the project and its profile can be loaded.
enum Checks {
    /// The project is wrong; the profile may be, too.
    Project(Vec<Diagnostic>),
    /// The profile is wrong.
    Profile(Box<Diagnostic>),
    /// Both are right.
    Passed(Box<Workspace>),
}

impl Checks {
    fn new(session: &Session) -> Self {
        let load = &session.settings.load;
        match RawProject::read(&load.project_dir) {
            Err(error) => Self::Project(vec![*error]),
            Ok(project) => match load.profile_of(&project, &session.settings.env) {
                Err(error) => Self::Profile(error),
                Ok(_) => match session.workspace() {
                    Err(errors) => Self::Project(errors),
                    Ok(workspace) => Self::Passed(Box::new(workspace)),
                },
            },
        }
    }

    fn profile_is_valid(&self) -> Option<bool> {
        match self {
            Self::Project(_) => None,
            Self::Profile(_) => Some(false),
            Self::Passed(_) => Some(true),
        }
    }

    fn project_is_valid(&self) -> Option<bool> {
        match self {
            Self::Project(_) => Some(false),
            Self::Profile(_) => None,
            Self::Passed(_) => Some(true),
        }
    }
}

/// What dbt says when there is no profiles.yml where the command line says it is.
fn missing_file(session: &Session) -> Option<String> {
    let file = session.settings.load.profile.profiles_dir.as_ref()?.join("profiles.yml");
    let path = file.display();
    (!file.exists())
        .then(|| format!("gdbt looked for a profiles.yml file in {path}, but did not find one."))
}

fn connect(profile: &Profile, session: &Session) -> Result<(), Box<Diagnostic>> {
    let say = |message: String| session.emit(Event::DebugCmdOut { message });
    say("Connection:".to_owned());
    for (key, value) in connection_keys(profile) {
        say(format!("  {key}: {value}"));
    }
    let server = Server::of(profile, session)?;
    let tested = Connection::connect(&server.options).and_then(|mut connection| {
        connection.query("select 1 as id")?;
        Ok(connection.parameter("server_version").unwrap_or_default().to_owned())
    });
    match tested {
        Ok(version) => say(format!("  Connection test: [OK connection ok] (PostgreSQL {version})")),
        Err(error) => {
            say("  Connection test: [ERROR]".to_owned());
            return Err(error.into_diagnostic());
        }
    }
    server.close()
}

fn connection_keys(profile: &Profile) -> Vec<(&'static str, String)> {
    let mut keys = match &profile.source {
        TargetSource::Server(it) => vec![
            ("host", it.host.clone()),
            ("port", it.port.to_string()),
            ("user", it.user.clone()),
            ("database", it.database.clone()),
            ("schema", it.schema.clone()),
            ("connect_timeout", it.connect_timeout.to_string()),
            ("role", it.role.clone().unwrap_or_else(|| "None".to_owned())),
            ("search_path", it.search_path.clone().unwrap_or_else(|| "None".to_owned())),
            ("sslmode", it.sslmode.clone().unwrap_or_else(|| "None".to_owned())),
            ("retries", it.retries.to_string()),
        ],
        TargetSource::Embedded(it) => vec![
            ("embedded", "true".to_owned()),
            ("database", it.database.clone()),
            ("schema", it.schema.clone()),
        ],
    };
    keys.push(("threads", profile.threads.to_string()));
    keys
}

fn failed(session: &Session, heading: &str, errors: Vec<Diagnostic>) -> ExitStatus {
    session.emit(Event::DebugCmdOut { message: "1 check failed:".to_owned() });
    session.emit(Event::DebugCmdResult { heading: heading.to_owned(), diagnostics: errors });
    ExitStatus::Failure
}

fn profiles_dir(session: &Session) -> String {
    let settings = &session.settings;
    let folder = match &settings.load.profile.profiles_dir {
        Some(folder) => folder.clone(),
        None if Path::new("profiles.yml").exists() => Path::new(".").to_path_buf(),
        None => Path::new(settings.env.get("HOME").unwrap_or("~")).join(".dbt"),
    };
    std::path::absolute(&folder).unwrap_or(folder).display().to_string()
}
