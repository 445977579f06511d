//! The checks of the `state` method.

use super::compare::{Pair, is_node};
use super::contract::{self, ContractChange};
use super::macros::ModifiedMacros;
use super::previous::PreviousState;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::event::{Event, Warning};
use crate::manifest::{Manifest, Resource, UniqueId};
use serde_json::{Value as Json, json};
use std::cell::OnceCell;
use std::collections::HashSet;

/// What `state:` asks about a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It was not there before.
    New,
    /// It was there before.
    Old,
    /// Anything that matters is different.
    Modified,
    /// Nothing that matters is different.
    Unmodified,
    /// Its code.
    Body,
    /// Its configuration.
    Configs,
    /// Descriptions that are written to the database.
    PersistedDescriptions,
    /// Where it is in the database.
    Relation,
    /// Macros that it uses.
    Macros,
    /// Its contract.
    Contract,
}

/// The checks by their names.
const CHECKS: [(&str, Check); 10] = [
    ("new", Check::New),
    ("old", Check::Old),
    ("modified", Check::Modified),
    ("unmodified", Check::Unmodified),
    ("modified.body", Check::Body),
    ("modified.configs", Check::Configs),
    ("modified.persisted_descriptions", Check::PersistedDescriptions),
    ("modified.relation", Check::Relation),
    ("modified.macros", Check::Macros),
    ("modified.contract", Check::Contract),
];

impl Check {
    /// The check of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn parse(name: &str) -> Result<Self> {
        let found = CHECKS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check);
        found.ok_or_else(|| {
            let names: Vec<String> = CHECKS.iter().map(|(name, _)| format!("'{name}'")).collect();
            Diagnostic::new(
                Code::SelectorInvalid,
                format!(
                    "Got an invalid selector \"{name}\", expected one of \"[{}]\"",
                    names.join(", ")
                ),
            )
        })
    }
}

/// The project compared with an earlier state.
#[derive(Debug)]
pub struct Changes<'a> {
    manifest: &'a Manifest,
    previous: &'a PreviousState,
    more_unrendered: bool,
    macros: OnceCell<ModifiedMacros>,
}

impl<'a> Changes<'a> {
    /// Compares on demand. `more_unrendered` is dbt's
    /// `state_modified_compare_more_unrendered_values`.
    pub fn new(manifest: &'a Manifest, previous: &'a PreviousState, more_unrendered: bool) -> Self {
        Self { manifest, previous, more_unrendered, macros: OnceCell::new() }
    }

    /// Whether the check holds for a resource. Warnings about it are added.
    ///
    /// # Errors
    /// A versioned model's contract is broken.
    pub fn holds(
        &self,
        check: Check,
        resource: Resource<'_>,
        warnings: &mut Vec<Event>,
    ) -> Result<bool> {
        let old = self.previous.resource(resource.unique_id().as_str());
        let kind = resource.resource_type().as_str();
        if matches!(check, Check::New) {
            return Ok(old.is_none());
        }
        if matches!(check, Check::Old) {
            return Ok(old.is_some());
        }
        let new = json_of(resource);
        let pair =
            old.map(|old| Pair { old, new: &new, kind, more_unrendered: self.more_unrendered });
        let code = is_node(kind);
        // A part that is compared counts as different when there was nothing before.
        let differs = |has_part: bool, same: &dyn Fn(Pair<'_>) -> bool| {
            has_part && pair.is_none_or(|pair| !same(pair))
        };
        Ok(match check {
            Check::New | Check::Old => false,
            Check::Modified => self.is_modified(pair, &new, kind, warnings)?,
            Check::Unmodified => !self.is_modified(pair, &new, kind, warnings)?,
            Check::Body => {
                warnings.extend(pair.and_then(|pair| seed_warning(pair.old, pair.new, kind)));
                differs(code, &|pair| pair.same_body())
            }
            Check::Configs => differs(kind != "unit_test", &|pair| pair.same_config()),
            Check::PersistedDescriptions => {
                differs(code, &|pair| pair.same_persisted_descriptions())
            }
            Check::Relation => differs(code || kind == "source", &|pair| pair.same_relation()),
            Check::Macros => self.macros_modified(&new)?,
            Check::Contract => match old {
                _ if !code => false,
                None => true,
                Some(old) => contract_changed(old, &new, kind, warnings)?,
            },
        })
    }

    /// Tells of models that are gone and had a contract. dbt does so with the checks that
    /// look at contracts.
    ///
    /// # Errors
    /// A versioned model with a contract is gone.
    pub fn check_removed(&self, check: Check, warnings: &mut Vec<Event>) -> Result<()> {
        if !matches!(check, Check::Modified | Check::Unmodified | Check::Contract) {
            return Ok(());
        }
        for (id, old) in self.previous.section("nodes").into_iter().flatten() {
            if !id.starts_with("model.") {
                continue;
            }
            let id = UniqueId::from(id.as_str());
            let disabled = self.manifest.disabled.get(&id).and_then(|nodes| nodes.first());
            let change = match disabled {
                Some(node) => contract::removed(&json_of(Resource::Node(node)), true),
                None if !self.manifest.nodes.contains_key(&id) => contract::removed(old, false),
                None => continue,
            };
            tell(&change, old, warnings)?;
        }
        Ok(())
    }

    fn is_modified(
        &self,
        pair: Option<Pair<'_>>,
        new: &Json,
        kind: &str,
        warnings: &mut Vec<Event>,
    ) -> Result<bool> {
        let Some(pair) = pair else {
            // dbt takes a source and its like for unmodified when they are new.
            let new_is_modified = is_node(kind) || kind == "unit_test";
            return Ok(new_is_modified || self.macros_modified(new)?);
        };
        let contract = contract_changed(pair.old, new, kind, warnings)?;
        warnings.extend(seed_warning(pair.old, new, kind));
        Ok(contract || !pair.same_contents() || self.macros_modified(new)?)
    }

    fn macros_modified(&self, new: &Json) -> Result<bool> {
        has_its_macro(new)?;
        let macros = self.macros.get_or_init(|| ModifiedMacros::new(self.manifest, self.previous));
        let used = new.get("depends_on").and_then(|depends_on| depends_on.get("macros"));
        Ok(used.is_some_and(|used| macros.any_of(used)))
    }
}

/// A generic test cannot be compared when the macro that it calls is gone.
fn has_its_macro(node: &Json) -> Result<()> {
    let Some(name) = node.pointer("/test_metadata/name").and_then(Json::as_str) else {
        return Ok(());
    };
    let macros = node.pointer("/depends_on/macros").and_then(Json::as_array);
    let suffix = format!(".test_{name}");
    let mut ids = macros.into_iter().flatten().filter_map(Json::as_str);
    if ids.any(|id| id.ends_with(&suffix)) {
        return Ok(());
    }
    let message = format!(
        "Node '{}' (in {}) depends on a macro or test that does not exist. This can happen when a \
         macro or generic test is removed but is still referenced. Check for typos and/or install \
         package dependencies with 'dbt deps'.",
        text(node, "name"),
        text(node, "original_file_path")
    );
    Err(Diagnostic::new(Code::MacroUnknown, message))
}

fn contract_changed(old: &Json, new: &Json, kind: &str, warnings: &mut Vec<Event>) -> Result<bool> {
    if kind != "model" {
        return Ok(false);
    }
    let change = contract::compare(old, new);
    tell(&change, new, warnings)?;
    Ok(change != ContractChange::Same)
}

/// The JSON form of a resource, which the earlier state has, too.
fn json_of(resource: Resource<'_>) -> Json {
    resource.to_json().unwrap_or_default()
}

fn text<'j>(node: &'j Json, key: &str) -> &'j str {
    node.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// A broken contract is an error for a versioned model and a warning for others.
fn tell(change: &ContractChange, node: &Json, warnings: &mut Vec<Event>) -> Result<()> {
    let ContractChange::Broken(breaks) = change else { return Ok(()) };
    let reasons = breaks.join("\n  - ");
    let (name, path) = (text(node, "name"), text(node, "original_file_path"));
    if node.get("version").is_none_or(Json::is_null) {
        let message = format!(
            "Breaking change to contracted, unversioned model {name} ({path})\nWhile comparing to \
             previous project state, dbt detected a breaking change to an unversioned model.\n  - \
             {reasons}\n"
        );
        let diagnostic = *Diagnostic::new(Code::ContractBreaking, message);
        let data = json!({"breaking_changes": breaks, "model_name": name, "model_file_path": path});
        let warning = Warning::new("UnversionedBreakingChange", "I071", diagnostic);
        warnings.push(Event::Warning(warning.with_data(data)));
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::ContractBreaking,
        format!(
            "While comparing to previous project state, dbt detected a breaking change to an \
             enforced contract.\n  - {reasons}\nConsider making an additive (non-breaking) change \
             instead, if possible.\nOtherwise, create a new model version: \
             https://docs.getdbt.com/docs/collaborate/govern/model-versions"
        ),
    )
    .with_node(format!("model {name} ({path})")))
}

/// Seeds that are too big are compared by their path; dbt says so.
fn seed_warning(old: &Json, new: &Json, kind: &str) -> Option<Event> {
    let checksum = |seed: &'_ Json, key: &str| -> String {
        let checksum = seed.get("checksum").and_then(|checksum| checksum.get(key));
        checksum.and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    if kind != "seed" || checksum(new, "name") != "path" {
        return None;
    }
    let seed = format!("{}.{}", text(new, "package_name"), text(new, "name"));
    let (name, code, rest) = if checksum(old, "name") != "path" {
        let rest = ">1MB in size. The previous file was <=1MB, so it has changed";
        ("SeedIncreased", "I052", rest)
    } else if checksum(old, "checksum") == checksum(new, "checksum") {
        let rest = ">1MB in size at the same path, dbt cannot tell if it has changed: assuming \
                    they are the same";
        ("SeedExceedsLimitSamePath", "I053", rest)
    } else {
        let rest =
            ">1MB in size. The previous file was in a different location, assuming it has changed";
        ("SeedExceedsLimitAndPathChanged", "I054", rest)
    };
    let message = format!("Found a seed ({seed}) {rest}");
    let diagnostic = *Diagnostic::new(Code::ConfigInvalid, message);
    let data = json!({"package_name": text(new, "package_name"), "name": text(new, "name")});
    Some(Event::Warning(Warning::new(name, code, diagnostic).with_data(data)))
}

/// Ids of one status, for the `result` method.
pub(in crate::graph) fn with_status<'p>(
    previous: &'p PreviousState,
    status: &str,
) -> Option<HashSet<&'p str>> {
    let results = previous.results()?.iter();
    Some(results.filter(|(_, it)| it == status).map(|(id, _)| id.as_str()).collect())
}
