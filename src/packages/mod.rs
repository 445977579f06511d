//! `deps`: the packages that a project lists, resolved, locked and installed
//! (<https://docs.getdbt.com/docs/build/packages>).
//!
//! Packages come from a folder, a git repository, an archive or the package hub. This is
//! the only stage besides `postgres` that talks to others: through [`http`] and the git
//! program.
//!
//! *Invariant:* nothing of a package is written outside `packages-install-path` and the
//! folder of downloads, whatever its name, its archive or its repository says.

mod add;
mod archive;
mod dump;
mod events;
mod fetch;
mod git;
mod http;
mod hub;
mod install;
mod list;
mod lock;
mod range;
mod resolve;
mod spec;

pub use add::{NewPackage, PackageSource, add};
pub use fetch::{FetchOptions, Fetcher};
pub use install::install;
pub use list::PackageList;
pub use lock::Lock;
pub use resolve::resolve;

use crate::diagnostic::{Code, Diagnostic};

/// An error about a package.
fn failed(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(Code::PackageFailed, message)
}
