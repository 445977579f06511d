//! The documentation of a project: its catalog, and the site that shows it.
//!
//! [`catalog`] turns what the database says about relations into dbt's `catalog.json`.

pub mod assets;
pub mod catalog;
