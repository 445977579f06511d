//! Looks settings up where the command line does not speak: first in the environment,
//! then in `flags:` of dbt_project.yml.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::graph::IndirectSelection;
use crate::project::Env;
use crate::project::yaml::Map as YamlMap;
use clap::ValueEnum;
use std::path::PathBuf;

/// How dbt writes true and false in the environment.
const TRUE: [&str; 6] = ["1", "true", "t", "yes", "y", "on"];
const FALSE: [&str; 6] = ["0", "false", "f", "no", "n", "off"];

/// The environment and `flags:`.
pub(super) struct Resolver<'a> {
    pub(super) env: &'a Env,
    pub(super) flags: Option<&'a YamlMap>,
}

impl Resolver<'_> {
    pub(super) fn switch(&self, cli: Option<bool>, name: &str, default: bool) -> Result<bool> {
        Ok(self.wish(cli, name)?.unwrap_or(default))
    }

    /// What the user says of a switch; nothing when no place speaks of it.
    pub(super) fn wish(&self, cli: Option<bool>, name: &str) -> Result<Option<bool>> {
        if cli.is_some() {
            return Ok(cli);
        }
        if let Some(value) = self.env_flag(&variable(name))? {
            return Ok(Some(value));
        }
        let Some(node) = self.flags.and_then(|flags| flags.get(name)) else { return Ok(None) };
        node.as_bool().map(Some).ok_or_else(|| {
            let message = format!("flags.{name} in dbt_project.yml must be true or false");
            Diagnostic::new(Code::ProjectInvalid, message)
        })
    }

    pub(super) fn env_flag(&self, variable: &str) -> Result<Option<bool>> {
        let Some(text) = self.env.flag(variable) else { return Ok(None) };
        let lower = text.to_lowercase();
        if TRUE.contains(&lower.as_str()) {
            Ok(Some(true))
        } else if FALSE.contains(&lower.as_str()) {
            Ok(Some(false))
        } else {
            let message = format!("{variable}: '{text}' is not a valid boolean.");
            Err(Diagnostic::new(Code::BadArgument, message)
                .with_help("Set it to true or false, or unset it."))
        }
    }

    /// One of the names of `T`, in any case.
    pub(super) fn choice<T: ValueEnum>(
        &self,
        cli: Option<String>,
        name: &str,
    ) -> Result<Option<String>> {
        if cli.is_some() {
            return Ok(cli);
        }
        let variable = variable(name);
        let (place, text) = match self.env.flag(&variable) {
            Some(text) => (variable, text),
            None => match self.flags.and_then(|flags| flags.get(name)?.as_str()) {
                Some(text) => (format!("flags.{name} in dbt_project.yml"), text),
                None => return Ok(None),
            },
        };
        if let Ok(value) = T::from_str(text, true) {
            return Ok(Some(value_name(&value)));
        }
        let names: Vec<String> = T::value_variants().iter().map(value_name).collect();
        let message = format!("{place}: '{text}' is not one of {}.", names.join(", "));
        Err(Diagnostic::new(Code::BadArgument, message))
    }

    pub(super) fn number<T: std::str::FromStr + TryFrom<i64>>(
        &self,
        name: &str,
    ) -> Result<Option<T>> {
        let variable = variable(name);
        let wrong = |place: String, text: &str| {
            Diagnostic::new(Code::BadArgument, format!("{place}: '{text}' is not a valid integer."))
        };
        if let Some(text) = self.env.flag(&variable) {
            return text.parse().map(Some).map_err(|_| wrong(variable.clone(), text));
        }
        let Some(node) = self.flags.and_then(|flags| flags.get(name)) else { return Ok(None) };
        let number = node.as_int().and_then(|number| T::try_from(number).ok());
        let place = || format!("flags.{name} in dbt_project.yml");
        let shown = node.scalar_text().unwrap_or_default();
        number.map(Some).ok_or_else(|| wrong(place(), &shown))
    }

    /// `indirect_selection` from the three places.
    pub(super) fn indirect(&self, cli: Option<IndirectSelection>) -> Result<IndirectSelection> {
        let cli = cli.map(|value| value_name(&value));
        let name = self.choice::<IndirectSelection>(cli, "indirect_selection")?;
        Ok(name
            .and_then(|name| <IndirectSelection as ValueEnum>::from_str(&name, true).ok())
            .unwrap_or_default())
    }
}

fn variable(name: &str) -> String {
    format!("DBT_{}", name.to_uppercase())
}

/// The command line, else the environment.
pub(super) fn text(cli: Option<&String>, env: Option<&str>) -> Option<String> {
    cli.cloned().or_else(|| env.map(str::to_owned))
}

/// The command line, else the environment.
pub(super) fn path(cli: Option<&PathBuf>, env: Option<&str>) -> Option<PathBuf> {
    cli.cloned().or_else(|| env.map(PathBuf::from))
}

/// The name that the command line knows a value by.
pub(super) fn value_name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
