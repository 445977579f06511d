//! Behaviour on a real server: sessions, TLS, the embedded server, loading files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod adapter;
mod child;
mod database;
mod embedded;
mod load;
mod macros;
#[path = "../behaviour/project.rs"]
#[allow(dead_code)]
mod project;
mod proxy;
mod round_trips;
mod session;
mod tls;
