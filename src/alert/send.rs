//! The request itself. Its URL is a secret and never part of a message.

use crate::diagnostic::{Code, Diagnostic, Result};
use crate::project::secret::Secret;
use serde_json::Value as Json;
use std::time::Duration;
use ureq::Agent;

/// How often a request is made before it is given up.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; each later pause is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Posts JSON. Passing troubles are tried again.
///
/// # Errors
/// The receiver cannot be reached or does not accept it.
pub fn post(url: &Secret, body: &Json) -> Result<()> {
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("gdbt/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent: Agent = config.new_agent();
    let text = body.to_string();
    let mut attempt = 1;
    loop {
        let sent = agent
            .post(url.expose())
            .header("content-type", "application/json")
            .send(text.as_bytes());
        let (reason, passing) = match sent {
            Ok(_) => return Ok(()),
            Err(ureq::Error::StatusCode(code)) => {
                (format!("it answered with status {code}"), code >= 500 || code == 429)
            }
            Err(ureq::Error::BadUri(_)) => ("the URL is not valid".to_owned(), false),
            Err(ureq::Error::Timeout(_)) => ("it did not answer in time".to_owned(), true),
            Err(ureq::Error::Io(error)) => (error.to_string(), true),
            Err(_) => ("the request failed".to_owned(), false),
        };
        if !passing || attempt >= ATTEMPTS {
            let message = format!("The alert's webhook did not take the alert: {reason}.");
            return Err(Diagnostic::new(Code::AlertFailed, message)
                .with_help("Check the URL in the environment variable and the receiver."));
        }
        std::thread::sleep(PAUSE * 2_u32.pow(attempt - 1));
        attempt += 1;
    }
}
