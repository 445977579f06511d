//! dbt's adapter for PostgreSQL: what macros use to talk to the database.
//!
//! [`Session`] runs the statements of one node in few round trips. [`RelationCache`] knows
//! which relations exist. [`Relation`], [`Column`] and [`Table`] are dbt's classes of these
//! names, and [`Adapter`] is the `adapter` object of templates. [`Seed`] reads CSV files
//! with the types dbt would give them.

pub mod cache;
mod cell;
pub mod column;
mod comment;
pub mod decimal;
mod dependents;
pub mod object;
pub mod relation;
mod relation_object;
pub mod response;
pub mod seed;
pub mod session;
mod sql_text;
pub mod table;
mod table_join;
mod table_object;
mod table_query;
mod table_sequence;
mod table_text;

pub use cache::RelationCache;
pub use column::Column;
pub use comment::QueryComment;
pub use dependents::Dependents;
pub use object::{Adapter, AdapterConfig, BehaviorFlags, Macros, api};
pub use relation::{EventTimeFilter, Relation, RelationType};
pub use response::{AdapterResponse, Response};
pub use seed::Seed;
pub use session::{Session, SessionOptions, SqlFailure};
pub use table::Table;
