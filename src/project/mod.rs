//! Loading a project: the only stage that reads the environment.

pub mod secret;
pub mod yaml;
