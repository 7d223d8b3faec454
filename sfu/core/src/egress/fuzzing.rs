//! Ways into the private parsers, for [`crate::fuzzing`].

use super::rtcp::{self, Feedback};
use super::srtp::{Opener, Profile, Sealer, Verifier};
use crate::bandwidth;

const PROFILES: [Profile; 3] = [Profile::AesCm128Sha1, Profile::AesGcm128, Profile::AesGcm256];
/// Bytes of a header and a sender, without which nothing can be sealed.
const SMALLEST: usize = 8;
/// One lost packet for each bit of the mask, and the one it begins with.
const LOST_PER_WORD: usize = 17;

/// A compound packet that was opened.
pub fn read_feedback(data: &[u8]) {
    let mut told = 0;
    rtcp::read(data, |feedback| {
        told += 1;
        if let Feedback::TransportWide(message) = feedback {
            bandwidth::read_feedback(message, usize::MAX, |_, _| ());
        }
    });
    assert!(told <= data.len().div_ceil(4) * LOST_PER_WORD, "nothing small tells without end");
}

/// A sealed packet: the first byte chooses the profile. A packet opens if and only if it was sealed
/// with the keys.
pub fn open_sealed(data: &[u8]) {
    let [choice, packet @ ..] = data else {
        return;
    };
    let profile = PROFILES[usize::from(*choice) % PROFILES.len()];
    let (key, salt) = (vec![7; profile.key_len()], vec![9; profile.salt_len()]);
    let (Some(mut sealer), Some(mut opener)) = (Sealer::new(profile, &key, &salt), Opener::new(profile, &key, &salt))
    else {
        panic!("keys have the length the profile says");
    };
    let mut plain = Vec::new();
    assert!(opener.open_rtcp(packet, &mut plain).is_err(), "opened without the keys");
    let mut verifier = Verifier::new(profile, &key, &salt).expect("the same keys");
    assert!(!verifier.is_authentic(packet), "authentic without the keys");
    if packet.len() < SMALLEST {
        return;
    }
    let mut sealed = packet.to_vec();
    if sealer.seal_rtcp(&mut sealed, 0) {
        assert!(opener.open_rtcp(&sealed, &mut plain).is_ok(), "did not open with the keys");
        assert_eq!(plain, packet);
        assert!(opener.open_rtcp(&sealed, &mut plain).is_err(), "opened twice");
    }
}
