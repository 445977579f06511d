//! The environment, read once. Nothing else in gdbt reads environment variables.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::project::secret::Secrets;
use indexmap::IndexMap;

/// Variables with this prefix hold secrets
/// (<https://docs.getdbt.com/reference/dbt-jinja-functions/env_var#secrets>).
pub const SECRET_PREFIX: &str = "DBT_ENV_SECRET";
/// Variables with this prefix are invisible to templates.
const PRIVATE_PREFIX: &str = "DBT_ENV_PRIVATE";
/// Variables with this prefix are copied into artifacts, without the prefix.
const METADATA_PREFIX: &str = "DBT_ENV_CUSTOM_ENV_";

/// A snapshot of the environment, in its order.
#[derive(Debug, Clone, Default)]
pub struct Env {
    vars: IndexMap<String, String>,
}

impl Env {
    /// The environment of this process. Names and values that are not UTF-8 are left out.
    pub fn from_process() -> Self {
        let utf8 = |text: std::ffi::OsString| text.into_string().ok();
        Self {
            vars: std::env::vars_os()
                .filter_map(|(name, value)| Some((utf8(name)?, utf8(value)?)))
                .collect(),
        }
    }

    /// The value of a variable, secrets included.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str)
    }

    /// The value of a flag's variable such as `DBT_TARGET`. Its `DBT_ENGINE_` alias is
    /// preferred, and an empty value counts as unset, as it does for dbt.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let alias = name.strip_prefix("DBT_").map(|rest| format!("DBT_ENGINE_{rest}"));
        let set = |name: &str| self.get(name).filter(|value| !value.is_empty());
        alias.as_deref().and_then(set).or_else(|| set(name))
    }

    /// The names of all variables, in the order of the environment.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.vars.keys().map(String::as_str)
    }

    /// What `env_var(name)` gives outside profiles.yml and packages.yml; `None` when the
    /// variable is not set.
    ///
    /// # Errors
    /// When the name is that of a secret.
    pub fn env_var(&self, name: &str) -> Result<Option<&str>> {
        if name.starts_with(SECRET_PREFIX) {
            return Err(Diagnostic::new(
                Code::SecretMisplaced,
                format!(
                    "Secret env vars are allowed only in profiles.yml or packages.yml. \
                     Found '{name}' referenced elsewhere."
                ),
            ));
        }
        Ok(self.visible(name))
    }

    /// The value of a variable, unless templates may not see it.
    pub(super) fn visible(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|_| !name.starts_with(PRIVATE_PREFIX))
    }

    /// The error for `env_var(name)` without a default when it is not set.
    pub fn missing(name: &str) -> Box<Diagnostic> {
        let message = format!("Env var required but not provided: '{name}'");
        Diagnostic::new(Code::EnvVarMissing, message)
            .with_help(format!("Set it, or give a default: env_var('{name}', 'default')."))
    }

    /// The texts that must not appear in any output: the values of `DBT_ENV_SECRET…`.
    pub fn secrets(&self) -> Secrets {
        let secret = self.vars.iter().filter(|(name, _)| name.starts_with(SECRET_PREFIX));
        Secrets::new(secret.map(|(_, value)| value.as_str()))
    }

    /// `dbt_metadata_envs`: variables named `DBT_ENV_CUSTOM_ENV_x`, as `x`.
    pub fn metadata(&self) -> IndexMap<&str, &str> {
        self.vars
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(METADATA_PREFIX)?, value.as_str())))
            .collect()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let vars = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { vars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_refused_outside_profiles_and_scrubbed_everywhere() {
        let env: Env =
            [("DBT_ENV_SECRET_PAT", "hunter2"), ("DBT_ENV_SECRET_EMPTY", " "), ("A", "1")]
                .into_iter()
                .collect();
        assert_eq!(env.env_var("A").unwrap(), Some("1"));
        assert_eq!(env.env_var("B").unwrap(), None);
        assert!(env.env_var("DBT_ENV_SECRET_PAT").is_err());
        assert_eq!(env.secrets().scrub("a hunter2 b"), "a ***** b");
    }

    #[test]
    fn engine_names_come_before_old_names_and_empty_is_unset() {
        let env: Env =
            [("DBT_TARGET", "old"), ("DBT_ENGINE_TARGET", "new"), ("DBT_ENGINE_QUIET", "")]
                .into_iter()
                .collect();
        assert_eq!(env.flag("DBT_TARGET"), Some("new"));
        assert_eq!(env.flag("DBT_QUIET"), None);
    }
}
