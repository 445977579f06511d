//! `for` loops and the `loop` variable.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::super::error::{Error, Result};
use super::super::ir::For;
use super::super::value::{Args, Object, Value};
use super::State;
use super::frame::Frame;
use super::run::Flow;

/// The variable `loop`.
#[derive(Debug)]
pub struct LoopContext {
    items: Vec<Value>,
    index: AtomicUsize,
    depth: usize,
    last_changed: Mutex<Option<Vec<Value>>>,
    /// The loop and the frame it runs in, when it can be called again.
    recursive: Option<(Arc<For>, u64)>,
}

impl LoopContext {
    fn at(&self) -> usize {
        self.index.load(Ordering::Relaxed)
    }

    fn neighbour(&self, state: &State<'_>, at: Option<usize>, what: &str) -> Value {
        at.and_then(|at| self.items.get(at).cloned()).unwrap_or_else(|| {
            state.undefined_because(
                "",
                super::super::value::Reason::Hint(format!("there is no {what} item").into()),
            )
        })
    }
}

impl Object for LoopContext {
    fn type_name(&self) -> &'static str {
        "LoopContext"
    }

    fn qualified_name(&self) -> String {
        "jinja2.runtime.LoopContext".to_owned()
    }

    fn get_attr(&self, state: &mut State<'_>, name: &str) -> Result<Option<Value>> {
        let (at, length) = (self.at(), self.items.len());
        Ok(Some(match name {
            "index" => (at + 1).into(),
            "index0" => at.into(),
            "revindex" => length.saturating_sub(at).into(),
            "revindex0" => length.saturating_sub(at + 1).into(),
            "first" => (at == 0).into(),
            "last" => (at + 1 == length).into(),
            "length" => length.into(),
            "depth" => (self.depth + 1).into(),
            "depth0" => self.depth.into(),
            "previtem" => self.neighbour(state, at.checked_sub(1), "previous"),
            "nextitem" => self.neighbour(state, Some(at + 1), "next"),
            _ => return Ok(None),
        }))
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "cycle" | "changed")
    }

    fn call_method(&self, state: &mut State<'_>, name: &str, args: Args) -> Result<Value> {
        match name {
            "cycle" => {
                let options = args.positional;
                if options.is_empty() {
                    return Err(Error::type_error("no items for cycling given"));
                }
                Ok(options[self.at() % options.len()].clone())
            }
            "changed" => {
                let mut last = self.last_changed.lock();
                let values = Some(args.positional);
                let old = std::mem::replace(&mut *last, values.clone());
                drop(last);
                Ok((old != values).into())
            }
            _ => Err(state.missing_attribute("jinja2.runtime.LoopContext object", name)),
        }
    }

    fn length(&self) -> Option<usize> {
        Some(self.items.len())
    }

    fn repr(&self) -> String {
        format!("<LoopContext {}/{}>", self.at() + 1, self.items.len())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl State<'_> {
    pub(super) fn for_loop(
        &mut self,
        frame: &mut Frame<'_>,
        node: &Arc<For>,
        out: &mut String,
    ) -> Result<()> {
        let iterable = self.expr(frame, &node.iter)?;
        self.run_loop(frame, node, &iterable, 0, out)
    }

    fn run_loop(
        &mut self,
        frame: &mut Frame<'_>,
        node: &Arc<For>,
        iterable: &Value,
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        let mut items = iterable
            .iterate(self)
            .map_err(|error| error.at(|| frame.file.span(node.pos.range())))?;
        if let Some(test) = &node.test {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                frame.enter(&node.entry);
                self.assign(frame, node.pos, &node.target, item.clone())?;
                if self.expr(frame, test)?.truthy() {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            frame.enter(&node.else_entry);
            self.body(frame, &node.otherwise, out)?;
            return Ok(());
        }
        let Some(slot) = node.loop_slot else {
            for item in items {
                if self.iteration(frame, node, item, None, out)? == Flow::Break {
                    break;
                }
            }
            return Ok(());
        };
        let count = items.len();
        let context = Arc::new(LoopContext {
            items,
            index: AtomicUsize::new(0),
            depth,
            last_changed: Mutex::default(),
            recursive: node.recursive.then(|| (node.clone(), frame.id)),
        });
        let value = Value::Object(context.clone());
        for at in 0..count {
            context.index.store(at, Ordering::Relaxed);
            let item = context.items[at].clone();
            if self.iteration(frame, node, item, Some((slot, &value)), out)? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    fn iteration(
        &mut self,
        frame: &mut Frame<'_>,
        node: &For,
        item: Value,
        context: Option<(u32, &Value)>,
        out: &mut String,
    ) -> Result<Flow> {
        frame.enter(&node.entry);
        if let Some((slot, value)) = context {
            frame.set(slot, Some(value.clone()));
        }
        self.assign(frame, node.pos, &node.target, item)?;
        self.body(frame, &node.body, out)
    }

    /// `loop(items)` in a recursive loop; `None` when the value is not such a loop.
    pub(super) fn recurse(
        &mut self,
        frame: &mut Frame<'_>,
        callee: &Value,
        args: &Args,
    ) -> Option<Result<Value>> {
        let context = callee.downcast::<LoopContext>()?;
        let Some((node, id)) = &context.recursive else {
            return Some(Err(Error::type_error(
                "The loop must have the 'recursive' marker to be called recursively.",
            )));
        };
        if *id != frame.id {
            return Some(Err(Error::type_error(
                "a recursive loop can only be called where it is defined",
            )));
        }
        let iterable = args.positional.first().cloned().unwrap_or(Value::None);
        let depth = context.depth + 1;
        let saved = frame.save(node.slots.clone());
        let result = self.deeper(|state| {
            let mut out = String::new();
            state.run_loop(frame, node, &iterable, depth, &mut out)?;
            Ok(out.into())
        });
        frame.restore(node.slots.clone(), saved);
        Some(result)
    }
}
