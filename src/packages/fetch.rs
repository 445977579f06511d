//! Getting packages to where they can be read: each once per command.

use super::archive;
use super::events;
use super::failed;
use super::git::Git;
use super::http::Http;
use super::hub::{Hub, Picked};
use super::list::PackageList;
use super::resolve::git_name;
use super::spec::{GitSpec, Spec};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::Sink;
use crate::project::normalized;
use crate::project::render::YamlGlobals;
use crate::project::secret::Secrets;
use crate::project::version::Requirement;
use crate::project::yaml::Yaml;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A package at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// A folder.
    Local {
        /// Relative to the root project.
        path: String,
    },
    /// A git repository.
    Git {
        /// Where.
        url: String,
        /// Where, as it is written.
        unrendered: String,
        /// `HEAD`, a branch, a tag or a commit.
        revision: String,
        /// The folder of the project in it.
        subdirectory: Option<String>,
        /// Whether to warn about `HEAD` and branches.
        warn_unpinned: bool,
    },
    /// An archive.
    Tarball {
        /// Where.
        url: String,
        /// Where, as it is written.
        unrendered: String,
        /// The name it gets.
        name: String,
    },
    /// A package of the hub.
    Hub {
        /// `namespace/name`.
        package: String,
        /// Its version.
        version: String,
        /// The newest version that could be installed.
        latest: String,
    },
}

/// What a package says of itself.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) packages: Vec<Spec>,
    /// The commit of a git repository.
    sha: Option<String>,
}

/// How to fetch.
pub struct FetchOptions<'a> {
    /// The root project's folder; local packages are relative to it.
    pub root: PathBuf,
    /// The root project's name.
    pub root_name: String,
    /// What `~` at the start of a local package's path stands for.
    pub home: Option<&'a str>,
    /// `DBT_PACKAGE_HUB_URL`.
    pub hub: Option<&'a str>,
    /// `DBT_DOWNLOADS_DIR`: kept, where a folder of our own would be deleted.
    pub downloads: Option<&'a Path>,
    /// Where a folder of our own may be made.
    pub temporary: &'a Path,
    /// Names for packages.yml.
    pub globals: &'a YamlGlobals,
    /// What may not be shown.
    pub secrets: &'a Secrets,
    /// Whether packages of the hub must fit this version of dbt.
    pub check_version: bool,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
}

/// Fetches packages.
pub struct Fetcher<'a> {
    pub(super) options: FetchOptions<'a>,
    http: Arc<Http>,
    hub: Hub,
    downloads: Downloads,
    known: Mutex<HashMap<String, Arc<Metadata>>>,
}

impl<'a> Fetcher<'a> {
    /// A fetcher with its folder of downloads.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(options: FetchOptions<'a>) -> Result<Self> {
        let http = Arc::new(Http::new());
        let sink = Arc::clone(&options.sink);
        let hub = Hub::new(options.hub, Arc::clone(&http), sink, options.check_version);
        let downloads = Downloads::new(options.downloads, options.temporary)?;
        options.sink.emit(events::downloads(&downloads.folder.display().to_string()));
        Ok(Self { options, http, hub, downloads, known: Mutex::default() })
    }

    /// Picks the version that meets everything that is asked.
    pub(super) fn pin(&self, spec: &Spec) -> Result<Pinned> {
        Ok(match spec {
            Spec::Local { path } => Pinned::Local { path: path.clone() },
            Spec::Tarball { url, unrendered, name } => Pinned::Tarball {
                url: url.clone(),
                unrendered: unrendered.clone(),
                name: name.clone(),
            },
            Spec::Git(git) => Pinned::Git {
                url: git.url.clone(),
                unrendered: git.unrendered.clone(),
                revision: one_revision(git)?,
                subdirectory: git.subdirectory.clone(),
                warn_unpinned: git.warn_unpinned,
            },
            Spec::Hub { package, versions, prerelease } => {
                let requirements: Vec<Requirement> = versions
                    .iter()
                    .map(|text| {
                        text.parse().map_err(|error: Box<Diagnostic>| failed(error.message))
                    })
                    .collect::<Result<_>>()?;
                let Picked { version, latest } =
                    self.hub.pick(package, &requirements, *prerelease)?;
                Pinned::Hub { package: package.clone(), version, latest }
            }
        })
    }

    /// The package with its commit for the lock file.
    pub(super) fn locked(&self, mut pinned: Pinned) -> Result<Pinned> {
        let sha = self.metadata(&pinned)?.sha.clone();
        if let (Pinned::Git { revision, .. }, Some(sha)) = (&mut pinned, sha) {
            *revision = sha;
        }
        Ok(pinned)
    }

    /// What a package says of itself; fetches it, unless it is of the hub.
    pub(super) fn metadata(&self, pinned: &Pinned) -> Result<Arc<Metadata>> {
        let key = format!("{pinned:?}");
        if let Some(known) = self.known.lock().get(&key) {
            return Ok(known.clone());
        }
        let metadata = Arc::new(self.read(pinned)?);
        self.known.lock().insert(key, metadata.clone());
        Ok(metadata)
    }

    fn read(&self, pinned: &Pinned) -> Result<Metadata> {
        match pinned {
            Pinned::Local { path } => self.of_folder(&self.local(path), None),
            Pinned::Git { url, revision, warn_unpinned, .. } => {
                let (folder, sha) = self.checkout(pinned)?;
                if *warn_unpinned && matches!(revision.as_str(), "HEAD" | "main" | "master") {
                    let shown = self.options.secrets.scrub(url);
                    self.options.sink.warn(events::unpinned(&shown, revision))?;
                }
                self.of_folder(&folder, Some(sha))
            }
            Pinned::Tarball { url, name, .. } => {
                let folder = self.download(url, name)?;
                let metadata = self.of_folder(&folder, None)?;
                Ok(Metadata { name: name.clone(), ..metadata })
            }
            Pinned::Hub { package, version, .. } => {
                let about = self.hub.version(package, version)?;
                let text = |key: &str| about.get(key).and_then(Json::as_str);
                let packages = about.get("packages").and_then(Json::as_array);
                let specs = packages.into_iter().flatten().map(|entry| {
                    Spec::read(entry, entry).map_err(|error| failed(format!("{package}: {error}")))
                });
                Ok(Metadata {
                    name: text("name").unwrap_or_default().to_owned(),
                    packages: specs.collect::<Result<_>>()?,
                    sha: None,
                })
            }
        }
    }

    /// The project in a folder.
    fn of_folder(&self, folder: &Path, sha: Option<String>) -> Result<Metadata> {
        let file = folder.join("dbt_project.yml");
        let text = std::fs::read_to_string(&file).map_err(|_| {
            Diagnostic::new(
                Code::ProjectMissing,
                format!(
                    "No dbt_project.yml found at expected path {}\nVerify that each entry within \
                     packages.yml (and their transitive dependencies) contains a file named \
                     dbt_project.yml\n",
                    file.display()
                ),
            )
        })?;
        let yaml = Yaml::parse(file.display().to_string(), text)?;
        let name = yaml.root.get("name").and_then(|name| name.as_str()).ok_or_else(|| {
            let message = "Package defined in dbt_project.yml must have a name!";
            Diagnostic::new(Code::ProjectInvalid, message)
        })?;
        let packages = PackageList::read(folder, self.options.globals)?.specs()?;
        Ok(Metadata { name: name.to_owned(), packages, sha })
    }

    /// Where the files of a package are. What is moved from there is gone for a second use.
    pub(super) fn folder(&self, pinned: &Pinned) -> Result<PathBuf> {
        match pinned {
            Pinned::Local { path } => Ok(self.local(path)),
            Pinned::Git { .. } => Ok(self.checkout(pinned)?.0),
            Pinned::Tarball { url, name, .. } => self.download(url, name),
            Pinned::Hub { package, version, .. } => {
                let about = self.hub.version(package, version)?;
                let url = about.get("downloads").and_then(|it| it.get("tarball"));
                let url = url.and_then(Json::as_str).ok_or_else(|| {
                    failed(format!("The package hub's answer about {package} has no downloads"))
                })?;
                self.download(url, package)
            }
        }
    }

    fn local(&self, path: &str) -> PathBuf {
        let of_home =
            path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match (of_home, self.options.home) {
            (Some(rest), Some(home)) => normalized(Path::new(&format!("{home}{rest}"))),
            _ => normalized(&self.options.root.join(path)),
        }
    }

    fn checkout(&self, pinned: &Pinned) -> Result<(PathBuf, String)> {
        let Pinned::Git { url, revision, subdirectory, .. } = pinned else {
            return Err(Diagnostic::new(Code::Internal, "only git packages are checked out"));
        };
        let git = Git { sink: self.options.sink.as_ref(), secrets: self.options.secrets };
        let folder = self.downloads.fresh();
        let sha = git.checkout(url, revision, subdirectory.as_deref(), &folder)?;
        let project = match subdirectory {
            None => folder,
            Some(inner) => inside(&folder, inner)?,
        };
        Ok((project, sha))
    }

    fn download(&self, url: &str, name: &str) -> Result<PathBuf> {
        let folder = self.downloads.fresh();
        let file = folder.with_extension("tar.gz");
        self.http.download(url, &file)?;
        let unpacked = archive::unpack(&file, &folder).map_err(|error| {
            let url = self.options.secrets.scrub(url);
            failed(format!(
                "Incorrect structure for package extracted from {url}: {error}. The extracted \
                 package needs to follow the structure {name}/<package_contents>."
            ))
        })?;
        let _ = std::fs::remove_file(&file);
        if unpacked.links > 0 {
            self.options.sink.warn(events::links_left_out(name, unpacked.links))?;
        }
        Ok(unpacked.folder)
    }

    /// A package as the lock file has it. Secrets are scrubbed, with a warning.
    pub(super) fn entry(&self, pinned: &Pinned) -> Result<Json> {
        let name = &self.metadata(pinned)?.name;
        let mut entry = match pinned {
            Pinned::Local { path } => json!({"local": path, "name": name}),
            Pinned::Git { unrendered, revision, .. } => {
                json!({"git": self.scrubbed(unrendered)?, "revision": revision, "name": name})
            }
            Pinned::Tarball { unrendered, .. } => {
                json!({"tarball": self.scrubbed(unrendered)?, "name": name})
            }
            Pinned::Hub { package, version, .. } => {
                json!({"package": package, "version": version, "name": name})
            }
        };
        if let Pinned::Git { subdirectory: Some(folder), .. } = pinned {
            entry["subdirectory"] = json!(folder);
        }
        Ok(entry)
    }

    fn scrubbed(&self, text: &str) -> Result<String> {
        let scrubbed = self.options.secrets.scrub(text).into_owned();
        if scrubbed != text {
            self.options.sink.warn(events::scrubbed(&scrubbed))?;
        }
        Ok(scrubbed)
    }
}

/// The only revision that is asked for; none is the default branch.
fn one_revision(git: &GitSpec) -> Result<String> {
    let mut revisions: Vec<&String> = git.revisions.iter().collect();
    revisions.sort();
    revisions.dedup();
    match revisions.as_slice() {
        [] => Ok("HEAD".to_owned()),
        [one] => Ok((*one).clone()),
        many => {
            let many: Vec<String> = many.iter().map(|it| format!("'{it}'")).collect();
            Err(failed(format!(
                "git dependencies should contain exactly one version. {} contains: {{{}}}",
                git_name(git),
                many.join(", ")
            )))
        }
    }
}

/// A folder of a repository, which may not lead out of it.
fn inside(folder: &Path, inner: &str) -> Result<PathBuf> {
    let path = folder.join(inner);
    let real = |path: &Path| path.canonicalize().map_err(|error| Diagnostic::io(path, &error));
    if !real(&path)?.starts_with(real(folder)?) {
        return Err(failed(format!("The subdirectory '{inner}' lies outside of the repository")));
    }
    Ok(path)
}

/// The folder of downloads. One of our own is deleted at the end.
struct Downloads {
    folder: PathBuf,
    own: bool,
    count: AtomicUsize,
}

impl Downloads {
    fn new(given: Option<&Path>, temporary: &Path) -> Result<Self> {
        let folder = match given {
            Some(folder) => folder.to_owned(),
            None => temporary.join(format!("gdbt-downloads-{}", uuid::Uuid::new_v4())),
        };
        std::fs::create_dir_all(&folder).map_err(|error| Diagnostic::io(&folder, &error))?;
        Ok(Self { folder, own: given.is_none(), count: AtomicUsize::default() })
    }

    /// A name below it that nothing has.
    fn fresh(&self) -> PathBuf {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{}-{count}", uuid::Uuid::new_v4()))
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        if self.own {
            // What is left is in the folder of temporary files.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
