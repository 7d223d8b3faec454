//! SRTP and SRTCP (RFC 3711) with the three profiles of DTLS-SRTP that browsers offer: AES-GCM with keys of 128 and 256
//! bits (RFC 7714), and AES-CM with HMAC-SHA1-80 (RFC 5764).
//!
//! Packets are sealed where they are written. One context is one direction of one association. RTP that arrives is opened by
//! the library; here is only whether it is authentic, for what must not depend on packets that are not.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// Session key labels (RFC 3711 section 4.3.2).
const RTP_LABELS: Labels = Labels { key: 0, authentication: 1, salt: 2 };
const RTCP_LABELS: Labels = Labels { key: 3, authentication: 4, salt: 5 };
const GCM_TAG: usize = 16;
/// HMAC-SHA1-80.
const SHA1_TAG: usize = 10;
/// Fixed part of an RTP header.
const RTP_HEADER: usize = 12;
/// The part of RTCP that stays readable: first header and sender.
const RTCP_CLEAR: usize = 8;
const INDEX: usize = 4;
const ENCRYPTED: u32 = 0x8000_0000;
/// How far behind the newest index an SRTCP packet may be.
const REPLAY_WINDOW: u32 = 64;
/// SSRCs a client sends RTCP under: one of each of its streams, and one of those it only receives.
const MAX_SENDERS: usize = 64;

/// A protection profile as DTLS negotiates it (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    AesCm128Sha1,
    AesGcm128,
    AesGcm256,
}

impl Profile {
    pub fn key_len(self) -> usize {
        match self {
            Self::AesCm128Sha1 | Self::AesGcm128 => 16,
            Self::AesGcm256 => 32,
        }
    }

    pub fn salt_len(self) -> usize {
        match self {
            Self::AesCm128Sha1 => 14,
            Self::AesGcm128 | Self::AesGcm256 => 12,
        }
    }

    /// The name in the registry of DTLS-SRTP profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128Sha1 => "SRTP_AES128_CM_HMAC_SHA1_80",
            Self::AesGcm128 => "SRTP_AEAD_AES_128_GCM",
            Self::AesGcm256 => "SRTP_AEAD_AES_256_GCM",
        }
    }
}

struct Labels {
    key: u8,
    authentication: u8,
    salt: u8,
}

/// A packet that is not what the other side sent, or was taken before.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

/// Session keys for either RTP or RTCP.
enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm(Box<CounterMode>),
}

struct CounterMode {
    key: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

impl Cipher {
    /// Derive from the master key and salt (RFC 3711 section 4.3); `None` when the cryptographic library refuses a key.
    fn derive(profile: Profile, key: &[u8], salt: &[u8], labels: &Labels) -> Option<Self> {
        let mut session_key = [0; 32];
        let session_key = &mut session_key[..profile.key_len()];
        derive(key, salt, labels.key, session_key)?;
        match profile {
            Profile::AesGcm128 | Profile::AesGcm256 => {
                let algorithm = if profile == Profile::AesGcm128 { &AES_128_GCM } else { &AES_256_GCM };
                let mut session_salt = [0; 12];
                derive(key, salt, labels.salt, &mut session_salt)?;
                let key = LessSafeKey::new(UnboundKey::new(algorithm, session_key).ok()?);
                Some(Self::Gcm { key, salt: session_salt })
            }
            Profile::AesCm128Sha1 => {
                let mut session_salt = [0; 14];
                let mut authentication = [0; 20];
                derive(key, salt, labels.salt, &mut session_salt)?;
                derive(key, salt, labels.authentication, &mut authentication)?;
                Some(Self::Cm(Box::new(CounterMode {
                    key: counter_mode(session_key)?,
                    authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication),
                    salt: session_salt,
                })))
            }
        }
    }
}

fn counter_mode(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// AES in counter mode over `data`, which is its own inverse.
fn apply_key_stream(key: &EncryptingKey, iv: [u8; 16], data: &mut [u8]) -> Option<()> {
    key.less_safe_encrypt(data, EncryptionContext::Iv128(iv.into())).ok().map(|_| ())
}

/// The pseudo-random function of RFC 3711 section 4.3.3 with a key derivation rate of zero. A salt of 96 bits stands in
/// the upper part of the 112 (RFC 7714 section 11).
fn derive(master_key: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let mut iv = [0; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    iv[7] ^= label;
    apply_key_stream(&counter_mode(master_key)?, iv, out)
}

/// The counter block of RFC 3711 section 4.1.1.
fn cm_iv(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    xor(&mut iv[4..8], &ssrc.to_be_bytes());
    xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
    iv
}

/// The initialisation vector of RFC 7714 section 8.1.
fn gcm_rtp_iv(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[6..12], &index.to_be_bytes()[2..]);
    iv
}

/// The initialisation vector of RFC 7714 section 9.1.
fn gcm_rtcp_iv(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[8..12], &index.to_be_bytes());
    iv
}

fn xor(to: &mut [u8], with: &[u8]) {
    to.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

fn sender_of(rtcp: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(rtcp.get(4..RTCP_CLEAR)?.try_into().ok()?))
}

/// What we send.
pub struct Sealer {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self {
            rtp: Cipher::derive(profile, key, salt, &RTP_LABELS)?,
            rtcp: Cipher::derive(profile, key, salt, &RTCP_LABELS)?,
            rtcp_index: 0,
        })
    }

    /// Protect the RTP packet that begins at `start` of `buffer` and ends with it, and append the tag. `header` is its
    /// length up to the payload, extensions included; `index` the extended sequence number, whose low 16 bits are in the
    /// header. The same index must never be sealed twice for one SSRC. False when the library failed; the packet must
    /// not be sent then.
    pub fn seal_rtp(&self, buffer: &mut Vec<u8>, start: usize, header: usize, ssrc: u32, index: u64) -> bool {
        match &self.rtp {
            Cipher::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(gcm_rtp_iv(salt, ssrc, index));
                let (clear, payload) = buffer[start..].split_at_mut(header);
                let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::from(&*clear), payload) else {
                    return false;
                };
                buffer.extend_from_slice(tag.as_ref());
            }
            Cipher::Cm(cm) => {
                let CounterMode { key, authentication, salt } = &**cm;
                if apply_key_stream(key, cm_iv(salt, ssrc, index), &mut buffer[start + header..]).is_none() {
                    return false;
                }
                let mut context = hmac::Context::with_key(authentication);
                context.update(&buffer[start..]);
                context.update(&((index >> 16) as u32).to_be_bytes());
                buffer.extend_from_slice(&context.sign().as_ref()[..SHA1_TAG]);
            }
        }
        true
    }

    /// Protect the compound RTCP packet that begins at `start` of `buffer` and ends with it. False when there is no
    /// index left or the library failed.
    pub fn seal_rtcp(&mut self, buffer: &mut Vec<u8>, start: usize) -> bool {
        let Some(ssrc) = sender_of(&buffer[start..]).filter(|_| self.rtcp_index < ENCRYPTED) else {
            return false;
        };
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let trailer = (ENCRYPTED | index).to_be_bytes();
        match &self.rtcp {
            Cipher::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(gcm_rtcp_iv(salt, ssrc, index));
                let (clear, payload) = buffer[start..].split_at_mut(RTCP_CLEAR);
                let mut associated = [0; RTCP_CLEAR + INDEX];
                associated[..RTCP_CLEAR].copy_from_slice(clear);
                associated[RTCP_CLEAR..].copy_from_slice(&trailer);
                let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::from(&associated), payload) else {
                    return false;
                };
                buffer.extend_from_slice(tag.as_ref());
                buffer.extend_from_slice(&trailer);
            }
            Cipher::Cm(cm) => {
                let CounterMode { key, authentication, salt } = &**cm;
                let iv = cm_iv(salt, ssrc, u64::from(index));
                if apply_key_stream(key, iv, &mut buffer[start + RTCP_CLEAR..]).is_none() {
                    return false;
                }
                buffer.extend_from_slice(&trailer);
                let tag = hmac::sign(authentication, &buffer[start..]);
                buffer.extend_from_slice(&tag.as_ref()[..SHA1_TAG]);
            }
        }
        true
    }
}

/// SRTCP that the client sends.
pub struct Opener {
    rtcp: Cipher,
    /// Oldest first. Only what was authentic makes one.
    senders: Vec<Sender>,
}

/// What was taken from one SSRC, each of which counts for itself (RFC 3711 section 3.2.3).
struct Sender {
    ssrc: u32,
    newest: u32,
    /// Bit n: `newest - n` was taken.
    taken: u64,
}

impl Sender {
    fn takes(&self, index: u32) -> bool {
        self.newest.checked_sub(index).is_none_or(|behind| behind < REPLAY_WINDOW && self.taken >> behind & 1 == 0)
    }

    fn remember(&mut self, index: u32) {
        if index <= self.newest {
            self.taken |= 1 << (self.newest - index);
        } else {
            self.taken = self.taken.checked_shl(index - self.newest).unwrap_or(0) | 1;
            self.newest = index;
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

impl Opener {
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self { rtcp: Cipher::derive(profile, key, salt, &RTCP_LABELS)?, senders: Vec::new() })
    }

    /// The compound packet inside an SRTCP packet, in `plain`, which is emptied first.
    pub fn open_rtcp(&mut self, packet: &[u8], plain: &mut Vec<u8>) -> Result<(), Refused> {
        let ssrc = sender_of(packet).ok_or(Refused)?;
        plain.clear();
        let index = match &self.rtcp {
            Cipher::Gcm { key, salt } => {
                let end = packet.len().checked_sub(INDEX).filter(|e| *e >= RTCP_CLEAR + GCM_TAG).ok_or(Refused)?;
                let trailer = read_trailer(&packet[end..])?;
                // What is authenticated only has another layout, and nobody sends it.
                if trailer & ENCRYPTED == 0 {
                    return Err(Refused);
                }
                let index = trailer & !ENCRYPTED;
                self.check_replay(ssrc, index)?;
                let nonce = Nonce::assume_unique_for_key(gcm_rtcp_iv(salt, ssrc, index));
                let mut associated = [0; RTCP_CLEAR + INDEX];
                associated[..RTCP_CLEAR].copy_from_slice(&packet[..RTCP_CLEAR]);
                associated[RTCP_CLEAR..].copy_from_slice(&packet[end..]);
                plain.extend_from_slice(&packet[..end]);
                key.open_in_place(nonce, Aad::from(&associated), &mut plain[RTCP_CLEAR..]).map_err(|_| Refused)?;
                plain.truncate(end - GCM_TAG);
                index
            }
            Cipher::Cm(cm) => {
                let CounterMode { key, authentication, salt } = &**cm;
                let end = packet.len().checked_sub(SHA1_TAG + INDEX).filter(|e| *e >= RTCP_CLEAR).ok_or(Refused)?;
                let (signed, tag) = packet.split_at(end + INDEX);
                let expected = hmac::sign(authentication, signed);
                verify_slices_are_equal(&expected.as_ref()[..SHA1_TAG], tag).map_err(|_| Refused)?;
                let trailer = read_trailer(&signed[end..])?;
                let index = trailer & !ENCRYPTED;
                self.check_replay(ssrc, index)?;
                plain.extend_from_slice(&packet[..end]);
                if trailer & ENCRYPTED != 0 {
                    let iv = cm_iv(salt, ssrc, u64::from(index));
                    apply_key_stream(key, iv, &mut plain[RTCP_CLEAR..]).ok_or(Refused)?;
                }
                index
            }
        };
        self.remember(ssrc, index);
        Ok(())
    }

    /// RFC 3711 section 3.3.2.
    fn check_replay(&self, ssrc: u32, index: u32) -> Result<(), Refused> {
        let sender = self.senders.iter().find(|s| s.ssrc == ssrc);
        if sender.is_none_or(|s| s.takes(index)) { Ok(()) } else { Err(Refused) }
    }

    fn remember(&mut self, ssrc: u32, index: u32) {
        if let Some(sender) = self.senders.iter_mut().find(|s| s.ssrc == ssrc) {
            sender.remember(index);
            return;
        }
        if self.senders.len() >= MAX_SENDERS {
            self.senders.remove(0);
        }
        self.senders.push(Sender { ssrc, newest: index, taken: 1 });
    }
}

/// Tells RTP that the client sent from RTP that somebody made up.
pub struct Verifier {
    rtp: Cipher,
    /// Reused from packet to packet.
    scratch: Vec<u8>,
}

impl Verifier {
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Option<Self> {
        Some(Self { rtp: Cipher::derive(profile, key, salt, &RTP_LABELS)?, scratch: Vec::new() })
    }

    /// Whether this is one of the first packets of a stream: numbers that have not begun again at zero yet.
    pub fn is_authentic(&mut self, packet: &[u8]) -> bool {
        self.check(packet).is_some()
    }

    fn check(&mut self, packet: &[u8]) -> Option<()> {
        let header = rtp_header_len(packet)?;
        let seq = u64::from(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?));
        let ssrc = u32::from_be_bytes(packet.get(8..12)?.try_into().ok()?);
        match &self.rtp {
            Cipher::Gcm { key, salt } => {
                let (clear, sealed) = packet.split_at(header);
                self.scratch.clear();
                self.scratch.extend_from_slice(sealed);
                let nonce = Nonce::assume_unique_for_key(gcm_rtp_iv(salt, ssrc, seq));
                key.open_in_place(nonce, Aad::from(clear), &mut self.scratch).ok().map(|_| ())
            }
            Cipher::Cm(cm) => {
                let (signed, tag) = packet.split_at(packet.len().checked_sub(SHA1_TAG).filter(|end| *end >= header)?);
                let mut context = hmac::Context::with_key(&cm.authentication);
                context.update(signed);
                context.update(&0u32.to_be_bytes());
                verify_slices_are_equal(&context.sign().as_ref()[..SHA1_TAG], tag).ok()
            }
        }
    }
}

/// Up to the payload: with contributing sources and extensions (RFC 3550 sections 5.1 and 5.3.1).
fn rtp_header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let mut len = RTP_HEADER + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes(packet.get(len + 2..len + 4)?.try_into().ok()?);
        len += 4 + 4 * usize::from(words);
    }
    (len <= packet.len()).then_some(len)
}

fn read_trailer(bytes: &[u8]) -> Result<u32, Refused> {
    Ok(u32::from_be_bytes(bytes.get(..INDEX).and_then(|b| b.try_into().ok()).ok_or(Refused)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [Profile; 3] = [Profile::AesCm128Sha1, Profile::AesGcm128, Profile::AesGcm256];

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn keys_are_derived_as_in_rfc_3711_appendix_b_3() {
        let (key, salt) = (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        for (label, expected) in [
            (0, "C61E7A93744F39EE10734AFE3FF7A087"),
            (2, "30CBBC08863D8C85D49DB34A9AE1"),
            (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"),
        ] {
            let mut out = vec![0; expected.len() / 2];
            derive(&key, &salt, label, &mut out).unwrap();
            assert_eq!(out, hex(expected), "label {label}");
        }
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_appendix_b_2() {
        let key = counter_mode(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let salt: [u8; 14] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
        let mut stream = [0; 32];

        apply_key_stream(&key, cm_iv(&salt, 0, 0), &mut stream).unwrap();

        assert_eq!(stream.to_vec(), hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB"));
    }

    /// RFC 7714 sections 16.1.1 and 16.2.1; both have the session key 00 01 02 …
    #[test]
    fn rtp_is_sealed_as_in_rfc_7714_section_16() {
        let packet = hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 \
            61727465 73207472 6573");
        let sealed = [
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b \
             36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce",
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f \
             1ba63799 b87b 7aa3db36 dfffd6b0 f9bb7878 d7a76c13",
        ];
        for (algorithm, key_len, expected) in [(&AES_128_GCM, 16u8, sealed[0]), (&AES_256_GCM, 32, sealed[1])] {
            let key: Vec<u8> = (0..key_len).collect();
            let cipher = || Cipher::Gcm {
                key: LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap()),
                salt: hex("51756964 2070726f 2071756f").try_into().unwrap(),
            };
            let sealer = Sealer { rtp: cipher(), rtcp: cipher(), rtcp_index: 0 };
            // What stands before is somebody else's.
            let mut buffer = vec![7; 5];
            buffer.extend_from_slice(&packet);

            assert!(sealer.seal_rtp(&mut buffer, 5, 12, 0x5501_a0b2, 0xf17b));

            assert_eq!(buffer[5..], hex(expected));
            assert_eq!(buffer[..5], [7; 5]);
        }
    }

    /// RFC 7714 section 17.1.
    #[test]
    fn rtcp_is_sealed_as_in_rfc_7714_section_17() {
        let key: Vec<u8> = (0..16).collect();
        let cipher = || Cipher::Gcm {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()),
            salt: hex("51756964 2070726f 2071756f").try_into().unwrap(),
        };
        let mut sealer = Sealer { rtp: cipher(), rtcp: cipher(), rtcp_index: 0x5d4 };
        let packet = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef \
            deadbeef deadbeef deadbeef");
        let mut buffer = packet.clone();

        assert!(sealer.seal_rtcp(&mut buffer, 0));

        let expected =
            hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda \
            4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
        assert_eq!(buffer, expected);
        let mut opener = Opener { rtcp: cipher(), senders: Vec::new() };
        let mut plain = Vec::new();
        opener.open_rtcp(&buffer, &mut plain).unwrap();
        assert_eq!(plain, packet);
    }

    fn pair(profile: Profile) -> (Sealer, Opener) {
        let key: Vec<u8> = (0..profile.key_len() as u8).collect();
        let salt: Vec<u8> = (100..100 + profile.salt_len() as u8).collect();
        (Sealer::new(profile, &key, &salt).unwrap(), Opener::new(profile, &key, &salt).unwrap())
    }

    const REPORT: [u8; 8] = [0x80, 201, 0, 1, 1, 2, 3, 4];

    #[test]
    fn rtcp_is_taken_once_in_any_order_and_not_when_changed() {
        for profile in PROFILES {
            let (mut sealer, mut opener) = pair(profile);
            let sealed: Vec<Vec<u8>> = (0..100)
                .map(|_| {
                    let mut buffer = [REPORT.as_slice(), &[9; 12]].concat();
                    assert!(sealer.seal_rtcp(&mut buffer, 0));
                    buffer
                })
                .collect();
            let mut plain = Vec::new();

            for at in [1, 0, 5, 3, 70] {
                opener.open_rtcp(&sealed[at], &mut plain).unwrap();
                assert_eq!(plain, [REPORT.as_slice(), &[9; 12]].concat());
            }
            for at in [0, 1, 3, 5, 6, 70] {
                assert_eq!(opener.open_rtcp(&sealed[at], &mut plain), Err(Refused), "{at} again, or too late");
            }
            for at in 0..sealed[80].len() {
                let mut forged = sealed[80].clone();
                forged[at] ^= 1;
                assert_eq!(opener.open_rtcp(&forged, &mut plain), Err(Refused), "byte {at} changed");
            }
            opener.open_rtcp(&sealed[80], &mut plain).unwrap();
            for len in 0..sealed[81].len() {
                assert_eq!(opener.open_rtcp(&sealed[81][..len], &mut plain), Err(Refused));
            }
        }
    }

    #[test]
    fn what_was_not_sealed_with_the_key_is_not_authentic() {
        // Two contributing sources and an extension of two words.
        let mut packet = hex("b240f17b 8041f8d3 5501a0b2 00000001 00000002 bede0002 11223344 55667788");
        let header = packet.len();
        packet.extend_from_slice(&[9; 30]);
        for profile in PROFILES {
            let key: Vec<u8> = (0..profile.key_len() as u8).collect();
            let salt: Vec<u8> = (100..100 + profile.salt_len() as u8).collect();
            let (sealer, _) = pair(profile);
            let mut verifier = Verifier::new(profile, &key, &salt).unwrap();
            let mut sealed = packet.clone();
            assert!(sealer.seal_rtp(&mut sealed, 0, header, 0x5501_a0b2, 0xf17b));

            assert!(verifier.is_authentic(&sealed));
            for at in 0..sealed.len() {
                let mut forged = sealed.clone();
                forged[at] ^= 1;
                assert!(!verifier.is_authentic(&forged), "byte {at} changed");
                assert!(!verifier.is_authentic(&sealed[..at]), "cut at {at}");
            }
        }
    }

    #[test]
    fn every_sender_counts_for_itself_and_there_are_only_so_many() {
        let (mut sealer, mut opener) = pair(Profile::AesGcm128);
        let mut seal = |ssrc: u8, index| {
            sealer.rtcp_index = index;
            let mut buffer = vec![0x80, 201, 0, 1, 0, 0, 0, ssrc];
            assert!(sealer.seal_rtcp(&mut buffer, 0));
            buffer
        };
        let mut plain = Vec::new();

        assert_eq!(opener.open_rtcp(&seal(1, 5_000), &mut plain), Ok(()));
        assert_eq!(opener.open_rtcp(&seal(2, 0), &mut plain), Ok(()));
        assert_eq!(opener.open_rtcp(&seal(2, 0), &mut plain), Err(Refused));
        assert_eq!(opener.open_rtcp(&seal(1, 5_000), &mut plain), Err(Refused));
        for ssrc in 3..200 {
            assert_eq!(opener.open_rtcp(&seal(ssrc, 0), &mut plain), Ok(()));
        }
        assert_eq!(opener.senders.len(), MAX_SENDERS);
    }

    #[test]
    fn a_direction_without_indices_left_stays_silent() {
        let (mut sealer, _) = pair(Profile::AesGcm128);
        sealer.rtcp_index = ENCRYPTED - 1;

        assert!(sealer.seal_rtcp(&mut REPORT.to_vec(), 0));
        assert!(!sealer.seal_rtcp(&mut REPORT.to_vec(), 0));
    }
}
