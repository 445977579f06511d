//! Cancelling what a session runs, from another thread.

use std::sync::Arc;

use super::Error;
use super::connect::{Address, Connector};

/// Cancels what one session runs; the session itself goes on.
#[derive(Debug, Clone)]
pub struct CancelToken {
    pub(super) connector: Arc<Connector>,
    pub(super) address: Address,
    pub(super) encrypted: bool,
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
}

impl CancelToken {
    /// Sends the protocol's cancel request over a connection of its own and waits until the
    /// server has taken it. The session's statement then ends with SQLSTATE 57014; when
    /// none runs, nothing happens.
    pub fn cancel(&self) -> Result<(), Error> {
        self.connector.cancel(&self.address, self.encrypted, self.process_id, self.secret_key)
    }
}
