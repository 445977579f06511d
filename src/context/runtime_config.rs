//! `builtins.ref.config`: the project as dbt's own code knows it.
//!
//! dbt's `ref` is an object that carries the configuration of the invocation. It is not
//! documented, but public packages read it, elementary for one: the version of an installed
//! package, the vars, the name of the project.

use super::json::from_map;
use super::shared::Shared;
use super::yaml;
use crate::jinja::{Args, Dict, Error, Object, Result, State, Value};
use crate::project::yaml::Map;
use crate::project::{Origin, Project};
use std::any::Any;
use std::sync::Arc;

/// The configuration of one project: the root project's, or a package's.
#[derive(Debug)]
pub struct RuntimeConfig {
    shared: Arc<Shared>,
    project: Arc<Project>,
}

impl RuntimeConfig {
    /// That of the root project.
    pub fn root(shared: &Arc<Shared>) -> Value {
        Self::of(shared, &shared.workspace.root)
    }

    fn of(shared: &Arc<Shared>, project: &Arc<Project>) -> Value {
        Value::object(Self { shared: Arc::clone(shared), project: Arc::clone(project) })
    }

    /// dbt's `load_dependencies()`: the root project and its packages by name.
    fn dependencies(&self) -> Value {
        let dependencies = Dict::default();
        for (name, project) in &self.shared.workspace.packages {
            if project.origin != Origin::BuiltIn {
                dependencies.insert_str(Arc::clone(name), Self::of(&self.shared, project));
            }
        }
        Value::Dict(dependencies)
    }
}

impl Object for RuntimeConfig {
    fn type_name(&self) -> &'static str {
        "RuntimeConfig"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let project = &*self.project;
        let workspace = &self.shared.workspace;
        Ok(Some(match name {
            "project_name" => Value::Str(Arc::clone(&project.name)),
            "version" => project.version.as_ref().map_or(Value::None, Value::str),
            "project_root" => Value::str(project.root.to_string_lossy()),
            "target_path" => Value::str(&project.target_path),
            "log_path" => Value::str(&project.log_path),
            "packages_install_path" => Value::str(&project.packages_install_path),
            "model_paths" => texts(&project.paths.models),
            "macro_paths" => texts(&project.paths.macros),
            "seed_paths" => texts(&project.paths.seeds),
            "test_paths" => texts(&project.paths.tests),
            "analysis_paths" => texts(&project.paths.analyses),
            "snapshot_paths" => texts(&project.paths.snapshots),
            "clean_targets" => texts(&project.clean_targets),
            "on_run_start" => texts(&project.on_run_start),
            "on_run_end" => texts(&project.on_run_end),
            "profile_name" => Value::str(&workspace.profile.profile_name),
            "target_name" => Value::str(&workspace.profile.target_name),
            "vars" => Value::object(ProjectVars(Arc::clone(&self.project))),
            "cli_vars" => dict(workspace.vars.cli_vars()),
            "args" => Value::Dict(from_map(&self.shared.invocation.args)),
            "dependencies" => self.dependencies(),
            _ => return Ok(None),
        }))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `config.vars`: what `vars:` of a project file says.
#[derive(Debug)]
struct ProjectVars(Arc<Project>);

impl Object for ProjectVars {
    fn type_name(&self) -> &'static str {
        "VarProvider"
    }

    fn get_attr(&self, _: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        Ok((name == "vars").then(|| dict(&self.0.vars)))
    }

    fn has_method(&self, name: &str) -> bool {
        name == "to_dict"
    }

    fn call_method(&self, _: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        if name != "to_dict" {
            return Err(Error::undefined(format!(
                "'VarProvider object' has no attribute '{name}'"
            )));
        }
        let ([], []) = args.bind("to_dict", [], [])?;
        Ok(dict(&self.0.vars))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn texts(items: &[String]) -> Value {
    Value::list(items.iter().map(Value::str))
}

fn dict(map: &Map) -> Value {
    yaml::from_map(map)
}
