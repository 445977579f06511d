//! The package hub (<https://hub.getdbt.com>), or whatever answers in its stead.

use super::events;
use super::failed;
use super::http::Http;
use super::range::Range;
use crate::diagnostic::Result;
use crate::event::Sink;
use crate::project::version::{DBT_VERSION, Requirement, Version};
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

const HUB: &str = "https://hub.getdbt.com/";

/// A client of the hub; what was asked once is kept.
pub(super) struct Hub {
    base: String,
    http: Arc<Http>,
    sink: Arc<dyn Sink>,
    answers: Mutex<HashMap<String, Arc<Json>>>,
    /// Whether packages for other versions of dbt are left out.
    check_version: bool,
}

/// A version that was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked {
    pub(super) version: String,
    /// The newest version that could be installed.
    pub(super) latest: String,
}

impl Hub {
    /// `base` is `DBT_PACKAGE_HUB_URL`, with its last slash.
    pub(super) fn new(
        base: Option<&str>,
        http: Arc<Http>,
        sink: Arc<dyn Sink>,
        check_version: bool,
    ) -> Self {
        let base = base.unwrap_or(HUB).to_owned();
        Self { base, http, sink, answers: Mutex::default(), check_version }
    }

    /// The best version of a package for what is asked of it.
    pub(super) fn pick(
        &self,
        package: &str,
        requirements: &[Requirement],
        prerelease: bool,
    ) -> Result<Picked> {
        let index = self.get("index")?;
        let known = index.as_array().ok_or_else(|| unexpected("index", "a list"))?;
        if !known.iter().any(|name| name.as_str() == Some(package)) {
            return Err(failed(format!("Package {package} was not found in the package index")));
        }
        let range = Range::of(requirements).ok_or_else(|| {
            let options: Vec<String> = requirements.iter().map(|it| format!("'{it}'")).collect();
            failed(format!(
                "Version error for package {package}: Could not find a satisfactory version from \
                 options: [{}]",
                options.join(", ")
            ))
        })?;
        let prerelease = prerelease || requirements.iter().any(|it| it.version().is_prerelease());
        let mut installable: Vec<(Version, String)> = self
            .versions(package)?
            .into_iter()
            .filter(|(version, _)| prerelease || !version.is_prerelease())
            .collect();
        installable.sort();
        let picked = installable.iter().rev().find(|(version, _)| range.accepts(version));
        match (picked, installable.last()) {
            (Some((_, version)), Some((_, latest))) => {
                Ok(Picked { version: version.clone(), latest: latest.clone() })
            }
            _ => Err(failed(self.nothing_fits(package, &range, &installable))),
        }
    }

    fn nothing_fits(&self, package: &str, range: &Range, all: &[(Version, String)]) -> String {
        let names: Vec<String> = all.iter().map(|(_, name)| format!("'{name}'")).collect();
        let addendum = if self.check_version {
            "\n  Not shown: package versions incompatible with installed version of dbt-core\n  \
                 To include them, run 'dbt --no-version-check deps'"
        } else {
            ""
        };
        format!(
            "Could not find a matching compatible version for package {package}\n  Requested \
             range: {range}\n  Compatible versions: [{}]\n{addendum}",
            names.join(", ")
        )
    }

    /// The versions of a package that fit this version of dbt.
    fn versions(&self, package: &str) -> Result<Vec<(Version, String)>> {
        let answer = self.package(package)?;
        let versions = answer.get("versions").and_then(Json::as_object);
        let versions = versions.ok_or_else(|| unexpected(package, "versions"))?;
        let fits = |about: &Json| !self.check_version || fits_dbt(about);
        Ok(versions
            .iter()
            .filter(|(_, about)| fits(about))
            .filter_map(|(name, _)| Some((name.parse().ok()?, name.clone())))
            .collect())
    }

    /// What the hub tells about one version.
    pub(super) fn version(&self, package: &str, version: &str) -> Result<Json> {
        let answer = self.package(package)?;
        let found = answer.get("versions").and_then(|versions| versions.get(version));
        found.cloned().ok_or_else(|| unexpected(package, version))
    }

    fn package(&self, package: &str) -> Result<Arc<Json>> {
        let answer = self.get(package)?;
        let text = |key: &str| answer.get(key).and_then(Json::as_str);
        let (namespace, name) = (text("redirectnamespace"), text("redirectname"));
        if namespace.is_some() || name.is_some() {
            let namespace = namespace.or_else(|| text("namespace")).unwrap_or_default();
            let name = name.or_else(|| text("name")).unwrap_or_default();
            self.sink.warn(events::redirected(package, &format!("{namespace}/{name}")))?;
        }
        Ok(answer)
    }

    fn get(&self, name: &str) -> Result<Arc<Json>> {
        if let Some(known) = self.answers.lock().get(name) {
            return Ok(known.clone());
        }
        if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return Err(failed(format!("Package {name} was not found in the package index")));
        }
        let url = format!("{}api/v1/{name}.json", self.base);
        self.sink.emit(events::request(&url));
        let text = self.http.text(&url)?;
        self.sink.emit(events::response(&url, 200));
        let answer: Json = serde_json::from_str(&text)
            .map_err(|error| failed(format!("The answer of {url} is not JSON: {error}")))?;
        let answer = Arc::new(answer);
        self.answers.lock().insert(name.to_owned(), answer.clone());
        Ok(answer)
    }
}

/// Whether a version of a package is for this version of dbt.
fn fits_dbt(about: &Json) -> bool {
    let texts: Vec<&str> = match about.get("require_dbt_version") {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => return true,
    };
    let Ok(ours) = DBT_VERSION.parse::<Version>() else { return true };
    texts
        .into_iter()
        .filter(|text| !text.is_empty())
        .filter_map(|text| Requirement::parse_list(text).ok())
        .flatten()
        .all(|requirement| requirement.accepts(&ours))
}

fn unexpected(package: &str, missing: &str) -> Box<crate::diagnostic::Diagnostic> {
    failed(format!("The package hub's answer about {package} has no {missing}"))
}
