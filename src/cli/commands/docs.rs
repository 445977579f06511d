//! `gdbt docs`: the catalog and the site.

use crate::cli::ExitStatus;
use crate::cli::args::{GenerateArgs, ServeArgs};
use crate::cli::columns;
use crate::cli::commands::run;
use crate::cli::loaded::{Loaded, tell_own_written, tell_written};
use crate::cli::server::LateServer;
use crate::cli::session::Session;
use crate::context::{ADAPTER_PACKAGE, CORE_PACKAGE};
use crate::diagnostic::{Diagnostic, Result};
use crate::docs::catalog::Catalog;
use crate::docs::runs::{self, Run};
use crate::docs::site::{self, SiteInput};
use crate::docs::{assets, page, server};
use crate::event::{Event, Sink};
use crate::manifest::{Compiled, ResourceType, UniqueId};
use crate::postgres::Pool;
use crate::report::{artifacts, column_lineage};
use crate::result::NodeResult;
use crate::run::{CatalogRows, read_catalog};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The site's file in the folder of artifacts.
const INDEX: &str = "index.html";

/// What compiling gave, by node.
type CompiledNodes = HashMap<UniqueId, Arc<Compiled>>;

/// Compiles, reads the catalog, and writes both and the site. Exits with 1 when the catalog
/// could not be read.
pub fn generate(args: &GenerateArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    // Compiling writes results of its own.
    let runs = runs::read(&loaded.target_dir());
    // As dbt: without compiling there is no new manifest either.
    if !args.no_compile {
        loaded.write_artifacts(session, &HashMap::new())?;
        loaded.write_graph_summary(session, false)?;
    }
    let server = LateServer::of(&loaded.workspace.profile, session)?;
    let made = compile_and_read(args, session, &loaded, &server.pool);
    server.close()?;
    let (results, catalog) = made?;
    let columns = columns::analyse(&loaded, &results, Some(&catalog));
    loaded.write_lineage(session, Some(&columns))?;
    let of_result = |it: NodeResult| Some((it.subject.unique_id().clone(), it.compiled?));
    let compiled = results.into_iter().filter_map(of_result).collect();
    let columns = column_lineage::list(&columns);
    let path = loaded.target_dir().join("catalog.json");
    artifacts::write_catalog(&path, &catalog, &session.settings.invocation)?;
    tell_written(session, "CatalogArtifact", &path);
    write_site(
        &loaded,
        session,
        &Made { compiled, catalog: &catalog, runs, columns },
        args.r#static,
    )?;
    let failures = catalog.errors.as_ref().map_or(0, Vec::len);
    if failures > 0 {
        session.emit(Event::WriteCatalogFailure { failures });
    }
    let path = std::path::absolute(&path).unwrap_or(path).display().to_string();
    session.emit(Event::CatalogWritten { path });
    Ok(if failures == 0 { ExitStatus::Success } else { ExitStatus::Failure })
}

/// Compiles as asked, then asks the database.
fn compile_and_read(
    args: &GenerateArgs,
    session: &Session,
    loaded: &Loaded,
    pool: &Pool,
) -> Result<(Vec<NodeResult>, Catalog), Vec<Diagnostic>> {
    // Without compiling dbt does not select, either.
    let mut selected: Option<BTreeSet<UniqueId>> = None;
    let mut results = Vec::new();
    if !args.no_compile {
        let nodes = loaded.select(session, &run::COMPILED, true)?;
        let outcome = run::compiled(pool, session, loaded, &nodes)?;
        results = [outcome.results, outcome.inlined].concat();
        let sources = loaded.selected_of(session, &[ResourceType::Source], true)?;
        selected = Some(nodes.into_iter().chain(sources).collect());
    }
    assets::copy(&loaded.workspace.root, &loaded.target_dir())?;
    let manifest = &loaded.manifest;
    let CatalogRows { rows, errors } = if args.empty_catalog {
        CatalogRows::default()
    } else {
        session.emit(Event::BuildingCatalog);
        let sink: Arc<dyn Sink> = session.report.clone();
        read_catalog(&loaded.shared, manifest, selected.as_ref(), pool, &sink)?
    };
    Ok((results, Catalog::new(manifest, &rows, selected.as_ref(), errors)?))
}

/// What the site shows beside the manifest.
struct Made<'a> {
    compiled: CompiledNodes,
    catalog: &'a Catalog,
    runs: Vec<Run>,
    columns: Json,
}

/// Writes the page, and once more under dbt's name of self-contained ones if asked to.
fn write_site(
    loaded: &Loaded,
    session: &Session,
    made: &Made<'_>,
    named_static: bool,
) -> Result<()> {
    let data = site::data(SiteInput {
        manifest: &loaded.manifest,
        compiled: &made.compiled,
        catalog: made.catalog,
        runs: &made.runs,
        freshness: &runs::read_freshness(&loaded.target_dir()),
        columns: &made.columns,
        built_in: &[CORE_PACKAGE, ADAPTER_PACKAGE],
    });
    let page = page::render(&loaded.workspace.env.secrets().scrub_json(data))?;
    let names = [Some(INDEX), named_static.then_some("static_index.html")];
    for path in names.into_iter().flatten().map(|name| loaded.target_dir().join(name)) {
        artifacts::write_text(&path, &page)?;
        tell_own_written(session, &path);
    }
    Ok(())
}

/// Serves the folder of artifacts until it is interrupted. A site that is not there yet is
/// made from the project alone.
pub fn serve(args: &ServeArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let workspace = session.workspace()?;
    let target = workspace.root.target_dir();
    if !target.join(INDEX).exists() {
        let loaded = Loaded::new(session)?;
        let runs = runs::read(&target);
        let catalog = Catalog::read(&target.join("catalog.json")).unwrap_or_default();
        let made = Made { compiled: HashMap::new(), catalog: &catalog, runs, columns: Json::Null };
        write_site(&loaded, session, &made, false)?;
    }
    let server = server::Server::bind(&args.host, args.port, &target)?;
    let port = server.port();
    let url = format!("http://localhost:{port}");
    let print = |message: String| session.emit(Event::Output { message });
    print(format!("Serving docs at {port}"));
    print(format!("To access from your browser, navigate to: {url}"));
    print("\n\nPress Ctrl+C to exit.".to_owned());
    if !args.no_browser {
        open_browser(&url);
    }
    server.run();
    Ok(ExitStatus::Success)
}

/// Opens a page, where there is a program that can.
fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Without one the address is on the terminal.
    let _ = command.spawn();
}
