//! Running a node again after something that passes was in its way: another session, or a
//! connection that broke.

use crate::adapter::Session;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long to wait before the second attempt and those after it, in milliseconds.
const PAUSES: [u64; 4] = [50, 250, 1000, 3000];

/// The attempts of one node.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: usize,
}

impl Attempts {
    /// After a failure: why and after what pause to try again, if at all. Only a node that
    /// had no effect so far is run again, from its template on.
    pub(super) fn again(&mut self, session: &Session) -> Option<(String, Duration)> {
        let reason = session.obstacle()?;
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
