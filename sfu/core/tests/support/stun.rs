//! Connectivity checks as a client of any kind may send them (RFC 8445 section 7.1, RFC 8489).

use aws_lc_rs::hmac;

/// The contents of a check.
pub struct Check<'a> {
    pub id: u8,
    /// User fragment of the side that is checked.
    pub ufrag: &'a str,
    pub password: &'a str,
    pub own_ufrag: &'a str,
    pub nominates: bool,
}

impl Check<'_> {
    /// The message, with its integrity.
    pub fn encode(&self) -> Vec<u8> {
        let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        message.extend([self.id; 12]);
        attribute(&mut message, 0x0006, format!("{}:{}", self.ufrag, self.own_ufrag).as_bytes());
        // PRIORITY of a peer reflexive candidate, ICE-CONTROLLING.
        attribute(&mut message, 0x0024, &0x6E00_00FFu32.to_be_bytes());
        attribute(&mut message, 0x802A, &[7; 8]);
        if self.nominates {
            attribute(&mut message, 0x0025, &[]);
        }
        set_length(&mut message, 24);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.password.as_bytes());
        let tag = hmac::sign(&key, &message);
        attribute(&mut message, 0x0008, tag.as_ref());
        message
    }
}

/// Whether this is the successful answer to the check with this id.
pub fn answers(message: &[u8], id: u8) -> bool {
    message.starts_with(&[1, 1]) && message.get(8..20) == Some(&[id; 12])
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// The header counts what comes after it, and `more` bytes that are still to come.
fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() - 20 + more) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
}
