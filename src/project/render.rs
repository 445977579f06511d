//! Rendering the Jinja in project and profile files, as dbt does: keys are never rendered,
//! text values natively (`as_bool`, `as_number` …), everything else is left alone.

use super::env::{Env, SECRET_PREFIX};
use super::vars::Vars;
use super::yaml::{Entry, Map, Node, Place, Source, Value as Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::jinja::{Args, Error, Globals, Object, State, Template, Value};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// Names of the library of templates, such as `modules` and `tojson`.
pub type Library = fn(&str) -> Option<Value>;

/// The names that project and profile files may use: `env_var`, `var`, `target`,
/// `dbt_version` and the library.
pub struct YamlGlobals {
    names: HashMap<&'static str, Value>,
    library: Option<Library>,
    env: Arc<Env>,
    secrets: SecretRule,
}

/// The `target` of a command that needs no profile: every name in it is an empty text.
#[derive(Debug)]
pub struct NoTarget;

impl Object for NoTarget {
    fn type_name(&self) -> &'static str {
        "dict"
    }

    fn get_attr(&self, _: &mut State<'_>, _: &str) -> crate::jinja::Result<Option<Value>> {
        Ok(Some(Value::str("")))
    }

    fn get_item(&self, _: &mut State<'_>, _: &Value) -> crate::jinja::Result<Option<Value>> {
        Ok(Some(Value::str("")))
    }

    fn length(&self) -> Option<usize> {
        Some(0)
    }

    fn is_mapping(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Whether `env_var` may read `DBT_ENV_SECRET…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretRule {
    /// It may: profiles.yml and packages.yml.
    Allowed,
    /// It may not: everywhere else.
    Refused,
}

impl YamlGlobals {
    /// Names for a file. dbt_project.yml sees `target`; profiles.yml does not.
    pub fn new(env: &Arc<Env>, vars: &Arc<Vars>, target: Option<Value>, rule: SecretRule) -> Self {
        let mut names = HashMap::from([
            ("env_var", env_var(Arc::clone(env), rule)),
            ("var", var(Arc::clone(vars))),
            ("dbt_version", Value::str(super::version::DBT_VERSION)),
        ]);
        names.extend(target.map(|target| ("target", target)));
        Self { names, library: None, env: Arc::clone(env), secrets: rule }
    }

    /// With the library of templates.
    #[must_use]
    pub fn with_library(mut self, library: Option<Library>) -> Self {
        self.library = library;
        self
    }

    /// Renders one text.
    ///
    /// # Errors
    /// What the template raised, at the place of the text in the file.
    pub fn render(&self, source: &Source, text: &str, place: Place) -> Result<Yaml> {
        let rendered = self.native(source, text, place)?;
        if self.secrets == SecretRule::Refused {
            return Ok(rendered);
        }
        Ok(match rendered {
            Yaml::Str(text) => Yaml::Str(self.fill_secrets(text)),
            other => other,
        })
    }

    fn native(&self, source: &Source, text: &str, place: Place) -> Result<Yaml> {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            // Jinja drops one line feed at the end of a template.
            return Ok(Yaml::Str(text.strip_suffix('\n').unwrap_or(text).to_owned()));
        }
        let value = Template::from_text(Arc::clone(&source.path), text)
            .and_then(|template| template.render_native(self))
            .map_err(|error| explain(*error, source, text, place))?;
        Ok(from_jinja(&value))
    }

    /// Renders the texts of a tree. `keep` says which key paths are left as they are.
    ///
    /// # Errors
    /// As [`YamlGlobals::render`].
    pub fn render_tree(
        &self,
        source: &Source,
        node: &Node,
        keep: &dyn Fn(&[&str]) -> bool,
    ) -> Result<Node> {
        self.tree(source, node, &mut Vec::new(), keep)
    }

    fn tree<'n>(
        &self,
        source: &Source,
        node: &'n Node,
        path: &mut Vec<&'n str>,
        keep: &dyn Fn(&[&str]) -> bool,
    ) -> Result<Node> {
        let value = match &node.value {
            Yaml::Map(map) => {
                let mut entries = Vec::with_capacity(map.len());
                for entry in map {
                    path.push(entry.key.as_str().unwrap_or(""));
                    let value = self.tree(source, &entry.value, path, keep);
                    path.pop();
                    entries.push(Entry { key: entry.key.clone(), value: value? });
                }
                Yaml::Map(Map { entries })
            }
            Yaml::Seq(items) => Yaml::Seq(
                items
                    .iter()
                    .map(|item| self.tree(source, item, path, keep))
                    .collect::<Result<_>>()?,
            ),
            _ if keep(path) => node.value.clone(),
            Yaml::Str(text) => self.render(source, text, node.place)?,
            Yaml::Timestamp(timestamp) => Yaml::Str(timestamp.to_iso()),
            other => other.clone(),
        };
        Ok(Node { value, place: node.place })
    }

    /// Templates only see a placeholder, so that no filter can show a part of a secret; the
    /// value is filled in afterwards.
    fn fill_secrets(&self, mut text: String) -> String {
        while let Some(start) = text.find(SECRET_START) {
            let rest = &text[start + SECRET_START.len()..];
            let Some(length) = rest.find(SECRET_END) else { break };
            let value = self.env.get(&rest[..length]).unwrap_or("").to_owned();
            let end = start + SECRET_START.len() + length + SECRET_END.len();
            text.replace_range(start..end, &value);
        }
        text
    }
}

impl Globals for YamlGlobals {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.names.get(name).cloned().or_else(|| self.library?(name))
    }
}

const SECRET_START: &str = "$$$DBT_SECRET_START$$$";
const SECRET_END: &str = "$$$DBT_SECRET_END$$$";

fn env_var(env: Arc<Env>, rule: SecretRule) -> Value {
    Value::function("env_var", move |_, args: Args| {
        let ([name], [default]) = args.bind("env_var", ["var"], ["default"])?;
        let name = text_argument("env_var", &name)?;
        let value = if rule == SecretRule::Allowed && name.starts_with(SECRET_PREFIX) {
            env.get(name).map(|_| format!("{SECRET_START}{name}{SECRET_END}"))
        } else if rule == SecretRule::Allowed {
            env.visible(name).map(str::to_owned)
        } else {
            env.env_var(name)?.map(str::to_owned)
        };
        match (value, default) {
            (Some(value), _) => Ok(Value::str(value)),
            (None, Some(default)) if !default.is_none() => Ok(default),
            (None, _) => Err(Env::missing(name).into()),
        }
    })
}

fn var(vars: Arc<Vars>) -> Value {
    Value::function("var", move |_, args: Args| {
        let ([name], [default]) = args.bind("var", ["var_name"], ["default"])?;
        let name = text_argument("var", &name)?;
        match (vars.cli(name), default) {
            (Some(node), _) => Ok(to_jinja(node)),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(missing_var(name, "<Configuration>", &vars.cli_vars().to_json())),
        }
    })
}

fn text_argument<'v>(function: &str, value: &'v Value) -> Result<&'v str, Error> {
    value.as_str().ok_or_else(|| {
        Error::type_error(format!("{function}() takes a name, not '{}'", value.type_name()))
    })
}

/// dbt's error for a variable without a value; `given` are the variables there are.
fn missing_var(name: &str, node: &str, given: &serde_json::Map<String, Json>) -> Error {
    let given = Json::Object(given.clone());
    let message =
        format!("Required var '{name}' not found in config:\nVars supplied to {node} = {given:#}");
    Diagnostic::new(Code::VarMissing, message)
        .with_help(format!("Pass it with --vars '{{{name}: ...}}', or give var() a default."))
        .into()
}

fn explain(mut error: Diagnostic, source: &Source, text: &str, place: Place) -> Box<Diagnostic> {
    // dbt's own parsing errors are passed on as they are.
    if !matches!(error.code, Code::EnvVarMissing | Code::SecretMisplaced) {
        error.message = format!("Could not render {text}: {}", error.message);
    }
    // The template is one value of the file; show the value in the file.
    error.span = Some(source.span(place));
    Box::new(error)
}

/// A YAML value as a template sees it.
fn to_jinja(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::None,
        Yaml::Bool(flag) => Value::Bool(*flag),
        Yaml::Int(number) => Value::Int(*number),
        Yaml::BigInt(number) => Value::big_int((**number).clone()),
        Yaml::Float(number) => Value::Float(*number),
        Yaml::Str(text) => Value::str(text),
        Yaml::Timestamp(timestamp) => Value::str(timestamp.to_python_str()),
        Yaml::Seq(items) => Value::list(items.iter().map(to_jinja)),
        Yaml::Map(map) => {
            let key = |key: &Node| key.scalar_text().unwrap_or_default();
            Value::dict(map.iter().map(|entry| (key(&entry.key), to_jinja(&entry.value))))
        }
    }
}

/// A rendered value as YAML; what YAML cannot hold becomes its text.
fn from_jinja(value: &Value) -> Yaml {
    let node = |value: &Value| Node { value: from_jinja(value), place: Place::default() };
    match value {
        Value::None => Yaml::Null,
        Value::Undefined(_) => Yaml::Str(String::new()),
        Value::Bool(flag) => Yaml::Bool(*flag),
        Value::Int(number) => Yaml::Int(*number),
        Value::BigInt(number) => Yaml::BigInt(Box::new((**number).clone())),
        Value::Float(number) => Yaml::Float(*number),
        Value::List(items) => Yaml::Seq(items.snapshot().iter().map(node).collect()),
        Value::Tuple(items) => Yaml::Seq(items.iter().map(node).collect()),
        Value::Dict(dict) => {
            let entries = dict.items();
            let entry =
                |(key, value): &(Value, Value)| Entry { key: node(key), value: node(value) };
            Yaml::Map(Map { entries: entries.iter().map(entry).collect() })
        }
        other => Yaml::Str(other.to_string()),
    }
}
