//! What users see: the `gdbt` program on throw-away projects and a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../postgres/database.rs"]
#[allow(dead_code)]
mod database;
mod project;

mod artifacts;
mod bad_input;
mod batches;
mod broken_inputs;
mod build;
mod columns;
mod docs;
mod histories;
mod hub;
mod listing;
mod loading;
mod old_forms;
mod operation;
mod output;
mod packages;
mod quality;
mod reference;
mod secrets;
mod state;
mod usage;
