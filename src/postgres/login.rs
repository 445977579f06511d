//! Proving who we are: cleartext, MD5 and SCRAM passwords
//! (<https://www.postgresql.org/docs/current/protocol-flow.html>).

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::connect::Failure;
use super::error::{ConnectCause, DbError};
use super::options::ConnectOptions;
use super::password_command;
use super::stream::{Incoming, Stream};
use crate::project::secret::Secret;

/// Answers the server's questions until it says AuthenticationOk.
pub(super) fn login(stream: &mut Stream, options: &ConnectOptions) -> Result<(), Failure> {
    loop {
        let mut out = BytesMut::new();
        match receive(stream)? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(password(options)?.expose().as_bytes(), &mut out)?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(
                    options.user.as_bytes(),
                    password(options)?.expose().as_bytes(),
                    body.salt(),
                );
                frontend::password_message(hash.as_bytes(), &mut out)?;
            }
            Message::AuthenticationSasl(body) => {
                scram(stream, &body, password(options)?.expose().as_bytes())?;
                continue;
            }
            Message::AuthenticationGss | Message::AuthenticationSspi => {
                return Err(refuse("the server asks for GSSAPI or SSPI, which is not supported"));
            }
            _ => return Err(refuse("the server asks for an unknown kind of authentication")),
        }
        stream.send(&out)?;
    }
}

fn password(options: &ConnectOptions) -> Result<Secret, Failure> {
    let password = match &options.password_command {
        Some(command) => password_command::run(command).map_err(|error| refuse(&error))?,
        None => options.password.clone(),
    };
    if password.is_empty() {
        return Err(refuse("fe_sendauth: no password supplied"));
    }
    Ok(password)
}

fn refuse(message: &str) -> Failure {
    Failure::new(ConnectCause::Login, message)
}

/// The next message of the login; a refusal becomes the failure.
fn receive(stream: &mut Stream) -> Result<Message, Failure> {
    loop {
        match stream.receive()? {
            Incoming::Other(Message::ErrorResponse(body)) => {
                return Err(Failure::refused(DbError::parse(body.fields())?));
            }
            Incoming::Other(Message::NoticeResponse(_)) => {}
            Incoming::Other(message) => return Ok(message),
            Incoming::Row(_) => return Err(refuse("unexpected message during login")),
        }
    }
}

/// SCRAM-SHA-256 (RFC 7677), bound to the TLS channel when both sides can. The server must
/// prove that it knows the password too.
fn scram(
    stream: &mut Stream,
    offer: &AuthenticationSaslBody,
    password: &[u8],
) -> Result<(), Failure> {
    let (mut offers_plain, mut offers_bound) = (false, false);
    let mut mechanisms = offer.mechanisms();
    while let Some(mechanism) = mechanisms.next()? {
        offers_plain |= mechanism == SCRAM_SHA_256;
        offers_bound |= mechanism == SCRAM_SHA_256_PLUS;
    }
    let hash = stream.channel_binding();
    let (mechanism, binding) = match hash {
        Some(hash) if offers_bound => {
            (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash))
        }
        Some(_) if offers_plain => (SCRAM_SHA_256, ChannelBinding::unrequested()),
        None if offers_plain => (SCRAM_SHA_256, ChannelBinding::unsupported()),
        _ => {
            return Err(refuse(
                "none of the server's SASL authentication mechanisms are supported",
            ));
        }
    };
    let mut scram = ScramSha256::new(password, binding);
    let mut out = BytesMut::new();
    frontend::sasl_initial_response(mechanism, scram.message(), &mut out)?;
    stream.send(&out)?;

    let Message::AuthenticationSaslContinue(body) = receive(stream)? else {
        return Err(refuse("unexpected message during SCRAM authentication"));
    };
    scram.update(body.data()).map_err(|error| refuse(&error.to_string()))?;
    out.clear();
    frontend::sasl_response(scram.message(), &mut out)?;
    stream.send(&out)?;

    let Message::AuthenticationSaslFinal(body) = receive(stream)? else {
        return Err(refuse("unexpected message during SCRAM authentication"));
    };
    scram.finish(body.data()).map_err(|error| refuse(&error.to_string()))
}
