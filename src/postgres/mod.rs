//! The only place that opens a socket: sessions with a PostgreSQL server.
//!
//! A small synchronous client over the messages of `postgres-protocol`. dbt's results need
//! the command tags, column types and transaction status that the simple-query interfaces
//! of the existing clients drop, and a node's statements have to share a round trip.
//!
//! [`Connection`] is a session, [`Pool`] keeps and lends them, [`catalog`] asks what
//! exists, [`quote`] makes names and literals safe, [`lock`] keeps runs apart, [`blockers`]
//! tells who is in the way, [`types`] knows the built-in types.

pub mod blockers;
mod cancel;
pub mod catalog;
mod certificate;
mod connect;
mod connection;
mod copy;
mod error;
pub mod lock;
mod login;
mod options;
mod password_command;
mod pool;
pub mod quote;
mod reading;
mod result;
mod statement;
mod stream;
mod tls;
mod transient;
pub mod types;

pub use cancel::CancelToken;
pub use connection::Connection;
pub use error::{ConnectCause, DbError, Error, PipelineError};
pub use options::{ConnectOptions, SslMode};
pub use pool::{Pool, PooledConnection};
pub use result::{Column, CommandTag, ResultSet, Row, Rows, StatementResult, TransactionStatus};
