//! Tells the user what a run waits for when it waits for a lock.

use crate::event::{Event, Level, Sink};
use crate::postgres::{Pool, blockers};
use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How often to look. What is shorter nobody wonders about.
const PERIOD: Duration = Duration::from_secs(5);

/// Ends the watch.
#[derive(Debug, Default)]
pub(super) struct Over {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Over {
    /// The run has ended.
    pub(super) fn set(&self) {
        *self.is_over.lock() = true;
        self.changed.notify_all();
    }

    /// Waits for the end, or one period; whether it is over.
    fn wait(&self) -> bool {
        let mut is_over = self.is_over.lock();
        if !*is_over {
            self.changed.wait_for(&mut is_over, PERIOD);
        }
        *is_over
    }
}

/// Looks at the sessions until the run is over. Nothing is asked of the server while all of
/// them are quick.
pub(super) fn watch(pool: &Pool, sink: &dyn Sink, over: &Over) {
    let mut before: HashMap<i32, String> = HashMap::new();
    let mut told = HashSet::new();
    while !over.wait() {
        let busy: HashMap<i32, String> = pool.busy().into_iter().collect();
        let long: Vec<i32> = busy
            .iter()
            .filter(|(process, user)| before.get(process) == Some(user))
            .map(|(process, _)| *process)
            .collect();
        before = busy;
        if long.is_empty() {
            continue;
        }
        // A server that cannot be asked now is asked again.
        let waiting = pool.get().and_then(|mut it| blockers::waiting(&mut it, &long));
        for waiting in waiting.into_iter().flatten() {
            let Some(user) = before.get(&waiting.process_id) else { continue };
            if told.insert((user.clone(), waiting.holder.process_id)) {
                sink.emit(Event::Note {
                    level: Level::Info,
                    message: format!("{user} waits for a lock of {}", waiting.holder),
                });
            }
        }
    }
}
