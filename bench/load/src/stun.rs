//! The little of STUN that ICE needs (RFC 8489, RFC 8445): binding requests and their answers.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

const COOKIE: u32 = 0x2112_A442;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;

pub type TransactionId = [u8; 12];

/// A STUN message, as far as the load client tells them apart.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    Request(TransactionId),
    Success(TransactionId),
    Other,
}

/// A binding request; the controlling side nominates the pair with it. `password` is the peer's.
pub fn binding_request(id: TransactionId, username: &str, password: &str, controlling: bool, tie_breaker: u64) -> Vec<u8> {
    let mut message = Builder::new(BINDING_REQUEST, id);
    message.attribute(USERNAME, username.as_bytes());
    message.attribute(PRIORITY, &1_845_501_695_u32.to_be_bytes());
    message.attribute(if controlling { ICE_CONTROLLING } else { ICE_CONTROLLED }, &tie_breaker.to_be_bytes());
    if controlling {
        message.attribute(USE_CANDIDATE, &[]);
    }
    message.finish(password)
}

/// The answer to the peer's own check. `password` is ours; `from` is where the request came from.
pub fn binding_success(id: TransactionId, from: std::net::SocketAddrV4, password: &str) -> Vec<u8> {
    let mut mapped = vec![0, 1];
    mapped.extend_from_slice(&(from.port() ^ (COOKIE >> 16) as u16).to_be_bytes());
    mapped.extend_from_slice(&(u32::from(*from.ip()) ^ COOKIE).to_be_bytes());
    let mut message = Builder::new(BINDING_SUCCESS, id);
    message.attribute(XOR_MAPPED_ADDRESS, &mapped);
    message.finish(password)
}

/// Reads a datagram whose first byte is 0 to 3. Returns `None` when it is no STUN message or its
/// integrity, checked with `password_of(message)`, does not hold.
pub fn parse(datagram: &[u8], request_password: &str, response_password: &str) -> Option<Message> {
    if datagram.len() < 20 || datagram[4..8] != COOKIE.to_be_bytes() {
        return None;
    }
    let kind = u16::from_be_bytes([datagram[0], datagram[1]]);
    let id: TransactionId = datagram[8..20].try_into().ok()?;
    let (message, password) = match kind {
        BINDING_REQUEST => (Message::Request(id), request_password),
        BINDING_SUCCESS => (Message::Success(id), response_password),
        _ => return Some(Message::Other),
    };
    let mut at = 20;
    while at + 4 <= datagram.len() {
        let attribute = u16::from_be_bytes([datagram[at], datagram[at + 1]]);
        let length = usize::from(u16::from_be_bytes([datagram[at + 2], datagram[at + 3]]));
        let value = datagram.get(at + 4..at + 4 + length)?;
        if attribute == MESSAGE_INTEGRITY {
            let mut covered = datagram[..at].to_vec();
            set_length(&mut covered, at + 24 - 20);
            return (hmac_sha1(password, &covered)[..] == *value).then_some(message);
        }
        at += 4 + length.next_multiple_of(4);
    }
    None
}

struct Builder(Vec<u8>);

impl Builder {
    fn new(kind: u16, id: TransactionId) -> Self {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&id);
        Builder(bytes)
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn finish(mut self, password: &str) -> Vec<u8> {
        let length = self.0.len() + 24 - 20;
        set_length(&mut self.0, length);
        let integrity = hmac_sha1(password, &self.0);
        self.attribute(MESSAGE_INTEGRITY, &integrity);
        let length = self.0.len() + 8 - 20;
        set_length(&mut self.0, length);
        let fingerprint = crc32(&self.0) ^ 0x5354_554E;
        self.attribute(FINGERPRINT, &fingerprint.to_be_bytes());
        self.0
    }
}

fn set_length(message: &mut [u8], length: usize) {
    message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
}

fn hmac_sha1(key: &str, bytes: &[u8]) -> [u8; 20] {
    let key = PKey::hmac(key.as_bytes()).expect("an HMAC key");
    let mut signer = Signer::new(MessageDigest::sha1(), &key).expect("SHA-1 is there");
    let mut out = [0; 20];
    signer.sign_oneshot(&mut out, bytes).expect("signed");
    out
}

/// CRC-32 as in ISO/IEC 13239, bit by bit: a handful of messages a second need it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(crc & 1))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 §2.1: request with password "VOkJxbRl1RmTxUk/WvJxBt".
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    #[test]
    fn accepts_the_sample_request_of_rfc_5769() {
        let message = parse(&hex(SAMPLE), "VOkJxbRl1RmTxUk/WvJxBt", "");
        assert_eq!(message, Some(Message::Request(hex("b7e7a701bc34d686fa87dfae").try_into().expect("12 bytes"))));
        assert_eq!(parse(&hex(SAMPLE), "wrong", ""), None);
    }

    #[test]
    fn fingerprint_is_that_of_rfc_5769() {
        let sample = hex(SAMPLE);
        assert_eq!((crc32(&sample[..sample.len() - 8]) ^ 0x5354_554E).to_be_bytes(), sample[sample.len() - 4..]);
    }

    #[test]
    fn reads_what_it_writes() {
        let request = binding_request([7; 12], "them:us", "secret", true, 99);
        assert_eq!(parse(&request, "secret", ""), Some(Message::Request([7; 12])));
        let answer = binding_success([7; 12], "127.0.0.1:4000".parse().expect("an address"), "secret");
        assert_eq!(parse(&answer, "", "secret"), Some(Message::Success([7; 12])));
        assert_eq!(parse(&answer[..30], "", "secret"), None);
    }
}
