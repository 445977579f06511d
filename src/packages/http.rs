//! Fetching over HTTP, with caps and retries.

use super::failed;
use crate::diagnostic::{Diagnostic, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// How often a request is made before it is given up.
const ATTEMPTS: u32 = 5;
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// For one request; archives may take longer.
const TIMEOUT: Duration = Duration::from_secs(30);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_mins(10);
/// The largest answer of the hub; its index has about 20 KB.
const LARGEST_ANSWER: u64 = 64 << 20;
/// The largest archive.
pub(super) const LARGEST_ARCHIVE: u64 = 512 << 20;

/// A client of the hub and of servers with archives.
#[derive(Debug)]
pub(super) struct Http {
    agent: Agent,
}

/// Why a request failed, and whether trying again may help.
struct Failure {
    message: String,
    passing: bool,
}

impl Http {
    pub(super) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(TIMEOUT))
            .timeout_global(Some(DOWNLOAD_TIMEOUT))
            .http_status_as_error(true)
            .user_agent(concat!("gdbt/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent() }
    }

    /// The body of an answer.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer with 200.
    pub(super) fn text(&self, url: &str) -> Result<String> {
        retrying(|| {
            let mut body = self.body(url, LARGEST_ANSWER)?;
            let mut text = String::new();
            body.read_to_string(&mut text).map_err(|error| broken(url, &error))?;
            Ok(text)
        })
    }

    /// Writes the body of an answer to a file.
    ///
    /// # Errors
    /// As [`Http::text`]; the file cannot be written.
    pub(super) fn download(&self, url: &str, to: &Path) -> Result<()> {
        retrying(|| {
            let mut body = self.body(url, LARGEST_ARCHIVE)?;
            let write = |error: &io::Error| Failure {
                message: format!("{}: {error}", to.display()),
                passing: false,
            };
            let mut file = File::create(to).map_err(|error| write(&error))?;
            io::copy(&mut body, &mut file).map_err(|error| broken(url, &error))?;
            Ok(())
        })
    }

    fn body(&self, url: &str, most: u64) -> Result<impl Read + use<>, Failure> {
        let response = self.agent.get(url).call().map_err(|error| Failure {
            passing: match &error {
                ureq::Error::StatusCode(code) => *code >= 500 || *code == 429,
                ureq::Error::BadUri(_) | ureq::Error::Tls(_) => false,
                _ => true,
            },
            message: format!("{url}: {error}"),
        })?;
        Ok(response.into_body().into_with_config().limit(most).reader())
    }
}

fn broken(url: &str, error: &io::Error) -> Failure {
    Failure { message: format!("{url}: {error}"), passing: true }
}

fn retrying<T>(mut request: impl FnMut() -> Result<T, Failure>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match request() {
            Ok(value) => return Ok(value),
            Err(failure) if failure.passing && attempt < ATTEMPTS => {
                attempt += 1;
                std::thread::sleep(PAUSE);
            }
            Err(failure) => return Err(gave_up(&failure.message)),
        }
    }
}

fn gave_up(message: &str) -> Box<Diagnostic> {
    failed(format!("External connection exception occurred: {message}"))
}
