//! `gdbt debug`: the settings in force, and whether the server can be reached.

use crate::cli::ExitStatus;
use crate::cli::args::DebugArgs;
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::diagnostic::Diagnostic;
use crate::event::Event;
use crate::postgres::Connection;
use crate::project::version::DBT_VERSION;
use crate::project::{Profile, TargetSource, Workspace};
use std::path::Path;

/// Checks the project, the profile and the connection. Exits with 1 if one fails.
pub fn run(args: &DebugArgs, session: &Session) -> ExitStatus {
    let say = |message: String| session.emit(Event::DebugCmdOut { message });
    let profiles_dir = profiles_dir(session);
    if args.config_dir {
        say(format!("To view your profiles.yml file, run:\n\nls {profiles_dir}"));
        return ExitStatus::Success;
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
    let workspace = match session.workspace() {
        Ok(workspace) => workspace,
        Err(errors) => return failed(session, errors),
    };
    if args.connection {
        say("Skipping steps before connection verification".to_owned());
    } else {
        say("Configuration:".to_owned());
        say("  profiles.yml file [OK found and valid]".to_owned());
        say("  dbt_project.yml file [OK found and valid]".to_owned());
    }
    match connect(&workspace, session) {
        Ok(()) => {
            say("All checks passed!".to_owned());
            ExitStatus::Success
        }
        Err(error) => failed(session, vec![*error]),
    }
}

fn connect(workspace: &Workspace, session: &Session) -> Result<(), Box<Diagnostic>> {
    let say = |message: String| session.emit(Event::DebugCmdOut { message });
    say("Connection:".to_owned());
    for (key, value) in connection_keys(&workspace.profile) {
        say(format!("  {key}: {value}"));
    }
    let server = Server::of(&workspace.profile, session)?;
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

fn failed(session: &Session, errors: Vec<Diagnostic>) -> ExitStatus {
    let count = errors.len();
    let checks = if count == 1 { "check" } else { "checks" };
    session.emit(Event::MainEncounteredError { diagnostics: errors });
    session.emit(Event::DebugCmdOut { message: format!("{count} {checks} failed") });
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
