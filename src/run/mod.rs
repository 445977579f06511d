//! Selected nodes → statements in the order of the graph → results.

pub mod narrate;
pub mod plan;
pub mod scheduler;
pub mod summary;

/// Stack of the threads that render templates: macros recurse deeply.
pub const STACK_SIZE: usize = 16 << 20;
