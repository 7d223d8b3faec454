//! SRTP and SRTCP (RFC 3711) with the three profiles of DTLS-SRTP that browsers offer: AES-GCM with
//! keys of 128 and 256 bits (RFC 7714), and AES-CM with HMAC-SHA1-80 (RFC 5764).
//!
//! Packets are sealed where they are written. One context is one direction of one association.
//! str0m opens RTP that arrives; this module only checks whether it is authentic, for decisions
//! that must not depend on made-up packets.

use std::fmt;

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

pub use super::cipher::Profile;
use super::cipher::{Cipher, CounterMode, RTCP_LABELS, RTP_LABELS, apply_key_stream, cm_iv, gcm_rtcp_iv, gcm_rtp_iv};

/// Bytes of the authentication tag: of AES-GCM (RFC 7714) and of HMAC-SHA1-80 (RFC 5764
/// section 4.1.2).
const GCM_TAG: usize = 16;
const SHA1_TAG: usize = 10;
/// Bytes of the fixed part of an RTP header (RFC 3550 section 5.1).
const RTP_HEADER: usize = 12;
/// Bytes of RTCP that stay readable, the first header and sender, and of the index behind the
/// packet, whose top bit says that it is encrypted (RFC 3711 section 3.4).
const RTCP_CLEAR: usize = 8;
const INDEX: usize = 4;
const ENCRYPTED: u32 = 0x8000_0000;
/// An SRTCP packet may be this far behind the newest index.
const REPLAY_WINDOW: u32 = 64;
/// SSRCs a client sends RTCP under: one of each of its streams, and one of those it only receives.
const MAX_SENDERS: usize = 64;

/// A packet that is not what the other side sent, or was taken before.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

fn sender_of(rtcp: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(rtcp.get(4..RTCP_CLEAR)?.try_into().ok()?))
}

/// The packets we send.
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

    /// Protect the RTP packet that begins at `start` of `buffer` and ends with it, and append the
    /// tag. `header` is its length up to the payload, extensions included; `index` the extended
    /// sequence number, whose low 16 bits are in the header. The same index must never be sealed
    /// twice for one SSRC. False when the library failed; the packet must not be sent then.
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

    /// Protect the compound RTCP packet that begins at `start` of `buffer` and ends with it. False
    /// when there is no index left or the library failed.
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

/// Replay protection of one SSRC, each of which has an index of its own (RFC 3711 section 3.2.3).
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
                // Packets that are only authenticated have another layout, and nobody sends them.
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

    /// Whether this is one of the first packets of a stream: numbers that have not begun again at
    /// zero yet.
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
    use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};

    use super::*;

    const PROFILES: [Profile; 3] = [Profile::AesCm128Sha1, Profile::AesGcm128, Profile::AesGcm256];

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
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
            // The bytes before belong to somebody else.
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
