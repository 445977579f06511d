//! Drops nested containers one after the other instead of one inside the other, so that a
//! list in a list in a list, however deep, does not overflow the stack.

use std::cell::RefCell;

use super::Value;

thread_local! {
    /// The values still to drop, while a container is being dropped on this thread.
    static WAITING: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

fn holds_values(value: &Value) -> bool {
    matches!(
        value,
        Value::List(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Set(_)
            | Value::Method(_)
            | Value::Object(_)
    )
}

/// Drops what a container held.
pub fn bury(values: impl Iterator<Item = Value>) {
    // Plain values go at once; only what holds values itself has to wait.
    let deep: Vec<Value> = values.filter(holds_values).collect();
    if deep.is_empty() {
        return;
    }
    // At the end of a thread there is no list to wait in any more.
    let _ = WAITING.try_with(|waiting| {
        if let Some(waiting) = &mut *waiting.borrow_mut() {
            waiting.extend(deep);
            return;
        }
        *waiting.borrow_mut() = Some(deep);
        loop {
            let next = waiting.borrow_mut().as_mut().and_then(Vec::pop);
            match next {
                Some(value) => drop(value),
                None => break,
            }
        }
        *waiting.borrow_mut() = None;
    });
}
