//! Python's containers, shared by reference.

use std::ops::Deref;
use std::sync::Arc;

use foldhash::fast::RandomState;
use indexmap::{IndexMap, IndexSet};
use parking_lot::RwLock;

use super::super::error::Result;
use super::Value;
use super::bury::bury;
use super::key::{Key, StrKey, ValueKey};

/// A tuple: items that do not change.
#[derive(Debug, Clone)]
pub struct Tuple(Arc<[Value]>);

impl Default for Tuple {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        if let Some(items) = Arc::get_mut(&mut self.0) {
            bury(items.iter_mut().map(|item| std::mem::replace(item, Value::None)));
        }
    }
}

impl Deref for Tuple {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Arc<[Value]>> for Tuple {
    fn from(items: Arc<[Value]>) -> Self {
        Self(items)
    }
}

impl FromIterator<Value> for Tuple {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// The items of a dict in order.
pub type Entries = IndexMap<Key, Value, RandomState>;

#[derive(Debug, Default)]
struct Inner<T: Bury>(RwLock<T>);

/// A container that takes its time to drop what it holds.
trait Bury: Default {
    fn bury(self);
}

impl Bury for Vec<Value> {
    fn bury(self) {
        bury(self.into_iter());
    }
}

impl Bury for Entries {
    fn bury(self) {
        // Keys are never deep: what can nest is not hashable, tuples apart.
        bury(self.into_iter().flat_map(|(key, value)| [key.into_value(), value]));
    }
}

impl<T: Bury> Drop for Inner<T> {
    fn drop(&mut self) {
        std::mem::take(self.0.get_mut()).bury();
    }
}

/// A list. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct List(Arc<Inner<Vec<Value>>>);

impl List {
    /// A new list of these items.
    pub fn new(items: Vec<Value>) -> Self {
        Self(Arc::new(Inner(RwLock::new(items))))
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.0.0.read().len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.0.0.read().is_empty()
    }

    /// The item at a position from 0.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.0.read().get(index).cloned()
    }

    /// Adds an item at the end.
    pub fn push(&self, item: Value) {
        self.0.0.write().push(item);
    }

    /// The items as they are now.
    pub fn snapshot(&self) -> Vec<Value> {
        self.0.0.read().clone()
    }

    /// Changes the items. The closure must not evaluate anything.
    pub fn change<T>(&self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        change(&mut self.0.0.write())
    }

    /// Whether both are the same list.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }
}

/// A dict in order of insertion. Clones are the same dict.
#[derive(Debug, Clone, Default)]
pub struct Dict(Arc<Inner<Entries>>);

impl Dict {
    /// A new dict.
    pub fn new(items: Entries) -> Self {
        Self(Arc::new(Inner(RwLock::new(items))))
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.0.0.read().len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.0.read().is_empty()
    }

    /// The value of a key; an unhashable key is in no dict.
    pub fn get(&self, key: &Value) -> Option<Value> {
        match key {
            Value::Str(text) => self.get_str(text),
            Value::List(_) | Value::Dict(_) | Value::Set(_) => None,
            other => self.0.0.read().get(&ValueKey(other)).cloned(),
        }
    }

    /// The value of a str key.
    pub fn get_str(&self, key: &str) -> Option<Value> {
        self.0.0.read().get(&StrKey(key)).cloned()
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// The key is not hashable.
    pub fn insert(&self, key: Value, value: Value) -> Result<()> {
        let key = Key::new(key)?;
        self.0.0.write().insert(key, value);
        Ok(())
    }

    /// Sets the value of a str key.
    pub fn insert_str(&self, key: impl Into<Arc<str>>, value: Value) {
        self.0.0.write().insert(Key::from(key.into()), value);
    }

    /// Takes a key out, keeping the order of the others.
    pub fn remove(&self, key: &Value) -> Option<Value> {
        self.0.0.write().shift_remove(&ValueKey(key))
    }

    /// The keys as they are now.
    pub fn keys(&self) -> Vec<Value> {
        self.0.0.read().keys().map(|key| key.value().clone()).collect()
    }

    /// The values as they are now.
    pub fn values(&self) -> Vec<Value> {
        self.0.0.read().values().cloned().collect()
    }

    /// Keys and values as they are now.
    pub fn items(&self) -> Vec<(Value, Value)> {
        self.0.0.read().iter().map(|(key, value)| (key.value().clone(), value.clone())).collect()
    }

    /// A new dict with the same keys and values.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::new(self.0.0.read().clone())
    }

    /// Changes the entries. The closure must not evaluate anything.
    pub fn change<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.0.0.write())
    }

    /// Whether both are the same dict.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }
}

/// A set in order of insertion. Clones are the same set.
#[derive(Debug, Clone, Default)]
pub struct Set(Arc<RwLock<IndexSet<Key, RandomState>>>);

impl Set {
    /// A new set of these items.
    ///
    /// # Errors
    /// An item is not hashable.
    pub fn new(items: impl IntoIterator<Item = Value>) -> Result<Self> {
        let keys = items.into_iter().map(Key::new).collect::<Result<IndexSet<_, RandomState>>>()?;
        Ok(Self(Arc::new(RwLock::new(keys))))
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// Whether an item is in the set.
    pub fn contains(&self, item: &Value) -> bool {
        self.0.read().contains(&ValueKey(item))
    }

    /// Adds an item; gives whether it was new.
    ///
    /// # Errors
    /// The item is not hashable.
    pub fn insert(&self, item: Value) -> Result<bool> {
        let key = Key::new(item)?;
        Ok(self.0.write().insert(key))
    }

    /// Takes an item out; gives whether it was there.
    pub fn remove(&self, item: &Value) -> bool {
        self.0.write().shift_remove(&ValueKey(item))
    }

    /// The items as they are now.
    pub fn snapshot(&self) -> Vec<Value> {
        self.0.read().iter().map(|key| key.value().clone()).collect()
    }

    /// Takes everything out.
    pub fn clear(&self) {
        let _old = std::mem::take(&mut *self.0.write());
    }

    /// Whether both are the same set.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
