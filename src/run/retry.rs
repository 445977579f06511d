//! Running a node again after something that passes was in its way: another session, or a
//! connection that broke.

use super::execute::Executor;
use crate::adapter::Session;
use crate::diagnostic::Diagnostic;
use crate::manifest::Node;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The SQLSTATEs of a relation that does not exist, and of one that does already.
const UNDEFINED_TABLE: &str = "42P01";
const DUPLICATE_TABLE: &str = "42P07";

/// How long to wait before the second attempt and those after it, in milliseconds.
const PAUSES: [u64; 4] = [50, 250, 1000, 3000];

/// The attempts of one node.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: usize,
}

impl Attempts {
    /// After a failure that may pass, for a reason: why and after what pause to try again, if
    /// at all. Only a node that had no effect so far is run again, from its template on.
    pub(super) fn again(&mut self, reason: Option<String>) -> Option<(String, Duration)> {
        let reason = reason?;
        let pause = *PAUSES.get(self.failed)?;
        self.failed += 1;
        Some((reason, Duration::from_millis(pause + jitter(pause))))
    }

    /// Such as `attempt 2 of 5`.
    pub(super) fn describe(&self) -> String {
        format!("attempt {} of {}", self.failed + 1, PAUSES.len() + 1)
    }
}

/// Up to so much again, so that two who met do not meet again.
fn jitter(pause: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_micros());
    u64::from(now) % pause.max(1)
}

/// Why a node that failed may well succeed when it is run again, if that is so and it had no
/// effect.
pub(super) fn reason(
    executor: &Executor,
    node: &Node,
    session: &Session,
    error: &Diagnostic,
) -> Option<String> {
    if let Some(obstacle) = session.obstacle() {
        return Some(obstacle);
    }
    let failure = session.failure().filter(|_| !session.has_effect())?;
    match failure.sqlstate.as_str() {
        UNDEFINED_TABLE => vanished(executor, node, error),
        DUPLICATE_TABLE => appeared(executor, node),
        _ => None,
    }
}

/// Another run drops views with the tables below them, until it has built them again. This
/// one knows that they exist.
fn vanished(executor: &Executor, node: &Node, error: &Diagnostic) -> Option<String> {
    let parents = node.depends_on.nodes.iter().filter_map(|id| executor.manifest.nodes.get(id));
    parents.map(|parent| &parent.relation).find_map(|relation| {
        let name = format!("{}.{}", relation.schema, relation.identifier);
        let is_known = executor.shared.cache.has(&relation.schema, &relation.identifier);
        (is_known && error.message.contains(&name))
            .then(|| format!("{name} was dropped by another session"))
    })
}

/// Another run has made the node's relation since this one looked.
fn appeared(executor: &Executor, node: &Node) -> Option<String> {
    let relation = &node.relation;
    let cache = &executor.shared.cache;
    if cache.has(&relation.schema, &relation.identifier) {
        return None;
    }
    let mut connection = executor.database.pool.get().ok()?;
    cache.look_up(&mut connection, &relation.schema, &relation.identifier).ok()?;
    cache.has(&relation.schema, &relation.identifier).then(|| {
        format!("{}.{} was created by another session", relation.schema, relation.identifier)
    })
}
