//! Session keys of SRTP (RFC 3711 section 4.3) and the ciphers they are for.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;

/// Session key labels (RFC 3711 section 4.3.1 for SRTP, section 4.3.2 for SRTCP).
pub const RTP_LABELS: Labels = Labels { key: 0, authentication: 1, salt: 2 };
pub const RTCP_LABELS: Labels = Labels { key: 3, authentication: 4, salt: 5 };

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

/// Labels of the keys that are derived from one master key.
pub struct Labels {
    key: u8,
    authentication: u8,
    salt: u8,
}

/// Session keys for either RTP or RTCP.
pub enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm(Box<CounterMode>),
}

pub struct CounterMode {
    pub key: EncryptingKey,
    pub authentication: hmac::Key,
    pub salt: [u8; 14],
}

impl Cipher {
    /// Derive from the master key and salt (RFC 3711 section 4.3); `None` when the cryptographic
    /// library refuses a key.
    pub fn derive(profile: Profile, key: &[u8], salt: &[u8], labels: &Labels) -> Option<Self> {
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
pub fn apply_key_stream(key: &EncryptingKey, iv: [u8; 16], data: &mut [u8]) -> Option<()> {
    key.less_safe_encrypt(data, EncryptionContext::Iv128(iv.into())).ok().map(|_| ())
}

/// The pseudo-random function of RFC 3711 section 4.3.3 with a key derivation rate of zero. A salt
/// of 96 bits stands in the upper part of the 112 (RFC 7714 section 11).
fn derive(master_key: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let mut iv = [0; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    iv[7] ^= label;
    apply_key_stream(&counter_mode(master_key)?, iv, out)
}

/// The counter block of RFC 3711 section 4.1.1.
pub fn cm_iv(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    xor(&mut iv[4..8], &ssrc.to_be_bytes());
    xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
    iv
}

/// The initialisation vector of RFC 7714 section 8.1.
pub fn gcm_rtp_iv(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[6..12], &index.to_be_bytes()[2..]);
    iv
}

/// The initialisation vector of RFC 7714 section 9.1.
pub fn gcm_rtcp_iv(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[8..12], &index.to_be_bytes());
    iv
}

fn xor(to: &mut [u8], with: &[u8]) {
    to.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
