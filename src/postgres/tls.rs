//! TLS by rustls, with libpq's meaning of each `sslmode`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::certificate::{Certificate, name_matches};
use super::options::{ConnectOptions, SslMode};

/// What is checked about the server's certificate.
#[derive(Debug)]
enum Trust {
    /// Nothing: encryption against listeners only.
    Anyone,
    /// One of these authorities signed it.
    Authority(RootCertStore),
    /// As `Authority`, and it names the host.
    Host(RootCertStore),
}

/// Makes the TLS settings of a profile. The error is a text in libpq's words.
pub(super) fn config(options: &ConnectOptions) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        Verifier { trust: trust(options)?, algorithms: provider.signature_verification_algorithms };
    let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match (&options.sslcert, &options.sslkey) {
        (Some(cert), Some(key)) if cert.exists() => builder
            .with_client_auth_cert(certificates(cert)?, private_key(key)?)
            .map_err(|error| format!("client certificate {}: {error}", cert.display()))?,
        (Some(cert), None) if cert.exists() => {
            return Err(format!(
                "certificate present, but not private key file: set sslkey for {}",
                cert.display()
            ));
        }
        // libpq goes on without a certificate when the file is not there.
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn trust(options: &ConnectOptions) -> Result<Trust, String> {
    let root = options.sslrootcert.as_deref();
    let present = root.filter(|path| *path == Path::new("system") || path.exists());
    match (options.sslmode, present) {
        // For the sake of old versions, libpq takes require with a root file as verify-ca.
        (SslMode::VerifyCa | SslMode::Require, Some(path)) => Ok(Trust::Authority(roots(path)?)),
        (SslMode::VerifyFull, Some(path)) => Ok(Trust::Host(roots(path)?)),
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => Err(match root {
            Some(path) => format!(
                "root certificate file \"{}\" does not exist\nEither provide the file, use the \
                 system's trusted roots with sslrootcert=system, or change sslmode to disable \
                 server certificate verification.",
                path.display()
            ),
            None => format!(
                "sslmode \"{}\" needs sslrootcert: a file, or \"system\" for the system's \
                 trusted roots",
                options.sslmode.as_str()
            ),
        }),
        _ => Ok(Trust::Anyone),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    if path == Path::new("system") {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| {
                format!("could not read root certificate file \"{}\": {error}", path.display())
            })?;
        }
    }
    if store.is_empty() {
        return Err(format!("no trusted certificate in \"{}\"", path.display()));
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| format!("could not read certificate file \"{}\": {error}", path.display()))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    check_key_permissions(path)?;
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        format!(
            "could not load private key file \"{}\": {error} (encrypted keys are not supported)",
            path.display()
        )
    })
}

/// libpq refuses keys that others can read.
fn check_key_permissions(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(|error| {
        format!("could not open private key file \"{}\": {error}", path.display())
    })?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(format!(
        "private key file \"{}\" has group or world access; file must have permissions u=rw \
         (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if \
         owned by root",
        path.display()
    ))
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn verify_chain(
        &self,
        roots: &RootCertStore,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(certificate)?,
            roots,
            intermediates,
            now,
            self.algorithms.all,
        )
    }
}

/// The host's name by the certificate's alternative names; its common name counts only
/// when there are none (RFC 6125, and libpq).
fn verify_host(
    certificate: &CertificateDer<'_>,
    host: &ServerName<'_>,
) -> Result<(), rustls::Error> {
    let error = match rustls::client::verify_server_name(
        &ParsedCertificate::try_from(certificate)?,
        host,
    ) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let no_alternative_names = matches!(
        &error,
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented, ..
        }) if presented.is_empty()
    );
    let common_name = Certificate::parse(certificate).and_then(|parsed| parsed.common_name());
    match common_name {
        Some(name) if no_alternative_names && name_matches(name, &host.to_str()) => Ok(()),
        _ => Err(error),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trust {
            Trust::Anyone => {}
            Trust::Authority(roots) => {
                self.verify_chain(roots, certificate, intermediates, now)?;
            }
            Trust::Host(roots) => {
                self.verify_chain(roots, certificate, intermediates, now)?;
                verify_host(certificate, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    /// Checks with the bare key, because the certificate may be of a version or with
    /// extensions that only matter when it is to be trusted.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let parsed = Certificate::parse(certificate)
            .ok_or(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(parsed.public_key),
            signed,
            &self.algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The SCRAM channel binding of a server's certificate, where one can be made.
pub(super) fn channel_binding(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    Certificate::parse(certificate)?.end_point_hash(certificate)
}
