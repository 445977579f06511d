//! The `dbt_project.yml` layers of a resource's configuration, by project and kind.

use super::config::{ConfigBuilder, ConfigKind, project_layers};
use crate::diagnostic::Result;
use crate::manifest::{Config, JsonMap};
use crate::project::{ConfigKind as Section, Project};
use std::collections::HashMap;
use std::sync::Arc;

/// The config sections of all projects, as JSON.
#[derive(Debug)]
pub struct ProjectLayers {
    root: Arc<str>,
    sections: HashMap<(Arc<str>, Section), SectionTrees>,
}

#[derive(Debug, Default)]
struct SectionTrees {
    rendered: JsonMap,
    unrendered: JsonMap,
}

/// What a resource says of its own configuration.
#[derive(Debug, Clone, Copy)]
pub struct OwnConfig<'a> {
    /// From its property file.
    pub properties: Option<&'a JsonMap>,
    /// From its own `config()` calls.
    pub calls: &'a JsonMap,
}

/// Whose configuration is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The defining package.
    pub package: &'a Arc<str>,
    /// Names from the package down.
    pub fqn: &'a [String],
    /// Its kind.
    pub kind: ConfigKind,
}

impl ProjectLayers {
    /// Takes the config sections of the root project and its packages.
    pub fn new<'p>(root: &Arc<str>, projects: impl IntoIterator<Item = &'p Project>) -> Self {
        let mut sections = HashMap::new();
        for project in projects {
            for (section, tree) in &project.configs {
                let json = |node: &crate::project::yaml::Node| match node.to_json() {
                    serde_json::Value::Object(map) => map,
                    _ => JsonMap::new(),
                };
                let trees = SectionTrees {
                    rendered: json(&tree.rendered),
                    unrendered: json(&tree.unrendered),
                };
                sections.insert((Arc::clone(&project.name), *section), trees);
            }
        }
        Self { root: Arc::clone(root), sections }
    }

    /// The final configuration.
    pub fn config(&self, subject: Subject<'_>, own: OwnConfig<'_>) -> Result<Config> {
        let mut builder = ConfigBuilder::new(subject.kind);
        self.each_layer(subject, own, false, |layer| builder.apply(layer));
        builder.finish()
    }

    /// The configuration as written: later layers replace earlier ones key by key.
    pub fn unrendered(&self, subject: Subject<'_>, own: OwnConfig<'_>) -> JsonMap {
        let mut values = JsonMap::new();
        self.each_layer(subject, own, true, |layer| values.extend(layer.clone()));
        values
    }

    fn each_layer(
        &self,
        subject: Subject<'_>,
        own: OwnConfig<'_>,
        unrendered: bool,
        mut apply: impl FnMut(&JsonMap),
    ) {
        let project = |package: &Arc<str>| {
            let section = if unrendered {
                unrendered_section(subject.kind)
            } else {
                Some(section(subject.kind))
            };
            let trees = section.and_then(|it| self.sections.get(&(Arc::clone(package), it)));
            trees.map_or_else(Vec::new, |trees| {
                let tree = if unrendered { &trees.unrendered } else { &trees.rendered };
                project_layers(tree, subject.fqn)
            })
        };
        project(subject.package).iter().for_each(&mut apply);
        own.properties.into_iter().for_each(&mut apply);
        apply(own.calls);
        if *subject.package != self.root {
            project(&self.root).iter().for_each(&mut apply);
        }
    }
}

/// Which section dbt reads for the configuration as written: not always the one that counts.
fn unrendered_section(kind: ConfigKind) -> Option<Section> {
    match kind {
        ConfigKind::Function => Some(Section::Models),
        ConfigKind::SemanticModel | ConfigKind::SavedQuery => None,
        kind => Some(section(kind)),
    }
}

/// Which section configures a kind. dbt has analyses and hooks follow `models:`.
fn section(kind: ConfigKind) -> Section {
    match kind {
        ConfigKind::Model | ConfigKind::Plain | ConfigKind::Group => Section::Models,
        ConfigKind::Seed => Section::Seeds,
        ConfigKind::Snapshot => Section::Snapshots,
        ConfigKind::Test => Section::DataTests,
        ConfigKind::Source => Section::Sources,
        ConfigKind::Exposure => Section::Exposures,
        ConfigKind::UnitTest => Section::UnitTests,
        ConfigKind::Function => Section::Functions,
        ConfigKind::Metric => Section::Metrics,
        ConfigKind::SemanticModel => Section::SemanticModels,
        ConfigKind::SavedQuery => Section::SavedQueries,
    }
}
