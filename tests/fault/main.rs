//! What happens when something is killed, restarted, run twice at once, or named badly: the
//! `gdbt` program on throw-away projects and a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../postgres/database.rs"]
#[allow(dead_code)]
mod database;
#[path = "../behaviour/project.rs"]
#[allow(dead_code)]
mod project;

mod attached;
mod chance;
mod process;
mod warehouse;

mod concurrent;
mod conflicts;
mod cutter;
mod dependents;
mod kill;
mod load;
mod locks;
mod lost;
mod names;
mod refusals;
mod seeds;
mod server;
