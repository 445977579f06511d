//! Settles which variable each name is, as Jinja2's compiler does: variables belong to the
//! block that sets them, an inner block that sets a variable of an outer one gets its own
//! copy, and macros and call blocks share the variables of the function around them.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::ir::{
    Expr, For, Function, Name, Place, Stmt, Target, for_each_child, for_each_child_mut,
};

/// Settles all names of a template.
pub fn settle(function: &mut Function) {
    let mut resolver = Resolver { frames: Vec::new(), functions: Vec::new() };
    resolver.function(function);
}

/// The variables of one block.
struct Frame {
    function: usize,
    variables: HashMap<Name, (u32, bool)>,
}

#[derive(Default)]
struct Building {
    slots: u32,
    cells: Vec<u32>,
    captures: Vec<(u32, u32)>,
}

struct Resolver {
    frames: Vec<Frame>,
    functions: Vec<Building>,
}

impl Resolver {
    fn new_slot(&mut self) -> u32 {
        self.functions.last_mut().map_or(0, |function| {
            function.slots += 1;
            function.slots - 1
        })
    }

    /// The place of a name where the resolver is now.
    fn place(&mut self, name: &str) -> Place {
        let Some((owner, slot, global)) = self.frames.iter().rev().find_map(|frame| {
            frame.variables.get(name).map(|(slot, global)| (frame.function, *slot, *global))
        }) else {
            return Place::Global;
        };
        Place::Slot { slot: self.capture(owner, slot), global }
    }

    /// Makes a variable of an outer function visible in the current one.
    fn capture(&mut self, owner: usize, slot: u32) -> u32 {
        if owner + 1 < self.functions.len() && !self.functions[owner].cells.contains(&slot) {
            let is_captured = self.functions[owner].captures.iter().any(|(_, here)| *here == slot);
            if !is_captured {
                self.functions[owner].cells.push(slot);
            }
        }
        let mut outer = slot;
        for function in &mut self.functions[owner + 1..] {
            let known = function.captures.iter().find(|(there, _)| *there == outer);
            outer = if let Some((_, here)) = known {
                *here
            } else {
                let here = function.slots;
                function.slots += 1;
                function.captures.push((outer, here));
                here
            };
        }
        outer
    }

    /// Opens a block with these variables of its own; gives what entering it does.
    fn open(&mut self, own: Own) -> Vec<(u32, Option<u32>)> {
        let function = self.functions.len().saturating_sub(1);
        let mut entry = Vec::new();
        let mut variables = HashMap::with_capacity(own.params.len() + own.stored.len());
        for (name, first_is_store) in own.stored {
            if own.params.contains(&name) {
                continue;
            }
            let (outer, global) = match self.place(&name) {
                Place::Slot { slot, global } => (Some(slot), global),
                Place::Global => (None, !first_is_store),
            };
            let slot = self.new_slot();
            entry.push((slot, outer));
            variables.insert(name, (slot, global));
        }
        for name in own.params {
            let slot = self.new_slot();
            variables.insert(name, (slot, false));
        }
        self.frames.push(Frame { function, variables });
        entry
    }

    fn close(&mut self) {
        self.frames.pop();
    }

    fn own_slot(&self, name: &str) -> u32 {
        self.frames.last().and_then(|frame| frame.variables.get(name)).map_or(0, |(slot, _)| *slot)
    }

    fn function(&mut self, function: &mut Function) {
        self.functions.push(Building::default());
        let mut own = Own::default();
        for param in &function.params {
            own.param(param.name.clone());
        }
        for special in ["caller", "kwargs", "varargs"] {
            if !self.frames.is_empty()
                && !own.params.iter().any(|param| &**param == special)
                && mentions(&function.body, special)
            {
                own.param(special.into());
            }
        }
        for param in &function.params {
            if let Some(default) = &param.default {
                own.expr(default);
            }
        }
        own.body(&function.body);
        let special = |own: &Own, name: &str| own.params.iter().any(|param| &**param == name);
        let explicit = |name: &str| function.params.iter().any(|param| &*param.name == name);
        let uses =
            ["caller", "kwargs", "varargs"].map(|name| special(&own, name) && !explicit(name));
        function.entry = self.open(own).into();
        for param in &mut function.params {
            param.slot = self.own_slot(&param.name);
        }
        function.caller = uses[0].then(|| self.own_slot("caller"));
        function.kwargs = uses[1].then(|| self.own_slot("kwargs"));
        function.varargs = uses[2].then(|| self.own_slot("varargs"));
        for param in &mut function.params {
            if let Some(default) = &mut param.default {
                self.expr(default);
            }
        }
        self.body(&mut function.body);
        self.close();
        if let Some(building) = self.functions.pop() {
            function.slots = building.slots;
            function.cells = building.cells.into();
            function.captures = building.captures.into();
        }
    }

    fn body(&mut self, body: &mut [Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    /// A body with its own variables.
    fn inner(&mut self, own: Own, body: &mut [Stmt]) -> Box<[(u32, Option<u32>)]> {
        let entry = self.open(own);
        self.body(body);
        self.close();
        entry.into()
    }

    fn stmt(&mut self, stmt: &mut Stmt) {
        stacker::maybe_grow(64 * 1024, 2 << 20, || match stmt {
            Stmt::Text(..) | Stmt::Break | Stmt::Continue | Stmt::Fail(..) => {}
            Stmt::Emit(_, expr) | Stmt::Do(_, expr) => self.expr(expr),
            Stmt::Set(_, target, expr) => {
                self.expr(expr);
                self.target(target);
            }
            Stmt::SetBlock(node) => {
                let mut own = Own::default();
                own.body(&node.body);
                node.entry = self.inner(own, &mut node.body);
                if let Some(filter) = &mut node.filter {
                    self.expr(filter);
                }
                self.target(&mut node.target);
            }
            Stmt::For(node) => {
                if let Some(node) = Arc::get_mut(node) {
                    self.for_stmt(node);
                }
            }
            Stmt::If(node) => {
                for (test, body) in &mut node.branches {
                    self.expr(test);
                    self.body(body);
                }
                self.body(&mut node.otherwise);
            }
            Stmt::With(node) => {
                let mut own = Own::default();
                for (target, value) in &mut node.assignments {
                    self.expr(value);
                    own.target_params(target);
                }
                own.body(&node.body);
                node.entry = self.open(own).into();
                for (target, _) in &mut node.assignments {
                    self.target(target);
                }
                self.body(&mut node.body);
                self.close();
            }
            Stmt::FilterBlock(node) => {
                let mut own = Own::default();
                own.body(&node.body);
                node.entry = self.inner(own, &mut node.body);
                self.expr(&mut node.filter);
            }
            Stmt::Macro(node) => {
                if let Some(function) = Arc::get_mut(&mut node.function) {
                    self.function(function);
                }
                self.target(&mut node.target);
            }
            Stmt::CallBlock(node) => {
                self.expr(&mut node.call);
                if let Some(function) = Arc::get_mut(&mut node.function) {
                    self.function(function);
                }
            }
        });
    }

    fn for_stmt(&mut self, node: &mut For) {
        self.expr(&mut node.iter);
        let first = self.functions.last().map_or(0, |function| function.slots);
        let mut own = Own::default();
        own.target_params(&node.target);
        let uses_loop = node.recursive
            || mentions(&node.body, "loop")
            || node.test.as_ref().is_some_and(|test| expr_mentions(test, "loop"));
        if uses_loop {
            own.param("loop".into());
        }
        if let Some(test) = &node.test {
            own.expr(test);
        }
        own.body(&node.body);
        node.entry = self.open(own).into();
        node.loop_slot = uses_loop.then(|| self.own_slot("loop"));
        self.target(&mut node.target);
        if let Some(test) = &mut node.test {
            self.expr(test);
        }
        self.body(&mut node.body);
        self.close();
        node.slots = first..self.functions.last().map_or(first, |function| function.slots);
        let mut own = Own::default();
        own.body(&node.otherwise);
        node.else_entry = self.inner(own, &mut node.otherwise);
    }

    fn target(&mut self, target: &mut Target) {
        match target {
            Target::Name(name, place) => *place = self.place(name),
            Target::Tuple(targets) => targets.iter_mut().for_each(|target| self.target(target)),
            Target::Attr { namespace, place, .. } => *place = self.place(namespace),
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        if let Expr::Name(name, place) = expr {
            *place = self.place(name);
            return;
        }
        stacker::maybe_grow(64 * 1024, 2 << 20, || {
            for_each_child_mut(expr, &mut |child| self.expr(child));
        });
    }
}

/// The variables a block itself defines: its parameters, and the names it sets with whether
/// the first thing it does with them, on every path, is to set them.
#[derive(Default)]
struct Own {
    params: HashSet<Name>,
    stored: HashMap<Name, bool>,
    loaded: HashSet<Name>,
}

impl Own {
    fn param(&mut self, name: Name) {
        self.params.insert(name);
    }

    fn target_params(&mut self, target: &Target) {
        match target {
            Target::Name(name, _) => self.param(name.clone()),
            Target::Tuple(targets) => targets.iter().for_each(|target| self.target_params(target)),
            Target::Attr { .. } => {}
        }
    }

    fn store(&mut self, name: &Name) {
        let first = !self.loaded.contains(name);
        self.stored.entry(name.clone()).or_insert(first);
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(name, _) => self.store(name),
            Target::Tuple(targets) => targets.iter().for_each(|target| self.target(target)),
            Target::Attr { namespace, .. } => {
                self.loaded.insert(namespace.clone());
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let Expr::Name(name, _) = expr {
            self.loaded.insert(name.clone());
            return;
        }
        stacker::maybe_grow(64 * 1024, 2 << 20, || {
            for_each_child(expr, &mut |child| self.expr(child));
        });
    }

    fn body(&mut self, body: &[Stmt]) {
        if !stores_anything(body) {
            return;
        }
        for stmt in body {
            self.stmt(stmt);
        }
    }

    /// Looks only at what belongs to this block, not into blocks with their own variables.
    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Text(..) | Stmt::Break | Stmt::Continue | Stmt::Fail(..) => {}
            Stmt::Emit(_, expr) | Stmt::Do(_, expr) => self.expr(expr),
            Stmt::Set(_, target, expr) => {
                self.expr(expr);
                self.target(target);
            }
            Stmt::SetBlock(node) => self.target(&node.target),
            Stmt::For(node) => self.expr(&node.iter),
            Stmt::If(node) => {
                let mut branches: Vec<_> = node.branches.iter().map(|(_, body)| &**body).collect();
                branches.push(&node.otherwise);
                for (test, _) in &node.branches {
                    self.expr(test);
                }
                self.branches(&branches);
            }
            Stmt::With(node) => node.assignments.iter().for_each(|(_, value)| self.expr(value)),
            Stmt::FilterBlock(node) => self.expr(&node.filter),
            Stmt::Macro(node) => self.target(&node.target),
            Stmt::CallBlock(node) => {
                self.expr(&node.call);
            }
        }
    }

    /// A name that only some branches set may still be read from outside the block.
    fn branches(&mut self, branches: &[&[Stmt]]) {
        let before = self.stored.clone();
        let mut counts: HashMap<Name, usize> = HashMap::new();
        let mut loaded = HashSet::new();
        for body in branches {
            let mut branch =
                Own { params: HashSet::new(), stored: before.clone(), loaded: self.loaded.clone() };
            branch.body(body);
            for (name, first) in branch.stored {
                if !before.contains_key(&name) {
                    *counts.entry(name.clone()).or_default() += 1;
                    let all_first = self.stored.entry(name).or_insert(first);
                    *all_first = *all_first && first;
                }
            }
            loaded.extend(branch.loaded);
        }
        for (name, count) in counts {
            if count < branches.len() {
                self.stored.insert(name, false);
            }
        }
        self.loaded.extend(loaded);
    }
}

/// Whether a block, blocks with their own variables left out, sets any name.
fn stores_anything(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Set(..) | Stmt::SetBlock(_) | Stmt::Macro(_) => true,
        Stmt::If(node) => {
            node.branches.iter().any(|(_, body)| stores_anything(body))
                || stores_anything(&node.otherwise)
        }
        _ => false,
    })
}

/// Whether a body reads a name anywhere, inner blocks and functions included.
pub fn mentions(body: &[Stmt], name: &str) -> bool {
    body.iter().any(|stmt| stmt_mentions(stmt, name))
}

fn stmt_mentions(stmt: &Stmt, name: &str) -> bool {
    let in_expr = |expr: &Expr| expr_mentions(expr, name);
    let in_target = |target: &Target| target_mentions(target, name);
    match stmt {
        Stmt::Text(..) | Stmt::Break | Stmt::Continue | Stmt::Fail(..) => false,
        Stmt::Emit(_, expr) | Stmt::Do(_, expr) => in_expr(expr),
        Stmt::Set(_, target, expr) => in_target(target) || in_expr(expr),
        Stmt::SetBlock(node) => {
            in_target(&node.target)
                || node.filter.as_ref().is_some_and(in_expr)
                || mentions(&node.body, name)
        }
        Stmt::For(node) => {
            in_expr(&node.iter)
                || node.test.as_ref().is_some_and(in_expr)
                || mentions(&node.body, name)
                || mentions(&node.otherwise, name)
        }
        Stmt::If(node) => {
            node.branches.iter().any(|(test, body)| in_expr(test) || mentions(body, name))
                || mentions(&node.otherwise, name)
        }
        Stmt::With(node) => {
            node.assignments.iter().any(|(_, value)| in_expr(value)) || mentions(&node.body, name)
        }
        Stmt::FilterBlock(node) => in_expr(&node.filter) || mentions(&node.body, name),
        Stmt::Macro(node) => function_mentions(&node.function, name),
        Stmt::CallBlock(node) => in_expr(&node.call) || function_mentions(&node.function, name),
    }
}

fn function_mentions(function: &Function, name: &str) -> bool {
    function
        .params
        .iter()
        .any(|param| param.default.as_ref().is_some_and(|default| expr_mentions(default, name)))
        || mentions(&function.body, name)
}

fn target_mentions(target: &Target, name: &str) -> bool {
    matches!(target, Target::Attr { namespace, .. } if &**namespace == name)
}

/// Whether an expression reads a name.
pub fn expr_mentions(expr: &Expr, name: &str) -> bool {
    if let Expr::Name(found, _) = expr {
        return &**found == name;
    }
    stacker::maybe_grow(64 * 1024, 2 << 20, || {
        let mut found = false;
        for_each_child(expr, &mut |child| found = found || expr_mentions(child, name));
        found
    })
}
