//! What `deps` tells, by dbt's names.

use crate::event::{Event, Level, NamedEvent};
use serde_json::json;

fn info(name: &'static str, code: &'static str, message: String) -> NamedEvent {
    NamedEvent::new(name, code, Level::Info, message)
}

pub(super) fn installing(package: &str) -> Event {
    info("DepsStartPackageInstall", "M014", format!("Installing {package}"))
        .with("package_name", package)
        .into()
}

pub(super) fn installed(version: &str) -> Event {
    info("DepsInstallInfo", "M015", format!("Installed from {version}"))
        .with("version_name", version)
        .into()
}

pub(super) fn update_available(latest: &str) -> Event {
    info("DepsUpdateAvailable", "M016", format!("Updated version available: {latest}"))
        .with("version_latest", latest)
        .into()
}

pub(super) fn up_to_date() -> Event {
    info("DepsUpToDate", "M017", "Up to date!".to_owned()).into()
}

pub(super) fn subdirectory(folder: &str) -> Event {
    info("DepsListSubdirectory", "M018", format!("and subdirectory {folder}"))
        .with("subdirectory", folder)
        .into()
}

pub(super) fn updates_available(packages: &[String]) -> Event {
    let list: Vec<String> = packages.iter().map(|package| format!("'{package}'")).collect();
    let message = format!(
        "Updates available for packages: [{}]\nUpdate your versions in packages.yml, then run dbt \
         deps",
        list.join(", ")
    );
    info("DepsNotifyUpdatesAvailable", "M019", message).with("packages", packages.to_vec()).into()
}

pub(super) fn lock_updated(path: &str) -> Event {
    info("DepsLockUpdating", "M031", format!("Updating lock file in file path: {path}"))
        .with("lock_filepath", path)
        .into()
}

pub(super) fn added(package: &str, version: &str, file: &str) -> Event {
    let message = format!("Added new package {package}@{version} to {file}");
    info("DepsAddPackage", "M032", message)
        .with("package_name", package)
        .with("version", version)
        .with("packages_filepath", file)
        .into()
}

pub(super) fn duplicate_removed(entry: &serde_json::Map<String, serde_json::Value>) -> Event {
    let parts: Vec<String> = entry
        .iter()
        .map(|(key, value)| match value.as_str() {
            Some(text) => format!("'{key}': '{text}'"),
            None => format!("'{key}': {value}"),
        })
        .collect();
    let shown = format!("{{{}}}", parts.join(", "));
    let message = format!("Found duplicate package in packages.yml, removing: {shown}");
    info("DepsFoundDuplicatePackage", "M033", message).with("removed_package", json!(entry)).into()
}

pub(super) fn unpinned(url: &str, revision: &str) -> Event {
    let how = match revision {
        "HEAD" => "not pinned, using HEAD (default branch)".to_owned(),
        branch => format!("pinned to the \"{branch}\" branch"),
    };
    let message = format!(
        "WARNING: The git package \"{url}\" \n\tis {how}.\n\tThis can introduce breaking changes \
         into your project without warning!\n\nSee \
         https://docs.getdbt.com/docs/package-management#section-specifying-package-versions"
    );
    NamedEvent::new("DepsUnpinned", "M029", Level::Warn, message)
        .with("revision", revision)
        .with("git", url)
        .into()
}

pub(super) fn scrubbed(package: &str) -> Event {
    let message = format!(
        "Detected secret env var in {package}. dbt will write a scrubbed representation to the \
         lock file. This will cause issues with subsequent 'dbt deps' using the lock file, \
         requiring 'dbt deps --upgrade'"
    );
    NamedEvent::new("DepsScrubbedPackageName", "M035", Level::Warn, message)
        .with("package_name", package)
        .into()
}

pub(super) fn redirected(old: &str, new: &str) -> Event {
    let message = format!(
        "The `{old}` package is deprecated in favor of `{new}`. Please update your `packages.yml` \
         configuration to use `{new}` instead."
    );
    NamedEvent::new("PackageRedirectDeprecation", "D001", Level::Warn, message)
        .with("old_name", old)
        .with("new_name", new)
        .into()
}

pub(super) fn links_left_out(package: &str, count: usize) -> Event {
    let message = format!("{package}: {count} links in the archive are left out");
    NamedEvent::new("DepsLinksLeftOut", "G010", Level::Warn, message).into()
}

pub(super) fn request(url: &str) -> Event {
    let message = format!("Making package registry request: GET {url}");
    NamedEvent::new("RegistryProgressGETRequest", "M008", Level::Debug, message)
        .with("url", url)
        .into()
}

pub(super) fn response(url: &str, code: u16) -> Event {
    let message = format!("Response from registry: GET {url} {code}");
    NamedEvent::new("RegistryProgressGETResponse", "M009", Level::Debug, message)
        .with("url", url)
        .with("resp_code", code)
        .into()
}

pub(super) fn downloads(folder: &str) -> Event {
    let message = format!("Set downloads directory='{folder}'");
    NamedEvent::new("DepsSetDownloadDirectory", "M028", Level::Debug, message)
        .with("path", folder)
        .into()
}

pub(super) fn checking_out(revision: &str) -> Event {
    let message = format!("Checking out revision {revision}.");
    NamedEvent::new("GitProgressCheckoutRevision", "M002", Level::Debug, message)
        .with("revision", revision)
        .into()
}

pub(super) fn checked_out(sha: &str) -> Event {
    let short = sha.get(..7).unwrap_or(sha);
    NamedEvent::new(
        "GitProgressCheckedOutAt",
        "M007",
        Level::Debug,
        format!("Checked out at {short}."),
    )
    .with("end_sha", short)
    .into()
}

pub(super) fn linking() -> Event {
    let message = "  Creating symlink to local dependency.".to_owned();
    NamedEvent::new("DepsCreatingLocalSymlink", "Z037", Level::Debug, message).into()
}
