//! Gets the SRTP keys of an association that we send media on.
//!
//! str0m's DTLS is behind a provider trait. Ours sees the SRTP keys when the handshake has exported
//! them. On a subscriber's association they are kept for us and str0m is not told, so that it has
//! no SRTP at all and two senders cannot use one key with the same nonce. Where str0m receives it
//! needs them too, and we tell with them what is authentic. On a client's only association both
//! send: there the two senders are kept apart by their SSRCs, which are part of the nonce (RFC 3711
//! section 4.1.1, RFC 7714 sections 8.1 and 9.1).

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile};

use super::srtp::{Opener, Profile, Sealer, Verifier};

/// The keys of one association, once its handshake is over.
pub type KeySlot = Arc<OnceLock<AssociationKeys>>;

type KeyAndSalt<'a> = (&'a [u8], &'a [u8]);

/// The keying material that DTLS exported (RFC 5764 section 4.2).
pub struct AssociationKeys {
    profile: Profile,
    material: Vec<u8>,
    /// We were the DTLS client.
    client: bool,
}

impl std::fmt::Debug for AssociationKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssociationKeys({})", self.profile.name())
    }
}

impl AssociationKeys {
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The keys for sealing and for opening. `None` when DTLS exported something else than the
    /// profile needs.
    pub fn contexts(&self) -> Option<(Sealer, Opener)> {
        let (ours, theirs) = self.halves()?;
        Some((Sealer::new(self.profile, ours.0, ours.1)?, Opener::new(self.profile, theirs.0, theirs.1)?))
    }

    /// Tells RTP of the other side from RTP that somebody made up.
    pub fn verifier(&self) -> Option<Verifier> {
        let (_, theirs) = self.halves()?;
        Verifier::new(self.profile, theirs.0, theirs.1)
    }

    /// Master key and salt of each side, ours first.
    fn halves(&self) -> Option<(KeyAndSalt<'_>, KeyAndSalt<'_>)> {
        let (key, salt) = (self.profile.key_len(), self.profile.salt_len());
        if self.material.len() < 2 * (key + salt) {
            return None;
        }
        let (keys, salts) = self.material.split_at(2 * key);
        let (client, server) = ((&keys[..key], &salts[..salt]), (&keys[key..], &salts[salt..2 * salt]));
        Some(if self.client { (client, server) } else { (server, client) })
    }
}

fn profile_of(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::AesCm128Sha1),
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AesGcm128),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AesGcm256),
        _ => None,
    }
}

thread_local! {
    /// From the provider, which str0m calls, to [`build_with_keys`], which calls str0m; full only
    /// in between.
    static NEWEST: RefCell<Option<KeySlot>> = const { RefCell::new(None) };
}

/// Build an association with a provider of [`without_srtp`] or [`with_shared_srtp`], and get at its
/// keys.
pub fn build_with_keys<T>(build: impl FnOnce() -> T) -> (T, KeySlot) {
    let built = build();
    let slot = NEWEST.with_borrow_mut(Option::take).unwrap_or_default();
    (built, slot)
}

/// A provider like `provider`, whose associations keep their SRTP keys from str0m.
pub fn without_srtp(provider: &CryptoProvider) -> CryptoProvider {
    // One for the process: the provider below is a static of its library.
    static KEEPER: OnceLock<KeyKeeper> = OnceLock::new();
    let inner = provider.dtls_provider;
    CryptoProvider { dtls_provider: KEEPER.get_or_init(|| KeyKeeper { inner, shares: false }), ..provider.clone() }
}

/// A provider like `provider`, whose associations tell their SRTP keys us as well as str0m.
pub fn with_shared_srtp(provider: &CryptoProvider) -> CryptoProvider {
    static SHARER: OnceLock<KeyKeeper> = OnceLock::new();
    let inner = provider.dtls_provider;
    CryptoProvider { dtls_provider: SHARER.get_or_init(|| KeyKeeper { inner, shares: true }), ..provider.clone() }
}

#[derive(Debug)]
struct KeyKeeper {
    inner: &'static dyn DtlsProvider,
    shares: bool,
}

impl DtlsProvider for KeyKeeper {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.inner.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = self.inner.new_dtls(cert, now, version, mtu)?;
        let slot = KeySlot::default();
        NEWEST.with_borrow_mut(|newest| *newest = Some(slot.clone()));
        Ok(Box::new(KeyKeepingDtls { inner, slot, shares: self.shares, created: now }))
    }

    fn is_test(&self) -> bool {
        self.inner.is_test()
    }
}

#[derive(Debug)]
struct KeyKeepingDtls {
    inner: Box<dyn DtlsInstance>,
    slot: KeySlot,
    shares: bool,
    created: Instant,
}

impl DtlsInstance for KeyKeepingDtls {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        match self.inner.poll_output(buf) {
            DtlsOutput::KeyingMaterial(material, profile) => {
                if let Some(profile) = profile_of(profile) {
                    let keys = AssociationKeys { profile, material: material.to_vec(), client: self.inner.is_active() };
                    // There is one handshake, so the first keys are the only ones.
                    let _ = self.slot.set(keys);
                }
                if self.shares {
                    return DtlsOutput::KeyingMaterial(material, profile);
                }
                // A time that has passed makes str0m ask again at once.
                DtlsOutput::Timeout(self.created)
            }
            other => other,
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
