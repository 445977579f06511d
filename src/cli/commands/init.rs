//! `gdbt init`: a new project that runs at once, on an embedded server.

use crate::cli::ExitStatus;
use crate::cli::args::InitArgs;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Event;
use crate::project::Profile;
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

/// Makes the project in a folder of its name. Where there is a project already, dbt asks for its
/// connection; here it needs none.
pub fn run(args: &InitArgs, session: &Session) -> Result<ExitStatus> {
    let load = &session.settings.load;
    let profile = load.profile.profile.as_deref();
    if args.project_name.is_none() && load.project_dir.join("dbt_project.yml").is_file() {
        return in_project(args, profile, session);
    }
    let Some(name) = &args.project_name else {
        return Err(Diagnostic::new(Code::BadArgument, "A new project needs a name.")
            .with_help("Such as `gdbt init shop`."));
    };
    check_name(name)?;
    if let Some(profile) = profile {
        Profile::check_exists(profile, &load.profile, &session.settings.env)?;
    }
    let folder = load.project_dir.join(name);
    if folder.exists() {
        let message = format!("A folder called {} already exists here.", folder.display());
        return Err(Diagnostic::new(Code::BadArgument, message)
            .with_help("Choose another name, or remove the folder."));
    }
    for (path, template) in FILES {
        let text = template.replace("{name}", name).replace("{profile}", profile.unwrap_or(name));
        write(&folder.join(path), &text)?;
    }
    let folder = folder.display();
    let database = match profile {
        Some(profile) => format!("It uses the profile {profile}."),
        None => "It needs no database: gdbt runs one for it.".to_owned(),
    };
    session.emit(Event::note(format!(
        "Your new project is in {folder}. {database}\n\n  cd {folder}\n  gdbt build\n"
    )));
    Ok(ExitStatus::Success)
}

fn in_project(args: &InitArgs, profile: Option<&str>, session: &Session) -> Result<ExitStatus> {
    if profile.is_some() {
        let message = "Can not init existing project with specified profile, edit dbt_project.yml \
                       instead";
        return Err(Diagnostic::new(Code::BadArgument, message));
    }
    if !args.skip_profile_setup {
        session.emit(Event::note(
            "There is a project here already. It needs no profile: without one, gdbt runs a \
             server for it. To use another server, write its profile into profiles.yml; `gdbt \
             debug` tells where that is and whether the server can be reached.",
        ));
    }
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
