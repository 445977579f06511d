//! The `dbt_project.yml` layers of a resource's configuration, by project and kind.

use super::config::{ConfigBuilder, ConfigKind};
use crate::diagnostic::Result;
use crate::manifest::{Config, JsonMap};
use crate::project::{ConfigKind as Section, Project, yaml};
use parking_lot::RwLock;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// The config sections of all projects.
#[derive(Debug)]
pub struct ProjectLayers {
    root: Arc<str>,
    sections: HashMap<(Arc<str>, Section), SectionTrees>,
    /// What layers of projects give before a resource says anything itself.
    bases: RwLock<HashMap<BaseKey, Arc<ConfigBuilder>>>,
    /// What resources got. Those that say the same in the same folders share one: a project of
    /// thousands of resources has some dozens of configurations.
    configs: RwLock<HashMap<ResourceKey, Config>>,
    unrendered: RwLock<HashMap<ResourceKey, Arc<JsonMap>>>,
}

/// A kind and the ids of the levels that apply.
type BaseKey = (ConfigKind, Vec<usize>);

/// All that decides a configuration: the levels below and above what the resource says itself,
/// which is kept as text because the order of its keys shows in artifacts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ResourceKey {
    base: BaseKey,
    own: String,
    roots: Vec<usize>,
}

#[derive(Debug)]
struct SectionTrees {
    rendered: Level,
    unrendered: Level,
}

/// A level of a section (`models:`, `seeds:`, …). Keys with a `+`, and keys without whose value
/// is not an object, are configuration; other keys lead to the next level.
#[derive(Debug)]
struct Level {
    id: usize,
    config: JsonMap,
    below: HashMap<String, Level>,
}

impl Level {
    fn new(section: JsonMap, next_id: &mut usize) -> Self {
        let id = *next_id;
        *next_id += 1;
        let (mut config, mut below) = (JsonMap::new(), HashMap::new());
        for (key, value) in section {
            match (key.strip_prefix('+'), value) {
                (Some(name), value) => {
                    config.insert(name.trim().to_owned(), value);
                }
                (None, Json::Object(section)) => {
                    below.insert(key, Self::new(section, next_id));
                }
                (None, value) => {
                    config.insert(key, value);
                }
            }
        }
        Self { id, config, below }
    }

    /// The levels that apply to a resource and say something, outermost first.
    fn along(&self, fqn: &[String]) -> Vec<&Self> {
        let mut levels = Vec::new();
        let mut level = Some(self);
        let mut names = fqn.iter();
        while let Some(here) = level {
            if !here.config.is_empty() {
                levels.push(here);
            }
            level = names.next().and_then(|name| here.below.get(name));
        }
        levels
    }
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

impl<'a> OwnConfig<'a> {
    fn layers(self) -> impl Iterator<Item = &'a JsonMap> {
        self.properties.into_iter().chain([self.calls])
    }

    /// JSON of the layers that say something.
    fn to_text(self) -> String {
        let mut text = String::new();
        for (place, layer) in self.layers().enumerate().filter(|(_, layer)| !layer.is_empty()) {
            text.push_str(if place == 0 { "properties" } else { "calls" });
            text.push_str(&serde_json::to_string(layer).unwrap_or_default());
        }
        text
    }
}

impl ProjectLayers {
    /// Takes the config sections of the root project and its packages.
    pub fn new<'p>(root: &Arc<str>, projects: impl IntoIterator<Item = &'p Project>) -> Self {
        let mut sections = HashMap::new();
        let mut next_id = 0;
        let mut level = |node: &yaml::Node| match node.to_json() {
            Json::Object(map) => Level::new(map, &mut next_id),
            _ => Level::new(JsonMap::new(), &mut next_id),
        };
        for project in projects {
            for (section, tree) in &project.configs {
                let trees = SectionTrees {
                    rendered: level(&tree.rendered),
                    unrendered: level(&tree.unrendered),
                };
                sections.insert((Arc::clone(&project.name), *section), trees);
            }
        }
        Self {
            root: Arc::clone(root),
            sections,
            bases: RwLock::default(),
            configs: RwLock::default(),
            unrendered: RwLock::default(),
        }
    }

    /// The final configuration.
    pub fn config(&self, subject: Subject<'_>, own: OwnConfig<'_>) -> Result<Config> {
        let (levels, roots, key) = self.layers(subject, own, Tree::Rendered);
        if let Some(config) = self.configs.read().get(&key) {
            return Ok(config.clone());
        }
        let mut builder = ConfigBuilder::clone(&self.base(&key.base, &levels));
        let roots = roots.into_iter().map(|level| &level.config);
        own.layers().chain(roots).for_each(|layer| builder.apply(layer));
        let config = builder.finish()?;
        Ok(self.configs.write().entry(key).or_insert(config).clone())
    }

    /// The configuration as written: later layers replace earlier ones key by key.
    pub fn unrendered(&self, subject: Subject<'_>, own: OwnConfig<'_>) -> Arc<JsonMap> {
        let (levels, roots, key) = self.layers(subject, own, Tree::Unrendered);
        if let Some(values) = self.unrendered.read().get(&key) {
            return Arc::clone(values);
        }
        let layers = levels.into_iter().map(|level| &level.config).chain(own.layers());
        let mut values = JsonMap::new();
        for layer in layers.chain(roots.into_iter().map(|level| &level.config)) {
            values.extend(layer.clone());
        }
        Arc::clone(self.unrendered.write().entry(key).or_insert_with(|| Arc::new(values)))
    }

    /// The levels below and above what a resource says itself, and the key of all three.
    fn layers(
        &self,
        subject: Subject<'_>,
        own: OwnConfig<'_>,
        tree: Tree,
    ) -> (Vec<&Level>, Vec<&Level>, ResourceKey) {
        let section = match tree {
            Tree::Rendered => Some(section(subject.kind)),
            Tree::Unrendered => unrendered_section(subject.kind),
        };
        let levels = self.levels(subject.package, section, subject.fqn, tree);
        let roots = self.levels_of_root(subject, section, tree);
        let ids = |levels: &[&Level]| levels.iter().map(|level| level.id).collect();
        let key = ResourceKey {
            base: (subject.kind, ids(&levels)),
            own: own.to_text(),
            roots: ids(&roots),
        };
        (levels, roots, key)
    }

    fn levels(
        &self,
        package: &Arc<str>,
        section: Option<Section>,
        fqn: &[String],
        tree: Tree,
    ) -> Vec<&Level> {
        let trees = section.and_then(|it| self.sections.get(&(Arc::clone(package), it)));
        trees.map_or_else(Vec::new, |trees| match tree {
            Tree::Rendered => trees.rendered.along(fqn),
            Tree::Unrendered => trees.unrendered.along(fqn),
        })
    }

    /// The root project's layers on top of a package's resource.
    fn levels_of_root(
        &self,
        subject: Subject<'_>,
        section: Option<Section>,
        tree: Tree,
    ) -> Vec<&Level> {
        if *subject.package == self.root {
            return Vec::new();
        }
        self.levels(&self.root, section, subject.fqn, tree)
    }

    fn base(&self, key: &BaseKey, levels: &[&Level]) -> Arc<ConfigBuilder> {
        if let Some(base) = self.bases.read().get(key) {
            return Arc::clone(base);
        }
        let mut builder = ConfigBuilder::new(key.0);
        for level in levels {
            builder.apply(&level.config);
        }
        Arc::clone(self.bases.write().entry(key.clone()).or_insert_with(|| Arc::new(builder)))
    }
}

/// Which of a section's forms is read.
#[derive(Debug, Clone, Copy)]
enum Tree {
    Rendered,
    Unrendered,
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn layers_follow_the_folders() {
        let section = json!({
            "+materialized": "view", "tags": ["all"],
            "shop": {"staging": {"+schema": "stg", "+meta": {"x": 1}}, "marts": {"+schema": "mart"}},
        });
        let section = Level::new(section.as_object().unwrap().clone(), &mut 0);
        let fqn: Vec<String> = ["shop", "staging", "orders"].map(str::to_owned).into();
        let layers: Vec<Json> =
            section.along(&fqn).into_iter().map(|level| level.config.clone().into()).collect();
        assert_eq!(
            layers,
            [
                json!({"materialized": "view", "tags": ["all"]}),
                json!({"schema": "stg", "meta": {"x": 1}}),
            ]
        );
    }
}
