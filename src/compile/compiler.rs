//! Compiling nodes.

use super::ctes::{self, Injection};
use super::paths;
use super::source_map::SourceMap;
use crate::adapter::Session;
use crate::context::{NodeContext, Shared, UnitScope};
use crate::diagnostic::{Code, Diagnostic, Result, Span};
use crate::event_time::Batch;
use crate::jinja::{SourceFile, Template, Value};
use crate::manifest::foreign_key::{self, ForeignKeys};
use crate::manifest::{Compiled, ExtraCte, Node, NodeKind, ResourceType, UniqueId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// A compiled node, and where its SQL came from.
#[derive(Debug, Clone)]
pub struct CompiledNode {
    /// What compiling gave.
    pub compiled: Arc<Compiled>,
    map: Arc<SourceMap>,
}

impl CompiledNode {
    /// The compiled form, and where it came from.
    pub fn into_parts(self) -> (Arc<Compiled>, Arc<SourceMap>) {
        (self.compiled, self.map)
    }

    /// Where in the user's file an error of a statement is. The statement was made of the
    /// compiled code; the error is at a character, counted from 0.
    pub fn locate(&self, node: &Node, statement: &str, position: Option<usize>) -> Option<Span> {
        if matches!(node.kind, NodeKind::GenericTest(_)) {
            // Its template is not in the user's file.
            return node.defined_at.clone();
        }
        self.map.locate_in_statement(&self.compiled.code, statement, position?)
    }
}

/// An ephemeral model, ready to be inlined.
#[derive(Debug)]
struct Ephemeral {
    /// The models that it inlines itself, then the model.
    ctes: Vec<(ExtraCte, SourceMap)>,
}

/// Rendered SQL before anything is inlined.
struct Rendered {
    code: String,
    map: SourceMap,
    ephemerals: Vec<UniqueId>,
}

/// SQL with everything inlined, and where it came from.
struct Inlined {
    compiled: Compiled,
    map: SourceMap,
}

/// Makes SQL of nodes. Shared by all threads; an ephemeral model is compiled once.
#[derive(Debug)]
pub struct Compiler {
    shared: Arc<Shared>,
    /// Whether ephemeral models are put into the SQL of what uses them.
    injects: bool,
    ephemerals: Mutex<HashMap<UniqueId, Slot>>,
}

/// Renders the node's template.
fn rendered(node: &Node, context: &NodeContext) -> Result<Rendered> {
    let template = match &node.template {
        Some(template) => template.clone(),
        None => Template::from_text(node.original_file_path.clone(), node.raw_code.clone())?,
    };
    let (code, marks) = template.render_traced(context)?;
    let file: &Arc<SourceFile> = template.file();
    let map = SourceMap::of_render(file, &marks, code.len());
    Ok(Rendered { code, map, ephemerals: context.ephemerals() })
}

/// A Python model: its code is no template; what it needs to run comes after it.
fn python_model(node: &Node, context: &NodeContext) -> Result<Rendered> {
    let template = Template::from_text("python model", "{{ py_script_postfix(model) }}")?;
    let code = format!("{}\n\n{}", node.raw_code, template.render(context)?);
    let mut map = SourceMap::default();
    map.push_text(&code);
    Ok(Rendered { code, map, ephemerals: context.ephemerals() })
}

/// The ephemeral model once it is compiled. Other threads that need it wait.
type Slot = Arc<Mutex<Option<Arc<Ephemeral>>>>;

impl Compiler {
    /// A compiler for a command.
    pub fn new(shared: &Arc<Shared>, injects: bool) -> Self {
        Self { shared: shared.clone(), injects, ephemerals: Mutex::default() }
    }

    /// Renders a node, inlines the ephemeral models it uses and writes the result under
    /// `target/compiled`.
    ///
    /// # Errors
    /// What the template raised, with the node's label; a file that cannot be written.
    pub fn compile(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
    ) -> Result<CompiledNode> {
        self.compile_with(node, session, Vec::new())
    }

    /// As [`Compiler::compile`], for one batch of a microbatch model: what it reads is narrowed,
    /// and its SQL has a file of its own.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_batch(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
        batch: Option<Batch>,
    ) -> Result<CompiledNode> {
        let labelled = |error: Box<Diagnostic>| self.shared.explain(error.with_node(node.label()));
        self.finish(node, session, Vec::new(), batch).map_err(labelled)
    }

    /// As [`Compiler::compile`], with more values for the template, such as `results` of
    /// hooks.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_with(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
        values: Vec<(&'static str, Value)>,
    ) -> Result<CompiledNode> {
        let labelled = |error: Box<Diagnostic>| self.shared.explain(error.with_node(node.label()));
        self.finish(node, session, values, None).map_err(labelled)
    }

    fn finish(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
        values: Vec<(&'static str, Value)>,
        batch: Option<Batch>,
    ) -> Result<CompiledNode> {
        if matches!(node.kind, NodeKind::Seed { .. }) {
            return Ok(CompiledNode { compiled: Arc::default(), map: Arc::default() });
        }
        let rendered = self.render(node, session, values, batch)?;
        let ephemerals: &[UniqueId] = if self.injects { &rendered.ephemerals } else { &[] };
        let ctes = self.needed_ctes(ephemerals, session)?;
        let mut done = self.inline(node, &rendered, ctes, batch)?;
        done.compiled.foreign_keys = self.foreign_keys(node)?;
        Ok(CompiledNode { compiled: Arc::new(done.compiled), map: Arc::new(done.map) })
    }

    /// Renders a model as a unit test wants it, with `fixture` giving the SQL of each input
    /// that it reads, and writes it. `node` is the model with the test's name and place.
    ///
    /// # Errors
    /// As [`Compiler::compile`], and those of `fixture`.
    pub fn compile_unit_test(
        &self,
        node: &Arc<Node>,
        session: &Arc<Session>,
        scope: &Arc<UnitScope>,
        fixture: &dyn Fn(&UniqueId) -> Result<String>,
    ) -> Result<CompiledNode> {
        let context = NodeContext::unit_test(&self.shared, node, Some(session), scope);
        let rendered = rendered(node, &context)?;
        let ctes = rendered.ephemerals.iter().filter_map(|id| {
            let name = scope.inputs.get(id)?;
            let cte = fixture(id).map(|sql| {
                let sql = ctes::expression(name, &sql);
                let mut map = SourceMap::default();
                map.push_text(&sql);
                (ExtraCte { id: id.clone(), sql }, map)
            });
            Some(cte)
        });
        let ctes = ctes.collect::<Result<Vec<_>>>()?;
        let done = self.inline(node, &rendered, ctes, None)?;
        Ok(CompiledNode { compiled: Arc::new(done.compiled), map: Arc::new(done.map) })
    }

    /// The relations that foreign keys of the contract refer to.
    fn foreign_keys(&self, node: &Arc<Node>) -> Result<ForeignKeys> {
        let render = |to: &str| {
            let file = node.original_file_path.clone();
            let template = Template::from_text(file, format!("{{{{ {to} }}}}"))?;
            let relation = template.render(&NodeContext::runtime(&self.shared, node, None))?;
            Ok((to.to_owned(), relation))
        };
        foreign_key::targets(node).map(render).collect()
    }

    fn render(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
        values: Vec<(&'static str, Value)>,
        batch: Option<Batch>,
    ) -> Result<Rendered> {
        let mut context = NodeContext::runtime(&self.shared, node, session).with_batch(batch);
        if node.language != "sql" && !matches!(node.kind, NodeKind::Function { .. }) {
            return python_model(node, &context);
        }
        for (name, value) in values {
            context = context.with(name, value);
        }
        if let NodeKind::GenericTest(test) = &node.kind {
            context = context.with_test_kwargs(&test.kwargs)?;
        }
        rendered(node, &context)
    }

    /// The expressions to inline for these ephemeral models, each model once.
    fn needed_ctes(
        &self,
        ephemerals: &[UniqueId],
        session: Option<&Arc<Session>>,
    ) -> Result<Vec<(ExtraCte, SourceMap)>> {
        let mut needed: Vec<(ExtraCte, SourceMap)> = Vec::new();
        for id in ephemerals {
            for cte in &self.ephemeral(id, session)?.ctes {
                if needed.iter().all(|(known, _)| known.id != cte.0.id) {
                    needed.push(cte.clone());
                }
            }
        }
        Ok(needed)
    }

    /// An ephemeral model, compiled on its first use.
    fn ephemeral(&self, id: &UniqueId, session: Option<&Arc<Session>>) -> Result<Arc<Ephemeral>> {
        let slot = self.ephemerals.lock().entry(id.clone()).or_default().clone();
        let mut slot = slot.lock();
        if let Some(known) = &*slot {
            return Ok(known.clone());
        }
        let (manifest, _) = self.shared.parsed()?;
        let node = manifest.nodes.get(id).ok_or_else(|| {
            let message = format!("the ephemeral model {id} is not in the manifest");
            Diagnostic::new(Code::Internal, message)
        })?;
        let compiled =
            self.compile_ephemeral(node, session).map_err(|error| error.with_node(node.label()))?;
        *slot = Some(compiled.clone());
        Ok(compiled)
    }

    fn compile_ephemeral(
        &self,
        node: &Arc<Node>,
        session: Option<&Arc<Session>>,
    ) -> Result<Arc<Ephemeral>> {
        let rendered = self.render(node, session, Vec::new(), None)?;
        let mut ctes = self.needed_ctes(&rendered.ephemerals, session)?;
        self.inline(node, &rendered, ctes.clone(), None)?;
        let sql = ctes::expression(&node.alias, &rendered.code);
        let mut map = SourceMap::default();
        let (before, after) = ctes::around(&node.alias);
        map.push_text(&before);
        map.push(&rendered.map);
        map.push_text(after);
        ctes.push((ExtraCte { id: node.unique_id.clone(), sql }, map));
        Ok(Arc::new(Ephemeral { ctes }))
    }

    /// Puts the expressions into the code and writes it.
    fn inline(
        &self,
        node: &Arc<Node>,
        rendered: &Rendered,
        ctes: Vec<(ExtraCte, SourceMap)>,
        batch: Option<Batch>,
    ) -> Result<Inlined> {
        let (extra_ctes, maps): (Vec<ExtraCte>, Vec<SourceMap>) = ctes.into_iter().unzip();
        let code = ctes::inject(&rendered.code, &extra_ctes);
        let map = if maps.is_empty() {
            rendered.map.clone()
        } else {
            let Injection { at, before, after } = ctes::injection(&rendered.code);
            let mut map = SourceMap::default();
            map.push_part(&rendered.map, 0..at);
            map.push_text(before);
            for (index, cte) in maps.iter().enumerate() {
                map.push_text(if index > 0 { ", " } else { "" });
                map.push(cte);
            }
            map.push_text(after);
            map.push_part(&rendered.map, at..rendered.code.len());
            map
        };
        let path = self.write(node, &code, batch)?;
        let compiled =
            Compiled { code, path, extra_ctes, extra_ctes_injected: true, ..Compiled::default() };
        Ok(Inlined { compiled, map })
    }

    /// Writes compiled SQL; gives the path. Snapshots and empty results are not written, as
    /// in dbt.
    fn write(&self, node: &Node, code: &str, batch: Option<Batch>) -> Result<Option<String>> {
        if node.resource_type() == ResourceType::Snapshot || code.is_empty() {
            return Ok(None);
        }
        let root = &self.shared.workspace.root;
        let path = paths::target_path(&root.target_path, "compiled", node, batch);
        paths::write(&self.shared.workspace, &path, code)?;
        Ok(Some(path))
    }
}
