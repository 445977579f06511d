//! A node and its context become SQL.

pub mod ctes;
