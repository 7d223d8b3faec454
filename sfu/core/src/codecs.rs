//! Reads payload formats: the layer that a packet belongs to, and whether decoding can begin with
//! it.

use std::sync::Arc;

use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};

use crate::format::Format;
use crate::forward::Layering;
use crate::munge::{DependencyDescriptor, TemplateStructure, Vp8Descriptor, Vp9Descriptor};

/// <https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension>
const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// An AV1 payload begins with one of these: its first bits say whether its first unit continues one
/// (Z), the fourth that a coded video sequence begins (N).
/// <https://aomediacodec.github.io/av1-rtp-spec/#44-av1-aggregation-header>
const BEGINS_SEQUENCE: u8 = 0x08;

/// The layer that a packet belongs to. `structure`: the templates that the descriptors of its
/// stream refer to.
pub fn layering(
    format: Format,
    payload: &[u8],
    extensions: &ExtensionValues,
    structure: &mut Option<TemplateStructure>,
) -> Layering {
    match format {
        Format::Opus | Format::Pcmu | Format::Pcma | Format::H264 => Layering::None,
        Format::Vp8 => Vp8Descriptor::parse(payload).map_or(Layering::None, Layering::Vp8),
        Format::Vp9 => Vp9Descriptor::parse(payload).map_or(Layering::None, Layering::Vp9),
        Format::Av1 => {
            let bytes = extensions.user_values.get::<DescriptorBytes>();
            let read = bytes.and_then(|bytes| DependencyDescriptor::read(&bytes.0, structure));
            read.map_or(Layering::None, |descriptor| Layering::Av1(Arc::new(descriptor)))
        }
    }
}

/// Something can be decoded from this packet on without what came before.
pub fn begins_anew(format: Format, layering: &Layering, payload: &[u8]) -> bool {
    match format {
        Format::Opus | Format::Pcmu | Format::Pcma => true,
        Format::H264 => str0m::format::detect_h264_keyframe(payload),
        Format::Vp8 => matches!(layering, Layering::Vp8(descriptor) if descriptor.starts_keyframe()),
        Format::Vp9 => matches!(layering, Layering::Vp9(descriptor) if descriptor.starts_keyframe()),
        Format::Av1 => match layering {
            Layering::Av1(descriptor) => descriptor.frame.is_key && descriptor.frame.starts_frame,
            _ => payload.first().is_some_and(|header| header & BEGINS_SEQUENCE != 0),
        },
    }
}

/// Makes the library hand on the dependency descriptor, all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DescriptorBytes(Vec<u8>);

/// The header extension, for the library to negotiate and to hand on. It never sends it.
pub fn dependency_descriptor() -> Extension {
    Extension::with_serializer(DEPENDENCY_DESCRIPTOR, KeepBytes)
}

#[derive(Debug)]
struct KeepBytes;

impl ExtensionSerializer for KeepBytes {
    fn write_to(&self, _buffer: &mut [u8], _values: &ExtensionValues) -> usize {
        0
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(DescriptorBytes(bytes.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_decoding_can_begin() {
        let none = ExtensionValues::default();
        let begins =
            |format, payload: &[u8]| begins_anew(format, &layering(format, payload, &none, &mut None), payload);
        assert!(begins(Format::Opus, &[]) && begins(Format::Pcmu, &[]));
        assert!(begins(Format::Vp8, &[0x10, 0x00]) && !begins(Format::Vp8, &[0x10, 0x01]));
        assert!(begins(Format::Vp9, &[0x08]) && !begins(Format::Vp9, &[0x48]));
        // Without a descriptor the payload says it.
        assert!(begins(Format::Av1, &[0x18, 0x0a]) && !begins(Format::Av1, &[0x10, 0x30]) && !begins(Format::Av1, &[]));
        assert!(!begins(Format::Vp8, &[]) && !begins(Format::Vp9, &[]));
    }

    #[test]
    fn with_a_descriptor_an_av1_packet_says_what_it_is() {
        let bytes = crate::munge::dependency_descriptor::writing::descriptor((2, 1), (0, 0), 5, true, &[]);
        let mut values = ExtensionValues::default();
        assert!(KeepBytes.parse_value(&bytes, &mut values));
        let mut structure = None;

        let layered = layering(Format::Av1, &[0x10], &values, &mut structure);

        assert!(begins_anew(Format::Av1, &layered, &[0x10]));
        assert_eq!((layered.spatial(), layered.highest_spatial(structure.as_ref())), (0, Some(1)));
        assert!(matches!(layering(Format::Vp9, &[0x08], &values, &mut structure), Layering::Vp9(_)));
    }
}
