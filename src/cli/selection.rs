//! Which nodes a command is about.

use super::args::{Command, DocsCommand, ListArgs, SelectionArgs, SourceCommand, TypeArgs};
use super::flags::GlobalArgs;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Result};
use crate::graph::IndirectSelection;
use crate::manifest::{JsonMap, ResourceType};
use std::collections::HashSet;

/// Which nodes, as asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// `--select`, split at spaces.
    pub select: Vec<String>,
    /// `--exclude`, split at spaces.
    pub exclude: Vec<String>,
    /// `--resource-type`, dbt's names.
    pub resource_types: Vec<String>,
    /// `--exclude-resource-type`, dbt's names.
    pub exclude_resource_types: Vec<String>,
    /// Which tests come along.
    pub indirect: IndirectSelection,
    /// `--selector`.
    pub selector: Option<String>,
    /// What a retry runs again; nothing else counts then.
    pub retried: Option<Retried>,
}

/// What of an earlier run is run again.
#[derive(Debug, Clone, Default)]
pub struct Retried {
    /// Ids of nodes.
    pub ids: HashSet<String>,
    /// `batch_results` of microbatch models of which some batches were done.
    pub batches: JsonMap,
    /// When that run began, as its artifact has it.
    pub started_at: Option<String>,
}

impl Selection {
    pub(super) fn resolve(
        global: &GlobalArgs,
        command: &Command,
        resolver: &Resolver<'_>,
    ) -> Result<Self> {
        let none = SelectionArgs::default();
        let no_types = TypeArgs::default();
        let (selection, types) = match command {
            Command::Build(args) => (&args.selection, &args.types),
            Command::Clone(args) => (&args.selection, &args.types),
            Command::Test(args) => (&args.selection, &args.types),
            Command::Run(args) => (&args.selection, &no_types),
            Command::Seed(args) => (&args.selection, &no_types),
            Command::Snapshot(args) => (&args.selection, &no_types),
            Command::Lineage(args) => (&args.selection, &no_types),
            Command::Docs(DocsCommand::Generate(args)) => (&args.selection, &no_types),
            Command::Compile(args) => (&args.selection, &no_types),
            Command::Show(args) => (&args.selection, &no_types),
            Command::Source(SourceCommand::Freshness(args)) => (&args.selection, &no_types),
            Command::Source(SourceCommand::Load(args)) => (&args.selection, &no_types),
            Command::List(args) => return Self::of_list(args, global, resolver),
            _ => (&none, &no_types),
        };
        let resolved = Self::new(&selection.select, &selection.exclude, types, global, resolver)?;
        Ok(Self { selector: selection.selector.clone(), ..resolved })
    }

    fn of_list(args: &ListArgs, global: &GlobalArgs, resolver: &Resolver<'_>) -> Result<Self> {
        let models = TypeArgs { resource_types: vec!["model".to_owned()], ..args.types.clone() };
        let (select, types) = if args.models.is_empty() {
            (&args.select, &args.types)
        } else {
            (&args.models, &models)
        };
        let resolved = Self::new(select, &args.exclude, types, global, resolver)?;
        Ok(Self { selector: args.selector.clone(), ..resolved })
    }

    fn new(
        select: &[String],
        exclude: &[String],
        types: &TypeArgs,
        global: &GlobalArgs,
        resolver: &Resolver<'_>,
    ) -> Result<Self> {
        let types_of = |given: &[String], variable: &str| {
            let from_env = resolver.env.flag(variable).map(str::to_owned);
            let words = if given.is_empty() { from_env.as_slice() } else { given };
            let names = split(words).into_iter().map(|name| name.to_lowercase());
            names.map(checked_type).collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            select: split(select),
            exclude: split(exclude),
            resource_types: types_of(&types.resource_types, "DBT_RESOURCE_TYPES")?,
            exclude_resource_types: types_of(
                &types.exclude_resource_types,
                "DBT_EXCLUDE_RESOURCE_TYPES",
            )?,
            indirect: resolver.indirect(global.indirect_selection)?,
            selector: None,
            retried: None,
        })
    }

    /// The types of resources that the command is about: those asked for among `all`, or
    /// `default`.
    pub fn types(&self, default: &[ResourceType], all: &[ResourceType]) -> Vec<ResourceType> {
        let named = |names: &[String], kind: ResourceType| {
            names.iter().any(|name| match name.as_str() {
                "all" => all.contains(&kind),
                "default" => default.contains(&kind),
                name => name == kind.as_str(),
            })
        };
        let asked = |kind: ResourceType| match self.resource_types.as_slice() {
            [] => default.contains(&kind),
            list => named(list, kind),
        };
        all.iter()
            .copied()
            .filter(|kind| asked(*kind) && !named(&self.exclude_resource_types, *kind))
            .collect()
    }
}

/// dbt splits the values of its multi-options at spaces. An empty value stays: it selects
/// nothing, where no value selects everything.
fn split(words: &[String]) -> Vec<String> {
    let parts = |word: &String| -> Vec<String> {
        if word.trim().is_empty() {
            return vec![String::new()];
        }
        word.split_whitespace().map(str::to_owned).collect()
    };
    words.iter().flat_map(parts).collect()
}

fn checked_type(name: String) -> Result<String> {
    let ours = [
        ResourceType::Model,
        ResourceType::Seed,
        ResourceType::Snapshot,
        ResourceType::Analysis,
        ResourceType::Test,
        ResourceType::UnitTest,
        ResourceType::Source,
        ResourceType::Exposure,
        ResourceType::Metric,
        ResourceType::SemanticModel,
        ResourceType::SavedQuery,
        ResourceType::Function,
    ]
    .map(ResourceType::as_str);
    let known = || ours.into_iter().chain(["all", "default"]);
    if known().any(|known| known == name) {
        return Ok(name);
    }
    let help = match crate::suggest::nearest(&name, known()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The types are {}.", known().collect::<Vec<_>>().join(", ")),
    };
    let message = format!("'{name}' is not a type of resources.");
    Err(Diagnostic::new(Code::BadArgument, message).with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResourceType::{Analysis, Model, Seed, Test};

    #[test]
    fn types_are_those_asked_for_without_the_excluded() {
        let types = |include: &[&str], exclude: &[&str]| {
            let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let selection = Selection {
                resource_types: texts(include),
                exclude_resource_types: texts(exclude),
                ..Selection::default()
            };
            selection.types(&[Model, Seed, Test], &[Model, Seed, Test, Analysis])
        };
        assert_eq!(types(&[], &[]), [Model, Seed, Test]);
        assert_eq!(types(&[], &["test"]), [Model, Seed]);
        assert_eq!(types(&["all"], &["seed"]), [Model, Test, Analysis]);
        assert_eq!(types(&["default", "analysis"], &[]), [Model, Seed, Test, Analysis]);
        assert_eq!(types(&["metric"], &[]), []);
    }
}
