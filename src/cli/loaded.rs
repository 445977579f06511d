//! A parsed project: what commands about nodes work with.

use super::session::Session;
use super::state;
use crate::context::json::from_map;
use crate::context::{Invocation, Shared};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::docs::runs::is_about_data;
use crate::event::{Event, Level, NamedEvent, Sink};
use crate::graph::selector::Filter;
use crate::graph::{Dag, PreviousState, Selector, Selectors, Spec};
use crate::jinja::Value;
use crate::manifest::{Compiled, Manifest, ResourceType, UniqueId};
use crate::parse::{Sources, parse};
use crate::project::Workspace;
use crate::project::version::DBT_VERSION;
use crate::quality::{self, Record};
use crate::report::artifacts::{self, ManifestDetails, ManifestView, RunResults};
use crate::run::{Outcome, narrate};
use crate::sql::project::ColumnLineage;
use md5::{Digest, Md5};
use serde_json::json;
use sha2::Sha256;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A project with its resources.
#[derive(Debug)]
pub struct Loaded {
    /// Project, profile, variables, environment.
    pub workspace: Arc<Workspace>,
    /// What templates share.
    pub shared: Arc<Shared>,
    /// All resources.
    pub manifest: Arc<Manifest>,
    /// What depends on what.
    pub dag: Dag,
    /// The selections of selectors.yml.
    pub selectors: Selectors,
}

impl Loaded {
    /// Loads and parses the project; tells warnings and what was found.
    pub fn new(session: &Session) -> Result<Self, Vec<Diagnostic>> {
        let settings = &session.settings;
        let workspace = Arc::new(session.workspace()?);
        session.emit(Event::AdapterRegistered);
        let selectors = state::selectors(&workspace, session.settings.selection.indirect)?;
        let sources = Sources::read(&workspace)?;
        let invocation = Invocation {
            id: settings.invocation.id.clone(),
            started_at: settings.invocation.started_at,
            flags: settings.template_flags(),
            args: settings.args.clone(),
            sample: settings.windows.sample,
        };
        let sink: Arc<dyn Sink> = session.report.clone();
        let macros = sources.macros().iter().cloned();
        let shared = Shared::new(Arc::clone(&workspace), invocation, macros, sink)?;
        session.emit(vars_event(session));
        let parsed = parse(&shared, &sources)?;
        session.warn(parsed.warnings)?;
        let mut manifest = parsed.manifest;
        if let serde_json::Value::Object(selectors) = selectors.to_json() {
            manifest.selectors = selectors;
        }
        let manifest = Arc::new(manifest);
        crate::run::freshness::undated_sources(&manifest).for_each(|event| session.emit(event));
        let dag = Dag::build(&manifest)?;
        shared.set_manifest(Arc::clone(&manifest));
        // Of commands that need nothing compiled, dbt does not tell what it found.
        if !matches!(settings.which, "parse" | "list") {
            session.emit(Event::FoundStats { stat_line: narrate::project_counts(&manifest) });
        }
        // The process ends when the command does; taking a large project apart piece by piece
        // before that would only cost time.
        std::mem::forget((sources, Arc::clone(&shared), Arc::clone(&manifest)));
        Ok(Self { workspace, shared, manifest, dag, selectors })
    }

    /// The resources of these types that the command line selects, in the graph's order.
    /// What is selected and deferred is known to templates from then on.
    pub fn select(
        &self,
        session: &Session,
        types: &[ResourceType],
        include_empty: bool,
    ) -> Result<Vec<UniqueId>> {
        let chosen = self.choose(session, types, include_empty)?;
        self.shared.set_selected(chosen.ids.clone());
        let state = chosen.deferred.as_ref().or(chosen.previous.as_ref());
        if !chosen.ids.is_empty()
            && let Some(deferral) = state::deferral(session, state, &self.manifest)?
        {
            self.shared.set_deferral(deferral);
        }
        Ok(chosen.ids)
    }

    /// The same, without telling templates that these are the selected ones.
    pub fn selected_of(
        &self,
        session: &Session,
        types: &[ResourceType],
        include_empty: bool,
    ) -> Result<Vec<UniqueId>> {
        Ok(self.choose(session, types, include_empty)?.ids)
    }

    fn choose(
        &self,
        session: &Session,
        types: &[ResourceType],
        include_empty: bool,
    ) -> Result<Chosen> {
        let previous = state::previous(session, &self.workspace.root)?;
        let deferred = state::deferred(session, &self.workspace.root)?;
        if let Some(retried) = &session.settings.selection.retried {
            if let Some(id) = retried.ids.iter().find(|id| {
                !self.manifest.macros.contains_key(id.as_str())
                    && self.dag.position(&UniqueId::from(id.as_str())).is_none()
            }) {
                let message =
                    format!("Couldn't find model '{id}' -- does it exist or is it disabled?");
                return Err(Diagnostic::new(Code::StateInvalid, message));
            }
            let again = |id: &&UniqueId| retried.ids.contains(id.as_str());
            let ids = self.dag.ids().filter(again).cloned().collect();
            return Ok(Chosen { ids, previous, deferred });
        }
        let spec = self.spec(session)?;
        let mut selector =
            Selector::new(&self.manifest, &self.dag).with_root(&self.workspace.root.root);
        if let Some(previous) = &previous {
            let more = "state_modified_compare_more_unrendered_values";
            selector = selector.with_state(previous, session.settings.behaviour(more));
        }
        let selected = selector.select(&spec, Filter { types, include_empty })?;
        let ids: Vec<UniqueId> = selected.ids(&self.dag).into_iter().cloned().collect();
        for warning in selected.warnings {
            session.report.warn(warning)?;
        }
        Ok(Chosen { ids, previous, deferred })
    }

    /// What the command line selects: by a name of selectors.yml, or by criteria. Without
    /// either, the default selector is used, when there is one.
    fn spec(&self, session: &Session) -> Result<Spec> {
        let selection = &session.settings.selection;
        if let Some(name) = &selection.selector {
            return self.selectors.get(name).cloned();
        }
        if selection.select.is_empty()
            && selection.exclude.is_empty()
            && let Some(name) = self.selectors.default_name()
        {
            let message = format!("Using default selector {name}");
            let event = NamedEvent::new("DefaultSelector", "Q023", Level::Info, message);
            session.emit(event.with("name", name).into());
            return self.selectors.get(name).cloned();
        }
        Spec::parse(&selection.select, &selection.exclude, session.settings.selection.indirect)
    }

    /// The folder of artifacts.
    pub fn target_dir(&self) -> PathBuf {
        self.workspace.root.target_dir()
    }

    /// Writes manifest.json and lineage.json, unless `--no-write-json`.
    pub fn write_artifacts(
        &self,
        session: &Session,
        compiled: &HashMap<UniqueId, Arc<Compiled>>,
    ) -> Result<()> {
        if !session.settings.write_json {
            return Ok(());
        }
        let quoting = self.shared.quoting();
        let details = ManifestDetails {
            project_id: format!("{:x}", Md5::digest(self.workspace.root.name.as_bytes())),
            quoting: json!({
                "database": quoting.database, "schema": quoting.schema,
                "identifier": quoting.identifier, "column": null,
            }),
        };
        let invocation = &session.settings.invocation;
        let path = self.target_dir().join("manifest.json");
        let view =
            ManifestView { manifest: &self.manifest, compiled, details: &details, invocation };
        let semantic_path = self.target_dir().join("semantic_manifest.json");
        let (manifest, others) = rayon::join(
            || artifacts::write_manifest(&path, view),
            || {
                artifacts::write_semantic_manifest(&semantic_path, &self.manifest)?;
                artifacts::write_lineage(&self.lineage_path(), &self.manifest, None, invocation)
            },
        );
        manifest?;
        tell_written(session, "WritableManifest", &path);
        others?;
        tell_written(session, "SemanticManifest", &semantic_path);
        tell_own_written(session, &self.lineage_path());
        Ok(())
    }

    fn lineage_path(&self) -> PathBuf {
        self.target_dir().join("lineage.json")
    }

    /// Writes lineage.json, unless `--no-write-json`; with `columns` after they were analysed.
    pub fn write_lineage(&self, session: &Session, columns: Option<&ColumnLineage>) -> Result<()> {
        if !session.settings.write_json {
            return Ok(());
        }
        let path = self.lineage_path();
        let invocation = &session.settings.invocation;
        artifacts::write_lineage(&path, &self.manifest, columns, invocation)?;
        tell_own_written(session, &path);
        Ok(())
    }

    /// Writes graph_summary.json, unless `--no-write-json`; `gated` when nodes wait for tests.
    pub fn write_graph_summary(&self, session: &Session, gated: bool) -> Result<()> {
        if !session.settings.write_json {
            return Ok(());
        }
        let path = self.target_dir().join("graph_summary.json");
        let gated = gated.then(|| self.dag.with_test_edges(&self.manifest));
        let invocation = &session.settings.invocation;
        artifacts::write_graph_summary(&path, &self.manifest, &self.dag, gated.as_ref(), invocation)
    }

    /// Writes run_results.json, and the other artifacts with what was compiled.
    pub fn write_results(&self, session: &Session, outcome: &Outcome) -> Result<()> {
        if !session.settings.write_json {
            return Ok(());
        }
        let results = &outcome.results;
        let compiled: HashMap<UniqueId, Arc<Compiled>> = outcome
            .all()
            .filter_map(|it| Some((it.subject.unique_id().clone(), it.compiled.clone()?)))
            .collect();
        self.write_artifacts(session, &compiled)?;
        let path = self.target_dir().join("run_results.json");
        let args = &session.settings.args;
        let run = RunResults { results, elapsed: outcome.elapsed, args };
        let secrets = &session.settings.report.secrets;
        artifacts::write_run_results(&path, run, &session.settings.invocation, secrets)?;
        let kind = match session.settings.which {
            "run-operation" => "RunResultsArtifact",
            _ => "RunExecutionResult",
        };
        tell_written(session, kind, &path);
        if is_about_data(session.settings.which) {
            artifacts::keep_run(&self.target_dir(), run, &session.settings.invocation, secrets)?;
        }
        Ok(())
    }

    /// Writes dq_results.json, and JUnit XML where that is asked for.
    pub fn write_quality(&self, session: &Session, records: &[Record]) -> Result<()> {
        let settings = &session.settings;
        let secrets = &settings.report.secrets;
        if settings.write_json && !records.is_empty() {
            let path = self.target_dir().join("dq_results.json");
            let place = (&*self.workspace.root.name, &*self.workspace.profile.target_name);
            artifacts::write_quality(&path, records, place, &settings.invocation, secrets)?;
            tell_own_written(session, &path);
        }
        if let Some(path) = &settings.junit {
            artifacts::write_text(path, &secrets.scrub(&quality::junit::xml(records)))?;
            tell_own_written(session, path);
        }
        Ok(())
    }
}

/// What the command line selects, and the earlier states that it names.
struct Chosen {
    ids: Vec<UniqueId>,
    previous: Option<PreviousState>,
    deferred: Option<PreviousState>,
}

/// dbt's event of what its parse cache depends on. There is no such cache here; tools read the
/// variables from it.
fn vars_event(session: &Session) -> Event {
    let load = &session.settings.load;
    let mut vars = load.vars.to_json();
    vars.sort_keys();
    let vars = from_map(&vars);
    let vars = session.settings.report.secrets.scrub(&Value::Dict(vars).repr()).into_owned();
    let profile = load.profile.profile.as_deref().unwrap_or_default();
    let target = load.profile.target.as_deref().unwrap_or_default();
    let version = DBT_VERSION;
    let checksum = format!("{:x}", Sha256::digest([&*vars, profile, target, version].join("\0")));
    let message = format!(
        "checksum: {checksum}, vars: {vars}, profile: {profile}, target: {target}, version: \
         {version}"
    );
    NamedEvent::new("StateCheckVarsHash", "I025", Level::Debug, message)
        .with("checksum", checksum)
        .with("vars", vars)
        .with("profile", profile)
        .with("target", target)
        .with("version", version)
        .into()
}

/// Tells that a file of gdbt's own was written: tools count dbt's artifacts.
pub(super) fn tell_own_written(session: &Session, path: &Path) {
    let path = absolute(path);
    let event = NamedEvent::new("OwnFileWritten", "G011", Level::Debug, format!("Wrote {path}"));
    session.emit(event.with("path", path).into());
}

/// Tells that an artifact was written.
pub(super) fn tell_written(session: &Session, artifact_type: &'static str, path: &Path) {
    session.emit(Event::ArtifactWritten { artifact_type, path: absolute(path) });
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}
