//! SRTP and SRTCP (RFC 3711; AEAD RFC 7714): one context per direction of a transport.

use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

/// Protection profiles, by their DTLS-SRTP names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Aes128Gcm,
    Aes256Gcm,
    Aes128CmSha1_80,
}

impl Profile {
    /// The name OpenSSL and the registry of RFC 5764 use.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Aes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Profile::Aes256Gcm => "SRTP_AEAD_AES_256_GCM",
            Profile::Aes128CmSha1_80 => "SRTP_AES128_CM_SHA1_80",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Profile::Aes128Gcm, Profile::Aes256Gcm, Profile::Aes128CmSha1_80].into_iter().find(|profile| profile.name() == name)
    }

    pub fn key_bytes(self) -> usize {
        if self == Profile::Aes256Gcm { 32 } else { 16 }
    }

    pub fn salt_bytes(self) -> usize {
        if self == Profile::Aes128CmSha1_80 { 14 } else { 12 }
    }

    /// The bytes that protection adds to an RTP packet.
    fn rtp_overhead(self) -> usize {
        if self == Profile::Aes128CmSha1_80 { 10 } else { 16 }
    }
}

/// A packet that is not what its sender protected.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAuthentic;

/// Keys of one direction.
pub struct Context {
    profile: Profile,
    rtp: Keys,
    rtcp: Keys,
    rtcp_index: u32,
}

struct Keys {
    cipher: CipherCtx,
    authentication: Option<PKey<Private>>,
    salt: [u8; 14],
}

impl Context {
    /// `key` and `salt` are the masters of this direction, as exported by DTLS.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Self {
        assert_eq!((key.len(), salt.len()), (profile.key_bytes(), profile.salt_bytes()), "masters of the profile's size");
        Context { profile, rtp: Keys::derive(profile, key, salt, 0), rtcp: Keys::derive(profile, key, salt, 3), rtcp_index: 0 }
    }

    /// Protects the RTP packet `packet[..length]`, whose header ends at `header`; `packet` has room
    /// for what that adds. Returns the protected length.
    pub fn protect_rtp(&mut self, packet: &mut [u8], header: usize, length: usize, rollover: u32) -> usize {
        let (ssrc, sequence) = identify(packet);
        if self.profile == Profile::Aes128CmSha1_80 {
            self.rtp.counter_mode(ssrc, (u64::from(rollover) << 16) | u64::from(sequence), &mut packet[header..length]);
            let tag = self.rtp.hmac(&packet[..length], rollover);
            packet[length..length + 10].copy_from_slice(&tag[..10]);
        } else {
            let nonce = self.rtp.aead_nonce(ssrc, rollover, u32::from(sequence), 2);
            let (aad, rest) = packet.split_at_mut(header);
            let tag = self.rtp.seal(&nonce, &[aad], &mut rest[..length - header]);
            rest[length - header..length - header + 16].copy_from_slice(&tag);
        }
        length + self.profile.rtp_overhead()
    }

    /// Decrypts and checks an RTP packet in place; returns the length of the clear packet.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8], header: usize, rollover: u32) -> Result<usize, NotAuthentic> {
        let length = packet.len().checked_sub(self.profile.rtp_overhead()).filter(|length| *length >= header).ok_or(NotAuthentic)?;
        let (ssrc, sequence) = identify(packet);
        if self.profile == Profile::Aes128CmSha1_80 {
            let tag = self.rtp.hmac(&packet[..length], rollover);
            if tag[..10] != packet[length..] {
                return Err(NotAuthentic);
            }
            self.rtp.counter_mode(ssrc, (u64::from(rollover) << 16) | u64::from(sequence), &mut packet[header..length]);
        } else {
            let nonce = self.rtp.aead_nonce(ssrc, rollover, u32::from(sequence), 2);
            let (aad, rest) = packet.split_at_mut(header);
            let (body, tag) = rest.split_at_mut(length - header);
            self.rtp.open(&nonce, &[aad], body, tag)?;
        }
        Ok(length)
    }

    /// Protects a compound RTCP packet.
    pub fn protect_rtcp(&mut self, clear: &[u8]) -> Vec<u8> {
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & 0x7FFF_FFFF;
        let trailer = (0x8000_0000 | index).to_be_bytes();
        let ssrc = u32::from_be_bytes([clear[4], clear[5], clear[6], clear[7]]);
        let mut out = clear.to_vec();
        if self.profile == Profile::Aes128CmSha1_80 {
            self.rtcp.counter_mode(ssrc, u64::from(index), &mut out[8..]);
            out.extend_from_slice(&trailer);
            let tag = self.rtcp.hmac(&out, 0x1_0000_0000_u64);
            out.extend_from_slice(&tag[..10]);
        } else {
            let nonce = self.rtcp.aead_nonce(ssrc, 0, index, 4);
            let (aad, body) = out.split_at_mut(8);
            let tag = self.rtcp.seal(&nonce, &[aad, &trailer], body);
            out.extend_from_slice(&tag);
            out.extend_from_slice(&trailer);
        }
        out
    }

    /// Decrypts and checks a compound RTCP packet.
    pub fn unprotect_rtcp(&mut self, packet: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        let overhead = self.profile.rtp_overhead() + 4;
        let length = packet.len().checked_sub(overhead).filter(|length| *length >= 8).ok_or(NotAuthentic)?;
        let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
        let mut out = packet[..length].to_vec();
        if self.profile == Profile::Aes128CmSha1_80 {
            let (covered, tag) = packet.split_at(length + 4);
            if self.rtcp.hmac(covered, 0x1_0000_0000_u64)[..10] != *tag {
                return Err(NotAuthentic);
            }
            let trailer = be32(&packet[length..]);
            if trailer & 0x8000_0000 != 0 {
                self.rtcp.counter_mode(ssrc, u64::from(trailer & 0x7FFF_FFFF), &mut out[8..]);
            }
        } else {
            let trailer = &packet[packet.len() - 4..];
            if trailer[0] & 0x80 == 0 {
                return Err(NotAuthentic);
            }
            let nonce = self.rtcp.aead_nonce(ssrc, 0, be32(trailer) & 0x7FFF_FFFF, 4);
            let (aad, body) = out.split_at_mut(8);
            self.rtcp.open(&nonce, &[aad, trailer], body, &packet[length..length + 16])?;
        }
        Ok(out)
    }
}

impl Keys {
    /// RFC 3711 §4.3: `label` 0 for RTP, 3 for RTCP.
    fn derive(profile: Profile, key: &[u8], salt: &[u8], label: u8) -> Self {
        let mut session_key = vec![0; profile.key_bytes()];
        derive_key(key, salt, label, &mut session_key);
        let mut session_salt = [0; 14];
        derive_key(key, salt, label + 2, &mut session_salt[..profile.salt_bytes()]);
        let mut cipher = CipherCtx::new().expect("a cipher context");
        let (kind, authentication) = match profile {
            Profile::Aes128Gcm => (Cipher::aes_128_gcm(), None),
            Profile::Aes256Gcm => (Cipher::aes_256_gcm(), None),
            Profile::Aes128CmSha1_80 => {
                let mut mac_key = [0; 20];
                derive_key(key, salt, label + 1, &mut mac_key);
                (Cipher::aes_128_ctr(), Some(PKey::hmac(&mac_key).expect("an HMAC key")))
            }
        };
        cipher.encrypt_init(Some(kind), Some(&session_key), None).expect("a key of the cipher's size");
        Keys { cipher, authentication, salt: session_salt }
    }

    /// RFC 7714 §8.1 (`width` 2: rollover and sequence) and §9.1 (`width` 4: zero and index).
    fn aead_nonce(&self, ssrc: u32, high: u32, low: u32, width: usize) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
        if width == 2 {
            nonce[6..10].copy_from_slice(&high.to_be_bytes());
            nonce[10..].copy_from_slice(&(low as u16).to_be_bytes());
        } else {
            nonce[8..].copy_from_slice(&low.to_be_bytes());
        }
        for (byte, salt) in nonce.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        nonce
    }

    fn seal(&mut self, nonce: &[u8; 12], aad: &[&[u8]], body: &mut [u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        let cipher = &mut self.cipher;
        cipher.encrypt_init(None, None, Some(nonce)).expect("a nonce of twelve bytes");
        for part in aad {
            cipher.cipher_update(part, None).expect("authenticated data");
        }
        let length = body.len();
        cipher.cipher_update_inplace(body, length).expect("encrypted");
        cipher.cipher_final(&mut []).expect("finished");
        cipher.tag(&mut tag).expect("a tag");
        tag
    }

    fn open(&mut self, nonce: &[u8; 12], aad: &[&[u8]], body: &mut [u8], tag: &[u8]) -> Result<(), NotAuthentic> {
        let cipher = &mut self.cipher;
        cipher.decrypt_init(None, None, Some(nonce)).expect("a nonce of twelve bytes");
        for part in aad {
            cipher.cipher_update(part, None).expect("authenticated data");
        }
        let length = body.len();
        cipher.cipher_update_inplace(body, length).expect("decrypted");
        cipher.set_tag(tag).expect("a tag of sixteen bytes");
        cipher.cipher_final(&mut []).map(|_| ()).map_err(|_| NotAuthentic)
    }

    /// RFC 3711 §4.1.1.
    fn counter_mode(&mut self, ssrc: u32, index: u64, body: &mut [u8]) {
        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&self.salt);
        for (byte, value) in counter[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *byte ^= value;
        }
        for (byte, value) in counter[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *byte ^= value;
        }
        self.cipher.encrypt_init(None, None, Some(&counter)).expect("a counter block");
        let length = body.len();
        self.cipher.cipher_update_inplace(body, length).expect("encrypted");
    }

    /// HMAC-SHA1 over the packet and, for RTP, the rollover counter; a value of 2^32 or more stands
    /// for none.
    fn hmac(&self, covered: &[u8], rollover: impl Into<u64>) -> [u8; 20] {
        let key = self.authentication.as_ref().expect("a profile with a separate tag");
        let mut signer = Signer::new(MessageDigest::sha1(), key).expect("SHA-1 is there");
        signer.update(covered).expect("hashed");
        if let Ok(rollover) = u32::try_from(rollover.into()) {
            signer.update(&rollover.to_be_bytes()).expect("hashed");
        }
        let mut tag = [0; 20];
        signer.sign(&mut tag).expect("signed");
        tag
    }
}

fn derive_key(master_key: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) {
    let mut block = [0; 16];
    block[..master_salt.len()].copy_from_slice(master_salt);
    block[7] ^= label;
    let kind = if master_key.len() == 32 { Cipher::aes_256_ctr() } else { Cipher::aes_128_ctr() };
    let mut cipher = CipherCtx::new().expect("a cipher context");
    cipher.encrypt_init(Some(kind), Some(master_key), Some(&block)).expect("a master key of the cipher's size");
    out.fill(0);
    let length = out.len();
    cipher.cipher_update_inplace(out, length).expect("key stream");
}

fn identify(packet: &[u8]) -> (u32, u16) {
    (be32(&packet[8..]), u16::from_be_bytes([packet[2], packet[3]]))
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [Profile; 3] = [Profile::Aes128Gcm, Profile::Aes256Gcm, Profile::Aes128CmSha1_80];

    fn pair(profile: Profile) -> (Context, Context) {
        let (key, salt) = (vec![3; profile.key_bytes()], vec![9; profile.salt_bytes()]);
        (Context::new(profile, &key, &salt), Context::new(profile, &key, &salt))
    }

    #[test]
    fn derives_the_keys_of_rfc_3711_appendix_b_3() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
        };
        let (key, salt) = (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        for (label, expected) in
            [(0, "C61E7A93744F39EE10734AFE3FF7A087"), (2, "30CBBC08863D8C85D49DB34A9AE1"), (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")]
        {
            let expected = hex(expected);
            let mut derived = vec![0; expected.len()];
            derive_key(&key, &salt, label, &mut derived);
            assert_eq!(derived, expected);
        }
    }

    #[test]
    fn rtp_round_trip_and_tampering() {
        for profile in PROFILES {
            let (mut sender, mut receiver) = pair(profile);
            let mut packet = vec![0x80, 96, 0x12, 0x34, 0, 0, 0, 1, 0xAA, 0xBB, 0xCC, 0xDD];
            packet.extend_from_slice(b"some payload of a frame");
            let clear = packet.clone();
            packet.resize(clear.len() + 16, 0);
            let length = sender.protect_rtp(&mut packet, 12, clear.len(), 5);
            packet.truncate(length);
            let mut forged = packet.clone();
            forged[20] ^= 1;
            assert_eq!(receiver.unprotect_rtp(&mut forged, 12, 5), Err(NotAuthentic), "{profile:?}");
            let mut other_rollover = packet.clone();
            assert_eq!(receiver.unprotect_rtp(&mut other_rollover, 12, 6), Err(NotAuthentic), "{profile:?}");
            let restored = receiver.unprotect_rtp(&mut packet, 12, 5).expect("authentic");
            assert_eq!(packet[..restored], clear, "{profile:?}");
        }
    }

    #[test]
    fn rtcp_round_trip_and_tampering() {
        for profile in PROFILES {
            let (mut sender, mut receiver) = pair(profile);
            let clear = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
            for _ in 0..3 {
                let mut packet = sender.protect_rtcp(&clear);
                assert_eq!(receiver.unprotect_rtcp(&packet).expect("authentic"), clear, "{profile:?}");
                packet[9] ^= 1;
                assert_eq!(receiver.unprotect_rtcp(&packet), Err(NotAuthentic), "{profile:?}");
            }
        }
    }
}
