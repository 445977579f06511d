//! Counts the round trips of a client: a relay before the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gdbt::postgres::{ConnectOptions, SslMode};

/// A relay. What a client sends until the server answers is one round trip.
pub struct Proxy {
    /// How to connect through it.
    pub options: ConnectOptions,
    trips: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

/// What something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub connections: usize,
    pub trips: usize,
}

impl Proxy {
    /// A relay to the Unix socket of `server`.
    pub fn start(server: &ConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = server.unix_socket().unwrap();
        let mut options = server.clone();
        "127.0.0.1".clone_into(&mut options.host);
        options.port = listener.local_addr().unwrap().port();
        options.sslmode = SslMode::Disable;
        let trips = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&trips);
        let connections = Arc::new(AtomicUsize::new(0));
        let clients = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                clients.fetch_add(1, Ordering::SeqCst);
                let server = UnixStream::connect(&socket).unwrap();
                relay(client, server, &counter);
            }
        });
        Self { options, trips, connections }
    }

    /// The connections and round trips that something takes, goodbyes included.
    pub fn counts<T>(&self, action: impl FnOnce() -> T) -> (T, Counts) {
        let before = self.connections.load(Ordering::SeqCst);
        let (result, trips) = self.count(action);
        let connections = self.connections.load(Ordering::SeqCst) - before;
        (result, Counts { connections, trips })
    }

    /// The round trips that something takes.
    pub fn count<T>(&self, action: impl FnOnce() -> T) -> (T, usize) {
        let before = self.trips.load(Ordering::SeqCst);
        let result = action();
        (result, self.trips.load(Ordering::SeqCst) - before)
    }
}

fn relay(client: TcpStream, server: UnixStream, trips: &Arc<AtomicUsize>) {
    let answered = Arc::new(AtomicBool::new(true));
    let (mut client_in, mut client_out) = (client.try_clone().unwrap(), client);
    let (mut server_in, mut server_out) = (server.try_clone().unwrap(), server);
    let (trips, asked) = (Arc::clone(trips), Arc::clone(&answered));
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = client_in.read(&mut buffer) {
            if asked.swap(false, Ordering::SeqCst) {
                trips.fetch_add(1, Ordering::SeqCst);
            }
            if server_out.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = server_out.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = server_in.read(&mut buffer) {
            answered.store(true, Ordering::SeqCst);
            if client_out.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = client_out.shutdown(Shutdown::Both);
    });
}
