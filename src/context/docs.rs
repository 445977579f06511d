//! `doc`: docs blocks in descriptions
//! (<https://docs.getdbt.com/reference/dbt-jinja-functions/doc>).

use super::calls::compilation;
use crate::jinja::{Result, Value};
use crate::manifest::Documentation;
use std::collections::HashMap;
use std::sync::Arc;

/// All docs blocks by name and package.
#[derive(Debug, Default)]
pub struct Docs(HashMap<Arc<str>, Vec<Arc<Documentation>>>);

impl Docs {
    /// The index of these blocks.
    pub fn new(blocks: impl IntoIterator<Item = Arc<Documentation>>) -> Self {
        let mut index: HashMap<Arc<str>, Vec<Arc<Documentation>>> = HashMap::new();
        for block in blocks {
            index.entry(block.name.clone()).or_default().push(block);
        }
        Self(index)
    }

    /// The block of a name: in the package named, or in the root project, then the package
    /// of the resource, then anywhere.
    fn find(&self, name: &str, package: Option<&str>, scope: &DocsScope) -> Option<&Documentation> {
        let blocks = self.0.get(name)?;
        let of = |package: &str| blocks.iter().find(|block| &*block.package_name == package);
        let found = match package {
            Some(package) => of(package),
            None => of(&scope.root).or_else(|| of(&scope.package)).or_else(|| blocks.first()),
        };
        found.map(|block| &**block)
    }
}

/// The blocks as one resource sees them.
#[derive(Debug)]
pub struct DocsScope {
    docs: Arc<Docs>,
    root: Arc<str>,
    package: Arc<str>,
    resource: String,
}

impl DocsScope {
    /// For the descriptions of a resource: its id is for messages.
    pub fn new(docs: Arc<Docs>, root: Arc<str>, package: Arc<str>, resource: String) -> Arc<Self> {
        Arc::new(Self { docs, root, package, resource })
    }

    /// The package of the resource.
    pub fn package(&self) -> &Arc<str> {
        &self.package
    }

    /// A block by its name and maybe its package.
    pub fn find(&self, name: &str, package: Option<&str>) -> Option<&Documentation> {
        self.docs.find(name, package, self)
    }

    /// `doc(name)` or `doc(package, name)`.
    fn doc(&self, args: &[Value]) -> Result<Value> {
        let (package, name) = match args {
            [name] => (None, name.to_string()),
            [package, name] => (Some(package.to_string()), name.to_string()),
            other => {
                let given = other.len();
                let message = format!("doc() takes at most two arguments ({given} given)");
                return Err(compilation(message));
            }
        };
        let Some(block) = self.find(&name, package.as_deref()) else {
            let package = package.map(|package| format!("in package '{package}' "));
            return Err(compilation(format!(
                "Documentation for '{}' depends on doc '{name}' {} which was not found",
                self.resource,
                package.unwrap_or_default()
            )));
        };
        Ok(Value::Str(block.block_contents.clone()))
    }
}

/// `doc` of a scope.
pub fn doc(scope: Arc<DocsScope>) -> Value {
    Value::function("doc", move |_, args| scope.doc(&args.positional))
}
