//! DTLS 1.2 through OpenSSL over datagrams handed in and out, and the SRTP masters it exports (RFC
//! 5764).

use std::collections::VecDeque;
use std::ffi::{c_uint, c_void};
use std::fmt::Write as _;
use std::io::{self, Read, Write};

use foreign_types::ForeignTypeRef;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode};
use openssl::x509::{X509, X509NameBuilder};

use crate::srtp::{Context, Profile};

/// Largest datagram of a handshake, in bytes.
const MTU: u32 = 1200;
/// A lost flight is sent again after this, then after twice as long and so on: what browsers do,
/// where OpenSSL waits a second.
const FIRST_RETRANSMISSION_US: c_uint = 50_000;
const LAST_RETRANSMISSION_US: c_uint = 3_000_000;

type TimerCallback = extern "C" fn(ssl: *mut c_void, previous_us: c_uint) -> c_uint;

unsafe extern "C" {
    /// In OpenSSL since 1.1.1, but not in its bindings.
    fn DTLS_set_timer_cb(ssl: *mut c_void, callback: TimerCallback);
}

/// The next timeout, in microseconds; `previous_us` is 0 at first.
extern "C" fn retransmission_timeout(_ssl: *mut c_void, previous_us: c_uint) -> c_uint {
    if previous_us == 0 { FIRST_RETRANSMISSION_US } else { (2 * previous_us).min(LAST_RETRANSMISSION_US) }
}

/// The DTLS identity of all transports of a run: one certificate and the profiles offered.
pub struct Identity {
    context: SslContext,
    pub fingerprint: String,
}

impl Identity {
    /// `profiles` in order of preference.
    pub fn new(profiles: &[Profile]) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256 is there");
        let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
        let mut name = X509NameBuilder::new().expect("a name");
        name.append_entry_by_text("CN", "load").expect("a common name");
        let name = name.build();
        let mut serial = BigNum::new().expect("a number");
        serial.rand(64, MsbOption::MAYBE_ZERO, false).expect("random");
        let mut builder = X509::builder().expect("a certificate");
        builder.set_version(2).expect("version 3");
        builder.set_serial_number(&serial.to_asn1_integer().expect("an integer")).expect("a serial");
        builder.set_subject_name(&name).expect("a subject");
        builder.set_issuer_name(&name).expect("an issuer");
        builder.set_pubkey(&key).expect("a public key");
        builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a start");
        builder.set_not_after(&Asn1Time::days_from_now(30).expect("a time")).expect("an end");
        builder.sign(&key, MessageDigest::sha256()).expect("signed");
        let certificate = builder.build();

        let mut context = SslContext::builder(SslMethod::dtls()).expect("DTLS is there");
        context.set_certificate(&certificate).expect("a certificate");
        context.set_private_key(&key).expect("its key");
        context.set_options(SslOptions::NO_QUERY_MTU);
        // Certificates are self-signed; what counts is the fingerprint, checked once the handshake
        // is done.
        context.set_verify_callback(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT, |_, _| true);
        let names: Vec<_> = profiles.iter().map(|profile| profile.name()).collect();
        context.set_tlsext_use_srtp(&names.join(":")).expect("known profiles");
        Identity { context: context.build(), fingerprint: fingerprint(&certificate) }
    }
}

fn fingerprint(certificate: &X509) -> String {
    let digest = certificate.digest(MessageDigest::sha256()).expect("SHA-256 is there");
    let mut text = String::new();
    for (index, byte) in digest.iter().enumerate() {
        let separator = if index == 0 { "" } else { ":" };
        write!(text, "{separator}{byte:02X}").expect("a string takes it");
    }
    text
}

#[derive(Default)]
struct Datagrams {
    incoming: VecDeque<Vec<u8>>,
    outgoing: Vec<Vec<u8>>,
}

impl Read for Datagrams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let datagram = self.incoming.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok(length)
    }
}

impl Write for Datagrams {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The masters of a finished handshake.
pub struct Masters {
    pub profile: Profile,
    pub send: Context,
    pub receive: Context,
}

/// One DTLS association.
pub struct Dtls {
    stream: SslStream<Datagrams>,
    active: bool,
    remote_fingerprint: String,
    finished: bool,
}

impl Dtls {
    /// `active`: we send the ClientHello. `remote_fingerprint`: SHA-256, as in the peer's SDP.
    pub fn new(identity: &Identity, active: bool, remote_fingerprint: &str) -> Self {
        let mut ssl = Ssl::new(&identity.context).expect("a session");
        ssl.set_mtu(MTU).expect("an MTU");
        // SAFETY: the session is alive, and the callback outlives it, being a function.
        unsafe { DTLS_set_timer_cb(ssl.as_ptr().cast(), retransmission_timeout) };
        if active {
            ssl.set_connect_state();
        } else {
            ssl.set_accept_state();
        }
        let stream = SslStream::new(ssl, Datagrams::default()).expect("a stream");
        Dtls { stream, active, remote_fingerprint: remote_fingerprint.to_ascii_uppercase(), finished: false }
    }

    pub fn finished(&self) -> bool {
        self.finished
    }

    /// Drives the handshake with what has come in; also to be called now and then, for its
    /// retransmissions. Returns the masters once, when it is done, and what went wrong when it
    /// never will be.
    pub fn handshake(&mut self, datagram: Option<&[u8]>) -> Result<Option<Masters>, String> {
        if let Some(datagram) = datagram {
            self.stream.get_mut().incoming.push_back(datagram.to_vec());
        }
        if self.finished {
            return Ok(None);
        }
        match self.stream.do_handshake() {
            Ok(()) => {
                self.finished = true;
                self.masters().map(Some)
            }
            Err(error) if matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) => Ok(None),
            Err(error) => Err(format!("DTLS handshake: {error}")),
        }
    }

    fn masters(&self) -> Result<Masters, String> {
        let ssl = self.stream.ssl();
        let certificate = ssl.peer_certificate().ok_or("the peer shows no certificate")?;
        if fingerprint(&certificate) != self.remote_fingerprint {
            return Err("the peer's certificate is not the one its SDP names".into());
        }
        let chosen = ssl.selected_srtp_profile().ok_or("no SRTP profile in common")?;
        let profile = Profile::from_name(chosen.name()).ok_or_else(|| format!("unknown profile {}", chosen.name()))?;
        let (key, salt) = (profile.key_bytes(), profile.salt_bytes());
        let mut material = vec![0; 2 * (key + salt)];
        ssl.export_keying_material(&mut material, "EXTRACTOR-dtls_srtp", None).map_err(|error| error.to_string())?;
        let client = Context::new(profile, &material[..key], &material[2 * key..2 * key + salt]);
        let server = Context::new(profile, &material[key..2 * key], &material[2 * key + salt..]);
        let (send, receive) = if self.active { (client, server) } else { (server, client) };
        Ok(Masters { profile, send, receive })
    }

    /// Application data that has come in, a message a datagram.
    pub fn read(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let mut buffer = [0; 2048];
        while self.finished {
            match self.stream.ssl_read(&mut buffer) {
                Ok(length) => messages.push(buffer[..length].to_vec()),
                Err(_) => break,
            }
        }
        messages
    }

    pub fn write(&mut self, message: &[u8]) {
        // A message that cannot be sent is lost, as any datagram may be.
        let _lost = self.stream.ssl_write(message);
    }

    /// Datagrams to send.
    pub fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.stream.get_mut().outgoing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a handshake between two ends; returns both ends' masters or the first error.
    fn connect(client: &mut Dtls, server: &mut Dtls) -> Result<(Masters, Masters), String> {
        let (mut at_client, mut at_server) = (client.handshake(None)?, None);
        for _ in 0..20 {
            for datagram in client.take_outgoing() {
                at_server = server.handshake(Some(&datagram))?.or(at_server);
            }
            for datagram in server.take_outgoing() {
                at_client = client.handshake(Some(&datagram))?.or(at_client);
            }
            if let (Some(_), Some(_)) = (&at_client, &at_server) {
                return Ok((at_client.take().expect("just seen"), at_server.take().expect("just seen")));
            }
        }
        Err("no end".into())
    }

    #[test]
    fn both_ends_export_the_same_masters_for_the_preferred_profile() {
        for profile in [Profile::Aes128Gcm, Profile::Aes256Gcm, Profile::Aes128CmSha1_80] {
            let (left, right) =
                (Identity::new(&[profile]), Identity::new(&[Profile::Aes128CmSha1_80, Profile::Aes256Gcm, Profile::Aes128Gcm]));
            let mut client = Dtls::new(&left, true, &right.fingerprint);
            let mut server = Dtls::new(&right, false, &left.fingerprint);
            let (mut at_client, mut at_server) = connect(&mut client, &mut server).expect("connected");
            assert_eq!((at_client.profile, at_server.profile), (profile, profile));
            let report = [0x81, 201, 0, 1, 0, 0, 0, 1];
            let protected = at_client.send.protect_rtcp(&report);
            assert_eq!(at_server.receive.unprotect_rtcp(&protected).expect("authentic"), report);
            let protected = at_server.send.protect_rtcp(&report);
            assert_eq!(at_client.receive.unprotect_rtcp(&protected).expect("authentic"), report);
            client.write(b"hello");
            for datagram in client.take_outgoing() {
                server.handshake(Some(&datagram)).expect("taken");
            }
            assert_eq!(server.read(), [b"hello"]);
        }
    }

    #[test]
    fn a_lost_flight_is_sent_again_soon_and_then_less_often() {
        let timeouts = [0, 50_000, 100_000, 2_000_000].map(|previous| retransmission_timeout(std::ptr::null_mut(), previous));
        assert_eq!(timeouts, [50_000, 100_000, 200_000, 3_000_000]);
        let (left, right) = (Identity::new(&[Profile::Aes128Gcm]), Identity::new(&[Profile::Aes128Gcm]));
        let mut client = Dtls::new(&left, true, &right.fingerprint);
        let mut server = Dtls::new(&right, false, &left.fingerprint);
        client.handshake(None).expect("begun");
        assert_eq!(client.take_outgoing().len(), 1, "lost");
        // Waits for the condition: that the client tries again, whenever its timer runs out.
        while client.stream.get_ref().outgoing.is_empty() {
            client.handshake(None).expect("goes on");
            std::thread::yield_now();
        }
        assert!(connect(&mut client, &mut server).is_ok());
    }

    #[test]
    fn refuses_a_certificate_the_description_does_not_name() {
        let (left, right) = (Identity::new(&[Profile::Aes128Gcm]), Identity::new(&[Profile::Aes128Gcm]));
        let mut client = Dtls::new(&left, true, &left.fingerprint);
        let mut server = Dtls::new(&right, false, &left.fingerprint);
        assert!(connect(&mut client, &mut server).is_err());
    }
}
