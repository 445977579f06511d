//! The graph of resources: order, cycles, subsets and selection.

pub mod dag;
pub mod selector;
pub mod state;
mod test_edges;

pub use dag::{Dag, NodeSet};
pub use selector::{Filter, IndirectSelection, Selection, Selector, Selectors, Spec};
pub use state::PreviousState;

#[cfg(test)]
mod fixture;
