//! Sessions of one profile, reused across nodes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

use super::cancel::CancelToken;
use super::connect::Connector;
use super::connection::Connection;
use super::error::Error;
use super::options::ConnectOptions;
use super::result::TransactionStatus;

/// Opens sessions on demand and keeps the idle ones. There are as many as were ever in use
/// at the same time: one per thread when each thread takes one. Cloning shares the pool.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    way: Mutex<Way>,
    slots: Mutex<Vec<Slot>>,
}

/// How to connect.
enum Way {
    Known(Arc<Connector>),
    /// Found out by the first who needs a session.
    Late(Box<dyn Fn() -> Result<ConnectOptions, Error> + Send>),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(connector) => connector.fmt(f),
            Self::Late(_) => f.write_str("Late"),
        }
    }
}

/// The name of a session that works for no node, as dbt has it.
const MASTER: &str = "master";

/// A session of the pool; its lock is held while it is on loan.
#[derive(Debug)]
struct Slot {
    /// Who has or had it.
    user: String,
    connection: Arc<Mutex<Connection>>,
    token: CancelToken,
}

impl Pool {
    /// A pool that has not connected yet.
    pub fn new(options: ConnectOptions) -> Self {
        Self::going(Way::Known(Arc::new(Connector::new(options))))
    }

    /// A pool whose server is only there once the first session is asked for: `start` starts it
    /// and says where it is.
    pub fn late(start: impl Fn() -> Result<ConnectOptions, Error> + Send + 'static) -> Self {
        Self::going(Way::Late(Box::new(start)))
    }

    fn going(way: Way) -> Self {
        Self(Arc::new(Shared { way: Mutex::new(way), slots: Mutex::default() }))
    }

    fn connector(&self) -> Result<Arc<Connector>, Error> {
        let mut way = self.0.way.lock();
        let connector = match &*way {
            Way::Known(connector) => return Ok(Arc::clone(connector)),
            Way::Late(start) => Arc::new(Connector::new(start()?)),
        };
        *way = Way::Known(Arc::clone(&connector));
        Ok(connector)
    }

    /// An idle session, or a new one, for what belongs to no node.
    pub fn get(&self) -> Result<PooledConnection, Error> {
        match self.reuse(MASTER) {
            Some((connection, _)) => Ok(connection),
            None => self.open(MASTER),
        }
    }

    /// A new session for somebody with a name.
    pub fn open(&self, user: &str) -> Result<PooledConnection, Error> {
        let connection = Connection::open(&self.connector()?)?;
        let token = connection.cancel_token();
        let connection = Arc::new(Mutex::new(connection));
        let guard = connection.lock_arc();
        self.0.slots.lock().push(Slot { user: user.to_owned(), connection, token });
        Ok(PooledConnection(guard))
    }

    /// Takes an idle session that is still good, and says who had it; forgets those that are not.
    pub fn reuse(&self, user: &str) -> Option<(PooledConnection, String)> {
        let mut slots = self.0.slots.lock();
        let mut index = 0;
        while index < slots.len() {
            match slots[index].connection.try_lock_arc() {
                Some(mut connection) => {
                    if !connection.is_stale() {
                        let former = std::mem::replace(&mut slots[index].user, user.to_owned());
                        return Some((PooledConnection(connection), former));
                    }
                    slots.swap_remove(index);
                }
                None => index += 1,
            }
        }
        None
    }

    /// The server processes of the sessions on loan, and who has them.
    pub fn busy(&self) -> Vec<(i32, String)> {
        let slots = self.0.slots.lock();
        let on_loan = slots.iter().filter(|slot| slot.connection.is_locked());
        on_loan.map(|slot| (slot.token.process_id, slot.user.clone())).collect()
    }

    /// Cancels what every session on loan runs. Tries all; returns the first failure.
    pub fn cancel_all(&self) -> Result<(), Error> {
        let tokens: Vec<CancelToken> = self
            .0
            .slots
            .lock()
            .iter()
            .filter(|slot| slot.connection.is_locked())
            .map(|slot| slot.token.clone())
            .collect();
        let outcomes: Vec<_> = tokens.iter().map(CancelToken::cancel).collect();
        outcomes.into_iter().collect()
    }
}

/// A session on loan. Dropping it gives it back, rolled back if it is in a transaction.
pub struct PooledConnection(ArcMutexGuard<RawMutex, Connection>);

impl std::fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PooledConnection").field(&**self).finish()
    }
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if self.transaction_status() != TransactionStatus::Idle && !self.is_broken() {
            // A session that cannot even do this is forgotten when it is asked for next.
            let _ = self.query("rollback");
        }
    }
}
