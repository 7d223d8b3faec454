//! Reads as much of STUN (RFC 8489) as routing needs: the user name of a binding request, whether
//! it nominates, and which request an answer belongs to.

/// Bytes of the header, its magic cookie and the message types of a binding request and its success
/// response (RFC 8489 section 5).
const HEADER: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
/// Attribute types: USERNAME (RFC 8489 section 14.3) and USE-CANDIDATE (RFC 8445 section 7.1.2).
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;

/// The protocol of a datagram, by its first byte (RFC 7983) and, for RTCP, its packet type (RFC
/// 5761).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
}

/// Tell the protocols of one port apart. `None`: not ours.
pub fn classify(datagram: &[u8]) -> Option<Protocol> {
    let first = *datagram.first()?;
    match first {
        0..=3 if datagram.len() >= HEADER && datagram[4..8] == MAGIC_COOKIE => Some(Protocol::Stun),
        20..=63 if datagram.len() >= 13 => Some(Protocol::Dtls),
        128..=191 if datagram.len() >= 8 => {
            if (192..=223).contains(&datagram[1]) {
                Some(Protocol::Rtcp)
            } else if datagram.len() >= 12 {
                Some(Protocol::Rtp)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Ties an answer to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionId(pub [u8; 12]);

/// A connectivity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingRequest {
    pub id: TransactionId,
    /// It carries USE-CANDIDATE.
    pub nominates: bool,
}

/// The first part of the USERNAME of a binding request: the user fragment of the one addressed (RFC
/// 8445 §7.2.2).
pub fn addressed_ufrag(datagram: &[u8]) -> Option<&str> {
    let name = attributes(datagram, BINDING_REQUEST)?.find(|(kind, _)| *kind == USERNAME)?.1;
    std::str::from_utf8(name).ok()?.split_once(':').map(|(ours, _)| ours)
}

/// A binding request. Nothing in it is verified here.
pub fn binding_request(datagram: &[u8]) -> Option<BindingRequest> {
    let nominates = attributes(datagram, BINDING_REQUEST)?.any(|(kind, _)| kind == USE_CANDIDATE);
    Some(BindingRequest { id: transaction_id(datagram)?, nominates })
}

/// The request that this is the successful answer to.
pub fn answered_request(datagram: &[u8]) -> Option<TransactionId> {
    attributes(datagram, BINDING_SUCCESS).and_then(|_| transaction_id(datagram))
}

fn transaction_id(datagram: &[u8]) -> Option<TransactionId> {
    datagram.get(8..HEADER)?.try_into().ok().map(TransactionId)
}

/// Type and value of each attribute of a message of this type, up to the first that is cut short.
fn attributes(datagram: &[u8], message_type: [u8; 2]) -> Option<impl Iterator<Item = (u16, &[u8])>> {
    if datagram.len() < HEADER || datagram[0..2] != message_type || datagram[4..8] != MAGIC_COOKIE {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([datagram[2], datagram[3]]));
    let mut rest = datagram[HEADER..].get(..length)?;
    Some(std::iter::from_fn(move || {
        let [t1, t0, l1, l0, body @ ..] = rest else {
            return None;
        };
        let len = usize::from(u16::from_be_bytes([*l1, *l0]));
        let value = body.get(..len)?;
        // Attributes are padded to four bytes.
        rest = body.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_be_bytes([*t1, *t0]), value))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(username: &str) -> Vec<u8> {
        let mut attributes = vec![0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]; // SOFTWARE, padded.
        attributes.extend([0, 6, 0, username.len() as u8]);
        attributes.extend(username.as_bytes());
        attributes.resize(attributes.len().next_multiple_of(4), 0);
        let mut m = vec![0, 1, 0, attributes.len() as u8];
        m.extend(MAGIC_COOKIE);
        m.extend([9; 12]);
        m.extend(attributes);
        m
    }

    #[test]
    fn finds_our_half_of_the_user_name() {
        assert_eq!(addressed_ufrag(&request("ours:theirs")), Some("ours"));
        assert_eq!(addressed_ufrag(&request("nocolon")), None);
        assert_eq!(classify(&request("a:b")), Some(Protocol::Stun));
    }

    #[test]
    fn tells_nominations_and_answers() {
        let id = TransactionId([9; 12]);
        let plain = request("ours:theirs");
        assert_eq!(binding_request(&plain), Some(BindingRequest { id, nominates: false }));
        assert_eq!(answered_request(&plain), None);

        let mut nominating = plain.clone();
        nominating.extend([0, 0x25, 0, 0]);
        nominating[3] += 4;
        assert_eq!(binding_request(&nominating), Some(BindingRequest { id, nominates: true }));

        let mut answer = plain;
        answer[0..2].copy_from_slice(&BINDING_SUCCESS);
        assert_eq!((binding_request(&answer), answered_request(&answer)), (None, Some(id)));
    }

    #[test]
    fn tells_the_protocols_apart() {
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0; 20]), None);
        assert_eq!(classify(&[22; 13]), Some(Protocol::Dtls));
        assert_eq!(classify(&[22; 12]), None);
        assert_eq!(classify(&[0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(Protocol::Rtp));
        assert_eq!(classify(&[0x80, 200, 0, 0, 0, 0, 0, 0]), Some(Protocol::Rtcp));
        assert_eq!(classify(&[0x80, 111, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(classify(&[0xFF; 100]), None);
    }

    proptest! {
        #[test]
        fn no_datagram_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = classify(&bytes);
            let _ = addressed_ufrag(&bytes);
            let _ = binding_request(&bytes);
            let _ = answered_request(&bytes);
        }

        #[test]
        fn a_mangled_request_never_panics(at in 0usize..40, value: u8) {
            let mut m = request("ours:theirs");
            let at = at % m.len();
            m[at] = value;
            let _ = addressed_ufrag(&m);
            let _ = binding_request(&m);
        }
    }
}
