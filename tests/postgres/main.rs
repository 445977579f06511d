//! Behaviour on a real server: sessions, TLS, the embedded server, loading files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod adapter;
mod child;
mod database;
mod embedded;
mod load;
mod macros;
mod proxy;
mod session;
mod tls;
