//! A relay before the server that cuts a connection at a chosen moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gdbt::postgres::ConnectOptions;

/// What the client is left with when it sends COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The server does not get the COMMIT.
    Before,
    /// The server commits, and its answer to the COMMIT is lost.
    Answer,
    /// The server commits, and all that it says of this flight is lost.
    Everything,
}

/// A relay that cuts the first connections that commit.
pub struct Cutter {
    pub port: u16,
    left: Arc<AtomicUsize>,
}

impl Cutter {
    /// A relay to the Unix socket of `server` that cuts so many times.
    pub fn start(server: &ConnectOptions, cut: Cut, times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = server.unix_socket().unwrap();
        let left = Arc::new(AtomicUsize::new(times));
        let counter = Arc::clone(&left);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&socket).unwrap();
                relay(client, server, cut, &counter);
            }
        });
        Self { port, left }
    }

    /// How many cuts were not made.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

fn relay(client: TcpStream, server: UnixStream, cut: Cut, left: &Arc<AtomicUsize>) {
    let left = Arc::clone(left);
    std::thread::spawn(move || {
        // A relay whose ends are gone has nothing more to do.
        let _ = serve(client, server, cut, &left);
    });
}

/// Relays message by message. The client waits for answers after each flight, so one thread
/// does for both directions.
fn serve(
    mut client: TcpStream,
    mut server: UnixStream,
    cut: Cut,
    left: &AtomicUsize,
) -> std::io::Result<()> {
    // The start-up message has no tag.
    let start = body(&mut client)?;
    server.write_all(&start)?;
    answers(&mut server, &mut client, 1)?;
    loop {
        let mut message = tagged(&mut client)?;
        let is_commit = |message: &[u8]| message[5..].starts_with(b"COMMIT\0");
        // Queries of one flight come together; each is answered up to ReadyForQuery.
        let mut flight = Vec::new();
        let mut questions = 0;
        loop {
            questions += usize::from(matches!(message[0], b'Q' | b'S' | b'c' | b'f'));
            let commits = message[0] == b'Q' && is_commit(&message);
            let cuts = commits && take(left);
            if cuts && cut == Cut::Before {
                server.write_all(&flight)?;
                answers(&mut server, &mut client, questions - 1)?;
                return end(&client, &server);
            }
            flight.extend_from_slice(&message);
            if cuts {
                server.write_all(&flight)?;
                let mut sink = std::io::sink();
                if cut == Cut::Answer {
                    answers(&mut server, &mut client, questions - 1)?;
                    answers(&mut server, &mut sink, 1)?;
                } else {
                    answers(&mut server, &mut sink, questions)?;
                }
                return end(&client, &server);
            }
            if matches!(message[0], b'Q' | b'S' | b'X' | b'c' | b'f') && is_empty(&client)? {
                break;
            }
            message = tagged(&mut client)?;
        }
        server.write_all(&flight)?;
        answers(&mut server, &mut client, questions)?;
    }
}

fn end(client: &TcpStream, server: &UnixStream) -> std::io::Result<()> {
    client.shutdown(Shutdown::Both)?;
    server.shutdown(Shutdown::Both)
}

/// Takes one of what is left.
fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Whether the client has sent nothing more so far. It sends a flight in one go.
fn is_empty(client: &TcpStream) -> std::io::Result<bool> {
    client.set_nonblocking(true)?;
    let outcome = client.peek(&mut [0]);
    client.set_nonblocking(false)?;
    match outcome {
        Ok(count) => Ok(count == 0),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

/// Passes on what the server says until it has been ready so many times, be it for the data
/// of a COPY.
fn answers(from: &mut UnixStream, to: &mut impl Write, count: usize) -> std::io::Result<()> {
    let mut ready = 0;
    while ready < count {
        let message = tagged(from)?;
        to.write_all(&message)?;
        ready += usize::from(matches!(message[0], b'Z' | b'G'));
    }
    Ok(())
}

fn tagged(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut tag = [0];
    from.read_exact(&mut tag)?;
    Ok([&tag, body(from)?.as_slice()].concat())
}

fn body(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut rest = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
    from.read_exact(&mut rest)?;
    Ok([&length, rest.as_slice()].concat())
}
