//! COPY FROM STDIN.

use std::io::{self, Read};

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::connection::Connection;
use super::error::Error;
use super::reading::{Outcome, Reading};
use super::stream::Incoming;

/// How much is sent in one CopyData message.
const CHUNK: usize = 256 * 1024;
/// A message's tag and length.
const HEADER: usize = 5;

impl Connection {
    /// Runs a `COPY … FROM STDIN` and feeds it from `source`; returns the rows copied.
    /// `on_progress` gets the bytes sent so far, after each chunk.
    ///
    /// The first bad row ends the COPY at once, with the server's error. When `source`
    /// fails, the COPY is given up and [`Error::Source`] returned. Either way no row stays.
    pub fn copy_in(
        &mut self,
        sql: &str,
        mut source: impl Read,
        mut on_progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        let ahead = self.begin_flight()?;
        self.encode(|out| frontend::query(sql, out))?;
        self.send()?;
        self.skip_preamble(ahead)?;
        match self.read_outcome()? {
            Outcome::CopyIn => {}
            Outcome::Failed(error) => return Err(Error::Db(error)),
            Outcome::Done(_) => {
                return Err(Error::Protocol("not a COPY FROM STDIN statement".to_owned()));
            }
        }

        let mut message = vec![0; HEADER + CHUNK];
        let mut sent: u64 = 0;
        loop {
            let count = match fill(&mut source, &mut message[HEADER..]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Err(self.abandon_copy(error)),
            };
            message[0] = b'd';
            let length = u32::try_from(count + 4).unwrap_or(u32::MAX);
            message[1..HEADER].copy_from_slice(&length.to_be_bytes());
            if let Err(error) = self.stream.send(&message[..HEADER + count]) {
                return Err(self.lost(error, None));
            }
            if let Some(outcome) = self.copy_refused()? {
                return finished(outcome);
            }
            sent += count as u64;
            on_progress(sent);
        }
        let mut out = BytesMut::new();
        frontend::copy_done(&mut out);
        if let Err(error) = self.stream.send(&out) {
            return Err(self.lost(error, None));
        }
        finished(self.read_outcome()?)
    }

    /// Looks, without waiting, whether the server has ended the COPY with an error.
    fn copy_refused(&mut self) -> Result<Option<Outcome>, Error> {
        let mut reading = Reading::default();
        loop {
            let step = match self.stream.try_receive() {
                Ok(None) => return Ok(None),
                Ok(Some(Incoming::Row(_))) => Ok(None),
                Ok(Some(Incoming::Other(message))) => self.handle(message, &mut reading),
                Err(error) => Err(error),
            };
            match step {
                Ok(Some(outcome)) => return Ok(Some(outcome)),
                Ok(None) => {}
                Err(error) => return Err(self.lost(error, reading.error)),
            }
            if let Some(error) = reading.error.take() {
                // Outside COPY the server drops what is still under way.
                if error.is_fatal() {
                    return Err(self.lost(io::ErrorKind::UnexpectedEof.into(), Some(error)));
                }
                self.read_outcome()?;
                return Ok(Some(Outcome::Failed(error)));
            }
        }
    }

    /// Tells the server that the data ends here and is not to be kept.
    fn abandon_copy(&mut self, cause: io::Error) -> Error {
        let mut out = BytesMut::new();
        let told = frontend::copy_fail("the data could not be read", &mut out)
            .and_then(|()| self.stream.send(&out));
        match told {
            Err(error) => self.lost(error, None),
            Ok(()) => match self.read_outcome() {
                Ok(_) => Error::Source(cause),
                Err(error) => error,
            },
        }
    }
}

fn finished(outcome: Outcome) -> Result<u64, Error> {
    match outcome {
        Outcome::Done(result) => Ok(result.last().and_then(|set| set.tag.rows()).unwrap_or(0)),
        Outcome::Failed(error) => Err(Error::Db(error)),
        Outcome::CopyIn => Err(Error::Protocol("a second COPY in one statement".to_owned())),
    }
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
