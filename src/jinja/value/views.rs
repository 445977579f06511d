//! What `keys()`, `values()` and `items()` of a dict give: live views of it.

use std::any::Any;

use super::super::error::Result;
use super::super::eval::State;
use super::{Dict, Object, Set, Value};

/// What of a dict a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The keys.
    Keys,
    /// The values.
    Values,
    /// Pairs of both.
    Items,
}

/// A view of a dict.
#[derive(Debug)]
pub struct View {
    dict: Dict,
    part: Part,
}

impl View {
    /// A view as a value.
    pub fn of(dict: &Dict, part: Part) -> Value {
        Value::object(Self { dict: dict.clone(), part })
    }

    fn items(&self) -> Vec<Value> {
        match self.part {
            Part::Keys => self.dict.keys(),
            Part::Values => self.dict.values(),
            Part::Items => {
                self.dict.items().into_iter().map(|(k, v)| Value::tuple([k, v])).collect()
            }
        }
    }
}

impl Object for View {
    fn type_name(&self) -> &'static str {
        match self.part {
            Part::Keys => "dict_keys",
            Part::Values => "dict_values",
            Part::Items => "dict_items",
        }
    }

    fn iterate(&self, _: &mut State<'_>) -> Result<Option<Vec<Value>>> {
        Ok(Some(self.items()))
    }

    fn length(&self) -> Option<usize> {
        Some(self.dict.len())
    }

    fn is_sequence(&self) -> bool {
        false
    }

    fn contains(&self, item: &Value) -> Option<bool> {
        Some(match self.part {
            Part::Keys => self.dict.get(item).is_some(),
            Part::Values | Part::Items => self.items().contains(item),
        })
    }

    fn binary(&self, operator: &str, other: &Value, reflected: bool) -> Result<Option<Value>> {
        let others = match other {
            Value::Set(set) => set.snapshot(),
            other => match other.downcast::<Self>() {
                Some(view) => view.items(),
                None => return Ok(None),
            },
        };
        if operator != "-" || reflected || self.part == Part::Values {
            return Ok(None);
        }
        let kept = self.items().into_iter().filter(|item| !others.contains(item));
        Set::new(kept).map(|set| Some(set.into()))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let (mine, theirs) = match other {
            Value::Set(set) => (self.items(), set.snapshot()),
            other => (self.items(), other.downcast::<Self>()?.items()),
        };
        let same = mine.len() == theirs.len() && mine.iter().all(|item| theirs.contains(item));
        Some(same && self.part != Part::Values)
    }

    fn repr(&self) -> String {
        format!("{}({})", self.type_name(), Value::list(self.items()).repr())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
