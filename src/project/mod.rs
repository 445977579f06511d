//! Loading a project: the only stage that reads the environment.
//!
//! [`Workspace::load`] reads dbt_project.yml, profiles.yml and the installed packages;
//! [`Workspace::read_files`] finds and reads the files that `parse` turns into resources.

pub mod builtin;
pub mod config_tree;
pub mod credentials;
pub mod deprecations;
pub mod env;
pub mod files;
mod lexical;
pub mod profiles;
#[allow(clippy::module_inception)]
pub mod project;
pub mod project_file;
pub mod render;
pub mod secret;
pub mod vars;
pub mod version;
pub mod workspace;
pub mod yaml;

pub use config_tree::{ConfigKind, ConfigTree};
pub use credentials::{Credentials, EmbeddedTarget, TargetSource};
pub use env::Env;
pub use files::{Checksum, FileKind, SourceFile};
pub use lexical::normalized;
pub use profiles::{Profile, ProfileOptions};
pub use project::{Dispatch, Origin, Paths, Project, QueryComment, Quoting};
pub use project_file::RawProject;
pub use vars::Vars;
pub use workspace::{LoadOptions, Workspace};

#[cfg(test)]
mod tests;
