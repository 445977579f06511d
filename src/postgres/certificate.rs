//! The few fields of an X.509 certificate that libpq looks at itself, read from DER.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// One DER element: its tag, its content, and the element as a whole.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// Takes the first element off the input.
fn element<'a>(input: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *input;
    let (&tag, rest) = all.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        rest = after;
        bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
    };
    let (content, after) = rest.split_at_checked(length)?;
    *input = after;
    Some(Element { tag, content, whole: &all[..all.len() - after.len()] })
}

/// A parsed certificate.
pub(super) struct Certificate<'a> {
    /// The content of the signature algorithm's OID.
    signature_oid: &'a [u8],
    /// The content of the subject's name.
    subject: &'a [u8],
    /// SubjectPublicKeyInfo as a whole element.
    pub(super) public_key: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate of any version (RFC 5280, section 4.1).
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = element(&mut &*der)?.content;
        let mut body = element(&mut outer)?.content;
        let mut algorithm = element(&mut outer)?.content;
        let signature_oid = element(&mut algorithm)?.content;

        let serial_or_version = element(&mut body)?;
        if serial_or_version.tag == 0xa0 {
            // It was the version, which version 1 leaves out.
            let _serial = element(&mut body)?;
        }
        let _signature = element(&mut body)?;
        let _issuer = element(&mut body)?;
        let _validity = element(&mut body)?;
        let subject = element(&mut body)?.content;
        let public_key = element(&mut body)?.whole;
        Some(Self { signature_oid, subject, public_key })
    }

    /// The subject's common name.
    pub(super) fn common_name(&self) -> Option<&'a str> {
        const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
        let mut names = self.subject;
        while let Some(set) = element(&mut names) {
            let mut set = set.content;
            while let Some(attribute) = element(&mut set) {
                let mut attribute = attribute.content;
                if element(&mut attribute)?.content == COMMON_NAME {
                    return std::str::from_utf8(element(&mut attribute)?.content).ok();
                }
            }
        }
        None
    }

    /// The `tls-server-end-point` channel binding (RFC 5929, section 4.1): the hash of the
    /// certificate by its own signature's hash, SHA-256 in place of MD5 and SHA-1. `None`
    /// for signatures without a hash of their own, as in libpq.
    pub(super) fn end_point_hash(&self, der: &[u8]) -> Option<Vec<u8>> {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
        const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
        const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
        let (&last, prefix) = self.signature_oid.split_last()?;
        match (prefix, last) {
            (RSA, 4 | 5 | 11) | (ECDSA_SHA2, 2) => Some(Sha256::digest(der).to_vec()),
            (RSA, 12) | (ECDSA_SHA2, 3) => Some(Sha384::digest(der).to_vec()),
            (RSA, 13) | (ECDSA_SHA2, 4) => Some(Sha512::digest(der).to_vec()),
            _ if self.signature_oid == ECDSA_SHA1 => Some(Sha256::digest(der).to_vec()),
            _ => None,
        }
    }
}

/// Whether a host name fits a certificate's name: equal, or a wildcard for the first label
/// (libpq's rule).
pub(super) fn name_matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(suffix), Some((label, rest))) = (pattern.strip_prefix("*."), host.split_once('.'))
    else {
        return false;
    };
    !label.is_empty() && suffix.contains('.') && suffix.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        assert!(name_matches("DB.example.com", "db.EXAMPLE.com"));
        assert!(name_matches("*.example.com", "db.example.com"));
        assert!(!name_matches("*.example.com", "a.db.example.com"));
        assert!(!name_matches("*.com", "example.com"));
        assert!(!name_matches("*.example.com", ".example.com"));
    }

    /// A certificate for CN=db.example.com, signed by ecdsa-with-SHA256.
    const DER: &str = "MIIBpzCCAU2gAwIBAgIUX8fclmY/GfSfG6dggq8DinMRlqAwCgYIKoZIzj0EAwIwKDENMAsG\
        A1UECgwEZ2RidDEXMBUGA1UEAwwOZGIuZXhhbXBsZS5jb20wIBcNMjYxMTI0MDkwNjA0WhgPMjEyNjEwMzEwOTA2\
        MDRaMCgxDTALBgNVBAoMBGdkYnQxFzAVBgNVBAMMDmRiLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D\
        AQcDQgAEZQ2Rg+DMsegt9qZHvegbMja1MoOxcqPIZKfwxUkqHoahZnZeGwG1Q+dKjdBTgaWFVlMe9FVVFoBHjVrQ\
        7IDTwaNTMFEwHQYDVR0OBBYEFOrDGg86PXnaU0oh78R2nrWLOR+AMB8GA1UdIwQYMBaAFOrDGg86PXnaU0oh78R2\
        nrWLOR+AMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgbAw9wKrXOH2WevcOU1T8scAQRs+sqWoa\
        vHKIjDzXzVYCIQDPNuYbdXeaGphdCRniFBwdD0cckxiClmWwDccSTj8GVg==";

    #[test]
    fn a_certificate_gives_its_name_key_and_binding() {
        let der = STANDARD.decode(DER).unwrap();
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(certificate.common_name(), Some("db.example.com"));
        assert_eq!(certificate.public_key.len(), 91);
        let hash = certificate.end_point_hash(&der).unwrap();
        assert_eq!(hash, Sha256::digest(&der).to_vec());
        for length in 0..der.len() {
            assert!(Certificate::parse(&der[..length]).is_none());
        }
    }

    #[test]
    fn broken_der_is_no_certificate() {
        for der in [&b""[..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80, 0, 0]] {
            assert!(Certificate::parse(der).is_none());
        }
    }
}
