//! Earlier artifacts and selectors.yml, as a command finds them.

use super::session::Session;
use crate::context::Deferral;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Level, NamedEvent};
use crate::graph::{IndirectSelection, PreviousState, Selectors};
use crate::manifest::Manifest;
use crate::project::render::{SecretRule, YamlGlobals};
use crate::project::yaml::Yaml;
use crate::project::{Project, Vars, Workspace};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SELECTORS_FILE: &str = "selectors.yml";

/// The selectors of the root project.
///
/// # Errors
/// The file cannot be read, or is not of dbt's form.
pub fn selectors(workspace: &Workspace, mode: IndirectSelection) -> Result<Selectors> {
    let path = workspace.root.root.join(SELECTORS_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Selectors::default());
        }
        Err(error) => return Err(Diagnostic::io(&path, &error)),
    };
    let yaml = Yaml::parse(SELECTORS_FILE, text)?;
    if yaml.root.is_null() {
        return Ok(Selectors::default());
    }
    let vars = Arc::new(Vars::from_cli(workspace.vars.cli_vars().clone()));
    let target = Some(workspace.profile.target());
    let globals = YamlGlobals::new(&workspace.env, &vars, target, SecretRule::Refused)
        .with_library(Some(crate::context::library));
    let rendered = globals.render_tree(&yaml.source, &yaml.root, &|_| false)?;
    let json = rendered.to_json();
    Selectors::read(&json, mode).map_err(|error| error.with_span(yaml.source.span(yaml.root.place)))
}

/// The state of `--state`.
///
/// # Errors
/// As [`PreviousState::load`].
pub fn previous(session: &Session, root: &Project) -> Result<Option<PreviousState>> {
    load(session, session.settings.state.state.as_ref(), root)
}

/// The state of `--defer-state`.
///
/// # Errors
/// As [`PreviousState::load`].
pub fn deferred(session: &Session, root: &Project) -> Result<Option<PreviousState>> {
    load(session, session.settings.state.defer_state.as_ref(), root)
}

fn load(
    session: &Session,
    path: Option<&PathBuf>,
    root: &Project,
) -> Result<Option<PreviousState>> {
    let Some(path) = path else { return Ok(None) };
    if *path == Path::new(&root.target_path) {
        let shown = path.display().to_string();
        let message = format!(
            "Warning: The state and target directories are the same: '{shown}'. This could lead \
             to missing changes due to overwritten state including non-idempotent retries."
        );
        let event = NamedEvent::new("WarnStateTargetEqual", "I072", Level::Warn, message);
        session.emit(event.with("state_path", shown).into());
    }
    PreviousState::load(path, &root.root, Path::new(&root.target_path)).map(Some)
}

/// What is read elsewhere, when the command is to defer. `clone` always is.
///
/// # Errors
/// There is no state, or no manifest in it.
pub fn deferral(
    session: &Session,
    state: Option<&PreviousState>,
    manifest: &Manifest,
) -> Result<Option<Deferral>> {
    let settings = &session.settings;
    let defers = settings.which == "clone" || (settings.state.defer && settings.which != "list");
    if !defers {
        return Ok(None);
    }
    let lacking = |message: String| Diagnostic::new(Code::StateInvalid, message);
    let state = state.ok_or_else(|| {
        let message =
            "--state or --defer-state are required for deferral, but neither was provided";
        lacking(message.to_owned())
    })?;
    let Some(nodes) = state.section("nodes") else {
        let path = state.path.display();
        return Err(lacking(format!("Could not find manifest in --state path: \"{path}\"")));
    };
    let functions = state.section("functions");
    Ok(Some(Deferral::new(nodes, functions, manifest, settings.state.favor_state)))
}
