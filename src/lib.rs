//! gdbt: a dbt-compatible SQL transformation compiler and runner for PostgreSQL.
//!
//! One folder per stage; data flows down this list and never back up. See
//! `docs/ARCHITECTURE.md` for the map and the invariants.

pub mod adapter;
pub mod alert;
pub mod cli;
pub mod compile;
pub mod context;
pub mod diagnostic;
pub mod docs;
pub mod embedded;
pub mod event;
pub mod event_time;
pub mod graph;
pub mod jinja;
pub mod load;
pub mod manifest;
pub mod packages;
pub mod parse;
pub mod postgres;
pub mod project;
mod python_json;
pub mod quality;
pub mod report;
pub mod result;
pub mod run;
pub mod sql;
pub mod suggest;
