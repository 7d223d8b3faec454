//! Codecs and header extensions that we agree to.

use str0m::format::{Codec, CodecConfig, FormatParams};
use str0m::media::Frequency;
use str0m::rtp::{Extension, ExtensionMap};

use super::role::Role;
use crate::codecs as payload;

/// Payload types of our own offers: the ones clients use themselves, so that few ever need mapping.
const H264_PT: u8 = 125;
const H264_RTX_PT: u8 = 107;
const VP9_PT: u8 = 98;
const VP9_RTX_PT: u8 = 99;
/// Constrained baseline 3.1, the profile every client decodes.
const H264_PROFILE_LEVEL: u32 = 0x0042_e01f;

pub(super) fn enable_codecs(codecs: &mut CodecConfig) {
    codecs.enable_opus(true, true);
    let mut opus = codecs.params().to_vec();
    for params in &mut opus {
        params.set_fb_nack(true);
    }
    *codecs = CodecConfig::new_from_payload_params(opus);
    codecs.enable_pcmu(true, false);
    codecs.enable_pcma(true, false);
    codecs.enable_vp8(true);
    codecs.add_h264(H264_PT.into(), Some(H264_RTX_PT.into()), true, H264_PROFILE_LEVEL);
    let vp9 = FormatParams { profile_id: Some(0), ..FormatParams::default() };
    codecs.add_config(VP9_PT.into(), Some(VP9_RTX_PT.into()), Codec::Vp9, Frequency::NINETY_KHZ, None, vp9);
    codecs.enable_av1(true);
}

pub(super) fn extensions(role: Role) -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(1, Extension::AudioLevel);
    // Transport-wide sequence numbers feed the sender's bandwidth estimation: the client's, and
    // ours.
    map.set(3, Extension::TransportSequenceNumber);
    map.set(4, Extension::RtpMid);
    map.set(6, payload::dependency_descriptor());
    map.set(13, Extension::VideoOrientation);
    if role.receives() {
        map.set(10, Extension::RtpStreamId);
        map.set(11, Extension::RepairedRtpStreamId);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;

    #[test]
    fn every_format_is_offered() {
        let mut codecs = CodecConfig::empty();
        enable_codecs(&mut codecs);

        let offered: Vec<_> = codecs.params().iter().filter_map(|params| Format::of(params.spec().codec)).collect();

        assert!(Format::ALL.into_iter().all(|format| offered.contains(&format)), "{offered:?}");
    }
}
