//! Loading a project: the only stage that reads the environment.

pub mod yaml;
