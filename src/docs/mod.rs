//! The documentation of a project: its catalog, and the site that shows it.
//!
//! [`catalog`] turns what the database says about relations into dbt's `catalog.json`. [`er`]
//! finds entities and how they relate, [`runs`] reads what earlier runs gave. [`site`] puts
//! everything into the data of the page that [`page`] writes.

pub mod assets;
pub mod catalog;
pub mod er;
pub mod page;
pub mod runs;
pub mod server;
pub mod site;
pub mod tests;
