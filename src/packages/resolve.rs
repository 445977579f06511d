//! Which packages, at which versions: what all projects ask for together.

use super::failed;
use super::fetch::{Fetcher, Pinned};
use super::list::PackageList;
use super::spec::{GitSpec, Spec};
use crate::diagnostic::Result;
use std::collections::BTreeSet;

/// Resolves what a project lists and what those packages list. The packages are in the
/// order in which they were first asked for.
///
/// # Errors
/// Two projects ask for what cannot be had together; a package cannot be fetched; two
/// packages have one name.
pub fn resolve(list: &PackageList, fetcher: &Fetcher<'_>) -> Result<Vec<Pinned>> {
    let mut pending = Wanted::of(list.specs()?)?;
    let mut all = Wanted::default();
    // Packages may list each other in a circle.
    let mut followed: Vec<Pinned> = Vec::new();
    while !pending.0.is_empty() {
        let mut next = Vec::new();
        for (_, spec) in pending.0 {
            let at = all.add(spec)?;
            let pinned = fetcher.pin(&all.0[at].1)?;
            if !followed.contains(&pinned) {
                next.extend(fetcher.metadata(&pinned)?.packages.clone());
                followed.push(pinned);
            }
        }
        pending = Wanted::of(next)?;
    }
    let resolved: Vec<Pinned> =
        all.0.iter().map(|(_, spec)| fetcher.pin(spec)).collect::<Result<_>>()?;
    check_names(&resolved, fetcher)?;
    resolved.into_iter().map(|pinned| fetcher.locked(pinned)).collect()
}

/// The packages of a lock file.
pub(super) fn of_lock(list: &PackageList, fetcher: &Fetcher<'_>) -> Result<Vec<Pinned>> {
    Wanted::of(list.specs()?)?.0.iter().map(|(_, spec)| fetcher.pin(spec)).collect()
}

fn check_names(packages: &[Pinned], fetcher: &Fetcher<'_>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for package in packages {
        let name = &fetcher.metadata(package)?.name;
        if *name == fetcher.options.root_name {
            return Err(failed(format!(
                "Found a dependency with the same name as the root project \"{name}\". Package \
                 names must be unique in a project. Please rename one of these packages."
            )));
        }
        if !seen.insert(name.clone()) {
            return Err(failed(format!(
                "Found duplicate project \"{name}\". This occurs when a dependency has the same \
                 project name as some other dependency."
            )));
        }
    }
    Ok(())
}

/// What is asked for, by the names that packages are known by.
#[derive(Debug, Default)]
struct Wanted(Vec<(String, Spec)>);

impl Wanted {
    fn of(specs: Vec<Spec>) -> Result<Self> {
        let mut wanted = Self::default();
        for spec in specs {
            wanted.add(spec)?;
        }
        Ok(wanted)
    }

    /// Adds what is asked for to what was asked for before; gives its place.
    fn add(&mut self, spec: Spec) -> Result<usize> {
        let names = names(&spec);
        let Some(at) = self.0.iter().position(|(key, _)| names.contains(key)) else {
            let key = names.into_iter().next().unwrap_or_default();
            self.0.push((key, spec));
            return Ok(self.0.len() - 1);
        };
        let existing = &mut self.0[at].1;
        match (existing, spec) {
            (Spec::Local { .. }, Spec::Local { .. })
            | (Spec::Tarball { .. }, Spec::Tarball { .. }) => {}
            (Spec::Git(old), Spec::Git(new)) => {
                old.revisions.extend(new.revisions);
                old.warn_unpinned &= new.warn_unpinned;
            }
            (Spec::Hub { versions, .. }, Spec::Hub { versions: more, .. }) => {
                versions.extend(more);
            }
            (old, new) => {
                let (old, new) = (label(old), label(&new));
                return Err(failed(format!("Cannot incorporate {new} in {old}: mismatched types")));
            }
        }
        Ok(at)
    }
}

fn label(spec: &Spec) -> String {
    let kind = match spec {
        Spec::Local { .. } => "LocalUnpinnedPackage",
        Spec::Git(_) => "GitUnpinnedPackage",
        Spec::Tarball { .. } => "TarballUnpinnedPackage",
        Spec::Hub { .. } => "RegistryUnpinnedPackage",
    };
    format!("{} ({kind})", names(spec).into_iter().next().unwrap_or_default())
}

/// The names that a package is known by; the first is its own.
fn names(spec: &Spec) -> Vec<String> {
    match spec {
        Spec::Local { path } => vec![path.clone()],
        Spec::Tarball { url, .. } => vec![url.clone()],
        Spec::Hub { package, .. } => vec![package.clone()],
        Spec::Git(git) => {
            let other = match git.url.strip_suffix(".git") {
                Some(short) => short.to_owned(),
                None => format!("{}.git", git.url),
            };
            vec![git_name(git), with_folder(&other, git.subdirectory.as_deref())]
        }
    }
}

/// A repository's name, with its folder.
pub(super) fn git_name(git: &GitSpec) -> String {
    with_folder(&git.url, git.subdirectory.as_deref())
}

fn with_folder(url: &str, folder: Option<&str>) -> String {
    folder.map_or_else(|| url.to_owned(), |folder| format!("{url}/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(package: &str, version: &str) -> Spec {
        Spec::Hub { package: package.into(), versions: vec![version.into()], prerelease: false }
    }

    fn git(url: &str, revision: &str) -> Spec {
        Spec::Git(GitSpec {
            url: url.into(),
            unrendered: url.into(),
            revisions: vec![revision.into()],
            warn_unpinned: true,
            subdirectory: None,
        })
    }

    #[test]
    fn what_is_asked_twice_is_asked_together() {
        let wanted = Wanted::of(vec![
            hub("a/b", ">=1.0.0"),
            hub("a/b", "<2.0.0"),
            git("https://x/y.git", "1"),
            git("https://x/y", "1"),
        ])
        .unwrap();
        assert_eq!(wanted.0.len(), 2);
        let Spec::Hub { versions, .. } = &wanted.0[0].1 else { panic!() };
        assert_eq!(versions, &[">=1.0.0", "<2.0.0"]);
    }

    #[test]
    fn one_name_of_two_kinds_is_an_error() {
        let error = Wanted::of(vec![hub("a", "1.0.0"), Spec::Local { path: "a".into() }]);
        assert!(error.unwrap_err().message.contains("mismatched types"));
    }
}
