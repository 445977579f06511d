//! The variables of a running function.

use std::sync::Arc;

use parking_lot::Mutex;

use super::super::ir::Function;
use super::super::template::SourceFile;
use super::super::value::Value;

/// A variable that several functions share.
pub type Cell = Arc<Mutex<Option<Value>>>;

/// A variable.
#[derive(Clone)]
enum Slot {
    Unset,
    Set(Value),
    Shared(Cell),
}

/// A running function.
pub struct Frame<'f> {
    /// What runs.
    pub function: &'f Function,
    /// Where it is from.
    pub file: &'f Arc<SourceFile>,
    /// Tells it apart from all other frames of the state.
    pub id: u64,
    slots: Vec<Slot>,
}

impl<'f> Frame<'f> {
    /// Starts a function.
    pub fn new(function: &'f Function, file: &'f Arc<SourceFile>, id: u64) -> Self {
        let mut slots = vec![Slot::Unset; function.slots as usize];
        for cell in &function.cells {
            if let Some(slot) = slots.get_mut(*cell as usize) {
                *slot = Slot::Shared(Arc::default());
            }
        }
        Self { function, file, id, slots }
    }

    /// The value of a variable, if it is set.
    pub fn get(&self, slot: u32) -> Option<Value> {
        match self.slots.get(slot as usize)? {
            Slot::Unset => None,
            Slot::Set(value) => Some(value.clone()),
            Slot::Shared(cell) => cell.lock().clone(),
        }
    }

    /// Sets or unsets a variable.
    pub fn set(&mut self, slot: u32, value: Option<Value>) {
        match self.slots.get_mut(slot as usize) {
            Some(Slot::Shared(cell)) => {
                // The old value goes after the lock: dropping it may run long.
                let _old = std::mem::replace(&mut *cell.lock(), value);
            }
            Some(slot) => *slot = value.map_or(Slot::Unset, Slot::Set),
            None => {}
        }
    }

    /// Enters a block: its variables become unset or take the outer one's value.
    pub fn enter(&mut self, entry: &[(u32, Option<u32>)]) {
        for (slot, outer) in entry {
            let value = outer.and_then(|outer| self.get(outer));
            self.set(*slot, value);
        }
    }

    /// The shared variable behind a slot.
    pub fn cell(&self, slot: u32) -> Option<Cell> {
        match self.slots.get(slot as usize)? {
            Slot::Shared(cell) => Some(cell.clone()),
            _ => None,
        }
    }

    /// Makes a slot share a variable of another function.
    pub fn share(&mut self, slot: u32, cell: Cell) {
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            *slot = Slot::Shared(cell);
        }
    }

    /// The values of a range of variables.
    pub fn save(&self, slots: std::ops::Range<u32>) -> Vec<Option<Value>> {
        slots.map(|slot| self.get(slot)).collect()
    }

    /// Puts saved values back.
    pub fn restore(&mut self, slots: std::ops::Range<u32>, values: Vec<Option<Value>>) {
        for (slot, value) in slots.zip(values) {
            self.set(slot, value);
        }
    }
}
