//! Entries of packages.yml.

use super::failed;
use crate::diagnostic::Result;
use serde_json::{Map, Value as Json, json};

/// A package as a project asks for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Spec {
    /// A folder.
    Local {
        /// Relative to the root project.
        path: String,
    },
    /// A git repository.
    Git(GitSpec),
    /// An archive at a URL.
    Tarball {
        url: String,
        /// As it is written, with `env_var` in it.
        unrendered: String,
        name: String,
    },
    /// A package of the hub.
    Hub {
        /// `namespace/name`.
        package: String,
        versions: Vec<String>,
        prerelease: bool,
    },
}

/// A git repository as a project asks for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GitSpec {
    pub(super) url: String,
    /// As it is written, with `env_var` in it.
    pub(super) unrendered: String,
    /// Those that the projects ask for; none is the default branch.
    pub(super) revisions: Vec<String>,
    pub(super) warn_unpinned: bool,
    pub(super) subdirectory: Option<String>,
}

/// The keys that an entry may have, by the key that says its kind.
const KINDS: [(&str, &[&str]); 5] = [
    ("local", &["name"]),
    ("tarball", &["name"]),
    ("git", &["revision", "warn-unpinned", "subdirectory", "name"]),
    ("package", &["version", "install_prerelease", "name"]),
    ("private", &["provider", "revision", "warn-unpinned", "subdirectory", "name"]),
];

impl Spec {
    /// Reads a rendered entry; `unrendered` is the same entry as written.
    ///
    /// # Errors
    /// What is wrong with it, without the words around it.
    pub(super) fn read(entry: &Json, unrendered: &Json) -> Result<Self, String> {
        check(entry)?;
        let text = |key: &str| entry.get(key).and_then(Json::as_str).map(str::to_owned);
        let written = |key: &str, rendered: &str| {
            let text = unrendered.get(key).and_then(Json::as_str);
            text.unwrap_or(rendered).to_owned()
        };
        if let Some(path) = text("local") {
            return Ok(Self::Local { path });
        }
        if let Some(url) = text("tarball") {
            let unrendered = written("tarball", &url);
            return Ok(Self::Tarball { url, unrendered, name: text("name").unwrap_or_default() });
        }
        if let Some(url) = text("git") {
            return Ok(Self::Git(GitSpec {
                unrendered: written("git", &url),
                url,
                revisions: entry.get("revision").and_then(scalar).into_iter().collect(),
                warn_unpinned: entry.get("warn-unpinned") != Some(&Json::Bool(false)),
                subdirectory: text("subdirectory"),
            }));
        }
        if let Some(package) = text("package") {
            let versions = match entry.get("version") {
                Some(Json::Array(list)) => list.iter().filter_map(scalar).collect(),
                Some(one) => scalar(one).into_iter().collect(),
                None => Vec::new(),
            };
            let prerelease = entry.get("install_prerelease") == Some(&Json::Bool(true));
            return Ok(Self::Hub { package, versions, prerelease });
        }
        Err(unlike_all(entry))
    }

    /// Whether an entry is a private package, which only dbt's platform can resolve.
    pub(super) fn refuse_private(entry: &Json) -> Result<()> {
        let Some(private) = entry.get("private").and_then(Json::as_str) else { return Ok(()) };
        Err(failed(format!(
            "Cannot resolve private package {private} because git provider integration is \
             missing. Please use a \"git\" package instead."
        )))
    }

    /// The entry with all keys of its kind: what dbt's hash of the lock file is made of.
    pub(super) fn hashed(entry: &Json, unrendered: &Json) -> Json {
        let part = |key: &str| entry.get(key).cloned().unwrap_or_default();
        let mut map = Map::new();
        map.insert("unrendered".to_owned(), unrendered.clone());
        let (kind, keys) = KINDS
            .iter()
            .find(|(kind, _)| entry.get(*kind).is_some())
            .map_or(("", &[][..]), |(kind, keys)| (*kind, *keys));
        map.insert(kind.to_owned(), part(kind));
        for key in keys {
            map.insert((*key).to_owned(), part(key));
        }
        if map.get("name").is_some_and(Json::is_null) {
            map.shift_remove("name");
        }
        if kind == "package" && map.get("install_prerelease").is_none_or(Json::is_null) {
            map.insert("install_prerelease".to_owned(), json!(false));
        }
        Json::Object(map)
    }
}

/// Python's text of a scalar.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn unlike_all(entry: &Json) -> String {
    format!("{entry} is not valid under any of the given schemas")
}

/// dbt's checks of an entry.
fn check(entry: &Json) -> Result<(), String> {
    let Some(map) = entry.as_object() else { return Err(unlike_all(entry)) };
    for (kind, name) in [("package", "hub"), ("local", "local"), ("git", "git")] {
        if map.get(kind) == Some(&json!("")) {
            let message =
                format!("A {name} package is missing the value. It is a required property.");
            return Err(message);
        }
    }
    if let Some(package) = map.get("package").and_then(Json::as_str) {
        let version = map.get("version");
        if version.is_none_or(|it| it.is_null() || *it == json!("") || *it == json!([])) {
            return Err(format!(
                "{package} is missing the version. When installing from the Hub package index, \
                 version is a required property"
            ));
        }
        if !package.contains('/') {
            return Err(format!(
                "{package} was not found in the package index. Packages on the index require a \
                 namespace, e.g dbt-labs/dbt_utils"
            ));
        }
    }
    let kind = KINDS.iter().find(|(kind, _)| map.get(*kind).is_some_and(Json::is_string));
    let Some((kind, keys)) = kind else { return Err(unlike_all(entry)) };
    let known = |key: &String| key == kind || keys.contains(&key.as_str());
    let named = *kind != "tarball" || map.get("name").is_some_and(Json::is_string);
    if !map.keys().all(known) || !named {
        return Err(unlike_all(entry));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &Json) -> Result<Spec, String> {
        Spec::read(entry, entry)
    }

    #[test]
    fn each_kind_is_known_by_its_key() {
        assert_eq!(read(&json!({"local": "../a"})), Ok(Spec::Local { path: "../a".into() }));
        let git = json!({"git": "https://x/y.git", "revision": 1.0, "warn-unpinned": false});
        let Ok(Spec::Git(git)) = read(&git) else { panic!() };
        assert_eq!((git.revisions, git.warn_unpinned), (vec!["1.0".to_owned()], false));
        let hub = json!({"package": "a/b", "version": [">=1.0.0", "<2.0.0"]});
        let Ok(Spec::Hub { versions, .. }) = read(&hub) else { panic!() };
        assert_eq!(versions, [">=1.0.0", "<2.0.0"]);
    }

    #[test]
    fn mistakes_are_told_as_dbt_tells_them() {
        let error = |entry: Json| read(&entry).unwrap_err();
        assert!(error(json!({"git": ""})).starts_with("A git package is missing the value"));
        assert!(error(json!({"package": "b", "version": "1.0.0"})).contains("namespace"));
        assert!(error(json!({"package": "a/b", "version": ""})).contains("missing the version"));
        assert!(error(json!({"local": "a", "revision": "x"})).contains("not valid under any"));
        assert!(error(json!({"tarball": "http://x"})).contains("not valid under any"));
        assert!(error(json!("a")).contains("not valid under any"));
    }

    #[test]
    fn what_is_hashed_is_what_dbt_hashes() {
        let entry = json!({"git": "g", "subdirectory": "s"});
        let hashed = Spec::hashed(&entry, &entry);
        assert_eq!(
            hashed,
            json!({"git": "g", "revision": null, "warn-unpinned": null, "subdirectory": "s",
                   "unrendered": {"git": "g", "subdirectory": "s"}})
        );
    }
}
