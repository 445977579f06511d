//! The graph of resources: order, cycles, subsets and selection.

pub mod dag;
pub mod selector;
mod test_edges;

pub use dag::{Dag, NodeSet};
pub use selector::{Filter, IndirectSelection, Selection, Selector, Spec};

#[cfg(test)]
mod fixture;
