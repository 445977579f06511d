//! `gdbt init`: a new project that runs at once, on an embedded server.

use crate::cli::ExitStatus;
use crate::cli::args::InitArgs;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Event;
use std::path::Path;

/// The new project's files. `{name}` becomes the project's name.
const FILES: [(&str, &str); 7] = [
    ("dbt_project.yml", include_str!("../templates/dbt_project.yml")),
    ("models/schema.yml", include_str!("../templates/schema.yml")),
    ("models/staging/stg_visits.sql", include_str!("../templates/stg_visits.sql")),
    ("models/mart/visits_by_channel.sql", include_str!("../templates/visits_by_channel.sql")),
    ("seeds/visits.csv", include_str!("../templates/visits.csv")),
    ("README.md", include_str!("../templates/README.md")),
    (".gitignore", include_str!("../templates/gitignore")),
];

/// Makes the project in a folder of its name.
pub fn run(args: &InitArgs, session: &Session) -> Result<ExitStatus> {
    let Some(name) = &args.project_name else {
        return Err(Diagnostic::new(Code::BadArgument, "A new project needs a name.")
            .with_help("Such as `gdbt init shop`."));
    };
    check_name(name)?;
    let folder = session.settings.load.project_dir.join(name);
    if folder.exists() {
        let message = format!("A folder called {} already exists here.", folder.display());
        return Err(Diagnostic::new(Code::BadArgument, message)
            .with_help("Choose another name, or remove the folder."));
    }
    for (path, template) in FILES {
        write(&folder.join(path), &template.replace("{name}", name))?;
    }
    let folder = folder.display();
    session.emit(Event::note(format!(
        "Your new project is in {folder}. It needs no database: gdbt runs one for it.\n\n  \
         cd {folder}\n  gdbt build\n"
    )));
    Ok(ExitStatus::Success)
}

fn check_name(name: &str) -> Result<()> {
    let first_fits = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let rest_fits = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    if first_fits && rest_fits {
        return Ok(());
    }
    let message = format!("{name} is not a valid project name.");
    Err(Diagnostic::new(Code::BadArgument, message)
        .with_help("Use letters, digits and underscores, and no digit first."))
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |error: &std::io::Error| Diagnostic::io(path, error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    std::fs::write(path, text).map_err(|error| failed(&error))
}
