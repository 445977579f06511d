//! A node and its context become SQL.

pub mod ctes;
pub mod paths;
