//! `gdbt docs`: the catalog and the site.

use crate::cli::ExitStatus;
use crate::cli::args::GenerateArgs;
use crate::cli::commands::run;
use crate::cli::loaded::{Loaded, tell_written};
use crate::cli::server::Server;
use crate::cli::session::Session;
use crate::diagnostic::{Diagnostic, Result};
use crate::docs::assets;
use crate::docs::catalog::Catalog;
use crate::event::{Event, Sink};
use crate::manifest::{ResourceType, UniqueId};
use crate::report::artifacts;
use crate::run::{CatalogRows, read_catalog};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Compiles, reads the catalog and writes both. Exits with 1 when the catalog could not be
/// read.
pub fn generate(args: &GenerateArgs, session: &Session) -> Result<ExitStatus, Vec<Diagnostic>> {
    let loaded = Loaded::new(session)?;
    loaded.write_artifacts(session, &HashMap::new())?;
    let server = Server::of(&loaded.workspace.profile, session)?;
    let catalog = catalog(args, session, &loaded, &server);
    server.close()?;
    let catalog = catalog?;
    let path = loaded.target_dir().join("catalog.json");
    artifacts::write_catalog(&path, &catalog, &session.settings.invocation)?;
    tell_written(session, "CatalogArtifact", &path);
    let failures = catalog.errors.as_ref().map_or(0, Vec::len);
    if failures > 0 {
        session.emit(Event::WriteCatalogFailure { failures });
    }
    let path = std::path::absolute(&path).unwrap_or(path).display().to_string();
    session.emit(Event::CatalogWritten { path });
    Ok(if failures == 0 { ExitStatus::Success } else { ExitStatus::Failure })
}

/// Compiles as asked, then asks the database.
fn catalog(
    args: &GenerateArgs,
    session: &Session,
    loaded: &Loaded,
    server: &Server,
) -> Result<Catalog, Vec<Diagnostic>> {
    // Without compiling dbt does not select, either.
    let mut selected: Option<BTreeSet<UniqueId>> = None;
    if !args.no_compile {
        let nodes = loaded.select(session, &run::COMPILED, true)?;
        run::compiled(server, session, loaded, &nodes)?;
        let sources = loaded.selected_of(session, &[ResourceType::Source], true)?;
        selected = Some(nodes.into_iter().chain(sources).collect());
    }
    assets::copy(&loaded.workspace.root, &loaded.target_dir())?;
    let manifest = &loaded.manifest;
    let nothing = CatalogRows::default();
    let CatalogRows { rows, errors } = if args.empty_catalog {
        nothing
    } else {
        session.emit(Event::BuildingCatalog);
        let sink: Arc<dyn Sink> = session.report.clone();
        read_catalog(&loaded.shared, manifest, selected.as_ref(), &server.options, &sink)?
    };
    Ok(Catalog::new(manifest, &rows, selected.as_ref(), errors)?)
}
