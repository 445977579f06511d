//! A socket to the server, plain or TLS, that never deadlocks: while a write would block
//! it takes in what the server sends.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::backend::{DATA_ROW_TAG, Header, Message};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

/// How much is read from the socket at once.
const CHUNK: usize = 64 * 1024;
/// A buffer grown beyond this by one huge message is given back.
const KEEP: usize = 4 * 1024 * 1024;

/// The socket below, in non-blocking mode.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            Self::Unix(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A message from the server. Rows are by far the most, and are read in place.
pub(super) enum Incoming<'a> {
    /// The body of a DataRow message.
    Row(&'a [u8]),
    /// Any other message.
    Other(Message),
}

/// The stream of messages to and from the server.
pub(super) struct Stream {
    socket: Socket,
    tls: Option<Box<ClientConnection>>,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that are not used up are `start..end`.
    start: usize,
    end: usize,
    deadline: Option<Instant>,
}

impl Stream {
    pub(super) fn new(socket: Socket, deadline: Option<Instant>) -> io::Result<Self> {
        match &socket {
            Socket::Tcp(socket) => socket.set_nonblocking(true)?,
            Socket::Unix(socket) => socket.set_nonblocking(true)?,
        }
        Ok(Self { socket, tls: None, buffer: Vec::new(), start: 0, end: 0, deadline })
    }

    /// Ends the time limit that was set for connecting.
    pub(super) fn clear_deadline(&mut self) {
        self.deadline = None;
    }

    /// Whether the stream is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// The server's certificate binding for SCRAM.
    pub(super) fn channel_binding(&self) -> Option<Vec<u8>> {
        let certificates = self.tls.as_ref()?.peer_certificates()?;
        super::tls::channel_binding(certificates.first()?)
    }

    /// Does the TLS handshake. Bytes read before it would be an attacker's
    /// (CVE-2021-23222), so there must be none.
    pub(super) fn start_tls(
        &mut self,
        config: Arc<ClientConfig>,
        host: ServerName<'static>,
    ) -> io::Result<()> {
        if self.start != self.end {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "received unencrypted data after SSL response",
            ));
        }
        let mut tls = Box::new(ClientConnection::new(config, host).map_err(io::Error::other)?);
        while tls.is_handshaking() {
            while tls.wants_write() {
                match tls.write_tls(&mut self.socket) {
                    Ok(_) => {}
                    Err(error) => {
                        self.wait_after(error, PollFlags::OUT)?;
                    }
                }
            }
            if !tls.is_handshaking() {
                break;
            }
            match tls.read_tls(&mut self.socket) {
                Ok(0) => return Err(closed()),
                Ok(_) => {
                    if let Err(error) = tls.process_new_packets() {
                        // Tell the server why, then report.
                        let _ = tls.write_tls(&mut self.socket);
                        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                    }
                }
                Err(error) => {
                    self.wait_after(error, PollFlags::IN)?;
                }
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// Reads one byte that is not part of a message: the answer to an SSLRequest.
    pub(super) fn read_byte(&mut self) -> io::Result<u8> {
        // Exactly one byte, so that nothing after it can be taken for encrypted data.
        let mut byte = [0];
        loop {
            match self.socket.read(&mut byte) {
                Ok(0) => return Err(closed()),
                Ok(_) => return Ok(byte[0]),
                Err(error) => {
                    self.wait_after(error, PollFlags::IN)?;
                }
            }
        }
    }

    /// Sends all bytes. Takes in what the server sends meanwhile.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        loop {
            let outcome = match &mut self.tls {
                None if rest.is_empty() => return Ok(()),
                None => self.socket.write(rest).map(|count| rest = &rest[count..]),
                Some(tls) => {
                    let count = tls.writer().write(rest)?;
                    rest = &rest[count..];
                    if !tls.wants_write() && rest.is_empty() {
                        return Ok(());
                    }
                    tls.write_tls(&mut self.socket).map(|_| ())
                }
            };
            if let Err(error) = outcome {
                let ready = self.wait_after(error, PollFlags::IN | PollFlags::OUT)?;
                if ready.intersects(PollFlags::IN) {
                    self.fill()?;
                }
            }
        }
    }

    /// The next message, waiting for it.
    pub(super) fn receive(&mut self) -> io::Result<Incoming<'_>> {
        loop {
            if let Some(length) = self.message_length()? {
                return self.take(length);
            }
            if !self.fill()? {
                self.wait(PollFlags::IN)?;
            }
        }
    }

    /// The next message if one has arrived.
    pub(super) fn try_receive(&mut self) -> io::Result<Option<Incoming<'_>>> {
        if self.message_length()?.is_none() {
            self.fill()?;
        }
        self.message_length()?.map(|length| self.take(length)).transpose()
    }

    /// Whether the server has closed the stream or sent something while nothing was asked.
    pub(super) fn is_disturbed(&mut self) -> bool {
        // TLS may have taken in records of its own, which are no disturbance.
        self.fill().is_err() || self.start != self.end
    }

    /// Waits until the server closes the stream.
    pub(super) fn wait_closed(&mut self) {
        while let Ok(filled) = self.fill() {
            self.end = self.start;
            if !filled && self.wait(PollFlags::IN).is_err() {
                return;
            }
        }
    }

    /// The whole length of the first message, once all of it is here.
    fn message_length(&self) -> io::Result<Option<usize>> {
        let unread = &self.buffer[self.start..self.end];
        let Some(header) = Header::parse(unread)? else { return Ok(None) };
        let length = usize::try_from(header.len()).map_err(io::Error::other)? + 1;
        Ok((unread.len() >= length).then_some(length))
    }

    fn take(&mut self, length: usize) -> io::Result<Incoming<'_>> {
        let message = &self.buffer[self.start..self.start + length];
        self.start += length;
        if message[0] == DATA_ROW_TAG {
            return Ok(Incoming::Row(&message[5..]));
        }
        match Message::parse(&mut BytesMut::from(message))? {
            Some(message) => Ok(Incoming::Other(message)),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "incomplete message")),
        }
    }

    /// Reads what has arrived into the buffer; `false` when nothing has.
    fn fill(&mut self) -> io::Result<bool> {
        self.make_room();
        if let Some(tls) = &mut self.tls {
            match tls.read_tls(&mut self.socket) {
                Ok(0) => return Err(closed()),
                Ok(_) => {}
                Err(error) if is_transient(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
            tls.process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let before = self.end;
            loop {
                self.make_room();
                let Some(tls) = &mut self.tls else { break };
                match tls.reader().read(&mut self.buffer[self.end..]) {
                    Ok(0) if self.end == before => return Err(closed()),
                    Ok(0) => break,
                    Ok(count) => self.end += count,
                    Err(error) if is_transient(&error) => break,
                    Err(error) => return Err(error),
                }
            }
            return Ok(true);
        }
        match self.socket.read(&mut self.buffer[self.end..]) {
            Ok(0) => Err(closed()),
            Ok(count) => {
                self.end += count;
                Ok(true)
            }
            Err(error) if is_transient(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes free space at the end of the buffer.
    fn make_room(&mut self) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buffer.len() > KEEP {
                self.buffer = Vec::new();
            }
        }
        if self.buffer.len() - self.end >= CHUNK {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() - self.end < CHUNK {
            // Doubling keeps the copying of one huge message linear.
            self.buffer.resize((self.buffer.len() * 2).max(self.end + CHUNK), 0);
        }
    }

    /// Waits if the error only says "not yet"; else passes it on.
    fn wait_after(&self, error: io::Error, flags: PollFlags) -> io::Result<PollFlags> {
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(PollFlags::empty()),
            io::ErrorKind::WouldBlock => self.wait(flags),
            _ => Err(error),
        }
    }

    /// Waits until the socket is ready for one of the flags, or the deadline passes.
    fn wait(&self, flags: PollFlags) -> io::Result<PollFlags> {
        loop {
            let timeout = match self.deadline {
                None => None,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    Some(timespec(left))
                }
            };
            let mut fds = [PollFd::new(&self.socket, flags)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => {
                    let ready = fds[0].revents();
                    // An error or hang-up shows itself at the next read.
                    let broken = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                    return Ok(if ready.intersects(broken) { ready | flags } else { ready });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "server closed the connection unexpectedly")
}
