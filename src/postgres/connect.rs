//! Opening a session: addresses, TLS negotiation, start-up and login, in libpq's order and
//! with libpq's messages.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::error::{ConnectCause, DbError, Error, plain};
use super::login::login;
use super::options::{ConnectOptions, SslMode};
use super::stream::{Incoming, Socket, Stream};

/// A place a server listens at.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Why one attempt failed.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) cause: ConnectCause,
}

impl Failure {
    pub(super) fn new(cause: ConnectCause, message: impl Into<String>) -> Self {
        Self { message: message.into(), cause }
    }

    pub(super) fn refused(error: DbError) -> Self {
        Self { message: error.to_string(), cause: ConnectCause::Refused(Box::new(error)) }
    }

    fn sqlstate(&self) -> Option<&str> {
        match &self.cause {
            ConnectCause::Refused(error) => Some(&error.sqlstate),
            _ => None,
        }
    }

    /// Whether trying again may help: not for a wrong password or setting.
    fn is_passing(&self) -> bool {
        match self.cause {
            ConnectCause::UnknownHost | ConnectCause::Unreachable | ConnectCause::TimedOut => true,
            // Starting up; too many connections.
            ConnectCause::Refused(_) => matches!(self.sqlstate(), Some("57P03" | "53300")),
            ConnectCause::Tls | ConnectCause::Login => false,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::new(ConnectCause::TimedOut, "timeout expired"),
            _ => Self::new(ConnectCause::Unreachable, plain(&error)),
        }
    }
}

/// A session that is open and idle.
pub(super) struct Session {
    pub(super) stream: Stream,
    pub(super) address: Address,
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
    pub(super) parameters: HashMap<String, String>,
}

/// Opens sessions of one profile; TLS settings are read once.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) options: ConnectOptions,
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
}

/// How a session is to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    None,
    IfOffered,
    Required,
}

impl Connector {
    pub(super) fn new(options: ConnectOptions) -> Self {
        Self { options, tls: OnceLock::new() }
    }

    /// Opens a session, trying again as often as the profile allows.
    pub(super) fn connect(&self) -> Result<Session, Error> {
        let mut attempt: u64 = 0;
        loop {
            match self.try_all_addresses() {
                Ok(session) => return Ok(session),
                Err(failure)
                    if attempt < u64::from(self.options.retries) && failure.is_passing() =>
                {
                    // dbt-postgres waits the square of the attempt's number in seconds.
                    std::thread::sleep(Duration::from_secs(attempt.saturating_mul(attempt)));
                    attempt += 1;
                }
                Err(Failure { message, cause }) => return Err(Error::Connect { message, cause }),
            }
        }
    }

    fn try_all_addresses(&self) -> Result<Session, Failure> {
        let mut lines = Vec::new();
        let mut last = None;
        for address in self.addresses()? {
            match self.try_address(&address) {
                Ok(session) => return Ok(session),
                Err(failures) => {
                    let prefix = self.prefix(&address);
                    lines.extend(failures.iter().map(|f| format!("{prefix}{}", f.message)));
                    last = failures.into_iter().last();
                    // A server that answered is the right one; the others would say the same.
                    if last.as_ref().is_some_and(|failure| !failure.is_passing()) {
                        break;
                    }
                }
            }
        }
        let cause = last.map_or(ConnectCause::UnknownHost, |failure| failure.cause);
        Err(Failure { message: lines.join("\n"), cause })
    }

    fn addresses(&self) -> Result<Vec<Address>, Failure> {
        if let Some(path) = self.options.unix_socket() {
            return Ok(vec![Address::Unix(path)]);
        }
        let host = self.options.host.as_str();
        let found = (host, self.options.port).to_socket_addrs().map_err(|error| {
            let text = plain(&error);
            let reason = text.rsplit(": ").next().unwrap_or(&text);
            Failure::new(
                ConnectCause::UnknownHost,
                format!("could not translate host name \"{host}\" to address: {reason}"),
            )
        })?;
        Ok(found.map(Address::Tcp).collect())
    }

    /// libpq's words before each failure.
    fn prefix(&self, address: &Address) -> String {
        match address {
            Address::Unix(path) => {
                format!("connection to server on socket \"{}\" failed: ", path.display())
            }
            Address::Tcp(address) => {
                let host = &self.options.host;
                let ip = address.ip().to_string();
                let shown = if *host == ip { String::new() } else { format!(" ({ip})") };
                let port = self.options.port;
                format!("connection to server at \"{host}\"{shown}, port {port} failed: ")
            }
        }
    }

    /// Tries one address with each kind of encryption the mode allows.
    fn try_address(&self, address: &Address) -> Result<Session, Vec<Failure>> {
        let plan: &[Encryption] = match (address, self.options.sslmode) {
            (Address::Unix(_), _) | (_, SslMode::Disable) => &[Encryption::None],
            (_, SslMode::Allow) => &[Encryption::None, Encryption::Required],
            (_, SslMode::Prefer) => &[Encryption::IfOffered, Encryption::None],
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => {
                &[Encryption::Required]
            }
        };
        let mut failures: Vec<Failure> = Vec::new();
        for encryption in plan {
            match self.try_once(address, *encryption) {
                Ok(session) => return Ok(session),
                Err(failure) => {
                    // Only a server that minds the encryption is asked again.
                    let minds = matches!(failure.cause, ConnectCause::Tls)
                        || failure.sqlstate() == Some("28000");
                    failures.push(failure);
                    if !minds {
                        break;
                    }
                }
            }
        }
        Err(failures)
    }

    fn try_once(&self, address: &Address, encryption: Encryption) -> Result<Session, Failure> {
        let mut stream = self.open(address, encryption)?;
        let mut out = BytesMut::new();
        self.startup_message(&mut out)
            .map_err(|error| Failure::new(ConnectCause::Login, error.to_string()))?;
        stream.send(&out)?;
        login(&mut stream, &self.options)?;
        let mut session = Session {
            stream,
            address: address.clone(),
            process_id: 0,
            secret_key: 0,
            parameters: HashMap::new(),
        };
        loop {
            match session.stream.receive()? {
                Incoming::Other(Message::ParameterStatus(body)) => {
                    session.parameters.insert(body.name()?.to_owned(), body.value()?.to_owned());
                }
                Incoming::Other(Message::BackendKeyData(body)) => {
                    session.process_id = body.process_id();
                    session.secret_key = body.secret_key();
                }
                Incoming::Other(Message::NoticeResponse(_)) => {}
                Incoming::Other(Message::ErrorResponse(body)) => {
                    return Err(Failure::refused(DbError::parse(body.fields())?));
                }
                Incoming::Other(Message::ReadyForQuery(_)) => break,
                _ => return Err(Failure::new(ConnectCause::Login, "unexpected message")),
            }
        }
        session.stream.clear_deadline();
        Ok(session)
    }

    fn startup_message(&self, out: &mut BytesMut) -> io::Result<()> {
        let options = &self.options;
        // dbt-postgres sends it this way, and poolers are set up for that.
        let search_path = options
            .search_path
            .as_deref()
            .filter(|path| !path.is_empty())
            .map(|path| format!("-c search_path={}", path.replace(' ', "\\ ")));
        let parameters = [
            ("user", Some(options.user.as_str())),
            ("database", Some(options.database.as_str())),
            ("client_encoding", Some("UTF8")),
            ("application_name", options.application_name.as_deref()),
            ("options", search_path.as_deref()),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        frontend::startup_message(given, out)
    }

    /// Opens the socket and encrypts it as asked.
    fn open(&self, address: &Address, encryption: Encryption) -> Result<Stream, Failure> {
        let limit = self.options.connect_timeout;
        let deadline = (!limit.is_zero()).then(|| Instant::now() + limit);
        let mut stream = match address {
            Address::Unix(path) => {
                let socket = UnixStream::connect(path).map_err(|error| {
                    let question = "Is the server running locally and accepting connections on \
                                    that socket?";
                    Failure::new(
                        ConnectCause::Unreachable,
                        format!("{}\n\t{question}", plain(&error)),
                    )
                })?;
                Stream::new(Socket::Unix(socket), deadline)?
            }
            Address::Tcp(address) => Stream::new(Socket::Tcp(self.open_tcp(address)?), deadline)?,
        };
        if encryption != Encryption::None {
            self.encrypt(&mut stream, encryption)?;
        }
        Ok(stream)
    }

    fn open_tcp(&self, address: &SocketAddr) -> Result<TcpStream, Failure> {
        let limit = self.options.connect_timeout;
        let opened = if limit.is_zero() {
            TcpStream::connect(address)
        } else {
            TcpStream::connect_timeout(address, limit)
        };
        let stream = opened.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::new(
                ConnectCause::Unreachable,
                format!(
                    "{}\n\tIs the server running on that host and accepting TCP/IP connections?",
                    plain(&error)
                ),
            ),
            _ => error.into(),
        })?;
        stream.set_nodelay(true)?;
        let socket = socket2::SockRef::from(&stream);
        let idle = self.options.keepalives_idle;
        if idle.is_zero() {
            socket.set_keepalive(true)?;
        } else {
            socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(idle))?;
        }
        Ok(stream)
    }

    fn encrypt(&self, stream: &mut Stream, encryption: Encryption) -> Result<(), Failure> {
        let config = self
            .tls
            .get_or_init(|| super::tls::config(&self.options))
            .clone()
            .map_err(|message| Failure::new(ConnectCause::Tls, message))?;
        let mut out = BytesMut::new();
        frontend::ssl_request(&mut out);
        stream.send(&out)?;
        match stream.read_byte()? {
            b'S' => {}
            b'N' if encryption == Encryption::IfOffered => return Ok(()),
            b'N' => {
                return Err(Failure::new(
                    ConnectCause::Tls,
                    "server does not support SSL, but SSL was required",
                ));
            }
            _ => {
                return Err(Failure::new(
                    ConnectCause::Unreachable,
                    "received invalid response to SSL negotiation",
                ));
            }
        }
        let host = ServerName::try_from(self.options.host.clone())
            .map_err(|error| Failure::new(ConnectCause::Tls, error.to_string()))?;
        stream.start_tls(config, host).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => error.into(),
            _ => Failure::new(ConnectCause::Tls, format!("SSL error: {}", plain(&error))),
        })
    }

    /// Asks the server at an address to cancel what a session does, and waits until it has
    /// taken note. The server answers by closing.
    pub(super) fn cancel(
        &self,
        address: &Address,
        encrypted: bool,
        process_id: i32,
        secret_key: i32,
    ) -> Result<(), Error> {
        let encryption = if encrypted { Encryption::Required } else { Encryption::None };
        let sent = self.open(address, encryption).and_then(|mut stream| {
            let mut out = BytesMut::new();
            frontend::cancel_request(process_id, secret_key, &mut out);
            stream.send(&out)?;
            stream.wait_closed();
            Ok(())
        });
        sent.map_err(|Failure { message, cause }| Error::Connect {
            message: format!("{}{message}", self.prefix(address)),
            cause,
        })
    }
}
