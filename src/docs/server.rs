//! A small HTTP server for the folder of artifacts: `gdbt docs serve`. It reads files and
//! nothing else (<https://www.rfc-editor.org/rfc/rfc9112>).

use crate::diagnostic::{Code, Diagnostic, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The longest request that is read, in bytes.
const MAX_REQUEST: u64 = 16 << 10;
/// How long a browser may take to send a request or to take an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    folder: Arc<Path>,
}

impl Server {
    /// Listens on a port for requests for the files of a folder. Port 0 is any free one.
    ///
    /// # Errors
    /// The port is in use or may not be used.
    pub fn bind(host: &str, port: u16, folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind((host, port)).map_err(|error| {
            let message = format!("Cannot listen on {host}:{port}: {error}");
            Diagnostic::new(Code::Io, message).with_help("Choose another port with --port.")
        })?;
        Ok(Self { listener, folder: folder.into() })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().map_or(0, |address| address.port())
    }

    /// Answers until the process ends.
    pub fn run(&self) {
        for stream in self.listener.incoming().flatten() {
            let folder = Arc::clone(&self.folder);
            std::thread::spawn(move || {
                // A browser that goes away is no error.
                let _ = answer(&stream, &folder);
            });
        }
    }
}

fn answer(stream: &TcpStream, folder: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = BufReader::new(stream.take(MAX_REQUEST));
    let mut line = String::new();
    request.read_line(&mut line)?;
    let mut header = String::from(" ");
    while !header.trim().is_empty() {
        header.clear();
        if request.read_line(&mut header)? == 0 {
            break;
        }
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or("/"));
    if !matches!(method, "GET" | "HEAD") {
        return refuse(stream, "405 Method Not Allowed");
    }
    let file = path(target).and_then(|path| {
        let path = folder.join(path);
        let path = if path.is_dir() { path.join("index.html") } else { path };
        let file = File::open(&path).ok()?;
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        Some((file, length, content_type(&path)))
    });
    let Some((mut file, length, content_type)) = file else {
        return refuse(stream, "404 Not Found");
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )?;
    if method == "GET" {
        io::copy(&mut file, &mut stream)?;
    }
    stream.flush()
}

fn refuse(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    let length = status.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{status}"
    )
}

/// The path that a request names, relative to the folder; none for one outside of it.
fn path(target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = PathBuf::from(decode(path)?.trim_start_matches('/'));
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    inside.then_some(path)
}

/// Percent-decoding.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|it| it.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_folder() {
        assert_eq!(path("/a%20b/c.json?x=1"), Some(PathBuf::from("a b/c.json")));
        assert_eq!(path("/"), Some(PathBuf::new()));
        for outside in ["/../secret", "/a/../../secret", "/%2e%2e/secret", "/a/%2E%2E/%2e%2e/x"] {
            assert_eq!(path(outside), None, "{outside}");
        }
        for broken in ["/%", "/%4", "/%zz", "/%ff"] {
            assert_eq!(path(broken), None, "{broken}");
        }
        assert_eq!(path("//etc/passwd"), Some(PathBuf::from("etc/passwd")));
    }
}
