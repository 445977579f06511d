//! An earlier state of the project, as its artifacts tell it, and what has changed since
//! (<https://docs.getdbt.com/reference/node-selection/state-selection>).
//!
//! Resources are compared in their JSON form, which both sides have: the earlier state may
//! come from gdbt or from dbt-core, and from an older version of either.

mod changes;
mod compare;
mod contract;
mod macros;
mod previous;

pub(in crate::graph) use changes::with_status;
pub use changes::{Changes, Check};
pub use previous::{PreviousState, SourceAge};

#[cfg(test)]
mod tests;
