//! profiles.yml: which server, which schema, how many threads
//! (<https://docs.getdbt.com/docs/core/connect-data-platform/profiles.yml>).

use super::credentials::{EmbeddedTarget, TargetReader, TargetSource};
use super::env::Env;
use super::project_file::RawProject;
use super::render::YamlGlobals;
use super::yaml::{Map, Node, Source, Value as YamlValue, Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::Value;
use crate::suggest;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The chosen profile and target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The profile's name.
    pub profile_name: String,
    /// The target's name.
    pub target_name: String,
    /// How many nodes run at once.
    pub threads: usize,
    /// Where statements go.
    pub source: TargetSource,
}

/// What the command line says about the profile.
#[derive(Debug, Clone, Default)]
pub struct ProfileOptions {
    /// `--profiles-dir` or `DBT_PROFILES_DIR`.
    pub profiles_dir: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// `--threads`.
    pub threads: Option<usize>,
}

/// The name of the file.
const PROFILES_FILE: &str = "profiles.yml";
/// The target's name when neither a profile nor the command line gives one.
const EMBEDDED_NAME: &str = "dev";
/// Threads of a run without a profile. The server is on this machine.
const EMBEDDED_THREADS: usize = 4;

impl Profile {
    /// Finds and reads the profile of a project. Without a profile the embedded server is
    /// used; a profile that exists but is wrong is an error.
    ///
    /// # Errors
    /// `ProfileMissing`, `ProfileInvalid`, and what rendering raised.
    pub fn load(
        options: &ProfileOptions,
        project: &RawProject,
        globals: &YamlGlobals,
        env: &Env,
    ) -> Result<Self> {
        let file = profiles_file(options, env);
        let name = match &options.profile {
            Some(name) => Some(name.clone()),
            None => project_profile(project, globals)?,
        };
        let Some(name) = name else {
            return Ok(Self::embedded("gdbt", options));
        };
        let Some(file) = file.filter(|file| file.is_file()) else {
            // Whoever names a profile or its folder expects it to be there.
            if options.profile.is_some() || options.profiles_dir.is_some() {
                return Err(not_found(&name).with_help(format!(
                    "There is no {PROFILES_FILE}; see profiles.example.yml, or leave --profile \
                     and --profiles-dir out to use the embedded server."
                )));
            }
            return Ok(Self::embedded(&name, options));
        };
        let yaml = read(&file)?;
        let Some(node) = yaml.root.get(&name) else {
            return Err(explain_missing(&name, &yaml, &file));
        };
        if node.is_null() || node.as_map().is_some_and(Map::is_empty) {
            return Err(unreadable(
                &yaml.source,
                node,
                &format!("Profile {name} in profiles.yml is empty"),
            ));
        }
        Chosen { name: &name, node, source: &yaml.source, globals }.load(options)
    }

    fn embedded(name: &str, options: &ProfileOptions) -> Self {
        Self {
            profile_name: name.to_owned(),
            target_name: options.target.clone().unwrap_or_else(|| EMBEDDED_NAME.to_owned()),
            threads: options.threads.unwrap_or(EMBEDDED_THREADS),
            source: TargetSource::Embedded(EmbeddedTarget::default()),
        }
    }

    /// Checks that there is a profile of this name.
    ///
    /// # Errors
    /// `ProfileMissing`, and what is wrong with profiles.yml.
    pub fn check_exists(name: &str, options: &ProfileOptions, env: &Env) -> Result<()> {
        let Some(file) = profiles_file(options, env).filter(|file| file.is_file()) else {
            return Err(not_found(name).with_help("There is no profiles.yml."));
        };
        let yaml = read(&file)?;
        if yaml.root.get(name).is_some() {
            Ok(())
        } else {
            Err(explain_missing(name, &yaml, &file))
        }
    }

    /// The `target` that templates see.
    pub fn target(&self) -> Value {
        let threads = i64::try_from(self.threads).unwrap_or(i64::MAX);
        let mut values = self.source.template_values();
        values.extend([
            ("type", Value::str("postgres")),
            ("threads", Value::Int(threads)),
            ("name", Value::str(&self.target_name)),
            ("target_name", Value::str(&self.target_name)),
            ("profile_name", Value::str(&self.profile_name)),
        ]);
        Value::dict(values)
    }
}

/// `config` of profiles.yml, where older projects have what is `flags` of dbt_project.yml now.
/// A file that cannot be read is reported when the profile is loaded.
pub fn old_flags(options: &ProfileOptions, env: &Env) -> Option<Map> {
    let file = profiles_file(options, env).filter(|file| file.is_file())?;
    let yaml = read(&file).ok()?;
    let flags = yaml.root.get("config")?.as_map()?;
    (!flags.is_empty()).then(|| flags.clone())
}

/// The profiles.yml that holds a password in plain text and that others than its owner may read.
pub fn exposed_file(options: &ProfileOptions, env: &Env) -> Option<PathBuf> {
    let file = profiles_file(options, env).filter(|file| file.is_file())?;
    let mode = std::fs::metadata(&file).ok()?.permissions().mode();
    let readable_by_others = mode & 0o044 != 0;
    (readable_by_others && read(&file).is_ok_and(|yaml| has_password(&yaml.root))).then_some(file)
}

/// Whether an output has a password that is no template, such as `env_var()`.
fn has_password(root: &Node) -> bool {
    let outputs = values(root).filter_map(|profile| profile.get("outputs")).flat_map(values);
    let passwords = outputs.flat_map(|output| [output.get("password"), output.get("pass")]);
    let mut texts = passwords.flatten().filter_map(Node::scalar_text);
    texts.any(|text| !text.is_empty() && !text.contains("{{"))
}

fn values(node: &Node) -> impl Iterator<Item = &Node> {
    node.as_map().into_iter().flatten().map(|entry| &entry.value)
}

/// `--profiles-dir`, else this folder if it has the file, else `~/.dbt`.
fn profiles_file(options: &ProfileOptions, env: &Env) -> Option<PathBuf> {
    if let Some(folder) = &options.profiles_dir {
        return Some(folder.join(PROFILES_FILE));
    }
    let here = PathBuf::from(PROFILES_FILE);
    if here.exists() {
        return Some(here);
    }
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"))?;
    Some(Path::new(home).join(".dbt").join(PROFILES_FILE))
}

fn project_profile(project: &RawProject, globals: &YamlGlobals) -> Result<Option<String>> {
    let Some(node) = project.profile() else { return Ok(None) };
    let source = &project.yaml.source;
    let Some(text) = node.as_str() else {
        let message = format!("`profile` must be a string, not {}", node.kind());
        return Err(source.error(Code::ProjectInvalid, node.place, message));
    };
    match globals.render(source, text, node.place)? {
        YamlValue::Str(name) => Ok(Some(name)),
        other => Ok(Node { value: other, place: node.place }.scalar_text()),
    }
}

fn read(file: &Path) -> Result<Yaml> {
    let text = std::fs::read_to_string(file).map_err(|error| Diagnostic::io(file, &error))?;
    let shown = file.display().to_string();
    let yaml = Yaml::parse(shown.clone(), text)?;
    if yaml.root.as_map().is_none() {
        let problem = if yaml.root.is_null() { "is empty" } else { "is not a mapping of profiles" };
        let message = format!("The profiles.yml file at {shown} {problem}");
        return Err(unreadable(&yaml.source, &yaml.root, &message));
    }
    Ok(yaml)
}

fn unreadable(source: &Source, node: &Node, problem: &str) -> Box<Diagnostic> {
    let message = format!(
        "\ndbt encountered an error while trying to read your profiles.yml file.\n\n{problem}\n"
    );
    source.error(Code::ProfileInvalid, node.place, message)
}

fn not_found(name: &str) -> Box<Diagnostic> {
    Diagnostic::new(Code::ProfileMissing, format!("Could not find profile named '{name}'"))
}

fn explain_missing(name: &str, yaml: &Yaml, file: &Path) -> Box<Diagnostic> {
    let names = yaml.root.as_map().into_iter().flatten().filter_map(|entry| entry.key.as_str());
    let names: Vec<&str> = names.collect();
    let shown = file.display();
    not_found(name).with_help(match suggest::nearest(name, names.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`? The profiles are in {shown}."),
        None => format!("{shown} has these profiles: {}.", names.join(", ")),
    })
}

/// A profile that was found, before its target is chosen.
struct Chosen<'a> {
    name: &'a str,
    node: &'a Node,
    source: &'a Source,
    globals: &'a YamlGlobals,
}

impl Chosen<'_> {
    fn load(&self, options: &ProfileOptions) -> Result<Profile> {
        if self.node.get("embedded").and_then(Node::as_bool) == Some(true)
            && self.node.get("outputs").is_none()
        {
            return Ok(Profile::embedded(self.name, options));
        }
        let target = match (&options.target, self.node.get("target")) {
            (Some(target), _) => target.clone(),
            (None, Some(node)) => self.render_name(node)?,
            (None, None) => "default".to_owned(),
        };
        let node = self.render(self.output(&target)?)?;
        let threads = match options.threads {
            Some(threads) => threads,
            None => self.threads(&node)?,
        };
        let reader =
            TargetReader { source: self.source, node: &node, profile: self.name, target: &target };
        let source = reader.read()?;
        Ok(Profile { profile_name: self.name.to_owned(), target_name: target, threads, source })
    }

    fn error(&self, node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
        self.source.error(Code::ProfileInvalid, node.place, message)
    }

    fn render_name(&self, node: &Node) -> Result<String> {
        let value = match node.as_str() {
            Some(text) => self.globals.render(self.source, text, node.place)?,
            None => node.value.clone(),
        };
        Node { value, place: node.place }
            .scalar_text()
            .ok_or_else(|| self.error(node, "`target` must be the name of an output"))
    }

    fn output(&self, target: &str) -> Result<&Node> {
        let Some(outputs) = self.node.get("outputs").and_then(Node::as_map) else {
            let message = format!("outputs not specified in profile '{}'", self.name);
            return Err(self.error(self.node, message));
        };
        let names: Vec<String> =
            outputs.iter().filter_map(|entry| entry.key.scalar_text()).collect();
        let Some(output) = outputs.get(target) else {
            let listed: Vec<String> = names.iter().map(|name| format!(" - {name}")).collect();
            let message = format!(
                "The profile '{}' does not have a target named '{target}'. The valid target names \
                 for this profile are:\n{}",
                self.name,
                listed.join("\n")
            );
            let error = self.error(self.node, message);
            return Err(match suggest::nearest(target, names.iter().map(String::as_str)) {
                Some(near) => error.with_help(format!("Did you mean `{near}`?")),
                None => error,
            });
        };
        if output.as_map().is_none() {
            let message = format!(
                "output '{target}' of profile '{}' is misconfigured in profiles.yml",
                self.name
            );
            return Err(self.error(output, message));
        }
        Ok(output)
    }

    /// Renders the target. A password that is not valid Jinja is taken as it is.
    fn render(&self, output: &Node) -> Result<Node> {
        let keep = |path: &[&str]| {
            let password = matches!(path.last(), Some(&("password" | "pass")));
            password
                && output
                    .get(path.last().copied().unwrap_or_default())
                    .and_then(|node| Some((node.as_str()?, node.place)))
                    .is_some_and(|(text, place)| {
                        self.globals.render(self.source, text, place).is_err_and(|error| {
                            !matches!(error.code, Code::EnvVarMissing | Code::VarMissing)
                        })
                    })
        };
        self.globals.render_tree(self.source, output, &keep)
    }

    fn threads(&self, output: &Node) -> Result<usize> {
        let Some(node) = output.get("threads").filter(|node| !node.is_null()) else {
            return Ok(1);
        };
        let threads = node.as_int().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        threads.ok_or_else(|| {
            let quote = if node.as_str().is_some() { "'" } else { "" };
            let shown = node.scalar_text().unwrap_or_default();
            let message = if node.as_int().is_some() {
                format!("at path ['threads']: {shown} is not a positive number")
            } else {
                format!("at path ['threads']: {quote}{shown}{quote} is not of type 'integer'")
            };
            self.error(node, message)
        })
    }
}
