//! Variables for `var()`: from the command line and from dbt_project.yml, with dbt's
//! scopes and precedence (<https://docs.getdbt.com/docs/build/project-variables>).

use super::env::SECRET_PREFIX;
use super::yaml::{Map, Node, Value, Yaml};
use crate::diagnostic::{Code, Diagnostic, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// All variables of a run.
#[derive(Debug, Clone, Default)]
pub struct Vars {
    cli: Map,
    root: Arc<str>,
    by_package: HashMap<Arc<str>, Map>,
}

impl Vars {
    /// Only those of the command line: what project and profile files see.
    pub fn from_cli(cli: Map) -> Self {
        Self { cli, ..Self::default() }
    }

    /// Reads the value of `--vars`: a YAML or JSON mapping.
    ///
    /// # Errors
    /// `BadArgument` when it is not a mapping.
    pub fn parse_cli(text: &str) -> Result<Map> {
        Self::parse_option("--vars", text)
    }

    /// The texts among these variables that are secret by their name.
    pub fn secrets(vars: &Map) -> impl Iterator<Item = &str> {
        let secret = vars
            .iter()
            .filter(|entry| entry.key.as_str().is_some_and(|name| name.starts_with(SECRET_PREFIX)));
        secret.filter_map(|entry| entry.value.as_str())
    }

    /// Reads the value of an option that is a YAML mapping.
    ///
    /// # Errors
    /// `BadArgument` when it is not.
    pub fn parse_option(option: &str, text: &str) -> Result<Map> {
        let bad = |message: String| {
            Diagnostic::new(Code::BadArgument, message).with_help(format!(
                "Give a YAML mapping, such as {option} '{{start: 2024-01-01}}'."
            ))
        };
        let yaml = Yaml::parse(option, text).map_err(|error| {
            let why = error.message;
            bad(format!("The YAML provided in the {option} argument is not valid.\n{why}"))
        })?;
        match yaml.root.value {
            Value::Map(map) => Ok(map),
            _ => Err(bad(format!(
                "The {option} argument must be a YAML dictionary, but was {}",
                yaml.root.kind()
            ))),
        }
    }

    /// Adds the `vars:` of a project file; the first added is the root project.
    pub fn add_package(&mut self, name: Arc<str>, vars: Map) {
        if self.by_package.is_empty() {
            self.root = Arc::clone(&name);
        }
        self.by_package.insert(name, vars);
    }

    /// The value for code of a package. The first that has it wins: the command line, the
    /// root project's vars for that package, the root project's global vars, the package's
    /// own vars for itself, the package's own global vars.
    pub fn get(&self, package: &str, name: &str) -> Option<&Node> {
        self.cli.get(name).or_else(|| self.scopes(package).find_map(|scope| scope.get(name)))
    }

    /// The value on the command line.
    pub fn cli(&self, name: &str) -> Option<&Node> {
        self.cli.get(name)
    }

    /// All variables of the command line.
    pub fn cli_vars(&self) -> &Map {
        &self.cli
    }

    /// Everything that code of a package can read; what dbt lists when one is missing.
    pub fn all(&self, package: &str) -> serde_json::Map<String, serde_json::Value> {
        let mut all = serde_json::Map::new();
        for scope in std::iter::once(&self.cli).chain(self.scopes(package)) {
            for (name, value) in scope.to_json() {
                all.entry(name).or_insert(value);
            }
        }
        all
    }

    fn scopes<'a>(&'a self, package: &str) -> impl Iterator<Item = &'a Map> + use<'a> {
        let root = self.by_package.get(&self.root);
        let own = self.by_package.get(package).filter(|_| *self.root != *package);
        [scope(root, package), root, scope(own, package), own].into_iter().flatten()
    }
}

/// The vars of a project file that are only for one package.
fn scope<'a>(vars: Option<&'a Map>, package: &str) -> Option<&'a Map> {
    vars?.get(package)?.as_map()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> Map {
        Vars::parse_cli(text).unwrap()
    }

    #[test]
    fn precedence_is_that_of_dbt() {
        let mut vars = Vars::from_cli(map("{a: cli}"));
        vars.add_package("shop".into(), map("{a: 1, b: root, util: {b: scoped, c: scoped}}"));
        vars.add_package("util".into(), map("{b: own, c: own, d: own, util: {d: own scoped}}"));
        let get = |package, name| vars.get(package, name).and_then(Node::as_str);
        assert_eq!(get("util", "a"), Some("cli"));
        assert_eq!(get("util", "b"), Some("scoped"));
        assert_eq!(get("util", "c"), Some("scoped"));
        assert_eq!(get("util", "d"), Some("own scoped"));
        assert_eq!(get("shop", "b"), Some("root"));
        assert_eq!(get("shop", "d"), None);
        assert_eq!(vars.all("util")["c"], "scoped");
    }

    #[test]
    fn vars_must_be_a_mapping() {
        assert_eq!(map(r#"{"a": 1}"#).get("a").unwrap().as_int(), Some(1));
        assert!(map("a: 1").get("a").is_some());
        assert!(Vars::parse_cli("[1]").unwrap_err().message.contains("a list"));
        assert_eq!(Vars::parse_cli("{a").unwrap_err().code, Code::BadArgument);
    }
}
